"""The page keeps others out: tickets that end, are used, forged or copied; forms from elsewhere; floods."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientSession
from sqlalchemy import text

from bridge.ingress.linking.tickets import BadTicket, Ticket, Tickets
from bridge.sandbox.slack import seed as slack
from bridge.vault import Vault
from tests.ingress.linking.town import INES_ID, INES_TOKEN, PUBLIC_URL, ROOM, browser, town


async def test_each_page_is_closed_to_scripts_frames_caches_and_referrers(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        address = await here.address(slack.ANNA, "rocketchat")
        pages = [
            await web.get(address),
            await web.get(f"{PUBLIC_URL}/link/nothing"),
            await web.get(f"{PUBLIC_URL}/link/callback?state=x"),
        ]
        for page in pages:
            policy = page.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert page.headers["Cache-Control"] == "no-store"
            assert page.headers["Referrer-Policy"] == "same-origin"
            assert "<script" not in page.text
            assert "style=" not in page.text
            assert '<html lang="en">' in page.text
        assert pages[0].text.count("<label for=") == 2
        style = await web.get(f"{PUBLIC_URL}/link/style.css")
        assert "prefers-color-scheme: dark" in style.text


async def test_a_ticket_ends_works_once_and_is_not_forged(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        first = await here.address(slack.ANNA, "rocketchat")
        second = await here.address(slack.ANNA, "rocketchat")
        assert (await web.give_token(first, INES_ID, INES_TOKEN)).status == 200
        used = await web.get(first)
        assert used.status == 410
        assert "was used" in used.text
        here.clock.now += 601
        late = await web.get(second)
        assert late.status == 410
        assert "ten minutes" in late.text
        for forged in (first[:-4] + "AAAA", f"{PUBLIC_URL}/link/{'x' * 300}"):
            assert (await web.get(forged)).status == 404


async def test_two_at_once_link_once(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        address = await here.address(slack.ANNA, "rocketchat")
        form = await web.get(address)
        fields = {"csrf": form.csrf, "user_id": INES_ID, "token": INES_TOKEN}
        tries = [web.post(address, fields) for _ in range(3)]
        assert sorted(page.status for page in await asyncio.gather(*tries)) == [200, 410, 410]


async def test_a_form_from_elsewhere_is_refused(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web, browser(here) as other:
        address = await here.address(slack.ANNA, "rocketchat")
        form = await web.get(address)
        fields = {"csrf": form.csrf, "user_id": INES_ID, "token": INES_TOKEN}
        assert (await other.post(address, fields)).status == 403, "without the cookie"
        assert (await web.post(address, fields | {"csrf": "x"})).status == 403
        alien = {"Sec-Fetch-Site": "cross-site"}
        assert (await web.post(address, fields, alien)).status == 403
        assert await here.linked(slack.ANNA, "rocketchat") is None


async def test_guesses_are_slowed_down(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        address = await here.address(slack.ANNA, "rocketchat")
        pages = [await web.give_token(address, INES_ID, "guess") for _ in range(7)]
        assert [page.status for page in pages] == [422] * 5 + [429] * 2
        assert "Retry-After" in pages[-1].headers
        flood = [await web.get(f"{PUBLIC_URL}/link/x") for _ in range(60)]
        assert flood[-1].status == 429


async def test_behind_our_proxy_a_flood_of_one_keeps_nobody_else_out(tmp_path: Path) -> None:
    async with (
        town(tmp_path, server__trusted_proxies=["127.0.0.0/8"]) as here,
        ClientSession() as http,
    ):

        async def look(address: str) -> int:
            headers = {"X-Forwarded-For": address}
            async with http.get(f"{here.url}/link/x", headers=headers) as answer:
                return answer.status

        assert [await look("203.0.113.9") for _ in range(61)][-1] == 429
        assert await look("203.0.113.10") == 404


async def test_an_upstream_that_is_away_spends_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        address = await here.address(slack.ANNA, "rocketchat")
        with here.rocketchat.fault("status", "*", status=502, body="{}"):
            page = await web.give_token(address, INES_ID, INES_TOKEN)
        assert page.status == 503
        assert "still good" in page.text
        assert (await web.give_token(address, INES_ID, INES_TOKEN)).status == 200


async def test_a_kind_of_page_is_not_mistaken_for_the_other(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        rocketchat = await here.address(slack.ANNA, "rocketchat")
        superoffice = await here.address(slack.ANNA, "superoffice")
        assert (await web.get(f"{rocketchat}/onward")).status == 404
        assert (await web.post(superoffice, {"user_id": "x", "token": "y"})).status == 404


async def test_a_link_of_one_workspace_is_nothing_in_another(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        await web.give_token(await here.address(slack.ANNA, "rocketchat"), INES_ID, INES_TOKEN)
        told = await here.says(slack.OLGA, "link", slack.OTHER_CHANNEL)
        assert "ines" not in told
        assert "not linked" in told
        assert "nothing to forget" in await here.says(slack.OLGA, "unlink", slack.OTHER_CHANNEL)
        for scope, user_id in (
            (f"slack:{slack.OTHER_TEAM}", slack.ANNA),
            (f"slack:{slack.OTHER_TEAM}", slack.OLGA),
            (f"slack:{slack.TEAM}", slack.MIA),
        ):
            assert await here.links.of(scope, user_id) == []
        await here.slack.command(slack.OLGA, slack.OTHER_CHANNEL, "/close", f"{ROOM} bye")
        await here.finished(1)
        (effect,) = here.rocketchat.effects_of("close_room", ROOM)
        assert effect.detail["by"] == "deskbridge"
        assert await here.linked(slack.ANNA, "rocketchat")


async def test_a_row_copied_to_somebody_else_opens_for_nobody(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        await web.give_token(await here.address(slack.ANNA, "rocketchat"), INES_ID, INES_TOKEN)
        copy = text(
            "INSERT INTO links SELECT scope, :mia, connection, credential, account_id,"
            " account_name, linked_at, last_used FROM links"
        )
        await here.bridge.store.write(lambda it: it.execute(copy, {"mia": slack.MIA}).rowcount)
        stored = await here.bridge.store.read(
            lambda it: str(it.execute(text("SELECT * FROM links")).all())
        )
        assert INES_TOKEN not in stored
        await here.slack.command(slack.MIA, slack.SUPPORT, "/close", f"{ROOM} bye")
        job = (await here.finished(1))[0]
        assert job.outcome is not None
        assert job.outcome.code == "link_refused"
        assert "cannot be used any more" in await here.says(slack.MIA, "link rocketchat")


async def test_an_uninstalled_workspace_leaves_no_links(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        await web.give_token(await here.address(slack.ANNA, "rocketchat"), INES_ID, INES_TOKEN)
        await here.slack.uninstall(slack.TEAM)
        assert await here.linked(slack.ANNA, "rocketchat") is None


def test_other_sealed_values_are_no_tickets() -> None:
    vault = Vault(["k"])
    tickets = Tickets(vault, clock=lambda: 0.0)
    ticket = Ticket("slack:T1", "U1", "rocketchat")
    read = tickets.read(tickets.issue(ticket))
    assert (read.scope, read.user_id, read.connection, read.until) == (
        "slack:T1",
        "U1",
        "rocketchat",
        600.0,
    )
    for alien in ({"scope": "slack:T1"}, ["other", {}], "text", ["link v1", {"scope": 1, "x": 2}]):
        with pytest.raises(BadTicket):
            tickets.read(vault.seal(alien))
    with pytest.raises(BadTicket):
        tickets.read("é")
