"""The one-time web page on which a person links their own upstream account, and what leads there.

A command asks `Linking` for a ticket and gets an address that is good once and for ten minutes. `LinkDoor`
serves the page behind it: a form for a Rocket.Chat token, or the way to SuperOffice's sign-in and back.
"""

from bridge.ingress.linking.door import LinkDoor
from bridge.ingress.linking.linking import Linking
from bridge.ingress.linking.tickets import Ticket

__all__ = ["LinkDoor", "Linking", "Ticket"]
