"""The HTTP API: programs launch actions, follow their jobs and put them right.

`door` has the routes, `callers` says who asks, `launching` turns a body into a stored job, `following`
waits and streams, `listing` and `recovery` are for jobs that exist, `docs` renders the OpenAPI document.
"""

from bridge.ingress.api.door import ApiDoor
from bridge.ingress.api.following import Reader

__all__ = ["ApiDoor", "Reader"]
