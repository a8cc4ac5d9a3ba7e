"""Small actions on a scripted upstream: one per repeat class, and one whose end comes later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import Field

from bridge.contract import (
    Action,
    Asker,
    Command,
    Context,
    Done,
    Flow,
    Pending,
    Refused,
    Repeat,
    ReplyTo,
    Request,
    Response,
)
from bridge.jobs.intake import Key, Launch

OK = Response(200, body=b"{}")
ANNA = Asker("slack", "slack:T1", name="Anna", user_id="U1")
PROGRAM = Asker("api", "key:shop")
SLACK = ReplyTo(slack_channel="C1", slack_user="U1")


class Touch(Action):
    """Touch a room; once more changes nothing."""

    id: ClassVar = "toy.touch"
    upstream: ClassVar = "toy"
    title: ClassVar = "Touch"
    docs: ClassVar = "https://example.com"
    command: ClassVar = Command("touch")
    repeat: ClassVar = Repeat.IDEMPOTENT
    lane: ClassVar = "room"
    write_route: ClassVar = "POST /touch"
    errors: ClassVar = {}

    room: str = Field(description="The room.")
    number: int = Field(0, description="Which touch.")

    def flow(self, context: Context) -> Flow:
        context.memo["seen"] = context.resumed
        answer = yield Request("POST", self.route(), body=self.model_dump(), write=True)
        if answer.ok:
            return Done("touched", f"Touched {self.room}.")
        return Refused("no", "It said no.")

    @classmethod
    def route(cls) -> str:
        return cls.write_route.partition(" ")[2]


class TouchChecked(Touch):
    """Look first when a touch may have got lost."""

    id: ClassVar = "toy.touch_checked"
    repeat: ClassVar = Repeat.CHECK_FIRST
    write_route: ClassVar = "POST /checked"

    def flow(self, context: Context) -> Flow:
        if context.resumed:
            seen = yield Request("GET", "/seen", query={"room": self.room})
            if seen.json and seen.json.get("touched"):
                return Done("touched", "It had been touched.")
        return (yield from super().flow(context))


class TouchOnce(Touch):
    """Never touch twice."""

    id: ClassVar = "toy.touch_once"
    repeat: ClassVar = Repeat.NEVER_REPEAT
    write_route: ClassVar = "POST /once"


class Watch(Touch):
    """Its end is seen by looking."""

    id: ClassVar = "toy.watch"
    write_route: ClassVar = "POST /watch"

    def flow(self, context: Context) -> Flow:
        del context
        yield Request("POST", "/watch", write=True)
        return Pending("watching", "It goes on.", look_in_s=0.05)

    def follow(self, context: Context) -> Flow:
        seen = yield Request("GET", "/seen", query={"room": self.room})
        if seen.json and seen.json.get("touched"):
            return Done("seen", f"Seen after {context.looks} looks.")
        return Pending("watching", "It still goes on.", look_in_s=0.05)


class Swap(Touch):
    """Its first write is on another route than the one it waits its turn for."""

    id: ClassVar = "toy.swap"
    write_route: ClassVar = "POST /swap"

    def flow(self, context: Context) -> Flow:
        yield Request("DELETE", self.route(), write=True)
        return (yield from super().flow(context))


TOYS: Mapping[str, type[Action]] = {
    toy.id: toy for toy in (Touch, TouchChecked, TouchOnce, Watch, Swap)
}


@dataclass
class Upstream:
    """Answers as it is told to, and remembers what it was asked."""

    connection: str = "toy"
    kind: str = "toy"
    answer: Callable[[Request], Awaitable[Response]] | None = None
    sent: list[Request] = field(default_factory=list)

    async def send(
        self, request: Request, *, person: str = "", trace: str = "", language: str = ""
    ) -> Response:
        del person, trace, language
        self.sent.append(request)
        await asyncio.sleep(0)
        return await self.answer(request) if self.answer else OK

    def writes(self) -> list[Any]:
        return [request.body for request in self.sent if request.write]


def launch(
    room: str = "r1",
    number: int = 0,
    *,
    action: str = "toy.touch",
    asker: Asker = PROGRAM,
    reply_to: ReplyTo = ReplyTo(),  # noqa: B008 - frozen
    connection: str = "toy",
) -> Launch:
    wish = TOYS[action].model_validate({"room": room, "number": number})
    return Launch(wish, connection, asker, reply_to)


def key(value: str = "k1", fingerprint: str = "f1") -> Key:
    return Key(f"api:{value}", fingerprint)
