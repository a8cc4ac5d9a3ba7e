"""The emulated Slack: people who type and click on one side, the Web API on the other, one state between.

`Slack` is both halves. Point the bridge at `{slack}/api/`, allow the emulator's host for response_urls, and
call `await slack.command(...)`; `messages(channel, user)` is what that person then sees.
"""

from bridge.sandbox.slack.commands import CommandReceipt
from bridge.sandbox.slack.emulated import Slack
from bridge.sandbox.slack.interactions import ClickReceipt, SuggestReceipt
from bridge.sandbox.slack.modals import ViewReceipt
from bridge.sandbox.slack.model import Message, View
from bridge.sandbox.slack.visible import Link
from bridge.sandbox.slack.wire import Answer, Receipt
from bridge.sandbox.slack.workspace import Switches

__all__ = [
    "Answer",
    "ClickReceipt",
    "CommandReceipt",
    "Link",
    "Message",
    "Receipt",
    "Slack",
    "SuggestReceipt",
    "Switches",
    "View",
    "ViewReceipt",
]
