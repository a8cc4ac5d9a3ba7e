"""The door for foreign payloads: who sent it, what it means here, and which jobs follow.

`declared` reads the sources of the TOML file (`secrets`, `presets` help it), `proof` believes or
refuses a sender, `mapping` turns a payload into wishes (`values`, `expressions`, `templates` under a
`budget`), `door` stores and answers, `explaining` says what would happen without doing it.
"""

from bridge.ingress.webhooks.declared import Source, Sources, read_sources
from bridge.ingress.webhooks.door import WebhookDoor
from bridge.ingress.webhooks.explaining import Explanation

__all__ = ["Explanation", "Source", "Sources", "WebhookDoor", "read_sources"]
