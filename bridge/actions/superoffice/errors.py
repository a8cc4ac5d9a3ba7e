"""The error rows of SuperOffice's calls: the documented error types and what the client reads off a status.

The documents know one error shape and few types; anything else is shown as SuperOffice words it.
Source: https://docs.superoffice.com/en/api/web-services/endpoints/rest-webapi/index.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridge.contract import Problem

NOT_SIGNED_IN: Final = Problem(
    "SuperOffice does not accept the bridge's sign-in.",
    "This needs whoever runs the bridge: renew the credentials of the SuperOffice connection. With"
    " your own account linked, link it again.",
)
NO_RIGHT: Final = Problem(
    "SuperOffice does not allow this to the account that the bridge uses.",
    "This needs a SuperOffice administrator: check the account's role. With your own account linked,"
    " link it again.",
)
NO_SUCH_CALL: Final = Problem(
    "SuperOffice does not answer at this address.",
    "This needs whoever runs the bridge: check the connection's url (it ends in /api) or its tenant.",
)
NO_SESSION: Final = Problem(
    "SuperOffice knows no chat session {session}.",
    "Check the number, or paste the chat's link.",
)
NOT_ACCEPTED: Final = Problem(
    "SuperOffice did not accept the request: {text}",
    "Correct the fields and try again. If they look right, show this to whoever runs the bridge.",
)
WRONG_ADDRESS: Final = Problem(
    "SuperOffice has moved this tenant to another address.",
    "This needs whoever runs the bridge: give the connection the tenant's name (tenant) instead of a"
    " fixed address, so that the address is looked up.",
)
NOT_RUNNING: Final = Problem(
    "This SuperOffice tenant is not running: {text}",
    "Try again when SuperOffice has brought it back.",
)
CHANGED_MEANWHILE: Final = Problem(
    "The chat session changed at the same moment.",
    "Look at it in SuperOffice, then transfer again.",
    follow_up="superoffice.transfer_session: Transfer again",
)

SHARED: Final[Mapping[str, Problem]] = {
    "unauthorized": NOT_SIGNED_IN,
    "forbidden": NO_RIGHT,
    "no-such-call": NO_SUCH_CALL,  # what every SuperOffice answers is not found: no code of its own
    "not-found": NO_SESSION,
    "SoNotFoundException": NO_SESSION,
    "ArgumentException": NOT_ACCEPTED,
    "invalid-params": NOT_ACCEPTED,
    "wrong-subdomain": WRONG_ADDRESS,
    "tenant-not-running": NOT_RUNNING,
    "tenant-address-refused": Problem(
        "SuperOffice names an address for this tenant that the bridge does not trust.",
        "This needs whoever runs the bridge: check the tenant's name and the environment.",
    ),
    "invalid-path": NOT_ACCEPTED,
    "precondition-failed": CHANGED_MEANWHILE,
}
