"""Delivery: telling the asker, once, whatever became of the doors they came through.

`render` turns a job and its outcome into words and blocks, `slack` tells them in the channel, a thread
or a direct message, `callback` posts the job's JSON signed to a program. Every sentence stands in
`words`. Names of actions, tokens and signed buttons are handed in. It never retries: it says what became
of one try.

May import: contract, outbound, settings, signatures.
"""

from bridge.delivery.callback import CallbackDelivery
from bridge.delivery.render import ActionInfo, Message, Renderer
from bridge.delivery.results import Ambiguous, File, NotTold, Telling, Told, TryLater
from bridge.delivery.slack import SlackDelivery

__all__ = [
    "ActionInfo",
    "Ambiguous",
    "CallbackDelivery",
    "File",
    "Message",
    "NotTold",
    "Renderer",
    "SlackDelivery",
    "Telling",
    "Told",
    "TryLater",
]
