"""A chat transfer is an offer: it is followed to its answer, and nobody is told more than is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.contract import JobState
from bridge.sandbox.superoffice import CLIENT_ID, CLIENT_SECRET, TENANT, login_of
from bridge.sandbox.superoffice.seed import SESSION_KEY
from tests.ends.stage import Stage, stage

ASK = "/transfer 648 anna@example.com"
AA = login_of("AA")
ONLINE = {
    "tenant": TENANT,
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "refresh_token": AA.refresh_token,
    "access_token": AA.access_token,
}


async def online(on: Stage, **more: Any) -> None:
    """Give the bridge the tenant by name, with credentials that renew themselves."""
    settings = on.world.bridge.settings.model_dump(mode="python")
    base = str(on.world.bridge.settings.connections["superoffice"].url).partition("/SuperOffice")[0]
    connection = {"kind": "superoffice", "login_url": base, **ONLINE, **more}
    settings["connections"]["superoffice"] = connection
    on.world.bridge.settings = type(on.world.bridge.settings).model_validate(settings)
    await on.restart()


@pytest.mark.parametrize("answer", ["accept", "reject"])
async def test_the_pending_message_becomes_the_answer(tmp_path: Path, answer: str) -> None:
    async with stage(tmp_path) as on:
        job = await on.pending(await on.command(ASK))
        assert 0.5 < job.run_at - on.clock() <= 1.5
        assert on.finals(job) == []
        getattr(on.superoffice, answer)(648)
        last = await on.ended(job)
        words = {"accept": "Anna Andersen has accepted chat 648.", "reject": "rejected chat 648"}
        assert words[answer] in on.said(last)
        assert last.outcome is not None
        facts = {"accept": "accepted", "reject": "rejected"}
        assert last.outcome.facts["transfer"] == facts[answer]
        everything = str([m.text + str(m.blocks) for m in on.slack.all_messages])
        assert SESSION_KEY not in everything + str(last.outcome.as_json()) + str(last.memo)


async def test_unanswered_after_a_quarter_of_an_hour(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        last = await on.ended(await on.command(ASK))
        assert last.state is JobState.PENDING
        assert "has not answered within 15 minutes. Chat 648 stays offered." in on.said(last)
        assert last.looks < 40


@pytest.mark.parametrize("body", ["entity", "null", "empty", "204"])
async def test_nothing_happened_names_the_owner(tmp_path: Path, body: Any) -> None:
    async with stage(tmp_path) as on:
        on.superoffice.change(noop_body=body)
        job = await on.ended(await on.command("/transfer 650 anna@example.com"))
        assert job.state is JobState.REFUSED
        assert "Nothing happened: chat 650 belongs to Brede Bredesen" in on.said(job)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_ends_while_the_offer_is_watched_is_renewed_once(
    tmp_path: Path, status: Any
) -> None:
    async with stage(tmp_path) as on:
        await online(on)
        on.superoffice.change(expired_token_status=status)
        job = await on.pending(await on.command(ASK))
        on.superoffice.expire_tokens()
        assert (await on.look(job)).state is JobState.PENDING
        on.superoffice.accept(648)
        assert "has accepted" in on.said(await on.ended(job))
        renewals = [e for e in on.superoffice.exchanges if e.route.endswith("/tokens")]
        assert len(renewals) == 1


async def test_consent_that_ends_in_the_middle_is_told_without_calling_it_refused(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        await online(on)
        job = await on.pending(await on.command(ASK))
        on.superoffice.revoke_consent()
        last = await on.ended(job)
        assert last.state is JobState.UNKNOWN
        assert "was offered to Anna Andersen, but the bridge can no longer look" in on.said(last)
        assert on.superoffice.session(648).transfer_to_id == 5


async def test_a_tenant_that_moves_in_the_middle_is_found_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await online(on)
        job = await on.pending(await on.command(ASK))
        on.superoffice.move_tenant("online3")
        assert (await on.look(job)).state is JobState.PENDING
        on.superoffice.accept(648)
        assert "has accepted" in on.said(await on.ended(job))
        looked_up = [e for e in on.superoffice.exchanges if "/api/state/" in e.path]
        assert len(looked_up) == 2  # at the start, and when it had moved


async def test_a_tenant_that_stops_is_told_by_its_state(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await online(on)
        on.superoffice.change(tenant_state="Suspended")
        job = await on.ended(await on.command(ASK))
        assert "not running: Suspended" in on.said(job)


async def test_a_system_users_ticket_lives_as_long_as_it_is_used(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        key = on.superoffice.partner_key_pem()
        own = {"access_token": None, "refresh_token": None, "system_token": "Deskbridge-8k8Q7DmBgo"}
        await online(on, private_key=key, **own)
        job = await on.ended(await on.command(ASK))
        assert "The bridge acts as a system user here, which never owns a chat" in on.said(job)

        def signed_in() -> int:
            return len([e for e in on.superoffice.exchanges if "PartnerSystemUser" in e.path])

        assert signed_in() == 1
        for hours, expected in ((5, 1), (5, 1), (7, 2)):  # six hours, from its last use
            on.clock.ahead += hours * 3600
            await on.ended(await on.command("/transfer 650 anna@example.com"))
            assert signed_in() == expected
