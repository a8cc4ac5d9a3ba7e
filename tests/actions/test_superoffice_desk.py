"""The chat transfer against the emulated SuperOffice: who has it, who is offered it, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.contract import Done, Pending, Refused
from bridge.sandbox.superoffice.seed import SESSION_KEY
from tests.actions.desk import superoffice

TRANSFER = "superoffice.transfer_session"
ARNES, OFFERED, BREDES, QUEUED, ENDED = 648, 649, 650, 651, 652


def wish(session: int, to: str) -> dict[str, Any]:
    return {"chatSessionId": session, "toAssociate": to}


@pytest.mark.parametrize("to", ["5", "ANNA", "anna", "anna@example.com", "Anna Andersen"])
async def test_a_colleague_by_any_name_is_offered_the_chat(to: str) -> None:
    async with superoffice() as (so, desk):
        outcome = await desk.do(TRANSFER, **wish(ARNES, to))
        assert isinstance(outcome, Pending)
        assert outcome.facts["to_id"] == 5
        assert so.session(ARNES).transfer_to_id == 5
        assert SESSION_KEY not in str(outcome.as_json()) + str(desk.memo)


@pytest.mark.parametrize(("response", "kind"), [("accept", Done), ("reject", Refused)])
async def test_an_offer_is_followed_to_its_answer(response: str, kind: type) -> None:
    switches: dict[str, Any] = {"auto_response": response, "auto_response_after_s": 42}
    async with superoffice(**switches) as (_, desk):
        first = await desk.do(TRANSFER, **wish(ARNES, "anna"))
        last = await desk.watch(TRANSFER, first, **wish(ARNES, "anna"))
        assert isinstance(last, kind)
        assert last.facts["transfer"] == {"accept": "accepted", "reject": "rejected"}[response]


async def test_nobody_answers_for_a_quarter_of_an_hour() -> None:
    async with superoffice() as (_, desk):
        first = await desk.do(TRANSFER, **wish(ARNES, "anna"))
        last = await desk.watch(TRANSFER, first, **wish(ARNES, "anna"))
        assert isinstance(last, Pending)
        assert last.look_in_s is None
        assert last.facts["transfer"] == "unanswered"
        assert len(desk.sent) < 45


@pytest.mark.parametrize("body", ["entity", "null", "empty", "204"])
@pytest.mark.parametrize(
    ("session", "reason"),
    [(BREDES, "belongs to Brede Bredesen"), (QUEUED, "still in the queue")],
)
async def test_nothing_happened_is_never_called_done(body: str, session: int, reason: str) -> None:
    async with superoffice(noop_body=body) as (so, desk):
        outcome = await desk.do(TRANSFER, **wish(session, "anna"))
        assert isinstance(outcome, Refused)
        assert reason in outcome.message
        assert not [effect for effect in so.effects if "transfer" in effect.kind]


async def test_a_repeat_sends_nothing_again() -> None:
    async with superoffice() as (_, desk):
        outcome = await desk.do(TRANSFER, resumed=True, **wish(OFFERED, "Brede Bredesen"))
        assert outcome.code == "transfer_pending"
        again = await desk.do(TRANSFER, **wish(OFFERED, "3"))
        assert again.code == "transfer_already_pending"
        assert not [request for request in desk.sent if request.write]


async def test_an_ended_chat_and_an_unknown_one() -> None:
    async with superoffice() as (_, desk):
        assert (await desk.do(TRANSFER, **wish(ENDED, "anna"))).code == "session_ended"
        missing = await desk.do(TRANSFER, **wish(999, "anna"))
        assert "no chat session 999" in missing.message


async def test_a_chat_users_id_is_not_taken_for_an_associates() -> None:
    async with superoffice() as (so, desk):
        outcome = await desk.do(TRANSFER, **wish(ARNES, "14"))
        assert outcome.code == "chat_user_id"
        assert "Arne Arnesen (2)" in outcome.message
        assert so.session(ARNES).transfer_to_id is None


@pytest.mark.parametrize("to", ["olga@example.com", "nobody", "anna andersn", "99999"])
async def test_an_unknown_or_retired_colleague(to: str) -> None:
    async with superoffice() as (so, desk):
        outcome = await desk.do(TRANSFER, **wish(ARNES, to))
        assert outcome.code == "unknown_associate"
        assert so.session(ARNES).transfer_to_id is None


async def test_one_who_may_not_answer_chats() -> None:
    async with superoffice() as (_, desk):
        outcome = await desk.do(TRANSFER, **wish(ARNES, "FIN"))
        assert isinstance(outcome, Refused)
        assert "Finn Fiskal may not answer chats" in outcome.message


async def test_a_transfer_to_whoever_has_it() -> None:
    async with superoffice() as (_, desk):
        outcome = await desk.do(TRANSFER, **wish(ARNES, "AA"))
        assert isinstance(outcome, Done)
        assert outcome.code == "already_there"


@pytest.mark.parametrize("key", ["ErrorMessage", "Message"])
async def test_an_error_under_either_key(key: str) -> None:
    async with superoffice(error_key=key, absent_target="error") as (so, desk):
        so.desk.associates[5].present = False
        outcome = await desk.do(TRANSFER, **wish(ARNES, "anna"))
        assert outcome.code == "invalid_params"
        assert "Cannot transfer" in outcome.message


async def test_a_wrong_password_is_the_operators_turn() -> None:
    async with superoffice(password="wrong") as (_, desk):
        outcome = await desk.do(TRANSFER, **wish(ARNES, "anna"))
        assert isinstance(outcome, Refused)
        assert outcome.code == "not_signed_in"
