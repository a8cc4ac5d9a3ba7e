"""Installations of many workspaces: slack_sdk's SQLAlchemy stores, with every token sealed at rest.

The SDK's tables hold tokens in clear text of 200 characters; here the columns are texts and hold what the
vault sealed. Its synchronous stores run in a thread, so that both engines of the job store will do. A token
that expires is renewed when it is looked up, which is never in front of an ack.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from slack_sdk.errors import SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot as StoredBot
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from slack_sdk.oauth.sqlalchemy_utils import normalize_datetime_for_db
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Engine, MetaData, Table, Text

from bridge.ingress.slack.workspaces import SLACK_FAILS, Bot
from bridge.vault import Unreadable, Vault

log = structlog.get_logger()

SECRET_COLUMNS = ("bot_token", "bot_refresh_token", "user_token", "user_refresh_token")
SEALED = "sealed:"
RENEW_BEFORE_MIN = 120


class SealedStore(SQLAlchemyInstallationStore):
    """slack_sdk's store with sealed tokens."""

    def __init__(self, client_id: str, engine: Engine, vault: Vault) -> None:
        super().__init__(client_id=client_id, engine=engine)
        self._vault = vault

    @classmethod
    def build_installations_table(cls, metadata: MetaData, table_name: str) -> Table:
        return _widen(super().build_installations_table(metadata, table_name))

    @classmethod
    def build_bots_table(cls, metadata: MetaData, table_name: str) -> Table:
        return _widen(super().build_bots_table(metadata, table_name))

    def save(self, installation: Installation) -> None:
        super().save(self._sealed(installation))

    def save_bot(self, bot: StoredBot) -> None:
        super().save_bot(self._sealed(bot))

    def build_installation_entity(self, row: Mapping[str, Any]) -> Installation:  # type: ignore[override]  # needs the vault
        return SQLAlchemyInstallationStore.build_installation_entity(self._opened(row))

    def build_bot_entity(self, row: Mapping[str, Any]) -> StoredBot:  # type: ignore[override]  # as above
        return SQLAlchemyInstallationStore.build_bot_entity(self._opened(row))

    def _sealed(self, kept: Any) -> Any:
        copy = type(kept)(**kept.to_dict_for_copying())
        for name in SECRET_COLUMNS:
            value = getattr(copy, name, None)
            if value and not value.startswith(SEALED):
                setattr(copy, name, SEALED + self._vault.seal(value))
        return copy

    def _opened(self, row: Mapping[str, Any]) -> dict[str, Any]:
        values = dict(row)
        for name in SECRET_COLUMNS:
            value = values.get(name)
            if isinstance(value, str) and value.startswith(SEALED):
                try:
                    values[name] = self._vault.open(value.removeprefix(SEALED))
                except Unreadable:
                    values[name] = None  # its key is gone: the workspace must install again
        return values


class Threaded(AsyncInstallationStore):
    """A synchronous store behind the asynchronous interface that Bolt asks for."""

    def __init__(self, store: SealedStore) -> None:
        self._store = store

    async def async_save(self, installation: Installation) -> None:
        await asyncio.to_thread(self._store.save, installation)

    async def async_save_bot(self, bot: StoredBot) -> None:
        await asyncio.to_thread(self._store.save_bot, bot)

    async def async_find_bot(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        is_enterprise_install: bool | None = False,
    ) -> StoredBot | None:
        return await asyncio.to_thread(
            self._store.find_bot,
            enterprise_id=enterprise_id,
            team_id=team_id,
            is_enterprise_install=is_enterprise_install,
        )

    async def async_find_installation(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None = None,
        is_enterprise_install: bool | None = False,
    ) -> Installation | None:
        return await asyncio.to_thread(
            self._store.find_installation,
            enterprise_id=enterprise_id,
            team_id=team_id,
            user_id=user_id,
            is_enterprise_install=is_enterprise_install,
        )

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        await asyncio.to_thread(
            self._store.delete_bot, enterprise_id=enterprise_id, team_id=team_id
        )

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        await asyncio.to_thread(
            self._store.delete_installation,
            enterprise_id=enterprise_id,
            team_id=team_id,
            user_id=user_id,
        )


class ThreadedStates(AsyncOAuthStateStore):
    """The `state` values of installs under way, in the same database, so any process may finish one."""

    def __init__(self, engine: Engine, expiration_s: int = 600) -> None:
        self.store = SQLAlchemyOAuthStateStore(expiration_seconds=expiration_s, engine=engine)

    async def async_issue(self, *_args: Any, **_kwargs: Any) -> str:
        return await asyncio.to_thread(self._issue)

    async def async_consume(self, state: str) -> bool:
        return await asyncio.to_thread(self.store.consume, state)

    def _issue(self) -> str:
        """A new state, and none left that has ended: most who look at the page install nothing."""
        states, now = self.store.oauth_states, datetime.now(tz=UTC)
        with self.store.engine.begin() as connection:
            ended = states.c.expire_at <= normalize_datetime_for_db(now)
            connection.execute(states.delete().where(ended))
        return self.store.issue()


class StoredInstallations:
    """The bots of many workspaces, fresh; what `Workspaces` asks when memory does not know."""

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        *,
        client: AsyncWebClient,
        client_id: str,
        client_secret: str,
    ) -> None:
        self.store = SealedStore(client_id, engine, vault)
        self.threaded = Threaded(self.store)
        self.states = ThreadedStates(engine)
        self._rotator = AsyncTokenRotator(
            client_id=client_id, client_secret=client_secret, client=client
        )

    async def create_tables(self) -> None:
        """Make the tables that are not there yet."""
        await asyncio.to_thread(self.store.create_tables)
        await asyncio.to_thread(self.states.store.create_tables)

    async def bot(self, team_id: str, enterprise_id: str) -> Bot | None:
        """The workspace's own installation, else the one of its organisation."""
        enterprise = enterprise_id or None
        found = None
        if team_id:
            found = await self.threaded.async_find_bot(enterprise_id=enterprise, team_id=team_id)
        if found is None and enterprise:
            found = await self.threaded.async_find_bot(
                enterprise_id=enterprise, team_id=None, is_enterprise_install=True
            )
        if found is None or not found.bot_token:
            return None
        found = await self._renewed(found)
        return Bot(found.bot_token, found.bot_user_id or "")

    async def remove(self, team_id: str, enterprise_id: str) -> None:
        """The app was uninstalled there: forget every token."""
        await self.threaded.async_delete_all(
            enterprise_id=enterprise_id or None, team_id=team_id or None
        )

    async def remove_bot(self, team_id: str, enterprise_id: str) -> None:
        await self.threaded.async_delete_bot(
            enterprise_id=enterprise_id or None, team_id=team_id or None
        )

    async def _renewed(self, bot: StoredBot) -> StoredBot:
        try:
            fresh = await self._rotator.perform_bot_token_rotation(
                bot=bot, minutes_before_expiration=RENEW_BEFORE_MIN
            )
        except (SlackTokenRotationError, *SLACK_FAILS) as error:
            log.warning("slack.token_not_renewed", error=type(error).__name__)
            return bot  # it is still good for a while; the next look-up tries again
        if fresh is None:
            return bot
        await self.threaded.async_save_bot(fresh)
        return fresh


def _widen(table: Table) -> Table:
    for name in SECRET_COLUMNS:
        if name in table.c:
            table.c[name].type = Text()
    return table
