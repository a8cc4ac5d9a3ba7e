"""A SuperOffice account is linked by consent with PKCE; then the owner of a chat can transfer it."""

from __future__ import annotations

from pathlib import Path

from yarl import URL

from bridge.contract import JobState
from bridge.sandbox.slack import seed as slack
from tests.ingress.linking.town import PUBLIC_URL, Town, browser, town

ANNAS_CHAT, BREDE = 653, 3


async def as_anna(here: Town) -> None:
    """Slack knows Anna by the address that SuperOffice has of her."""
    here.slack.users[slack.ANNA].email = "anna@example.com"


async def test_only_the_owner_can_transfer_and_the_answer_offers_the_link(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        await as_anna(here)
        line = f"session {ANNAS_CHAT} {BREDE}"
        refused = await here.ends("/transfer", line, 1)
        assert refused.state is JobState.REFUSED
        assert "/bridge link" in refused.outcome.next_step
        address = await here.address(slack.ANNA, "superoffice")
        done = await web.consent(address, "ANNA")
        assert done.status == 200, done.text
        assert "Anna Andersen" in done.text
        here.clock.now += 60  # not the same press again
        await here.slack.command(slack.ANNA, slack.SUPPORT, "/transfer", line)
        await here.bridge.doors.slack.background.idle()
        while not here.superoffice.effects_of("request_transfer", str(ANNAS_CHAT)):
            assert not [job for job in await here.jobs() if job.state is JobState.PARKED]
            await _moment()
        assert here.superoffice.session(ANNAS_CHAT).transfer_to_id == BREDE


async def test_tokens_are_renewed_and_a_revoked_consent_is_told(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        await as_anna(here)
        await web.consent(await here.address(slack.ANNA, "superoffice"), "ANNA")
        here.superoffice.expire_tokens()
        somebody_elses = f"session 650 {BREDE + 2}"
        job = await here.ends("/transfer", somebody_elses, 1)
        assert "The bridge acted as you, Anna Andersen" in job.outcome.next_step
        assert "/bridge link" not in job.outcome.next_step
        here.superoffice.revoke_consent()
        here.clock.now += 60
        job = await here.ends("/transfer", f"session {ANNAS_CHAT} {BREDE}", 2)
        assert (job.state, job.outcome.code) == (JobState.REFUSED, "link_refused")
        assert "/bridge link superoffice" in job.outcome.next_step
        assert not here.superoffice.effects_of("request_transfer")


async def test_the_way_there_carries_a_state_and_a_challenge(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        address = await here.address(slack.ANNA, "superoffice")
        onward = await web.get(f"{address}/onward")
        asked = URL(onward.headers["Location"]).query
        assert asked["redirect_uri"] == f"{PUBLIC_URL}/link/callback"
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["code_challenge"]) == 43
        assert len(asked["state"]) > 40
        assert asked["acr_values"].startswith("tenant:")
        kept = onward.headers["Set-Cookie"]
        assert "HttpOnly" in kept
        assert "SameSite=Lax" in kept
        assert asked["state"] not in kept


async def test_a_code_of_another_browser_or_visit_links_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as mallory, browser(here) as victim:
        await as_anna(here)
        address = await here.address(slack.ANNA, "superoffice")
        back = await mallory.consented(address, "ANNA")
        assert (await victim.get(back)).status == 403
        forged = str(URL(back).update_query(state="x" * 22 + "." + "y" * 32))
        assert (await mallory.get(forged)).status == 403
        assert await here.linked(slack.ANNA, "superoffice") is None
        assert (await mallory.get(back)).status == 200
        assert (await mallory.get(back)).status in {403, 410}, "once"


async def test_unlinking_says_that_the_consent_stays(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        await as_anna(here)
        await web.consent(await here.address(slack.ANNA, "superoffice"), "ANNA")
        told = await here.says(slack.ANNA, "unlink superoffice")
        assert "I no longer act as you" in told
        assert "ask a SuperOffice administrator" in told


async def test_another_persons_account_and_a_denial_link_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        await as_anna(here)
        address = await here.address(slack.ANNA, "superoffice")
        page = await web.consent(address, "BB")
        assert page.status == 403
        assert "not the one that Slack knows" in page.text
        here.superoffice.change(consent="denied")
        back = await web.consented(address, "ANNA")
        page = await web.get(back)
        assert page.status == 403
        assert "did not allow" in page.text
        assert await here.linked(slack.ANNA, "superoffice") is None


async def test_the_asker_is_answered_in_their_language(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await here.bridge.doors.slack.identity.person(slack.TEAM, "", slack.ANNA)
        await here.ends("/transfer", f"session {ANNAS_CHAT} {BREDE}", 1)
        spoken = [one.headers.get("Accept-Language") for one in here.superoffice.exchanges]
        assert "de-DE, de;q=0.9, en;q=0.5" in spoken


async def _moment() -> None:
    import asyncio

    await asyncio.sleep(0.02)
