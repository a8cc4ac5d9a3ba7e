"""A Slack to tell things in, and the few values that each of these tests is made of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from bridge.contract import Asker, Done, FollowUp, Job, JobState, Outcome, Refused, ReplyTo
from bridge.delivery.render import ActionInfo, Renderer
from bridge.delivery.results import File, Telling
from bridge.delivery.slack import SlackDelivery
from bridge.outbound import Outbound
from bridge.sandbox.slack import Message, Slack, seed
from bridge.settings import Slack as Settings
from tests.clock import Clock

ABOUT = {
    "rocketchat.close_room": ActionInfo(
        "Close conversation", "Close it for good?", in_channel=True, personal=frozenset(("email",))
    ),
    "rocketchat.request_pdf_transcript": ActionInfo("PDF transcript"),
}
CLOSED = Done("closed", "The conversation is closed.", facts={"closed_by": "anna"})
REFUSED = Refused("error-not-allowed", "You may not close it.", "Ask its agent.")


def job(outcome: Outcome | None = CLOSED, state: JobState | None = None, **changes: Any) -> Job:
    made = Job(
        id="01JB00000000000000000000AB",
        action="rocketchat.close_room",
        args={"room": "abc"},
        connection="rocketchat",
        lane="rocketchat:abc",
        asker=Asker("slack", f"slack:{seed.TEAM}", "anna", seed.ANNA, seed.TEAM),
        reply_to=ReplyTo(),
        created_at=1_700_000_000.0,
        run_at=1_700_000_000.0,
        state=state or JobState(outcome.kind.value if outcome else "queued"),
        outcome=outcome,
    )
    return replace(made, **changes)


def renderer() -> Renderer:
    def sign(follow_up: FollowUp, of: Job) -> str:
        return f"signed:{of.id}:{follow_up.action}"

    return Renderer(lambda action: ABOUT.get(action, ActionInfo(action)), sign)


@dataclass
class Office:
    """The emulated Slack, the delivery under test, and a person's eyes."""

    slack: Slack
    outbound: Outbound
    clock: Clock
    tokens: dict[str, str] = field(default_factory=lambda: {seed.TEAM: seed.BOT_TOKEN})

    def __post_init__(self) -> None:
        self.delivery = SlackDelivery(
            Settings(api_url=f"{self.slack.public_url}/api/", response_hosts=["127.0.0.1"]),
            self.outbound,
            renderer(),
            self._token_for,
            clock=self.clock,
            monotonic=self.clock,
            sleep=self.clock.sleep,
        )

    async def _token_for(self, team_id: str, enterprise_id: str) -> str | None:
        del enterprise_id
        return self.tokens.get(team_id)

    def target(self, channel: str = seed.SUPPORT, *, command: bool = True, **more: Any) -> ReplyTo:
        """Where Anna, who typed a command or pressed a button here, is to be told."""
        where = self.slack.channel(channel)
        url = self.slack.new_hook(where, seed.ANNA, command=command)
        made = ReplyTo(seed.TEAM, "", channel, seed.ANNA, "", "", url, 0, self.clock())
        return replace(made, **more)

    async def tell(
        self,
        of: Job,
        target: ReplyTo,
        *,
        repeated: bool = False,
        file: File | None = None,
    ) -> Telling:
        return await self.delivery.tell(of, target, repeated=repeated, file=file)

    def seen(self, channel: str = seed.SUPPORT, user: str = seed.ANNA) -> list[Message]:
        return self.slack.messages(channel, user)

    def direct(self) -> list[Message]:
        """What stands in Anna's conversation with the app."""
        return self.slack.messages(seed.DM, seed.ANNA)

    def all_seen(self) -> list[Message]:
        return [message for message in self.slack.all_messages if not message.deleted]

    def text(self, message: Message) -> str:
        return self.slack.visible_text(message)
