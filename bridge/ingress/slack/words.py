"""Every sentence that the Slack door says itself; what became of a job is said by the delivery.

Short, kind and concrete, as there. Braces are filled by the caller; `notices` escapes what it is given.
"""

from __future__ import annotations

NOT_STORED = (
    "I could not store your request just now, so nothing was accepted and nothing will happen."
    " Please try again in about {seconds} s."
)
MAYBE_STORED = (
    "I cannot tell whether your request was stored. Look at {root} jobs in a minute before you send it"
    " again."
)
KEY_CONFLICT = "This request was already used for something else. Please type the command again."
FAILED = (
    "Something went wrong inside the bridge, and nothing was accepted. Please try again; if it stays,"
    " tell an admin this number: {error_id}"
)
NO_FORM = "The form could not be opened in time. Please try again."
NO_FORM_HERE = "The form could not be opened in time. Type it in one line instead:"
OUTDATED = "This button no longer fits the request it belongs to. Type the command instead."
JOB_GONE = "I no longer have this request. Type the command again."
LOOKING_UP = "Looking up who {people} is, nothing is accepted yet…"
NOT_LINKED = (
    "I could not find the mentioned person in {upstream} by their e-mail address. Give the username or"
    " the id instead."
)
NO_LINKS = "Accounts cannot be linked here yet; everything is done with the service account."
NO_LINK_FOR_YOU = "There is no connection here that you may use and link an account of. Ask an admin to allow one."
WHICH_LINK = "There is no connection {said} that you may link. There are: {names}."
LINKS_TITLE = "Your accounts"
LINKED = "*{connection}*: linked as {account} since {when}. {used}"
LINK_USED = "Last used {when}."
LINK_UNUSED = "Not used yet."
LINK_ENDED = "*{connection}*: linked as {account}, but it cannot be used any more."
LINK_BUTTON = "Link your {upstream} account"
LINK_OTHER_BUTTON = "Link another account"
LINK_ONCE = "A button works once, for ten minutes, for you alone."
NOT_LINKED_YET = "*{connection}*: not linked."
LINK_HINT = "To forget one: {root} unlink {connection}"
UNLINKED = "Forgotten: on {connection} I no longer act as you. {became}"
NOTHING_LINKED = "You have linked nothing there, so there is nothing to forget."
LINKS_DOWN = "The linked accounts cannot be read just now. Please try again in a moment."
GROUPS_UNREAD = (
    "I cannot read the user groups from Slack right now, so I do not know whether a rule names you."
)
GROUPS_AGAIN = "Try again in a moment; if it goes on, tell whoever runs this bridge."
CHECKING = "One moment, I am checking who may do this. Nothing is accepted yet…"
EXAMPLE = "For example: {example}"
FORM_TITLE = "Deskbridge"
CLOSE = "Close"
ACCEPTED_TITLE = "Accepted"
ANSWER_HERE = "The answer comes in <#{channel}>."
ANSWER_DIRECT = "The answer comes as a direct message."
CHOOSE_TITLE = "What shall I do?"
CHOOSE_LABEL = "Command"
CHOOSE_SUBMIT = "Next"
