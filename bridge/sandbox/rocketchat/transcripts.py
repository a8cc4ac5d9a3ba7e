"""Transcripts: the PDF that a worker makes later, and the mail that is only scheduled until the room closes.

Both calls answer `{"success": true}` long before anything
exists, and neither ever says so when nothing comes of it.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from bridge.sandbox.rocketchat import documents
from bridge.sandbox.rocketchat.envelope import RefusalError, meteor, plain
from bridge.sandbox.rocketchat.gate import Answer, Call
from bridge.sandbox.rocketchat.state import Room, StoredFile, User, iso
from bridge.sandbox.rocketchat.workspace import ROCKET_CAT, Workspace

PDF_LOCK_S = 15.0  # PR #35809: an in-memory lock, per instance
_ADDRESS = re.compile(r"^[^\s@]+@[^\s@]+\.[^\s@]+$")


def is_address(text: str) -> bool:
    """Decide as Rocket.Chat's mailer does, which is the first to look at an address at all."""
    return _ADDRESS.match(text) is not None


async def request_pdf_transcript(rc: Workspace, call: Call) -> Answer:
    """POST omnichannel/:rid/request-transcript; source `ee/server/api/v1/omnichannel/transcript.ts`."""
    room = rc.rooms.get(call.path("rid"))
    if room is None:
        raise plain("error-invalid-room")
    if not rc.can_access_room(call.user, room):
        raise plain("error-not-allowed")
    if room.open:
        raise plain("room-still-open")
    if room.v is None:
        raise plain("improper-room-state")
    queue_pdf(rc, room, call.user)
    return {}


def queue_pdf(rc: Workspace, room: Room, user: User) -> None:
    """Queue one PDF; a repeat while one is pending, or after one exists, does nothing and says nothing."""
    locked = room.pdf_transcript_requested or rc.clock() < room.pdf_locked_until
    if room.pdf_transcript_file_id is not None or locked:
        return
    if rc.profile == "A":
        # Written into the room: if the worker dies, only the database can unlock it again.
        room.pdf_transcript_requested = True
    else:
        room.pdf_locked_until = rc.clock() + PDF_LOCK_S
    rc.record("request_pdf", room.id, by=user.username)
    if rc.pdf_outcome_of(room) != "hangs":
        rc.later(rc.pdf_delay_s, partial(_work_on_pdf, rc, room, user))


def _work_on_pdf(rc: Workspace, room: Room, user: User) -> None:
    if room.pdf_transcript_file_id is not None or rc.pdf_outcome_of(room) == "hangs":
        return
    room.pdf_transcript_requested = False
    if rc.pdf_outcome_of(room) == "fails":
        # The one who asked learns it in Rocket.Chat; the API never tells.
        rc.tell(user, "Error generating PDF Transcript: Failed to render")
        return
    file_id = make_pdf(rc, room)
    rc.tell(user, "PDF Transcript successfully generated", file_id)
    rc.record("create_pdf", room.id, file_id=file_id)


def make_pdf(rc: Workspace, room: Room) -> str:
    """Make the file and write its id into the room."""
    lines = [f"{m['ts']}  {m['u']['username']}: {m['msg']}" for m in room.messages if m["msg"]]
    guest = room.v.name if room.v else room.fname
    name = f"Omnichannel_Transcript_{iso(rc.clock())[:10]}_{guest.replace(' ', '_')}.pdf"
    file_id = rc.new_id()
    content = documents.pdf([f"Chat transcript {room.id}", guest, "", *lines])
    rc.files[file_id] = StoredFile(file_id, name, content, "application/pdf", room.id)
    room.pdf_transcript_file_id = file_id
    rc.say(
        room,
        "",
        ROCKET_CAT,
        file={"_id": file_id, "name": name, "type": "application/pdf"},
        attachments=[{"title": name, "title_link": f"/file-upload/{file_id}/{name}"}],
    )
    return file_id


async def schedule_transcript(rc: Workspace, call: Call) -> Answer:
    """POST livechat/transcript/:rid; repeating it is refused even for the same address."""
    room = _open_room(rc, call)
    if room is None:
        raise meteor("error-invalid-room", "Invalid room")
    _within_mac_limit(rc, typed=False)
    if room.transcript_request is not None:
        code = "error-transcript-already-requested"
        raise meteor(code, "Transcript already requested")
    body: dict[str, Any] = call.body
    set_transcript_request(rc, room, call.user, body["email"], body["subject"])
    rc.record("schedule_transcript", room.id, email=body["email"], by=call.user.username)
    return {}


async def cancel_transcript(rc: Workspace, call: Call) -> Answer:
    """DELETE livechat/transcript/:rid; its refusals have an errorType since the route is typed."""
    typed = rc.profile == "D"
    room = _open_room(rc, call)
    if room is None:
        raise _told(typed=typed, code="error-invalid-room", reason="Invalid room")
    _within_mac_limit(rc, typed=typed)
    if room.transcript_request is None:
        code, reason = "error-transcript-not-requested", "Transcript not requested"
        raise _told(typed=typed, code=code, reason=reason)
    room.transcript_request = None
    rc.record("cancel_transcript", room.id, by=call.user.username)
    return {}


def set_transcript_request(rc: Workspace, room: Room, user: User, email: str, subject: str) -> None:
    """Write into the room who wants the mail, and where to; rooms.info shows it."""
    asker = user.stub() | {"name": user.name, "utcOffset": user.utc_offset}
    room.transcript_request = {
        "requestedAt": iso(rc.clock()),
        "requestedBy": asker,
        "email": email,
        "subject": subject,
    }


def mail_at_close(rc: Workspace, room: Room) -> None:
    """Put the mail on the agenda; source `hooks/sendEmailTranscriptOnClose.ts`."""
    request = room.transcript_request
    if rc.settings.transcript_send_always and room.v is not None and room.v.email:
        request = {"email": room.v.email, "subject": "", "requestedBy": ROCKET_CAT}
    if request is not None:
        rc.later(rc.mail_delay_s, partial(_send_transcript, rc, room, request))


def _send_transcript(rc: Workspace, room: Room, request: dict[str, Any]) -> None:
    if not is_address(request["email"]):
        # 'invalid email' is thrown inside a callback, where nobody hears it.
        return
    title = request["subject"] or "Transcript of your livechat conversation."
    text = "\n".join(f"{m['u']['username']}: {m['msg']}" for m in room.messages if m["msg"])
    rc.send_mail(room.id, (request["email"],), title=title, kind="transcript", text=text)
    rc.say(
        room,
        "",
        request["requestedBy"],
        t="livechat_transcript_history",
        requestData={"type": "user", "user": request["requestedBy"]},
    )
    room.transcript_request = None


def _open_room(rc: Workspace, call: Call) -> Room | None:
    # Whether the caller may see the room is not asked.
    room = rc.rooms.get(call.path("rid"))
    return room if room is not None and room.t == "l" and room.open else None


def _within_mac_limit(rc: Workspace, *, typed: bool) -> None:
    if rc.settings.licence and rc.settings.mac_limit_reached:
        raise _told(typed=typed, code="error-mac-limit-reached", reason="MAC limit reached")


def _told(*, typed: bool, code: str, reason: str) -> RefusalError:
    return meteor(code, reason) if typed else plain(code)
