"""Every sentence and label of the console that code chooses; the templates hold what always stands there.

A state is told by a word, a sign and a colour, so that none of them is needed alone. Words of outcomes
come from `delivery`, so an operator reads what the asker read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bridge.contract import JobState


@dataclass(frozen=True, slots=True)
class Mark:
    """How a state looks: its word, its sign in `_marks.html`, and what it means in a sentence."""

    word: str
    sign: str
    meaning: str


STATES: Final[Mapping[JobState, Mark]] = {
    JobState.PARKED: Mark("Parked", "parked", "No more tries; a person decides."),
    JobState.UNKNOWN: Mark("Unknown", "unknown", "It was sent and its answer got lost."),
    JobState.RUNNING: Mark("Running", "running", "A worker is at it now."),
    JobState.QUEUED: Mark("Queued", "queued", "It waits for its turn."),
    JobState.WAITING: Mark("Waiting", "waiting", "It failed for a passing reason and tries again."),
    JobState.PENDING: Mark("Pending", "pending", "The upstream accepted it and works on it."),
    JobState.DONE: Mark("Done", "done", "It happened."),
    JobState.REFUSED: Mark("Refused", "refused", "The upstream said no."),
    JobState.CANCELLED: Mark("Cancelled", "cancelled", "A person stopped it."),
}

DOORS: Final[Mapping[str, str]] = {
    "slack": "Slack",
    "api": "API",
    "source": "Webhook",
    "cli": "Command line",
}
ROLES: Final[Mapping[str, str]] = {
    "operator": "Operator: may look and act",
    "viewer": "Viewer: may look",
}
DELIVERY_KINDS: Final[Mapping[str, str]] = {"slack": "Slack", "callback": "Callback"}
DELIVERY_STATES: Final[Mapping[str, tuple[str, str]]] = {  # word, tone
    "due": ("will be told", "waiting"),
    "telling": ("is being told", "running"),
    "told": ("told", "done"),
    "kept": ("could not be told; kept here", "refused"),
}

# code in the address after an action -> what is said about it; never text from the address itself
SAID: Final[Mapping[str, str]] = {
    "retried": "The job has another chance. It is queued again.",
    "cancelled": "The job is cancelled.",
    "given_up": "The job is given up. Nothing more will be tried.",
}

SIGN_IN: Final = {
    "wrong": "That is not the API token of this bridge. Its value is BRIDGE_API_TOKEN; whoever runs the"
    " bridge has it.",
    "wait": "Too many wrong tries. Try again in {seconds} seconds.",
    "none": "Neither an API token nor Sign in with Slack is set up. Set BRIDGE_API_TOKEN and restart.",
    "stranger": "Slack knows you, but this console does not. Ask whoever runs the bridge to add"
    " user:{user_id} to its viewers or operators.",
    "denied": "Slack did not let you through: {reason}. Try again.",
    "stale": "This sign-in took too long or began elsewhere. Please start again.",
    "expired": "Please sign in.",
}
NOT_OURS: Final = "This form is not from your running session, so nothing was done. Go back, reload, and try again."
VIEWERS_ONLY: Final = "You may look but not act here: that needs the role operator."
NOT_FOUND: Final = "There is no such page or job. It may have been pruned."
STORE_DOWN: Final = (
    "The store does not answer right now. Nothing was changed. Try again in a moment."
)
TOO_MANY_STREAMS: Final = "Too many open pages. Close some of them, then reload this one."

RETRY_PARKED: Final = "Starts over with a fresh retry schedule. The asker is told how it ends."
RETRY_UNKNOWN_ONCE: Final = (
    "This call may not be repeated blindly, and its answer got lost: it may have happened. Retrying sends"
    " it once more. Look at the conversation first."
)
RETRY_UNKNOWN_CHECKED: Final = "The bridge first reads the upstream's state and sends the call again only if it did not happen."
RETRY_FORCE: Final = (
    "Runs this finished job once more from the start, without looking whether it already happened. It may"
    " do a thing twice, and the asker is told again."
)
CANCEL: Final = "Stops the job before it happens. The asker is told that it was cancelled."
GIVE_UP: Final = "Ends the job for good. The asker is told that nothing more will be tried."
CANCEL_PENDING: Final = (
    "Stops looking. What the upstream has already accepted may still happen there."
)
