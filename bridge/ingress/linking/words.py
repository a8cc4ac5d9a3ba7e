"""Every sentence of the linking page, and of what stands in its way."""

from __future__ import annotations

from typing import Final

# In the way, for whoever runs the bridge.
NO_CONNECTION: Final = (
    "There is no connection {connection}. Type /bridge link to see which there are."
)
SERVICE_ONLY: Final = (
    "On {connection} everything is done with the service account, so there is nothing to link: just type"
    " your command."
)
NO_PUBLIC_URL: Final = (
    "Accounts cannot be linked yet: whoever runs the bridge must set PUBLIC_URL first."
)
NO_CLIENT: Final = (
    "Accounts of {connection} cannot be linked yet: whoever runs the bridge must set client_id and"
    " client_secret of a SuperOffice app first."
)

# What became of a credential that was forgotten here.
ENDED_THERE: Final = "Its token is ended in Rocket.Chat, too."
STAYS_THERE: Final = (
    "Its token could not be ended in Rocket.Chat: remove it there, under your account's Personal Access"
    " Tokens."
)
CONSENT_STAYS: Final = (
    "SuperOffice gives the bridge no way to take your consent back; ask a SuperOffice administrator if"
    " it must end there, too."
)

# On the page: a title, a sentence, and where it leads.
LATE: Final = (
    "This link has ended",
    "A link is good for ten minutes. Get a new one with /bridge link.",
)
BAD: Final = (
    "This is no link of ours",
    "Get one with /bridge link in Slack, and open it from there.",
)
USED: Final = (
    "This link was used",
    "Each link works once. To link anew, type /bridge link in Slack.",
)
BUSY: Final = ("Too many tries", "Wait a minute, then try again.")
DOWN: Final = (
    "That could not be stored",
    "Nothing was linked. Try again in a minute; this link is still good.",
)
AWAY: Final = (
    "There is no answer from there",
    "Nothing was linked. Try again in a minute; this link is still good.",
)
OTHER_BROWSER: Final = (
    "This did not begin here",
    "Nothing was linked. Open the link from Slack again, and sign in in the same browser.",
)
DENIED: Final = (
    "You did not allow it",
    "Nothing was linked. Everything stays as it was; open the link from Slack again to try anew.",
)
REFUSED: Final = (
    "{upstream} did not accept the sign-in",
    "Nothing was linked. Open the link from Slack again to try anew.",
)
NOT_TAKEN: Final = "{upstream} does not accept this user id with this token. Copy both again."
OTHER_USER: Final = "This token belongs to another user id. Copy both from the same account."
NEEDED: Final = "Both fields are needed."
OTHER_PERSON: Final = (
    "This account's e-mail address is not the one that Slack knows of {name}. Link an account with the"
    " same address."
)
NO_EMAIL: Final = (
    "Slack does not tell your e-mail address, so the bridge cannot see that this account is yours. Ask"
    " whoever runs the bridge."
)
DONE: Final = (
    "Your account is linked",
    (
        "On {connection} the bridge now acts as {account} when you ask it from Slack. To undo it, type"
        " /bridge unlink {connection}. You may close this page."
    ),
)
TOLD: Final = (
    "Your {upstream} account {account} is linked: on {connection} I now act as you. If this was not you,"
    " type /bridge unlink {connection} at once."
)
