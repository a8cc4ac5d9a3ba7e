"""The person's half over HTTP, for the playground page and for drivers in another process.

`POST /_sandbox/act/{gesture}` takes the gesture's arguments as JSON and answers with its receipt; a message is
named by `{"channel": …, "ts": …}`, a view by its id. What a person cannot do is 409 with the reason.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aiohttp import web

from bridge.sandbox.slack.commands import Commands
from bridge.sandbox.slack.events import Events
from bridge.sandbox.slack.interactions import Interactions
from bridge.sandbox.slack.modals import Modals
from bridge.sandbox.slack.model import Json, Message, View

GESTURES = {
    "command",
    "click",
    "suggest",
    "shortcut",
    "submit_view",
    "close_view",
    "mention",
    "open_home",
    "uninstall",
}


class Remote(Commands, Interactions, Modals, Events):
    """Lets another process type and click."""

    async def act(self, request: web.Request) -> web.Response:
        gesture = request.match_info["gesture"]
        if gesture not in GESTURES:
            return web.json_response({"error": f"no gesture {gesture}"}, status=404)
        given: Json = await request.json()
        try:
            for name in ("place", "message"):
                if name in given:
                    given[name] = self._placed(given[name])
            receipt = await getattr(self, gesture)(**given)
        except (LookupError, PermissionError, TypeError) as cannot:
            return web.json_response({"error": str(cannot)}, status=409)
        receipts = receipt if isinstance(receipt, list) else [receipt]
        shown = [asdict(one) for one in receipts]
        return web.json_response(shown if isinstance(receipt, list) else shown[0])

    def _placed(self, wanted: Any) -> Message | View | None:
        if wanted is None:
            return None
        if isinstance(wanted, str):
            return self.views[wanted]
        message = self.message(self.channel(wanted["channel"]).id, wanted["ts"])
        if message is None:
            raise LookupError("no such message")
        return message
