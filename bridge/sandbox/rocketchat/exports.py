"""POST rooms.export: a zip that is never returned, or chosen messages by mail.

Source: `app/api/server/v1/rooms.ts` and `server/lib/dataExport/`. The permission is checked
inside the action, so its refusal is a 400 and not the 403 the documentation shows.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from bridge.sandbox.rocketchat import documents
from bridge.sandbox.rocketchat.envelope import meteor, plain
from bridge.sandbox.rocketchat.gate import Answer, Call
from bridge.sandbox.rocketchat.state import Room, StoredFile, User, iso
from bridge.sandbox.rocketchat.transcripts import is_address
from bridge.sandbox.rocketchat.workspace import Workspace

_DAY_S = 86_400.0


async def export_room(rc: Workspace, call: Call) -> Answer:
    """Refuse or accept; after the 200 of a file nothing more is ever told to the caller."""
    body: dict[str, Any] = call.body
    if not rc.has_permission(call.user, "mail-messages"):
        raise meteor("error-action-not-allowed", "Mailing is not allowed")
    room = rc.rooms.get(body["rid"])
    if room is None:
        raise meteor("error-invalid-room")
    if not rc.can_access_room(call.user, room):
        raise meteor("error-not-allowed", "Not Allowed")
    if body["type"] == "file":
        return _export_file(rc, room, call.user, body)
    return _export_messages(rc, room, call.user, body)


def _export_file(rc: Workspace, room: Room, user: User, body: dict[str, Any]) -> Answer:
    begin, end = _day(body.get("dateFrom")), _day(body.get("dateTo"))
    first = 0.0 if begin is None else begin
    # The whole last day counts, plus whatever was written at the very midnight after it.
    last = (rc.clock() if end is None else end) + _DAY_S
    if first > last:
        raise meteor("error-invalid-dates", "From date cannot be after To date")
    rc.later(rc.mail_delay_s, partial(_send_file, rc, room, user, body["format"], (first, last)))
    return {}


def _send_file(
    rc: Workspace, room: Room, user: User, form: Any, period: tuple[float, float]
) -> None:
    chosen = [m for m in room.messages if iso(period[0]) <= m["ts"] <= iso(period[1])]
    file_id = rc.new_id()
    name = room.id if form == "html" or room.t == "l" else room.fname
    content = documents.export_zip(name, form, chosen)
    file_name = f"{iso(rc.clock())[:10]}-{room.id}.zip"
    rc.files[file_id] = StoredFile(
        file_id, file_name, content, "application/zip", room.id, owner_id=user.id
    )
    rc.record(
        "export_room",
        room.id,
        file_id=file_id,
        format=form,
        messages=len(chosen),
        by=user.username,
    )
    if user.email is None:
        # The mail fails after the 200: the zip exists, and nobody learns where.
        return
    text = f"Your channel export is ready: /data-export/{file_id}"
    rc.send_mail(room.id, (user.email,), title="Channel Export", kind="channel_export", text=text)


def _export_messages(rc: Workspace, room: Room, user: User, body: dict[str, Any]) -> Answer:
    usernames: list[str] = body.get("toUsers") or []
    addresses: list[str] = body.get("toEmails") or []
    if not usernames and not addresses:
        raise meteor("error-invalid-recipient")
    found = {u.username: u.email for u in rc.users.values() if u.email is not None}
    missing = [username for username in usernames if username not in found]
    recipients = [found[username] for username in usernames if username in found]
    if not all(is_address(address) for address in recipients):
        raise plain("error-invalid-email")
    if not all(is_address(address) for address in addresses):
        raise meteor("invalid email")
    wanted = set(body["messages"])
    chosen = [m for m in room.messages if m["_id"] in wanted]  # unknown ids just drop out
    recipients += addresses
    rc.record(
        "export_messages",
        room.id,
        to=recipients,
        messages=[m["_id"] for m in chosen],
        by=user.username,
    )
    if recipients:
        text = "\n".join(f"{m['u']['username']}: {m['msg']}" for m in chosen)
        title = body.get("subject") or "Chat Messages"
        rc.send_mail(room.id, tuple(recipients), title=title, kind="messages_export", text=text)
    return {"missing": missing}


def _day(text: str | None) -> float | None:
    # new Date('YYYY-MM-DD') is midnight UTC; an empty or missing one counts as not given.
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() if text else None
