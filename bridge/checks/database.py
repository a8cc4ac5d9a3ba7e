"""The database: is it there, is it at this release's schema, does what it holds survive."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bridge.checks.report import Row, error, ok, warning
from bridge.jobs.database import DatabaseError, durability, is_sqlite, open_engine, parse_url
from bridge.jobs.migrate import current, head, is_behind
from bridge.jobs.served import elsewhere

SUBJECT = "Database"


def look(database_url: str, connections: Collection[str]) -> Iterator[Row]:
    """Rows about the database; blocks, and writes nothing."""
    try:
        url = parse_url(database_url)
    except DatabaseError as problem:
        yield error(SUBJECT, str(problem), "Correct DATABASE_URL.")
        return
    if is_sqlite(url) and not Path(str(url.database)).is_file():
        yield _not_yet(Path(str(url.database)))
    else:
        engine = open_engine(url)
        try:
            with engine.connect() as connection:
                found = current(connection)
                stranded = elsewhere(connection, connections) if found else {}
        except SQLAlchemyError as problem:
            reason = str(getattr(problem, "orig", None) or type(problem).__name__).splitlines()[0]
            yield error(
                SUBJECT,
                f"It does not answer: {reason[:200]}",
                "Check DATABASE_URL, that the server runs, and that this host may reach it.",
            )
            return
        finally:
            engine.dispose()
        yield _revision(found, embedded=is_sqlite(url))
        for name, jobs in sorted(stranded.items()):
            yield warning(
                SUBJECT,
                f"{jobs} unfinished jobs are for the connection {name}, which these settings do not have.",
                f"Put it back, or: bridge jobs cancel --connection {name}",
            )
    durable, words = durability(url)
    if durable:
        yield ok(SUBJECT, f"{words}.")
    else:
        yield warning(SUBJECT, f"{words}.", "Set DATABASE_URL to a Postgres database.")


def _revision(found: str, *, embedded: bool) -> Row:
    wanted = head()
    if found == wanted:
        return ok(SUBJECT, f"It is at revision {found}, as this release expects.")
    if not is_behind(found):
        return ok(
            SUBJECT,
            f"It is at revision {found} of a later release; this one, {wanted}, runs on it.",
        )
    if embedded:
        return ok(
            SUBJECT, f"It is at {found or 'no'} revision; the next start brings it to {wanted}."
        )
    return error(
        SUBJECT,
        f"It is at {found or 'no'} revision; this release expects {wanted}.",
        "Run: bridge migrate",
    )


def _not_yet(path: Path) -> Row:
    folder = next((one for one in path.absolute().parents if one.exists()), Path("/"))
    if os.access(folder, os.W_OK):
        return ok(SUBJECT, f"The first start makes {path}.")
    return error(
        SUBJECT,
        f"{path} cannot be made: this user may not write to {folder}.",
        "Give the user that folder, or set DATABASE_URL to another place.",
    )
