"""Every sentence that the Slack door says itself; what became of a job is said by the delivery.

Short, kind and concrete, as there. Braces are filled by the caller; `notices` escapes what it is given.
"""

from __future__ import annotations

NOT_STORED = (
    "I could not store your request just now, so nothing was accepted and nothing will happen."
    " Please try again in about {seconds} s."
)
KEY_CONFLICT = "This request was already used for something else. Please type the command again."
FAILED = (
    "Something went wrong inside the bridge, and nothing was accepted. Please try again; if it stays,"
    " tell an admin this number: {error_id}"
)
UNKNOWN_COMMAND = "I do not know {command} yet."
NO_FORM = "The form could not be opened in time. Please try again."
NO_FORM_HERE = "The form could not be opened in time. Type it in one line instead:"
NOT_INSTALLED = "The app is not installed in this workspace (any more). Ask an admin to install it."
OUTDATED = "This button no longer fits the request it belongs to. Type the command instead."
JOB_GONE = "I no longer have this request. Type the command again."
LOOKING_UP = "Looking up who {people} is, nothing is accepted yet…"
NOT_LINKED = (
    "I could not find the mentioned person in {upstream} by their e-mail address. Give the username or"
    " the id instead."
)
NO_LINKS = "Accounts cannot be linked here yet; everything is done with the service account."
EXAMPLE = "For example: {example}"
FORM_TITLE = "Deskbridge"
CLOSE = "Close"
WORKING_TITLE = "Working on it"
ANSWER_HERE = "The answer comes in <#{channel}>."
ANSWER_DIRECT = "The answer comes as a direct message."
CHOOSE_TITLE = "What shall I do?"
CHOOSE_LABEL = "Command"
CHOOSE_SUBMIT = "Next"
