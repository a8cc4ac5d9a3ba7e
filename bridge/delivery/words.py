"""Every sentence that this room says to a person, in one place and in one voice.

Short, kind and concrete: what happened, then what to do next. The sentence about the upstream itself
comes from the action's outcome; the words around it stand here. Braces are filled by `render`, which
escapes what it fills in.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.contract import JobState

# kind -> (mark, word). The mark is decoration: the word alone says the same to a screen reader.
KINDS: Mapping[str, tuple[str, str]] = {
    "done": ("✅", "Done"),
    "pending": ("⏳", "Pending"),
    "refused": ("✋", "Refused"),
    "unknown": ("❔", "Unknown"),
    "parked": ("🅿️", "Parked"),
    "cancelled": ("🚫", "Cancelled"),
    "retry": ("🔁", "Trying again"),
}
STATES: Mapping[JobState, tuple[str, str]] = {
    JobState.QUEUED: ("⏳", "Queued"),
    JobState.RUNNING: ("⚙️", "Working"),
    JobState.WAITING: KINDS["retry"],
    JobState.PENDING: KINDS["pending"],
    JobState.DONE: KINDS["done"],
    JobState.REFUSED: KINDS["refused"],
    JobState.UNKNOWN: KINDS["unknown"],
    JobState.PARKED: KINDS["parked"],
    JobState.CANCELLED: KINDS["cancelled"],
}

NEXT = "Next"
REPEATED = "(repeated)"
REPEATED_WHY = "My first message may have got lost, so you may be reading this twice."
UNKNOWN_WHY = "The request was sent, but its answer got lost. It may have happened or not."
UNKNOWN_NEXT = "Look at the conversation first. Press “{retry}” only if it did not happen."
PARKED_WHY = "I tried for as long as I may and stopped: {message}"
PARKED_NEXT = "“{retry}” starts over, “{give_up}” ends it."
CANCELLED_WHY = "It was cancelled before it happened."
NO_MESSAGE = "It ended without a word from the other side."

RETRY = "Try again"
RETRY_CONFIRM = "It may have happened already. Trying again may do it a second time."
GIVE_UP = "Give up"
GIVE_UP_CONFIRM = "Nothing more will be tried for this request."
CONFIRM_TITLE = "Are you sure?"
CONFIRM_YES = "Yes, do it"
CONFIRM_NO = "Not now"

JOB = "Job"
ASKED_BY = "asked by"
ASKED_THROUGH: Mapping[str, str] = {
    "api": "the API",
    "source": "a webhook",
    "cli": "the command line",
    "slack": "Slack",
}
# fact -> its label, in the order in which they are shown; facts that are not here are for programs
FACTS: Mapping[str, str] = {
    "visitor": "Visitor",
    "rid": "Conversation",
    "session": "Session",
    "closed_by": "Closed by",
    "closed_at": "Closed",
    "served_by": "With",
    "owner": "With",
    "offered_to": "Offered to",
    "department": "Department",
    "tags": "Tags",
    "to": "To",
    "transcript_to": "Transcript to",
    "scheduled_to": "Scheduled to",
    "link_goes_to": "Link goes to",
    "to_users": "Sent to",
    "to_emails": "Sent to addresses",
    "missing": "Not reached",
    "format": "Format",
    "from": "From day",
    "to_day": "To day",
    "url": "Link",
}
FACTS_IN_CODE = frozenset(("rid", "session"))

# What Slack may keep on screen after the end: each must stay true, none may claim to be at work.
ACCEPTED = "Accepted. One message will tell you how it ends."
QUEUED_WAIT = "Queued, about {wait}. {upstream} allows only so many requests a minute."
SILENT = "{upstream} does not answer right now."
WAITING = "{why} I keep trying; next time {when}."
STILL = "I will tell you how it ends."
ENDED = "It has ended. The answer comes as a message of its own."
AN_UPSTREAM = "The other side"

HELP_TITLE = "What you can type"
DENIED = "You may not run this here."
DENIED_NEXT = "Ask whoever runs the bridge to allow it."
MISTAKE = "I did not understand that."
USAGE = "It goes like this"
DID_YOU_MEAN = "Did you mean"
SAME_REQUEST = (
    "You asked for the same a moment ago, and it is still running. I answer once for both."
)

JOBS_TITLE = "Your recent requests"
JOBS_NONE = "You have not asked for anything yet. Type `{root} help` to see what I can do."
JOBS_MORE = "…and {count} more."

FILE_THREAD = "The file {name} follows in the thread."
FILE_DIRECT = "The file {name} follows as a direct message."
FILE_COMMENT = "{name}, for job {job}"
FILE_NOT_HERE = "I could not bring the file {name}: {reason}. You can still get it in {upstream}."
FILE_REASONS: Mapping[str, str] = {
    "not_in_channel": "I am no member of this channel",
    "channel_not_found": "I am no member of this channel",
    "missing_scope": "the Slack app lacks the permission {needed}",
    "lost": "Slack did not confirm it",
    "no_token": "the Slack app has no token for this workspace",
}
FILE_REASON = "Slack said {code}"
