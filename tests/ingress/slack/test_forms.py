"""Forms: opened by a bare command, filled in, refused field by field, stored once."""

from __future__ import annotations

import asyncio

from bridge.contract import Request, Response
from bridge.sandbox.slack import View, seed
from tests.ingress.slack.conftest import Open
from tests.ingress.slack.reception import ROCKETCHAT, ROOM, Reception


class Shelf:
    """An upstream that answers from a table, or hangs."""

    def __init__(self, kind: str, connection: str, answers: dict[str, str]) -> None:
        self.kind = kind
        self.connection = connection
        self.answers = answers
        self.hangs = False
        self.asked = 0

    async def send(
        self, request: Request, *, person: str = "", trace: str = "", language: str = ""
    ) -> Response:
        del person, trace, language
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        body = self.answers.get(request.route, "")
        return Response(200 if body else 404, {}, body.encode())


ROOMS = (
    '{"rooms": [{"_id": "' + ROOM + '", "fname": "Vera Visitor", "lm": "2023-11-14T22:00:00.000Z",'
    ' "servedBy": {"username": "anna"}, "lastMessage": {"msg": "My order?"}, "v": {"token": "s"}},'
    ' {"_id": "otherRoom1234567x", "fname": "Otto", "servedBy": {"username": "mia"}}]}'
)


def top(at: Reception, user: str = "anna") -> View:
    return at.slack.open_views(at.slack.user(user).id)[-1]


async def open_form(at: Reception, command: str = "/close", text: str = "") -> View:
    receipt = await at.slack.command("anna", "#support", command, text)
    assert receipt.error == ""
    await at.settle()
    return top(at)


async def test_a_bare_command_opens_its_form_and_a_submission_is_stored(open_door: Open) -> None:
    shelf = Shelf("rocketchat", "rocketchat", {"/api/v1/livechat/rooms": ROOMS})
    at = await open_door(door={"upstreams": {"rocketchat": shelf}})
    view = await open_form(at)
    assert view.title == "Close conversation"
    assert "response_url" not in str(view.payload)
    assert at.slack.public_url not in view.payload["private_metadata"]
    offered = await at.slack.suggest("anna", None, "rocketchat.open_rooms", "vera")
    (label,) = offered.labels
    assert label.startswith("Vera Visitor · ")
    receipt = await at.slack.submit_view("anna", values={"rid": ROOM, "comment": "bye"})
    assert receipt.error == ""
    (job,) = at.jobs
    assert job.args["rid"] == ROOM
    assert job.args["comment"] == "bye"
    assert job.reply_to.slack_channel == seed.SUPPORT
    assert job.reply_to.response_url.startswith(at.slack.public_url)
    assert top(at).title == "Accepted"
    assert job.id in str(top(at).payload)


async def test_what_was_typed_is_filled_in(at: Reception) -> None:
    view = await open_form(at, "/transcript", f"email {ROOM}")
    assert ROOM in str(view.blocks)
    receipt = await at.slack.submit_view("anna", values={"email": "not an address"})
    assert list(receipt.errors) == ["email"]
    assert at.jobs == []


async def test_faults_land_on_their_own_input(open_door: Open) -> None:
    shelf = Shelf("superoffice", "superoffice", {})
    at = await open_door(door={"upstreams": {"superoffice": shelf}})
    await open_form(at, "/transfer", "session")
    view = top(at)
    picker = next(b for b in view.blocks if b["block_id"] == "chatSessionId")["element"]
    await at.slack.suggest("anna", None, picker["action_id"], "abc")
    agents = next(b for b in view.blocks if b["block_id"] == "toAssociate")["element"]
    await at.slack.suggest("anna", None, agents["action_id"], "anna")
    receipt = await at.slack.submit_view(
        "anna", values={"chatSessionId": "abc", "toAssociate": "anna"}
    )
    assert list(receipt.errors) == ["chatSessionId"]
    assert at.jobs == []


async def test_a_store_that_is_down_keeps_the_form_open(at: Reception) -> None:
    await open_form(at, "/close", "tags=a")
    await at.slack.suggest("anna", None, "rocketchat.open_rooms", ROOM)
    at.store.down = True
    receipt = await at.slack.submit_view("anna", values={"rid": ROOM})
    assert "nothing was accepted" in str(receipt.errors)
    at.store.down = False
    await at.slack.submit_view("anna")
    assert [job.args["tags"] for job in at.jobs] == [["a"]]


async def test_submitting_twice_stores_once(at: Reception) -> None:
    view = await open_form(at)
    await at.slack.suggest("anna", None, "rocketchat.open_rooms", ROOM)
    payload = at.slack.enter("anna", {"rid": ROOM}).as_json()
    body = at.slack.envelope(at.slack.user("anna")) | {"type": "view_submission", "view": payload}
    for trigger in ("1", "2"):
        answer = await at.slack.deliver("interactive", body | {"trigger_id": trigger})
        assert answer.status == 200
    assert len(at.jobs) == 1
    assert view.id


async def test_access_is_checked_again_on_submit(open_door: Open) -> None:
    at = await open_door(access={"rules": [{"who": [f"user:{seed.ANNA}"]}]})
    view = await open_form(at)
    await at.slack.suggest("anna", None, "rocketchat.open_rooms", ROOM)
    at.slack.enter("anna", {"rid": ROOM})
    sam = at.slack.envelope(at.slack.user("sam"))
    body = sam | {"type": "view_submission", "view": view.as_json(), "trigger_id": "1"}
    answer = await at.slack.deliver("interactive", body)
    assert answer.status == 200
    assert "may not run" in answer.body
    assert at.jobs == []
    olga = at.slack.envelope(at.slack.user("olga"))
    body = olga | {"type": "view_submission", "view": view.as_json(), "trigger_id": "2"}
    assert "no longer fits" in (await at.slack.deliver("interactive", body)).body
    assert at.jobs == []


async def test_a_stranger_gets_no_form_and_no_options(open_door: Open) -> None:
    at = await open_door(access={"allow": f"user:{seed.ANNA}"})
    receipt = await at.slack.command("sam", "#support", "/close", "")
    assert "no rule names you" in receipt.shown
    view = await open_form(at)
    body = at.slack.envelope(at.slack.user("sam")) | {
        "type": "block_suggestion",
        "action_id": "rocketchat.open_rooms",
        "block_id": "rid",
        "value": "x",
        "view": view.as_json(),
    }
    answer = await at.slack.deliver("interactive", body)
    assert '"options": []' in answer.body


async def test_lists_are_served_while_the_upstream_hangs(open_door: Open) -> None:
    shelf = Shelf("rocketchat", "rocketchat", {"/api/v1/livechat/rooms": ROOMS})
    at = await open_door(door={"upstreams": {"rocketchat": shelf}})
    await open_form(at)
    first = await at.slack.suggest("anna", None, "rocketchat.open_rooms", "")
    assert len(first.labels) == 2
    shelf.hangs = True
    at.clock.now += 60
    again = await at.slack.suggest("anna", None, "rocketchat.open_rooms", "otto")
    assert len(again.labels) == 1
    assert again.seconds < 1


async def test_a_list_that_was_never_read_is_not_waited_for_long(open_door: Open) -> None:
    shelf = Shelf("rocketchat", "rocketchat", {})
    shelf.hangs = True
    at = await open_door(door={"upstreams": {"rocketchat": shelf}})
    await open_form(at)
    offered = await at.slack.suggest("anna", None, "rocketchat.open_rooms", ROOM)
    assert offered.seconds < 2.9
    assert offered.labels == [f"Use “{ROOM}”"]


async def test_a_form_that_cannot_be_opened_is_said_in_words(at: Reception) -> None:
    with at.slack.fault("status", "*/api/*", status=500, body="{}"):
        receipt = await at.slack.command("anna", "#support", "/close", "")
        assert receipt.status == 200
        await at.settle()
    assert any("/close <room>" in text for text in at.seen("anna"))


async def test_several_connections_are_asked_for_in_the_form(open_door: Open) -> None:
    vip = ROCKETCHAT | {"url": "https://vip.example.com"}
    at = await open_door(connections={"main": ROCKETCHAT, "vip": vip})
    await open_form(at)
    await at.slack.suggest("anna", None, "rocketchat.open_rooms", ROOM)
    await at.slack.submit_view("anna", values={"bridge.connection": "vip", "rid": ROOM})
    assert at.jobs[0].connection == "vip"


async def test_something_that_breaks_is_said_on_the_form(at: Reception) -> None:
    await open_form(at)
    await at.slack.suggest("anna", None, "rocketchat.open_rooms", ROOM)
    del at.store.jobs  # the next accept raises
    receipt = await at.slack.submit_view("anna", values={"rid": ROOM})
    assert "went wrong inside the bridge" in str(receipt.errors)
