"""People's own upstream accounts, as they linked them: one credential per tenant, person and connection.

A credential is sealed together with whose it is, so a row that was copied to another person opens for
nobody. Writing a link and spending its one-time ticket is one transaction: whoever is second finds the
ticket used, whichever process served the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, and_, delete, select, update

from bridge.jobs.auditing import Actor, Event, add
from bridge.jobs.store import Store
from bridge.jobs.tables import link_uses, links, upsert
from bridge.vault import Unreadable

log = structlog.get_logger()

LINKED, UNLINKED = "account.link", "account.unlink"
KEEP_USES_S = 86_400.0  # far longer than any ticket lives
NOTED_EVERY_S = 60.0  # `last_used` is for people and need not be written for each request


class TicketUsed(Exception):
    """The one-time link was used before."""


@dataclass(frozen=True, slots=True)
class Link:
    """One linked account. `credential` is None when it cannot be opened any more."""

    scope: str
    user_id: str
    connection: str
    account_id: str
    account_name: str
    linked_at: float
    last_used: float | None = None
    credential: Mapping[str, str] | None = None


class Links:
    """The table, asked and changed. Every method may raise `StoreDown`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, scope: str, user_id: str) -> list[Link]:
        """Everything this person has linked."""

        def look(connection: Connection) -> list[Link]:
            mine = (links.c.scope == scope) & (links.c.user_id == user_id)
            query = select(links).where(mine).order_by(links.c.connection)
            return [self._link(row) for row in connection.execute(query).mappings()]

        return await self._store.read(look)

    async def find(self, scope: str, user_id: str, name: str) -> Link | None:
        """The person's account on this connection."""

        def look(connection: Connection) -> Link | None:
            query = select(links).where(_this(scope, user_id, name))
            row = connection.execute(query).mappings().one_or_none()
            return self._link(row) if row else None

        return await self._store.read(look)

    async def put(self, link: Link, ticket_id: str) -> None:
        """Link it, instead of what was linked before, and spend the ticket. Raises `TicketUsed`."""
        values = {
            "credential": self._sealed(link),
            "account_id": link.account_id[:120],
            "account_name": link.account_name[:250],
            "linked_at": link.linked_at,
            "last_used": None,
        }
        keys = {"scope": link.scope, "user_id": link.user_id, "connection": link.connection}

        def change(connection: Connection) -> bool:
            spending = upsert(connection, link_uses).values(id=ticket_id, used_at=link.linked_at)
            spent = spending.on_conflict_do_nothing().returning(link_uses.c.id)
            if connection.execute(spent).first() is None:
                return False
            old = link_uses.c.used_at < link.linked_at - KEEP_USES_S
            connection.execute(delete(link_uses).where(old))
            linking = upsert(connection, links).values(**keys, **values)
            connection.execute(
                linking.on_conflict_do_update(index_elements=list(keys), set_=values)
            )
            who = Actor("slack", link.user_id, link.scope)
            said = Event(link.linked_at, who, LINKED, link.account_id, link.connection)
            add(connection, [said])
            return True

        if not await self._store.write(change, alone=True):
            raise TicketUsed(ticket_id)
        log.info("links.linked", scope=link.scope, user_id=link.user_id, connection=link.connection)

    async def is_used(self, ticket_id: str) -> bool:
        """Whether the one-time link was used."""

        def look(connection: Connection) -> bool:
            query = select(link_uses.c.id).where(link_uses.c.id == ticket_id)
            return connection.execute(query).first() is not None

        return await self._store.read(look)

    async def renewed(self, link: Link) -> None:
        """Keep a newer credential, unless the person has linked anew or unlinked meanwhile."""
        this = _this(link.scope, link.user_id, link.connection) & (
            links.c.linked_at == link.linked_at
        )
        change = update(links).where(this).values(credential=self._sealed(link))
        await self._store.write(lambda connection: connection.execute(change).rowcount)

    async def note_use(self, link: Link, now: float) -> None:
        """Remember when it was used last, to the minute."""
        if link.last_used is not None and now - link.last_used < NOTED_EVERY_S:
            return
        this = _this(link.scope, link.user_id, link.connection)
        change = update(links).where(this).values(last_used=now)
        await self._store.write(lambda connection: connection.execute(change).rowcount)

    async def remove(self, scope: str, user_id: str, name: str) -> bool:
        """Forget a link; False when there was none."""
        who, now = Actor("slack", user_id, scope), self._store.clock()

        def change(connection: Connection) -> int:
            unlinking = delete(links).where(_this(scope, user_id, name))
            ids = connection.scalars(unlinking.returning(links.c.account_id)).all()
            add(connection, [Event(now, who, UNLINKED, one, name) for one in ids])
            return len(ids)

        gone = await self._store.write(change)
        log.info("links.unlinked", scope=scope, user_id=user_id, connection=name, links=gone)
        return gone > 0

    async def remove_all(self, scope: str) -> int:
        """Forget a tenant: the app was uninstalled there."""
        now = self._store.clock()

        def change(connection: Connection) -> int:
            forgetting = delete(links).where(links.c.scope == scope)
            gone = connection.execute(
                forgetting.returning(links.c.user_id, links.c.account_id, links.c.connection)
            ).all()
            add(
                connection,
                [
                    Event(
                        now,
                        Actor("slack", one.user_id, scope),
                        UNLINKED,
                        one.account_id,
                        one.connection,
                        detail="the app was uninstalled",
                    )
                    for one in gone
                ],
            )
            return len(gone)

        return await self._store.write(change)

    def _sealed(self, link: Link) -> str:
        whose = [link.scope, link.user_id, link.connection]
        return self._store.vault.seal({"whose": whose, "credential": dict(link.credential or {})})

    def _link(self, row: Mapping[Any, Any]) -> Link:
        values = dict(row)
        whose = [values["scope"], values["user_id"], values["connection"]]
        try:
            held = self._store.vault.open(values.pop("credential"))
        except Unreadable:
            held = {}
        return Link(**values, credential=held["credential"] if held.get("whose") == whose else None)


def _this(scope: str, user_id: str, name: str) -> Any:
    return and_(links.c.scope == scope, links.c.user_id == user_id, links.c.connection == name)
