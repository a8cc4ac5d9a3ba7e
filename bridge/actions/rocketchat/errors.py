"""The error rows that several Rocket.Chat calls share. A call's own table comes on top of them.

A row says what happened, whose turn it is and the next step. Codes are those of the reference: the
error's type, else the code in brackets, else the bare text; `unauthorized`, `forbidden`, `not-found` and
`invalid-params` also come from the client, where Rocket.Chat says it by the status only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridge.contract import Problem, Retry

NOT_SIGNED_IN = Problem(
    "Rocket.Chat does not accept the bridge's sign-in.",
    "This needs whoever runs the bridge: renew the personal access token of its account, then try"
    " again.",
)
TWO_FACTORS = Problem(
    "Rocket.Chat asks the bridge's account for a second factor, which a program cannot give.",
    "This needs whoever runs the bridge: use a personal access token made with “Ignore Two Factor"
    " Authentication”.",
)
NO_SUCH_ROOM = Problem(
    "Rocket.Chat knows no conversation with the id {rid}.",
    "Check the id, or paste the conversation's link.",
)
NO_ACCESS = Problem(
    "The bridge's Rocket.Chat account may not see this conversation.",
    "A Rocket.Chat administrator can give the account the permission view-livechat-rooms, and"
    " view-livechat-room-closed-by-another-agent for closed conversations.",
)
BAD_FIELDS = Problem(
    "Rocket.Chat did not accept the fields: {text}",
    "Correct them and try again. If they look right, show this to whoever runs the bridge: the"
    " Rocket.Chat version may want other fields.",
)
NO_SUCH_CALL = Problem(
    "This Rocket.Chat does not offer this call.",
    "This needs whoever runs the bridge: check the workspace's address and version.",
)
TOO_MANY = Problem(
    "Rocket.Chat asks for a pause: too many requests.",
    "Nothing to do: it is tried again by itself.",
    Retry,
)
CONTACT_LIMIT = Problem(
    "This Rocket.Chat workspace has used up its monthly active contacts.",
    "This needs a Rocket.Chat administrator: extend the plan, or wait for the next month.",
)
ACCOUNT_GONE = Problem(
    "Rocket.Chat no longer knows the bridge's account.",
    "This needs whoever runs the bridge: set up the account and its token anew.",
)

SHARED: Final[Mapping[str, Problem]] = {
    "unauthorized": NOT_SIGNED_IN,
    "totp-required": TWO_FACTORS,
    "totp-invalid": TWO_FACTORS,
    "totp-max-attempts": TWO_FACTORS,
    "error-invalid-room": NO_SUCH_ROOM,
    "error-room-not-found": NO_SUCH_ROOM,
    "error-roomid-param-not-provided": NO_SUCH_ROOM,
    "error-not-allowed": NO_ACCESS,
    "not-allowed": NO_ACCESS,
    "Not Allowed": NO_ACCESS,
    "invalid-params": BAD_FIELDS,
    "error-invalid-params": BAD_FIELDS,
    "invalid-path": NO_SUCH_ROOM,
    "not-found": NO_SUCH_CALL,
    "error-too-many-requests": TOO_MANY,
    "error-mac-limit-reached": CONTACT_LIMIT,
    "error-invalid-user": ACCOUNT_GONE,
}


def lacking(permission: str, more: str = "") -> Mapping[str, Problem]:
    """The rows of a missing permission, which the error itself does not name."""
    row = Problem(
        f"The bridge's Rocket.Chat account lacks the permission {permission}.",
        f"This needs a Rocket.Chat administrator: give the account that permission.{more}",
    )
    return {"error-unauthorized": row, "forbidden": row}
