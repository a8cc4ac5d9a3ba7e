"""Links in the store, on both engines: kept apart by person, replaced as a whole, spent once, renewed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event, text

from bridge.contract import Unsent
from bridge.jobs.acting import Acting
from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.links import Link, Links, TicketUsed
from bridge.jobs.migrate import migrate
from bridge.jobs.store import Store
from bridge.outbound import Outbound
from bridge.settings import Outbound as OutboundSettings
from bridge.settings import Settings
from bridge.upstreams import NoCredential
from bridge.vault import Vault
from tests.conftest import fresh_database

ANNA = Link(
    "slack:T1", "U1", "rocketchat", "r1", "anna", 100.0, None, {"user_id": "r1", "auth_token": "t1"}
)


@asynccontextmanager
async def opened(database_url: str, key: str = "k") -> AsyncIterator[Store]:
    migrate(open_engine(parse_url(database_url)))
    store = Store(database_url, actions={}, vault=Vault([key]))
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def at_once(url: str, first: tuple[Link, str], second: tuple[Link, str]) -> list[Any]:
    """Two processes link; what the first writes is not committed before the second waits for it."""
    watcher = create_engine(parse_url(url))
    written = threading.Event()
    waits = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def hold(_: Connection) -> None:
        written.set()
        until = time.monotonic() + 1.5  # shorter than a wait for a lock may last
        with watcher.connect() as looking:
            while not looking.scalar(waits) and time.monotonic() < until:
                looking.rollback()

    async with opened(url) as one, opened(url) as other:
        event.listen(one._engine, "commit", hold)
        linking = asyncio.ensure_future(Links(one).put(*first))
        await asyncio.to_thread(written.wait, 10)
        ends = await asyncio.gather(linking, Links(other).put(*second), return_exceptions=True)
        event.remove(one._engine, "commit", hold)
        kept = await Links(one).of("slack:T1", "U1")
    watcher.dispose()
    return [*ends, kept]


async def test_a_ticket_used_twice_at_once_is_spent_once(postgres_url: str) -> None:
    url, newer = fresh_database(postgres_url), replace(ANNA, linked_at=200.0)
    first, second, kept = await at_once(url, (ANNA, "ticket-1"), (newer, "ticket-1"))
    assert first is None
    assert isinstance(second, TicketUsed)
    assert kept == [ANNA]


async def test_of_two_tickets_used_at_once_the_later_link_is_kept(postgres_url: str) -> None:
    url, newer = fresh_database(postgres_url), replace(ANNA, linked_at=200.0)
    first, second, kept = await at_once(url, (ANNA, "ticket-1"), (newer, "ticket-2"))
    assert (first, second) == (None, None)
    assert kept == [newer]


async def test_a_link_is_kept_replaced_and_forgotten(database_url: str) -> None:
    async with opened(database_url) as store:
        links = Links(store)
        await links.put(ANNA, "ticket-1")
        assert await links.find("slack:T1", "U1", "rocketchat") == ANNA
        newer = replace(ANNA, account_name="anna.2", linked_at=200.0)
        with pytest.raises(TicketUsed):
            await links.put(newer, "ticket-1")
        assert await links.is_used("ticket-1")
        await links.put(newer, "ticket-2")
        assert await links.of("slack:T1", "U1") == [newer]
        await links.put(replace(ANNA, scope="slack:T2"), "ticket-3")
        await links.note_use(newer, 300.0)
        (used,) = await links.of("slack:T1", "U1")
        assert used.last_used == 300.0
        await links.note_use(used, 310.0)
        assert await links.of("slack:T1", "U1") == [used], "to the minute"
        await links.put(replace(ANNA, connection="east", linked_at=200_000.0), "ticket-4")
        assert not await links.is_used("ticket-1"), "tickets are not kept for ever"
        assert await links.remove("slack:T1", "U1", "rocketchat")
        assert not await links.remove("slack:T1", "U1", "rocketchat")
        assert await links.remove_all("slack:T1") == 1
        assert len(await links.of("slack:T2", "U1")) == 1


async def test_a_renewal_does_not_undo_what_came_meanwhile(database_url: str) -> None:
    async with opened(database_url) as store:
        links = Links(store)
        await links.put(ANNA, "ticket-1")
        renewed = replace(ANNA, credential={"refresh_token": "r2"})
        await links.renewed(renewed)
        assert await links.find("slack:T1", "U1", "rocketchat") == renewed
        anew = replace(ANNA, linked_at=200.0)
        await links.put(anew, "ticket-2")
        await links.renewed(renewed)
        assert await links.find("slack:T1", "U1", "rocketchat") == anew


async def test_whose_credential_is_taken(tmp_path: object) -> None:
    url = f"sqlite:///{tmp_path}/bridge.db"
    account = {"kind": "rocketchat", "url": "https://rc.example", "user_id": "s", "auth_token": "s"}
    policies = {"rocketchat": {}, "strict": {"act_as": "person"}, "plain": {"act_as": "service"}}
    settings = Settings.model_validate(
        {"connections": {name: account | policy for name, policy in policies.items()}}
    )
    async with opened(url) as store, Outbound(OutboundSettings()) as outbound:
        acting = Acting(Links(store), lambda: settings.connections, outbound, clock=lambda: 1000.0)
        for number, name in enumerate((*policies, "gone")):
            await Links(store).put(replace(ANNA, connection=name), f"ticket-{number}")
        own = await acting("rocketchat", "slack:T1:U1")
        assert own is not None
        assert own.reveal() == {"X-User-Id": "r1", "X-Auth-Token": "t1"}
        assert own.name == "anna"
        assert "t1" not in repr(own)
        assert await acting("plain", "slack:T1:U1") is None
        assert await acting("gone", "slack:T1:U1") is None
        assert await acting("rocketchat", "slack:T2:U1") is None
        with pytest.raises(NoCredential, match="not-linked"):
            await acting("strict", "slack:T2:U1")
        await store.write(lambda it: it.execute(text("DROP TABLE links")).rowcount)
        with pytest.raises(Unsent, match="cannot be read"):
            await acting("rocketchat", "slack:T1:U1")  # and nobody else acts instead
