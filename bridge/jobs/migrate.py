"""Bring the database to the schema this code expects, and tell whether it is there.

Alembic with additive migrations (https://alembic.sqlalchemy.org). `head()` and `current()` read
without importing Alembic, so that a start on a migrated database stays quick. Revisions are numbered in
order: a database that a later release has migrated has a higher one, and this release runs on it, too.
"""

from __future__ import annotations

import re
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine, inspect, text

log = structlog.get_logger()

_HERE = Path(__file__).with_name("migrations")


def head() -> str:
    """The newest revision this code knows: the one that no other one follows."""
    revisions: dict[str, str] = {}
    for path in (_HERE / "versions").glob("*.py"):
        source = path.read_text("utf-8")
        revision = re.search(r'^revision = [\'"](\w+)[\'"]', source, re.MULTILINE)
        down = re.search(r'^down_revision = [\'"](\w+)[\'"]', source, re.MULTILINE)
        if revision:
            revisions[revision[1]] = down[1] if down else ""
    (newest,) = set(revisions) - set(revisions.values())
    return newest


def current(connection: Connection) -> str:
    """The revision the database is at; empty when it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.scalar(text("SELECT version_num FROM alembic_version")) or ""


def is_behind(revision: str) -> bool:
    """Whether a database at this revision lacks what this code expects; a later one does not."""
    return revision < head()


def migrate(engine: Engine, *, to: str = "head") -> str:
    """Upgrade to a revision; returns the one that is reached. Concurrent callers wait in line."""
    if to == "head":
        with engine.connect() as connection:
            if not is_behind(found := current(connection)):
                return found
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    with engine.connect() as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = 0"))  # it waits for its turn
            connection.execute(text("SELECT pg_advisory_xact_lock(717171)"))
        before = current(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        after = current(connection)
    if after != before:
        log.info("jobs.migrated", revision=after, before=before or "none")
    return after
