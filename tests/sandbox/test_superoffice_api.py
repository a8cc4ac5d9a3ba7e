"""The shapes of the answers: entities, lists, the id trap, dates, languages, formats, errors."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientError
from pytest_aiohttp.plugin import AiohttpClient

from bridge.sandbox.superoffice import SESSION_KEY, TENANT, SuperOffice, login_of

API = f"/{TENANT}/api/v1"
# The order of the document the project started from.
SEED_FIELDS = [
    "ChatSessionId",
    "TopicId",
    "User",
    "Person",
    "CustomerAlias",
    "CustomerHost",
    "CustomerName",
    "CustomerEmail",
    "CustomerPhone",
    "CustomerConsented",
    "CustomerCompanyName",
    "Status",
    "FirstMessage",
    "LastMessage",
    "WhenRequested",
    "WhenStarted",
    "WhenEnded",
    "WhenIdle",
    "WhenFetched",
    "SessionKey",
    "InitialQueuePos",
    "AlertLevel",
    "Rank",
    "Flags",
    "Contact",
    "Project",
    "Sale",
    "Ticket",
    "TransferTo",
    "ChatbotIsActive",
    "Rating",
    "TableRight",
    "FieldProperties",
]


class Answer:
    """One answer, read whole."""

    def __init__(self, status: int, reason: str | None, content_type: str, text: str) -> None:
        self.status = status
        self.reason = reason
        self.content_type = content_type
        self.text = text

    def json(self) -> Any:
        return json.loads(self.text)


Ask = Callable[..., Awaitable[Answer]]


@pytest.fixture
def so() -> SuperOffice:
    return SuperOffice(lambda: 1_545_651_285.0)  # 2018-12-24T11:34:45Z


@pytest.fixture
async def ask(so: SuperOffice, aiohttp_client: AiohttpClient) -> Ask:
    http = await aiohttp_client(so.app())

    async def ask(path: str, method: str = "GET", **headers: str) -> Answer:
        sent = {"Authorization": f"Bearer {login_of('AA').access_token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = path if path.startswith("/") else f"{API}/{path}"
        async with http.request(method, url, headers=sent) as response:
            return Answer(
                response.status,
                response.reason,
                response.headers.get("Content-Type", ""),
                await response.text(),
            )

    return ask


async def test_the_entity_is_complete_and_only_get_has_links(ask: Ask) -> None:
    got = await ask("ChatSession/648")
    posted = await ask("ChatSession/648/TransferTo/5", "POST")

    assert list(got.json()) == [*SEED_FIELDS, "_Links"]
    assert list(posted.json()) == SEED_FIELDS
    assert got.reason == "ChatSessionEntity found."
    assert got.json()["SessionKey"] == f"{SESSION_KEY}-648"


async def test_select_nulls_the_other_fields(ask: Ask) -> None:
    entity = (await ask("ChatSession/648?$select=chatSessionId,Status,user/name")).json()

    shown = {name for name, value in entity.items() if value is not None}
    assert shown == {"ChatSessionId", "Status", "User", "_Links"}


async def test_for_current_user_is_not_only_ones_own(ask: Ask) -> None:
    rows = (await ask("ChatSession/ForCurrentUser")).json()

    owners = {row["ChatSessionId"]: row["User"]["AssociateId"] for row in rows}
    assert owners == {648: 2, 649: 2, 650: 3}


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [648, 649, 650, 651, 652, 653]),
        ("$filter=status eq 'CustomerLast'", [648, 650]),
        ("$filter=status eq 'CustomerLast' and associate/associateId eq 2", [648]),
        ("$filter=chatSessionId gt 650 and chatSessionId le 652", [651, 652]),
        ("$filter=firstMessage contains 'INVOICE'", [648]),
        ("$filter=agent begins 'arne'&$top=2", [648, 649]),
        ("$filter=associate/name ne 'AA'&$skip=1", [651, 653]),
        ("$orderBy=chatSessionId desc&$top=2", [653, 652]),
    ],
)
async def test_archive_rows(ask: Ask, query: str, ids: list[int]) -> None:
    body = (await ask(f"ChatSession?{query}")).json()

    assert [row["PrimaryKey"] for row in body["value"]] == ids
    assert {row["EntityName"] for row in body["value"]} == {"chat"}
    assert (body["odata.nextLink"] is not None) == ("$top" in query)


async def test_archive_columns_are_camel_case_and_chosen(ask: Ask) -> None:
    query = "ChatSession?$select=chatSessionId,agent,chatTopic/name&$top=1"
    (row,) = (await ask(query, SO_Language="en")).json()["value"]

    assert row == {
        "PrimaryKey": 648,
        "EntityName": "chat",
        "chatSessionId": 648,
        "agent": "Arne Arnesen",
        "chatTopic/name": "Support",
    }


@pytest.mark.parametrize(
    "expression", ["status", "status near 'x'", "status eq 'x' or agent eq 'y'", "agent gt 5"]
)
async def test_a_filter_it_cannot_read_is_an_error(ask: Ask, expression: str) -> None:
    answer = await ask(f"ChatSession?$filter={expression}")

    assert (answer.status, answer.json()["ErrorType"]) == (400, "ArgumentException")


async def test_messages_after_an_id(ask: Ask) -> None:
    lines = (await ask("ChatSession/648/Messages")).json()
    later = (await ask(f"ChatSession/648/Messages?after={lines[0]['ChatMessageId']}")).json()

    assert len(lines) == 2
    assert later == lines[1:]
    assert lines[0]["WhenPosted"].endswith("Z")
    assert (await ask("ChatSession/999/Messages")).status == 404


async def test_the_id_trap(ask: Ask) -> None:
    chat_users = {
        item["Name"]: item["Id"] for item in (await ask("ChatTopic/UserAgents?flat=true")).json()
    }
    associates = {item["Name"]: item["Id"] for item in (await ask("MDOList/associate")).json()}

    assert chat_users["Ada Minister"] == associates["Brede Bredesen"] == 3
    assert (chat_users["Arne Arnesen"], associates["Arne Arnesen"]) == (14, 2)
    assert "Olga Olsen" not in chat_users  # retired
    assert "Finn Fiskal" not in chat_users  # no chat user
    assert all(associates[name] != chat_users[name] for name in chat_users)


async def test_chat_users_present_only_and_grouped(ask: Ask) -> None:
    present = (await ask("ChatTopic/UserAgents?flat=true&onlyPresent=true")).json()
    (group,) = (await ask("ChatTopic/UserAgents?flat=false")).json()

    assert 9 not in {item["Id"] for item in present}
    assert len(group["ChildItems"]) == 5
    assert (await ask("ChatTopic/UserAgents")).status == 400


async def test_agents_of_a_topic_carry_both_ids(ask: Ask) -> None:
    agents = (await ask("ChatTopic/458/UserAgent")).json()

    assert [
        (a["User"]["AssociateId"], a["User"]["EjUserId"]) for a in agents if a["CanRespond"]
    ] == [
        (2, 14),
        (3, 5),
        (5, 7),
        (11, 3),
    ]
    missing = await ask("ChatTopic/1/UserAgent")
    assert (missing.status, missing.reason) == (404, "ChatTopic Not Found")


async def test_presence_counts_by_ej_user(ask: Ask) -> None:
    found = (await ask("Agents/Chat/GetChatPresence", "POST")).json()
    by_user = {row["UserId"]: row for row in found}

    assert (by_user[14]["DisplayName"], by_user[14]["OngoingChats"]) == ("Arne Arnesen", 2)
    assert by_user[14]["ChatTopics"] == [458]
    assert not by_user[9]["Present"]


async def test_the_principal(ask: Ask) -> None:
    me = (await ask("User/currentPrincipal")).json()
    also_me = (await ask("User/currentAssociate")).json()

    assert (me["AssociateId"], me["EjUserId"], me["UserName"]) == (2, 14, "arne@example.com")
    assert (me["UserType"], me["DatabaseContextIdentifier"]) == ("InternalAssociate", TENANT)
    assert also_me["AssociateId"] == 2


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("", "2018-12-24T12:34:45"),
        ("GB", "2018-12-24T11:34:45"),
        ("261", "2018-12-24T12:34:45"),
        ("US, includeTZOffset", "2018-12-24T06:34:45-0500"),
        ("NO,includetzoffset", "2018-12-24T12:34:45+0100"),
        ("Nowhere/Land", "2018-12-24T12:34:45"),
    ],
)
async def test_dates_follow_so_time_zone(
    so: SuperOffice, ask: Ask, header: str, shown: str
) -> None:
    so.add_session(700)

    entity = (await ask("ChatSession/700", SO_TimeZone=header)).json()

    assert entity["WhenRequested"] == shown
    assert entity["WhenEnded"] == "0001-01-01T00:00:00"


async def test_dates_as_in_the_generated_samples(so: SuperOffice, ask: Ask) -> None:
    so.change(date_style="generated")
    so.add_session(700)

    entity = (await ask("ChatSession/700")).json()

    assert entity["WhenRequested"] == "2018-12-24T12:34:45.0000000+01:00"


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({}, 'NO:"Chatmedarbeider";US:"Chat agent"'),
        ({"Accept_Language": "en"}, "Chat agent"),
        ({"Accept_Language": "fr,nb;q=0.5"}, "Chatmedarbeider"),
        ({"Accept_Language": "fr"}, "Chat agent"),
        ({"Accept_Language": "en", "SO_Language": "no"}, "Chatmedarbeider"),
        ({"Accept_Language": "en", "SO_Language": "*"}, 'NO:"Chatmedarbeider";US:"Chat agent"'),
        ({"SO_Language": "x"}, 'NO:"Chatmedarbeider";US:"Chat agent"'),
    ],
)
async def test_language(ask: Ask, headers: dict[str, str], shown: str) -> None:
    assert (await ask("User/currentAssociate", **headers)).json()["Tooltip"] == shown


async def test_headers_are_in_the_log(so: SuperOffice, ask: Ask) -> None:
    await ask("User/currentAssociate", SO_Culture="nb-NO", SO_AppToken="t", SO_TimeZone="NO")

    headers = so.exchanges[-1].headers
    assert (headers["SO-Culture"], headers["SO-AppToken"]) == ("nb-NO", "t")
    assert so.exchanges[-1].route == "/{tenant}/api/v1/User/currentAssociate"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "application/json; charset=utf-8"),
        ("*/*", "application/json; charset=utf-8"),
        ("application/json; charset=utf-8", "application/json; charset=utf-8"),
        ("text/json", "text/json; charset=utf-8"),
        ("application/xml", "application/xml; charset=utf-8"),
        ("text/xml;q=0.9", "text/xml; charset=utf-8"),
        ("application/xml, application/json", "application/json; charset=utf-8"),
        ("text/html", "application/json; charset=utf-8"),
    ],
)
async def test_accept_chooses_the_format(ask: Ask, accept: str, content_type: str) -> None:
    answer = await ask("ChatSession/648/TransferTo/5", "POST", Accept=accept)

    assert answer.content_type == content_type
    if "xml" in content_type:
        assert "<ChatSessionEntity><ChatSessionId>648</ChatSessionId>" in answer.text
        assert "<CustomerConsented>true</CustomerConsented>" in answer.text
    else:
        assert answer.json()["ChatSessionId"] == 648


async def test_a_list_in_xml(ask: Ask) -> None:
    text = (await ask("MDOList/associate", Accept="text/xml")).text

    assert "<ArrayOfMDOListItem><MDOListItem><Id>2</Id>" in text
    assert "person_id=102&amp;contact_id=1" in text


async def test_the_front_of_the_api(ask: Ask) -> None:
    page = await ask(f"/{TENANT}/api", Accept="*/*")
    versions = await ask(f"/{TENANT}/api", Accept="application/json")

    assert page.content_type.startswith("text/html")
    assert versions.json()["v1"].endswith(f"/{TENANT}/api/v1/")


@pytest.mark.parametrize("key", ["ErrorMessage", "Message"])
async def test_the_documented_404(so: SuperOffice, ask: Ask, key: str) -> None:
    so.change(error_key=key)

    answer = await ask("ChatSession/99999")

    assert (answer.status, answer.reason) == (404, "ChatSession Not Found")
    assert answer.json() == {
        "Error": True,
        "ErrorType": "SoNotFoundException",
        key: "ChatSession id 99999 not found",
        "ErrorSource": "SuperOffice.Services.Implementation",
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "ChatSession/abc", 404),
        ("GET", "ChatSession/-1", 404),
        ("GET", "ChatSession/2147483648", 404),
        ("GET", "ChatSession/" + "9" * 5000, 404),
        ("POST", "ChatSession/648/TransferTo/", 404),
        ("GET", "Nothing", 404),
        ("GET", "ChatSession/648/TransferTo/5", 405),
    ],
)
async def test_paths_that_lead_nowhere(ask: Ask, method: str, path: str, status: int) -> None:
    answer = await ask(path, method)

    assert answer.status == status
    assert list(answer.json()) == ["Message"]


async def test_the_snapshot_hides_the_session_key(so: SuperOffice, ask: Ask) -> None:
    so.change(webhook_secret="hush")
    state = await ask("/_sandbox/state")

    assert SESSION_KEY not in state.text
    assert "hush" not in state.text
    assert len(state.json()["sessions"]) == 6
    assert state.json()["sessions"][1]["transfer_to"] == "Brede Bredesen"


async def test_settings_from_another_process(
    so: SuperOffice, aiohttp_client: AiohttpClient
) -> None:
    http = await aiohttp_client(so.app())

    async with http.post("/_sandbox/settings", json={"noop_body": "null"}) as response:
        assert response.status == 200
    async with http.get("/_sandbox/settings") as response:
        assert (await response.json())["noop_body"] == "null"
    wrongs: list[Any] = [
        {"noop_body": "x"},
        {"nonsense": 1},
        [],
        {"webhook_url": "http://a.example"},
    ]
    for wrong in wrongs:
        async with http.post("/_sandbox/settings", json=wrong) as response:
            assert response.status == 400
    async with http.post("/_sandbox/accept", json={"session_id": 649}) as response:
        assert await response.json() == {"ok": True, "changed": True}
    async with http.post("/_sandbox/reject", json={"session_id": 649}) as response:
        assert await response.json() == {"ok": True, "changed": False}
    async with http.post("/_sandbox/accept", json={}) as response:
        assert response.status == 400
    assert [effect.kind for effect in so.effects] == ["accept_transfer"]

    async with http.post("/_sandbox/reset") as response:
        assert response.status == 200
    assert so.switches.noop_body == "entity"
    assert so.session(649).transfer_to_id == 3


async def test_the_desk_is_moved_from_another_process(
    so: SuperOffice, aiohttp_client: AiohttpClient
) -> None:
    http = await aiohttp_client(so.app())

    async def act(what: str, **body: Any) -> None:
        async with http.post(f"/_sandbox/{what}", json=body) as response:
            assert response.status == 200

    await act("cancel", session_id=649)
    await act("expire_tokens")
    await act("revoke_consent")
    await act("move_tenant", to="online3")

    assert [effect.kind for effect in so.effects] == ["cancel_transfer"]
    assert so.snapshot()["tenant"]["moved_to"] == "online3"
    assert so.credentials.refresh_tokens == {}


async def test_a_lost_answer_still_had_its_effect(so: SuperOffice, ask: Ask) -> None:
    with so.fault("reset_after", "POST */TransferTo/*"), pytest.raises(ClientError):
        await ask("ChatSession/648/TransferTo/5", "POST")

    assert len(so.effects_of("request_transfer", "648")) == 1


async def test_talk_moves_the_status(so: SuperOffice, ask: Ask) -> None:
    so.add_message(648, "We look into it.", from_customer=False)
    entity = (await ask("ChatSession/648")).json()
    (line,) = (await ask("ChatSession/648/Messages")).json()[2:]

    assert (entity["Status"], entity["LastMessage"]) == ("UserLast", "We look into it.")
    assert (line["Type"], line["Author"], line["SpecialType"]) == (
        "ToCustomer",
        "Arne Arnesen",
        "None",
    )
