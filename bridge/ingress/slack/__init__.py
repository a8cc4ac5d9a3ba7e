"""The Slack door: commands, forms, buttons, shortcuts and mentions become launches.

One wiring for HTTP and Socket Mode: `gate` checks the bytes, Bolt parses and dispatches, and each handler
does no I/O before its ack but the one commit. What else must be done is a background task after the ack.
"""

from bridge.ingress.slack.door import SlackDoor

__all__ = ["SlackDoor"]
