"""The way out: one client for everything the bridge asks of others; it retries and follows nothing.

`Outbound.send` gives back an `Answer` whatever its status, or says in which of two ways the answer is
missing: `Unsent` (the request surely did not leave) or `Lost` (it may have). Everything in this room
that refuses a request is a kind of `Unsent`, because a refused request did not leave either.

May import: contract, settings.
"""

from bridge.outbound.guard import NotAllowed
from bridge.outbound.session import Answer, Malformed, Outbound, TooLarge

__all__ = ["Answer", "Malformed", "NotAllowed", "Outbound", "TooLarge"]
