"""What a transfer really does, told by the ledger and by the session, never by the status code alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient
from yarl import URL

from bridge.sandbox.superoffice import TENANT, Associate, SuperOffice, login_of
from tests.clock import Clock

API = f"/{TENANT}/api/v1"
ARNE, BREDE, ANNA = 2, 3, 5


@dataclass
class Caller:
    """A client signed in as one associate."""

    http: TestClient[Any, Any]
    name: str = "AA"

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, str, Any]:
        headers = {"Authorization": f"Bearer {login_of(self.name).access_token}"}
        url = URL(f"{API}/{path}", encoded=True)
        async with self.http.request(method, url, headers=headers, **options) as response:
            text = await response.text()
            is_json = response.content_type == "application/json" and text
            return response.status, text, await response.json() if is_json else None

    async def transfer(self, session_id: int, to: str) -> tuple[int, str, Any]:
        return await self.call("POST", f"ChatSession/{session_id}/TransferTo/{quote(to, safe='')}")


@pytest.fixture
async def arne(so: SuperOffice, aiohttp_client: AiohttpClient) -> Caller:
    return Caller(await aiohttp_client(so.app()))


@pytest.mark.parametrize("to", ["5", "ANNA", "anna", "anna@example.com", "Anna@Example.COM"])
async def test_a_transfer_is_a_request_not_a_handover(
    so: SuperOffice, arne: Caller, to: str
) -> None:
    status, _, entity = await arne.transfer(648, to)

    assert status == 200
    assert entity["TransferTo"]["AssociateId"] == ANNA
    assert entity["User"]["AssociateId"] == ARNE
    assert entity["Status"] == "CustomerLast"
    assert "_Links" not in entity
    (effect,) = so.effects
    assert (effect.kind, effect.subject) == ("request_transfer", "648")
    assert effect.detail["to_associate_id"] == ANNA


@pytest.mark.parametrize(
    ("noop_body", "status", "text"),
    [("null", 200, "null"), ("empty", 200, ""), ("204", 204, "")],
)
async def test_a_noop_may_answer_nothing(
    so: SuperOffice, arne: Caller, noop_body: str, status: int, text: str
) -> None:
    so.change(noop_body=noop_body)

    assert await arne.transfer(650, "5") == (status, text, None)
    assert so.effects == []


async def test_a_noop_may_answer_the_unchanged_entity(so: SuperOffice, arne: Caller) -> None:
    status, _, entity = await arne.transfer(650, "5")

    assert (status, entity["TransferTo"]) == (200, None)
    assert entity["User"]["AssociateId"] == BREDE
    assert so.effects == []


@pytest.mark.parametrize(
    ("session_id", "to"),
    [
        (650, "5"),  # of another agent
        (651, "5"),  # in the queue, of nobody
        (652, "5"),  # closed
        (648, "2"),  # to its own agent
        (648, "999"),  # nobody
        (648, "nobody@example.com"),
        (648, "12"),  # retired
        (648, "13"),  # no chat user
        (648, "14"),  # Arne's ejUser id, which is no associate
        (648, "9" * 5000),
        (648, "a/b"),
        (648, "Chloé ÇELIK"),  # a full name is no user name
    ],
)
async def test_nothing_happens_and_the_status_is_200(
    so: SuperOffice, arne: Caller, session_id: int, to: str
) -> None:
    before = so.session(session_id).transfer_to_id

    status, _, _ = await arne.transfer(session_id, to)

    assert status == 200
    assert so.session(session_id).transfer_to_id == before
    assert so.effects == []


@pytest.mark.parametrize(
    ("switches", "session_id", "to", "status", "effects"),
    [
        ({"unknown_target": "error"}, 648, "999", 400, []),
        ({"unknown_target": "error"}, 648, "OLD", 400, []),
        ({"self_transfer": "effect"}, 648, "2", 200, ["request_transfer"]),
        ({"self_transfer": "error"}, 648, "2", 400, []),
        ({"closed_session": "effect"}, 652, "5", 200, ["request_transfer"]),
        ({"closed_session": "error"}, 652, "5", 400, []),
        ({}, 648, "chloe@example.com", 200, ["request_transfer"]),
        ({"absent_target": "noop"}, 648, "chloe@example.com", 200, []),
        ({"absent_target": "error"}, 648, "chloe@example.com", 400, []),
        ({"name_matches": "Name"}, 648, "anna@example.com", 200, []),
        ({"name_matches": "Name"}, 648, "anna", 200, ["request_transfer"]),
        ({"name_matches": "UserName"}, 648, "anna", 200, []),
        ({"name_matches": "UserName"}, 648, "anna@example.com", 200, ["request_transfer"]),
    ],
)
async def test_each_open_question_has_a_switch(
    so: SuperOffice,
    arne: Caller,
    switches: dict[str, str],
    session_id: int,
    to: str,
    status: int,
    effects: list[str],
) -> None:
    so.change(**switches)

    assert (await arne.transfer(session_id, to))[0] == status
    assert [effect.kind for effect in so.effects] == effects


@pytest.mark.parametrize(("allowed", "effects"), [(False, []), (True, ["request_transfer"])])
async def test_a_manager_may_transfer_only_if_switched_so(
    so: SuperOffice, arne: Caller, *, allowed: bool, effects: list[str]
) -> None:
    so.change(manager_may_transfer=allowed)
    manager = Caller(arne.http, "ADM0")

    await manager.transfer(648, "5")

    assert [effect.kind for effect in so.effects] == effects


async def test_the_system_user_owns_no_chat(so: SuperOffice, arne: Caller) -> None:
    assert (await Caller(arne.http, "SYS").transfer(648, "5"))[0] == 200
    assert so.effects == []


async def test_the_same_request_again_is_a_repeat(so: SuperOffice, arne: Caller) -> None:
    await arne.transfer(649, "BB")
    await arne.transfer(648, "5")
    await arne.transfer(648, "ANNA")

    kinds = [(effect.kind, effect.subject) for effect in so.effects]
    assert kinds == [
        ("repeat_transfer", "649"),
        ("request_transfer", "648"),
        ("repeat_transfer", "648"),
    ]


async def test_a_second_target_replaces_the_first(so: SuperOffice, arne: Caller) -> None:
    _, _, entity = await arne.transfer(649, "5")

    assert entity["TransferTo"]["AssociateId"] == ANNA
    assert so.effects_of("request_transfer")[0].detail["instead_of"] == BREDE


async def test_only_the_target_can_accept(so: SuperOffice, arne: Caller) -> None:
    await arne.transfer(648, "5")

    await arne.call("POST", "ChatSession/648/AcceptTransfer")
    assert so.session(648).user_id == ARNE

    _, _, entity = await Caller(arne.http, "ANNA").call("POST", "ChatSession/648/AcceptTransfer")
    assert (entity["User"]["AssociateId"], entity["TransferTo"]) == (ANNA, None)
    assert [effect.kind for effect in so.effects] == ["request_transfer", "accept_transfer"]


async def test_a_rejected_transfer_leaves_a_message(so: SuperOffice, arne: Caller) -> None:
    _, _, entity = await Caller(arne.http, "BB").call("POST", "ChatSession/649/RejectTransfer")
    _, _, lines = await arne.call("GET", "ChatSession/649/Messages")

    assert (entity["User"]["AssociateId"], entity["TransferTo"]) == (ARNE, None)
    assert (lines[-1]["Type"], lines[-1]["SpecialType"]) == ("Special", "TransferRejected")
    assert [effect.kind for effect in so.effects] == ["reject_transfer"]


@pytest.mark.parametrize("verb", ["AcceptTransfer", "RejectTransfer"])
async def test_without_a_pending_transfer_nothing_happens(
    so: SuperOffice, arne: Caller, verb: str
) -> None:
    so.change(noop_body="null")

    assert await arne.call("POST", f"ChatSession/648/{verb}") == (200, "null", None)
    assert so.effects == []


async def test_the_desk_can_be_moved_by_hand(so: SuperOffice, arne: Caller) -> None:
    so.add_associate(Associate(77, "DD", "Dora Dahl", "dora@example.com", 70))
    so.add_session(700, customer_name="New")
    await arne.transfer(700, "dora@example.com")

    assert so.accept(700)
    assert not so.accept(700)
    assert so.session(700).user_id == 77
    assert so.reject(649)
    assert not so.reject(649)
    await arne.transfer(649, "BB")
    assert so.cancel(649)
    assert not so.cancel(649)
    status, _, _ = await Caller(arne.http, "DD").transfer(700, "2")
    assert status == 200
    assert so.session(700).transfer_to_id == ARNE


@pytest.mark.parametrize(("response", "owner"), [("accept", ANNA), ("reject", ARNE)])
async def test_a_colleague_may_respond_by_the_clock(
    so: SuperOffice, arne: Caller, clock: Clock, response: str, owner: int
) -> None:
    so.change(auto_response=response, auto_response_after_s=60)
    so.reject(649)
    await arne.transfer(648, "5")

    clock.now += 59
    _, _, entity = await arne.call("GET", "ChatSession/648")
    assert entity["TransferTo"]["AssociateId"] == ANNA

    clock.now += 1
    _, _, entity = await arne.call("GET", "ChatSession/648")
    assert (entity["User"]["AssociateId"], entity["TransferTo"]) == (owner, None)


async def test_pick_up_answers_null_for_a_session_that_does_not_wait(
    so: SuperOffice, arne: Caller
) -> None:
    _, _, entity = await arne.call("POST", "ChatSession/651/Pickup")

    assert (entity["User"]["AssociateId"], entity["Status"]) == (ARNE, "CustomerLast")
    assert await arne.call("POST", "ChatSession/651/Pickup") == (200, "null", None)
    assert [effect.kind for effect in so.effects] == ["pick_up_session"]


@pytest.mark.parametrize(
    "body",
    [
        {"ChatSessionId": 648, "ToAssociate": "5"},
        {"chatSessionId": 648, "toAssociate": "anna@example.com"},
        {"CHATSESSIONID": 648, "TOASSOCIATE": "anna"},
    ],
)
async def test_the_rpc_twin_takes_keys_in_any_case(
    so: SuperOffice, arne: Caller, body: dict[str, Any]
) -> None:
    path = "Agents/Chat/TransferChatSession"
    status, _, entity = await arne.call("POST", path, json=body)

    assert (status, entity["TransferTo"]["AssociateId"]) == (200, ANNA)
    assert len(so.effects_of("request_transfer", "648")) == 1


@pytest.mark.parametrize(
    ("data", "status", "text"),
    [
        ('{"ChatSessionId": 999, "ToAssociate": "5"}', 200, "null"),
        ("{}", 200, "null"),
        ("{", 400, None),
        ("[]", 400, None),
    ],
)
async def test_the_rpc_twin_has_no_404(
    so: SuperOffice, arne: Caller, data: str, status: int, text: str | None
) -> None:
    found = await arne.call("POST", "Agents/Chat/TransferChatSession", data=data)

    assert found[0] == status
    assert text in (None, found[1])
    assert so.effects == []


@pytest.mark.parametrize(("missing", "status"), [("404", 404), ("null", 200)])
async def test_a_missing_session(so: SuperOffice, arne: Caller, missing: str, status: int) -> None:
    so.change(missing_session=missing)

    for verb in ("TransferTo/5", "AcceptTransfer", "RejectTransfer"):
        assert (await arne.call("POST", f"ChatSession/999/{verb}"))[0] == status
    assert so.effects == []


@pytest.mark.parametrize("character", list("*%&<>:\\?"))
async def test_the_web_server_refuses_a_dangerous_path(
    so: SuperOffice, arne: Caller, character: str
) -> None:
    status, text, _ = await arne.transfer(648, f"a{character}b")

    assert status == 400
    assert "A potentially dangerous Request.Path value" in text
    assert so.effects == []


async def test_an_encoded_slash_may_split_the_path(so: SuperOffice, arne: Caller) -> None:
    so.add_associate(Associate(78, "a/b", "Åse Ærlig", "åse@example.com", 71))
    await arne.transfer(648, "a/b")
    assert so.session(648).transfer_to_id == 78
    await arne.transfer(649, "ÅSE@example.com")
    assert so.session(649).transfer_to_id == 78

    so.change(encoded_slash="split")
    assert (await arne.transfer(648, "a/b"))[0] == 404
