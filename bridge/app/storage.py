"""Opening the store: migrations, the keys that seal what is secret, and access for the command line."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from sqlalchemy.exc import OperationalError

from bridge.actions import catalogue
from bridge.jobs.database import DatabaseError, is_sqlite, open_engine, parse_url
from bridge.jobs.migrate import current, head, is_behind, migrate
from bridge.jobs.pace import Window
from bridge.jobs.store import Store
from bridge.settings import Connection, Settings
from bridge.vault import Vault

log = structlog.get_logger()

START_WAITS_S = 30.0  # for a database that does not answer yet
START_RETRY_S = 1.0


@asynccontextmanager
async def attached_store(settings: Settings) -> AsyncIterator[Store]:
    """The configured store beside whatever process works it; for the command line."""
    store = Store(settings.database_url, actions=catalogue(), vault=Vault(key_material(settings)))
    await asyncio.to_thread(prepare_database, settings.database_url)
    await store.open(works=False)
    try:
        yield store
    finally:
        await store.close()


def prepare_database(database_url: str) -> None:
    """Migrate the embedded store; Postgres is migrated by `bridge migrate`, once per release."""
    url = parse_url(database_url)
    engine = open_engine(url)
    if is_sqlite(url):
        migrate(engine)
        return
    with engine.connect() as connection:
        found = current(connection)
    if is_behind(found):
        raise DatabaseError(
            f"The database is at revision {found or 'none'}, this release expects {head()}."
            " Run: bridge migrate"
        )


async def await_database(database_url: str) -> None:
    """As `prepare_database`, but a server that is just restarting is waited for.

    Platforms wait longer and longer before they start a process that ended at once again.
    """
    deadline = time.monotonic() + START_WAITS_S
    waiting = False
    while True:
        try:
            await asyncio.to_thread(prepare_database, database_url)
        except OperationalError as error:
            if is_sqlite(parse_url(database_url)) or time.monotonic() > deadline:
                raise
            if not waiting:
                log.warning(
                    "app.waiting_for_database", reason=str(error.orig).splitlines()[0][:200]
                )
            waiting = True
            await asyncio.sleep(START_RETRY_S)
            continue
        return


def assumed(connection: Connection) -> Window:
    """The pace of a route nothing is known about: a guess for Rocket.Chat unless somebody set it."""
    guessed = connection.kind == "rocketchat" and "pace_limit" not in connection.model_fields_set
    return Window(
        connection.pace_limit,
        connection.pace_window_s,
        source="assumed" if guessed else "configured",
    )


def key_material(settings: Settings) -> list[str]:
    """Secrets from which keys are derived: the configured ones, else what the process has anyway."""
    if settings.encryption_key is not None:
        value = settings.encryption_key.get_secret_value()
        return [part.strip() for part in value.split(",") if part.strip()]
    slack, api, hooks = settings.slack, settings.api, settings.webhooks
    candidates = (
        *(slack.signing_secret, slack.signing_secret_previous, api.token),
        *(hooks.secret, hooks.secret_previous),
    )
    found = [secret.get_secret_value() for secret in candidates if secret is not None]
    if not found:
        log.warning("app.temporary_key", hint="Set BRIDGE_ENCRYPTION_KEY to keep replies readable.")
    return found or [secrets.token_urlsafe(32)]
