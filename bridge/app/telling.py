"""From a job to the delivery: which way, in which words, under which names."""

from __future__ import annotations

import importlib.metadata
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bridge.actions import catalogue
from bridge.contract import Action, Asker, Job, JobState, Outcome, ReplyTo
from bridge.delivery import (
    ActionInfo,
    CallbackDelivery,
    File,
    Renderer,
    SlackDelivery,
    Telling,
    notices,
)
from bridge.delivery.client import TokenFor
from bridge.delivery.render import Sign
from bridge.jobs.attempt import Manners
from bridge.outbound import Outbound
from bridge.settings import Settings
from bridge.signatures import Secret
from bridge.surfaces.personal import personal_fields as personal_fields_of
from bridge.surfaces.usage import ROOT, name_of

_COMMAND = re.compile(r"(?<![\w/])/([a-z]+)\b")


def version() -> str:
    """The release."""
    return importlib.metadata.version("deskbridge")


def personal_fields(action_id: str) -> frozenset[str]:
    """The fields of an action that are masked wherever a job is shown."""
    action = catalogue().get(action_id)
    return about(action).personal if action is not None else frozenset()


def about(action: type[Action]) -> ActionInfo:
    """What the delivery must know of an action."""
    personal = personal_fields_of(action)
    return ActionInfo(action.title, action.confirm, action.in_channel, personal)


class DeliveryChannels:
    """The channels of delivery, as the settings have them; the worker keeps them when those change."""

    def __init__(
        self,
        outbound: Outbound,
        actions: Mapping[str, type[Action]],
        *,
        sign: Sign,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._outbound = outbound
        self._about = {name: about(action) for name, action in actions.items()}
        self._sign = sign
        self._clock = clock

    def use(
        self,
        settings: Settings,
        *,
        token_for: TokenFor,
        name_of: Callable[[Asker], Awaitable[str]],
    ) -> None:
        """From now on as these settings say."""
        self._settings = settings
        self._name_of = name_of
        self._slack = SlackDelivery(
            settings.slack,
            self._outbound,
            Renderer(self.about, self._sign, settings.slack.in_channel),
            token_for,
            clock=self._clock,
        )
        self._callback = CallbackDelivery(
            self._outbound,
            [Secret(id=name, value=one) for name, one in settings.webhooks.live_secrets],
            lambda name: self.about(name).personal,
            public_url=settings.server.public_url,
            clock=self._clock,
        )

    def about(self, action_id: str) -> ActionInfo:
        return self._about.get(action_id) or ActionInfo(title=action_id)

    async def slack(self, job: Job, *, repeated: bool, file: File | None) -> Telling:
        return await self._slack.tell(job, job.reply_to, repeated=repeated, file=file)

    async def callback(self, job: Job, *, repeated: bool, file: File | None) -> Telling:
        del repeated  # the receiver tells repeats apart by webhook-id
        return await self._callback.tell(job, job.reply_to.callback_url, file=file)

    async def progress(self, job: Job) -> ReplyTo:
        """Show that a job goes on, in the message that its end will replace."""
        pending = job.state is JobState.PENDING
        message = notices.pending(job) if pending else notices.waiting(job, job.run_at)
        return await self._slack.progress(job, job.reply_to, message)

    async def manners(self, job: Job) -> Manners:
        """How the job's connection wants its actions to behave."""
        connection = self._settings.connections.get(job.connection)
        if connection is None or connection.kind != "rocketchat":
            return Manners()
        signature = await self._name_of(job.asker) if connection.sign_comments else ""
        return Manners(signature, connection.default_comment)

    def phrase(self, outcome: Outcome) -> Outcome:
        """Say commands by the names they have here."""
        names = self._settings.slack.commands
        if not names or not outcome.next_step:
            return outcome

        def renamed(match: re.Match[str]) -> str:
            return name_of(ROOT, names) if match[1] == "bridge" else names.get(match[1], match[0])

        return replace(outcome, next_step=_COMMAND.sub(renamed, outcome.next_step))
