"""How each row of the table of ends comes about: one scene per action and outcome code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bridge.contract import Outcome
from bridge.sandbox.emulator import Fault
from bridge.sandbox.rocketchat import RocketChat
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.superoffice import SuperOffice
from tests.actions.desk import Desk

Room = Callable[[RocketChat, Desk], Awaitable[Outcome]]
Chat = Callable[[SuperOffice, Desk], Awaitable[Outcome]]

CANCEL, CLOSE, MAIL = (
    "rocketchat.cancel_email_transcript",
    "rocketchat.close_room",
    "rocketchat.email_transcript",
)
MESSAGES, FILE, FORWARD = (
    "rocketchat.export_messages",
    "rocketchat.export_room",
    "rocketchat.forward_room",
)
PDF, TRANSFER = "rocketchat.request_pdf_transcript", "superoffice.transfer_session"
OPEN, CLOSED = rooms.OPEN_SERVED, rooms.CLOSED_PLAIN
HIDDEN = '{"success":false,"error":"not-allowed","errorType":"Not Allowed"}'


def once(action: str, **args: Any) -> Room:
    """Run it, and that is all."""

    async def scene(_: RocketChat, desk: Desk) -> Outcome:
        return await desk.do(action, **args)

    return scene


def twice(before: tuple[str, dict[str, Any]], action: str, **args: Any) -> Room:
    """Something else is done first."""

    async def scene(_: RocketChat, desk: Desk) -> Outcome:
        await desk.do(before[0], **before[1])
        return await desk.do(action, **args)

    return scene


def with_(change: Callable[[RocketChat], object], action: str, **args: Any) -> Room:
    """The workspace is changed first; then it is run and watched to its end."""

    async def scene(rc: RocketChat, desk: Desk) -> Outcome:
        change(rc)
        return await desk.watch(action, await desk.do(action, **args), **args)

    return scene


def mailed(then: Callable[[RocketChat], object]) -> Room:
    """A mail is scheduled; something happens to it; then it is looked at."""
    args: dict[str, Any] = {"rid": OPEN, "email": "anna@example.com"}

    async def scene(rc: RocketChat, desk: Desk) -> Outcome:
        first = await desk.do(MAIL, **args)
        then(rc)
        return await desk.watch(MAIL, first, **args)

    return scene


def hidden(rc: RocketChat) -> None:
    """The room may not be looked at."""
    headers = {"Content-Type": "application/json"}
    rc.faults.append(Fault("status", "GET *rooms.info", status=400, body=HIDDEN, headers=headers))


def only_says_yes(rc: RocketChat) -> None:
    """The close is answered 200, and nothing happens."""
    headers = {"Content-Type": "application/json"}
    yes = '{"success":true}'
    rc.faults.append(Fault("status", "POST *closeByUser", status=200, body=yes, headers=headers))


def swallowed(rc: RocketChat) -> None:
    rc.close_by_visitor(OPEN)
    rc.rooms[OPEN].messages.clear()


def redirected(rc: RocketChat) -> None:
    request = rc.rooms[OPEN].transcript_request
    assert request is not None
    request["email"] = "bo@example.com"


def offered(then: Callable[[SuperOffice], object]) -> Chat:
    """A chat is offered; something happens to it; then it is looked at."""
    args: dict[str, Any] = {"chatSessionId": 648, "toAssociate": "anna"}

    async def scene(so: SuperOffice, desk: Desk) -> Outcome:
        first = await desk.do(TRANSFER, **args)
        then(so)
        return await desk.watch(TRANSFER, first, **args)

    return scene


def chat(session: int, to: str) -> Chat:
    async def scene(_: SuperOffice, desk: Desk) -> Outcome:
        return await desk.do(TRANSFER, chatSessionId=session, toAssociate=to)

    return scene


def _set(**changes: Any) -> Callable[[RocketChat], None]:
    """The workspace is set up so."""
    return lambda rc: rc.configure(**changes)


def _goes(**changes: Any) -> Callable[[SuperOffice], None]:
    """The chat is somewhere else now."""

    def change(so: SuperOffice) -> None:
        for name, value in changes.items():
            setattr(so.session(648), name, value)

    return change


def _ignored(rc: RocketChat) -> None:
    rc.rooms[OPEN].forward_outcome = "ignored"


def _nobody_takes_it(rc: RocketChat) -> None:
    rc.serve = lambda *_: None  # type: ignore[method-assign] # the emulator's agents are never busy


def _no_mailbox(rc: RocketChat) -> None:
    rc.user("deskbridge").email = None


_CLOSE: dict[str, Any] = {"rid": OPEN, "comment": "bye"}
_PDF: dict[str, Any] = {**_CLOSE, "generateTranscriptPdf": True}
_MAIL: dict[str, Any] = {"rid": OPEN, "email": "anna@example.com"}
_IDS: dict[str, Any] = {"rid": CLOSED, "messages": ["yd6NBgNoiWATgDoFt"]}
_TOM: dict[str, Any] = {"roomId": OPEN, "userId": "tom.okoro"}

ROOMS: Mapping[tuple[str, str], Room] = {
    (CANCEL, "transcript_cancelled"): twice((MAIL, _MAIL), CANCEL, rid=OPEN),
    (CANCEL, "transcript_not_requested"): once(CANCEL, rid=OPEN),
    (CANCEL, "room_closed"): once(CANCEL, rid=CLOSED),
    (CLOSE, "room_closed"): once(CLOSE, **_CLOSE),
    (CLOSE, "room_already_closed"): twice((CLOSE, _CLOSE), CLOSE, **_CLOSE),
    (CLOSE, "room_still_open"): with_(only_says_yes, CLOSE, **_CLOSE),
    (CLOSE, "room_closed_pdf_ready"): with_(lambda _: None, CLOSE, **_PDF),
    (CLOSE, "room_closed_pdf_refused"): with_(_set(licence=False), CLOSE, **_PDF),
    (CLOSE, "room_closed_pdf_not_confirmed"): with_(_set(pdf_outcome="fails"), CLOSE, **_PDF),
    (MAIL, "transcript_scheduled"): once(MAIL, **_MAIL),
    (MAIL, "transcript_already_requested"): twice(
        (MAIL, _MAIL), MAIL, rid=OPEN, email="bo@example.com"
    ),
    (MAIL, "transcript_sent"): mailed(lambda rc: rc.close_by_visitor(OPEN)),
    (MAIL, "transcript_not_seen"): mailed(swallowed),
    (MAIL, "transcript_cancelled"): mailed(
        lambda rc: setattr(rc.rooms[OPEN], "transcript_request", None)
    ),
    (MAIL, "transcript_changed"): mailed(redirected),
    (MAIL, "room_closed"): once(MAIL, rid=CLOSED, email="anna@example.com"),
    (MESSAGES, "export_mailed"): once(MESSAGES, toUsers="mara.lind", **_IDS),
    (MESSAGES, "export_mailed_to_some"): once(MESSAGES, toUsers="mara.lind,yuki.sato", **_IDS),
    (MESSAGES, "nobody_reached"): once(MESSAGES, toUsers="yuki.sato", **_IDS),
    (FILE, "export_queued"): once(FILE, rid=CLOSED),
    (FILE, "owner_without_email"): with_(_no_mailbox, FILE, rid=CLOSED),
    (FORWARD, "forwarded"): once(FORWARD, **_TOM),
    (FORWARD, "forwarded_to_department"): once(
        FORWARD, roomId=OPEN, userId="tom.okoro", departmentId="Billing"
    ),
    (FORWARD, "forwarded_queued"): with_(
        _nobody_takes_it, FORWARD, roomId=rooms.OPEN_QUEUED, departmentId="Billing"
    ),
    (FORWARD, "forwarded_unseen"): with_(hidden, FORWARD, **_TOM),
    (FORWARD, "selected_agent_room_agent_are_same"): twice((FORWARD, _TOM), FORWARD, **_TOM),
    (FORWARD, "not_moved"): with_(_ignored, FORWARD, **_TOM),
    (PDF, "pdf_ready"): with_(lambda _: None, PDF, rid=CLOSED),
    (PDF, "pdf_not_confirmed"): with_(_set(pdf_outcome="hangs"), PDF, rid=CLOSED),
    (PDF, "pdf_not_seen"): with_(hidden, PDF, rid=CLOSED),
    (PDF, "room_still_open"): once(PDF, rid=OPEN),
    (PDF, "action_not_allowed"): with_(_set(licence=False), PDF, rid=CLOSED),
}

CHATS: Mapping[tuple[str, str], Chat] = {
    (TRANSFER, "transfer_accepted"): offered(lambda so: so.accept(648)),
    (TRANSFER, "already_there"): chat(648, "AA"),
    (TRANSFER, "rejected"): offered(lambda so: so.reject(648)),
    (TRANSFER, "transfer_unanswered"): offered(lambda _: None),
    (TRANSFER, "not_transferred"): chat(650, "anna"),
    (TRANSFER, "session_ended"): chat(652, "anna"),
    (TRANSFER, "ended_before_accepted"): offered(lambda so: so.set_status(648, "Closed")),
    (TRANSFER, "taken_by_another"): offered(_goes(user_id=3, transfer_to_id=None)),
    (TRANSFER, "offered_elsewhere"): offered(_goes(transfer_to_id=3)),
}
