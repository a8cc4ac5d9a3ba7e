"""Slash commands: read, checked, stored and acknowledged, with no other I/O before the ack.

They are taken as a middleware of Bolt, before its authorize and its listeners: whatever the name, they
need no client, and Bolt builds some thirty arguments for each listener that it asks. What cannot be done
without asking Slack (who a mention is, opening a form) happens after the ack, and the ack says only what
is true by then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bridge.contract import encode_json
from bridge.delivery import notices
from bridge.delivery.render import Message
from bridge.ingress.slack import words
from bridge.ingress.slack.background import BackgroundTasks
from bridge.ingress.slack.place import Place
from bridge.ingress.slack.telling import Telling
from bridge.ingress.slack.wishes import Later, Wishes


class Commands(AsyncMiddleware):
    """Answers slash commands, and hands on everything else."""

    def __init__(self, *, wishes: Wishes, telling: Telling, background: BackgroundTasks) -> None:
        self._wishes = wishes
        self._telling = telling
        self._background = background

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 - Bolt's name for it
    ) -> BoltResponse | None:
        del resp
        return await self.typed(req.body) if "command" in req.body else await next()

    async def typed(self, body: dict[str, Any]) -> BoltResponse:
        """The answer to one command; what it says is seen by the person alone."""
        place = Place.of_command(body)
        line = f"{body.get('command') or ''} {body.get('text') or ''}"
        answer = await self._wishes.fulfil(line, place, key=place.trigger_id)
        if isinstance(answer, Later):
            self._background.start("command", self._later(place, answer), team=place.team_id)
            answer = answer.now
        return BoltResponse(status=200, body=encode_json(shown(answer)) if answer else "")

    async def _later(self, place: Place, answer: Later) -> None:
        message = await answer.then()
        if message is not None:
            await self._telling.tell(place, message)


def shown(message: Message) -> dict[str, Any]:
    """The message as an ack that only the person sees; what was typed is not repeated to others."""
    told: dict[str, Any] = {"response_type": "ephemeral", "text": message.text}
    return {**told, "blocks": list(message.blocks)} if message.blocks else told


def failed(error_id: str) -> Message:
    """Something broke inside; nothing was accepted, and the number leads to the log."""
    return notices.mistake(words.FAILED.format(error_id=error_id))
