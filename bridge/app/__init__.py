"""The composition root: the only room that knows every room.

`process` starts and stops one process; `doors` holds what is rebuilt when the settings change, `routes`
counts and completes what leads to them;
`telling` hands outcomes to the delivery; `storage` opens the store and its keys; `health` answers
whether all is well. What a request passes can be read there in order: door, store, worker, upstream,
delivery.

May import: every room below it.
"""

from bridge.app.process import Bridge
from bridge.app.storage import attached_store
from bridge.app.telling import personal_fields, version

__all__ = ["Bridge", "attached_store", "personal_fields", "version"]
