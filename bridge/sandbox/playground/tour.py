"""The guided tour: five steps, three promises, each with a line to type and a sign that it has happened.

A step may set a switch first. It counts as done when the emulators' own ledger or the channel says so, never
because a button was pressed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from bridge.sandbox.rocketchat import seed as rooms


@dataclass(frozen=True, slots=True)
class Step:
    """One stop. `switch` is set before the line is typed; `release` puts it back, with its own words."""

    title: str
    promise: str
    text: str
    line: str
    look: str
    panel: str
    done: tuple[str, ...]  # ("effect", kind, subject) or ("message", part of what is read)
    switch: tuple[str, str] | None = None
    release: tuple[str, str, str] | None = None  # words, switch, position


STEPS: Final = (
    Step(
        title="Ask in Slack, done in Rocket.Chat",
        promise="One command, one answer",
        text="Clara's chat is open and with Ines. Close it from here, in words. The command leaves as a"
        " request signed like Slack's, and the bridge acknowledges it once it is on disk.",
        line=f"/close {rooms.OPEN_SERVED} tags=delivery The parcel was at the neighbour's.",
        look="Clara's card has closed, with your comment, and the channel got one answer.",
        panel="rooms",
        done=("effect", "close_room", rooms.OPEN_SERVED),
    ),
    Step(
        title="A 200 that did nothing",
        promise="It says what really happened",
        text="Session 650 belongs to Brede, but the bridge signs in as Arne. SuperOffice answers such a"
        " transfer with 200 OK and does nothing. Most integrations now say “transferred”.",
        line="/transfer 650 anna@example.com",
        look="In Requests: SuperOffice said 200. The answer here says that nothing happened, and why.",
        panel="requests",
        done=("message", "650"),
    ),
    Step(
        title="“Queued” is not “done”",
        promise="It says what really happened",
        text="Rocket.Chat answers a PDF request at once and makes the file later, or never. The bridge"
        " keeps looking, and brings the file when it is there.",
        line=f"/transcript {rooms.CLOSED_PLAIN}",
        look="It was pending first, and the end came by itself. The PDF is in the answer's thread or, when"
        " only you can see the answer, in a direct message: look for the dot above.",
        panel="requests",
        done=("effect", "upload_file", ""),
    ),
    Step(
        title="The answer gets lost",
        promise="It does no harm",
        text="The next close will happen, but the connection breaks before the answer arrives. Sending"
        " it again blindly could do harm, so the bridge looks first.",
        line=f"/close {rooms.NO_EMAIL} Opening hours explained.",
        look="In Requests: one POST without an answer, then a look, and no second POST.",
        panel="requests",
        done=("effect", "close_room", rooms.NO_EMAIL),
        switch=("rocketchat.weather", "lost_once"),
    ),
    Step(
        title="Rocket.Chat is down",
        promise="Accepted means kept",
        text="Rocket.Chat now answers 503 to everything. Your wish is accepted all the same: it is kept,"
        " tried again, and you are told so. Then let Rocket.Chat come back.",
        line=f"/close {rooms.OPEN_QUEUED} Password link sent.",
        look="Rocket.Chat is back, and what you asked for has been done, without you asking again.",
        panel="switches",
        done=("effect", "close_room", rooms.OPEN_QUEUED),
        switch=("rocketchat.weather", "down"),
        release=("Bring Rocket.Chat back", "rocketchat.weather", "fine"),
    ),
)


def tour() -> list[dict[str, Any]]:
    """The steps as JSON."""
    return [asdict(step) for step in STEPS]
