"""Telling a person in Slack: one final message, by the first way that is open.

The ways in order: the message that showed the progress, the `response_url`, the channel, a direct
message; what none of them takes is handed back as `NotTold` and kept. A private answer never falls back
into the channel. Two things go to the channel before the response_url: an answer with a file, which
needs a message to hang on, and a public answer to a command with personal data in it, because Slack
shows what was typed beside a public answer through a response_url. Nothing here is tried twice, except
once in plain words when Slack does not take the blocks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from bridge.contract import Job, ReplyTo
from bridge.delivery import files, posting, response_url
from bridge.delivery.client import TokenFor
from bridge.delivery.means import Means
from bridge.delivery.pace import Pace, Sleep
from bridge.delivery.posting import Posted, Refusal
from bridge.delivery.render import Message, Renderer
from bridge.delivery.results import Ambiguous, File, NotTold, Telling, Told, TryLater
from bridge.delivery.routes import Routes
from bridge.outbound import Outbound
from bridge.settings import Slack

log = structlog.get_logger(__name__)

# of a response_url: the final message, the same in plain words, what replaces progress
KEPT_USES = 3


class SlackDelivery:
    """Tells jobs' ends and progress. `token_for` finds the workspace's bot token."""

    def __init__(
        self,
        settings: Slack,
        outbound: Outbound,
        renderer: Renderer,
        token_for: TokenFor,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        pace = Pace(monotonic, sleep)
        self._means = Means(settings, outbound, renderer, token_for, clock, sleep, pace)

    async def tell(
        self, job: Job, target: ReplyTo, *, repeated: bool = False, file: File | None = None
    ) -> Telling:
        """Tell how the job ended. One call makes at most one final message."""
        routes = Routes(self._means, job, target, repeated=repeated, file=file)
        told = await self._first_open(routes)
        if isinstance(told, Told) and routes.file is not None:
            told = await files.bring(routes, told)
        if isinstance(told, Told) and told.how != "response_url":
            await routes.replace_progress()
            told = replace(told, uses=routes.uses)
        log.info("delivery.told", job_id=job.id, **_logged(told))
        return told

    async def _first_open(self, routes: Routes) -> Telling:
        unreachable: TryLater | None = None
        for how, way in routes.in_order():
            attempt = await way()
            match attempt:
                case Posted(channel, ts):
                    return Told(how, channel, ts, routes.uses)
                case TryLater() if how == "response_url":
                    unreachable = attempt  # the Web API is another host and may be reachable
                case TryLater() | Ambiguous():
                    return replace(attempt, uses=routes.uses)
                case Refusal(code) if code not in posting.ABSENT:
                    routes.refusals.append(attempt)
        if unreachable is not None:
            return replace(unreachable, uses=routes.uses)
        worst = _most_telling(routes.refusals)
        return NotTold(worst.code, routes.uses, worst.needed)

    async def progress(self, job: Job, target: ReplyTo, message: Message) -> ReplyTo:
        """Show how far the job is, where it can be updated later. Best effort: never raises."""
        try:
            return await self._progress(job, target, message)
        except Exception:  # noqa: BLE001 - a missing progress line must not fail a job
            log.warning("delivery.progress_failed", job_id=job.id)
            return target

    async def _progress(self, job: Job, target: ReplyTo, message: Message) -> ReplyTo:
        means, channel = self._means, target.slack_channel
        if target.message_ts and channel:
            api = await means.api(job, target)
            if api is not None and not means.pace.wait_s(channel):
                await means.pace.turn(channel)
                self._heed(channel, await api.update(channel, target.message_ts, message))
            return target
        uses = target.response_url_uses
        if not means.why_closed(job, target, uses + KEPT_USES):
            of_command = response_url.is_of_command(target.response_url)
            if uses and not of_command:
                return target  # a button's url cannot replace what it said before
            attempt = await posting.respond(
                means.outbound, target.response_url, message, replace=of_command
            )
            if isinstance(attempt, TryLater):
                return target
            spent = response_url.USES if isinstance(attempt, Refusal) else uses + 1
            return replace(target, response_url_uses=spent)
        if channel and not target.slack_user and not target.response_url:
            api = await means.api(job, target)
            if api is not None and not means.pace.wait_s(channel):
                await means.pace.turn(channel)
                attempt = await api.post(channel, message, target.thread_ts)
                self._heed(channel, attempt)
                if isinstance(attempt, Posted):
                    return replace(target, slack_channel=attempt.channel, message_ts=attempt.ts)
        return target

    def _heed(self, channel: str, attempt: posting.Attempt) -> None:
        if isinstance(attempt, TryLater) and attempt.after_s:
            self._means.pace.hold(channel, attempt.after_s)


def _most_telling(refusals: list[Refusal]) -> Refusal:
    """The refusal that an operator can do something about, else the last one."""
    for refusal in refusals:
        if refusal.code in posting.TOKEN_ERRORS or refusal.code == "missing_scope":
            return refusal
    return refusals[-1] if refusals else Refusal("nowhere_to_tell")


def _logged(told: Telling) -> Mapping[str, object]:
    match told:
        case Told():
            return {"how": told.how, "uses": told.uses, "file": told.file}
        case TryLater():
            return {"how": "later", "after_s": told.after_s, "reason": told.reason}
        case Ambiguous():
            return {"how": "ambiguous", "reason": told.reason}
    return {"how": "not_told", "reason": told.reason, "needed": told.needed}
