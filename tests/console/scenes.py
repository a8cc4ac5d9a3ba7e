"""A day at the desk: jobs of every state, as the screenshots and the accessibility tests see them."""

from __future__ import annotations

from bridge.console import Arrival
from bridge.contract import JobState
from tests.console.desk import (
    ANNA,
    CLOSE,
    EMAIL,
    MIA,
    NIGHTLY,
    PDF,
    TRANSFER,
    ZENDESK,
    Desk,
    exchange,
)

CLOSED = {
    "kind": "done",
    "code": "closed",
    "message": "The conversation is closed.",
    "facts": {"rid": "8ceKgWvo5qT5TrCRN", "closed_by": "anna", "closed": True, "tags": ["billing"]},
}
DOWN = {
    "kind": "retry",
    "code": "unavailable",
    "message": "Rocket.Chat answered 503 for three days.",
    "next_step": "Ask its administrator; retry when it is back.",
}
LOST = {
    "kind": "unknown",
    "code": "answer_lost",
    "message": "The transfer was sent, but its answer got lost. It may have happened or not.",
    "next_step": "Look at session 4711 first. Retry only if it did not happen.",
}
MAILED = {
    "kind": "done",
    "code": "scheduled",
    "message": "The transcript goes to anna@example.com when the conversation is closed.",
    "facts": {"to": "anna@example.com"},
}
NOT_OPEN = {
    "kind": "refused",
    "code": "room-closed",
    "message": "The conversation is closed already, so nothing was scheduled.",
    "next_step": "Ask for the PDF instead: /transcript pdf 8ceKgWvo5qT5TrCRN",
}


async def busy_day(desk: Desk) -> dict[str, str]:
    """Fill the desk; ids by name."""
    ids: dict[str, str] = {}
    for number in range(140):
        state = [JobState.DONE, JobState.DONE, JobState.DONE, JobState.REFUSED][number % 4]
        await desk.put(
            state,
            action=[CLOSE, PDF, EMAIL][number % 3],
            room=f"room{number:04d}ABCdef",
            asker=[ANNA, NIGHTLY, ZENDESK, MIA][number % 4],
            age_s=86_000 - (number * 607.0) % 85_000 * (0.6 + (number % 5) / 10),
            took_s=0.3 + (number % 17) ** 2 * 1.9,
            outcome=CLOSED if state is JobState.DONE else NOT_OPEN,
            tries=[{}],
        )
    failing = {"verdict": "retry: unavailable", "exchanges": [exchange(503, answer="down")]}
    ids["parked"] = await desk.put(
        JobState.PARKED,
        asker=MIA,
        age_s=300_000,
        took_s=259_000,
        outcome=DOWN,
        tries=[failing, {"verdict": "retry: no_answer", "exchanges": [exchange(None)]}, failing],
        told=[{}],
    )
    await desk.put(
        JobState.PARKED,
        action=PDF,
        room="k3Jd92LmQpXs7aTzW",
        asker=NIGHTLY,
        age_s=290_000,
        took_s=259_100,
        outcome=DOWN,
        tries=[failing],
    )
    ids["unknown"] = await desk.put(
        JobState.UNKNOWN,
        action=TRANSFER,
        room="4711",
        asker=ANNA,
        age_s=840,
        outcome=LOST,
        args={"toAssociate": 12},
        tries=[
            {
                "verdict": "unknown: answer_lost",
                "exchanges": [
                    exchange(
                        None,
                        route="/api/v1/ChatSession/{chatSessionId}/TransferTo/{toAssociate}",
                        path={"chatSessionId": "4711", "toAssociate": "12"},
                    )
                ],
            }
        ],
        told=[{"state": "kept", "how": "channel_not_found"}],
    )
    ids["mailed"] = await desk.put(
        JobState.DONE,
        action=EMAIL,
        outcome=MAILED,
        age_s=420,
        asker=MIA,
        args={"email": "anna@example.com", "subject": "Your chat"},
        tries=[
            {
                "verdict": "done: scheduled",
                "exchanges": [exchange(200, body={"email": "a***@example.com"})],
            }
        ],
        told=[
            {"how": "chat.postMessage"},
            {"kind": "callback", "state": "due", "attempts": 2, "how": "no answer in time"},
        ],
    )
    await desk.put(
        JobState.PENDING,
        action=PDF,
        room="pending01",
        age_s=40,
        run_at=desk.clock() + 12,
        outcome={"kind": "pending", "code": "queued", "message": "Rocket.Chat is making the PDF."},
        tries=[{"verdict": "pending: queued"}],
    )
    await desk.put(
        JobState.WAITING,
        room="waiting01",
        asker=ZENDESK,
        age_s=25,
        run_at=desk.clock() + 42,
        outcome=DOWN,
        tries=[failing],
    )
    await desk.put(
        JobState.RUNNING,
        room="running01",
        asker=MIA,
        age_s=6,
        owner="web-1",
        lease_until=desk.clock() + 8,
    )
    ids["queued"] = await desk.put(JobState.QUEUED, asker=NIGHTLY, age_s=3)
    ids["cancelled"] = await desk.put(JobState.CANCELLED, room="cancel01", age_s=200)
    await desk.pace(
        "rocketchat", "POST /api/v1/livechat/room.closeByUser", used=7, resets_at=desk.clock() + 31
    )
    await desk.pace("rocketchat", "GET /api/v1/rooms.info", used=10, resets_at=desk.clock() + 4)
    await desk.pace(
        "superoffice", "*", calls=5, window_s=15.0, resets_at=desk.clock() + 9, source="configured"
    )
    now = desk.clock()
    desk.arrivals += [
        Arrival(now - 30, "accepted", "close on rocketchat", [ids["queued"]], "ticket.solved"),
        Arrival(now - 90, "repeated", "the same webhook-id", [ids["queued"]], "ticket.solved"),
        Arrival(now - 300, "ignored", "no rule maps this event", event="ticket.touched"),
        Arrival(now - 900, "rejected", "The signature does not fit the body."),
    ]
    return ids
