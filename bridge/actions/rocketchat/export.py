"""What both exports share: the route, the error rows, and reading the token's owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bridge.actions.rocketchat.errors import BAD_FIELDS, SHARED
from bridge.contract import Problem, Request, Response

ROUTE: Final = "/api/v1/rooms.export"
ME_ROUTE: Final = "/api/v1/me"

NOT_PERMITTED: Final = Problem(
    "The bridge's Rocket.Chat account may not export: it lacks the permission mail-messages.",
    "This needs a Rocket.Chat administrator: give the account that permission. By default only"
    " administrators have it.",
)
UNKNOWN: Final = (
    "The export may have been started, but Rocket.Chat's answer was lost. The bridge does not repeat"
    " an export, because each one mails people again."
)

ERRORS: Final[Mapping[str, Problem]] = {
    **SHARED,
    "error-unauthorized": NOT_PERMITTED,
    "forbidden": NOT_PERMITTED,
    "error-action-not-allowed": NOT_PERMITTED,
    "error-not-allowed": Problem(
        "The bridge's Rocket.Chat account may not see this room.",
        "This needs a Rocket.Chat administrator: let the account into the room.",
    ),
    "error-invalid-params": BAD_FIELDS,
}


def me() -> Request:
    """Who owns the token: the link to an exported file is mailed to that account."""
    return Request("GET", ME_ROUTE)


def address_in(answer: Response) -> str:
    """The owner's e-mail address; the verified one first."""
    data: Any = answer.json
    if not isinstance(data, Mapping):
        return ""
    if isinstance(data.get("email"), str) and data["email"]:
        return str(data["email"])
    emails = data.get("emails")
    for item in emails if isinstance(emails, list) else []:
        if isinstance(item, Mapping) and isinstance(item.get("address"), str):
            return str(item["address"])
    return ""
