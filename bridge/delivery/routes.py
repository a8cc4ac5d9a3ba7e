"""The ways of telling one job's end: in which order, and what each of them shows.

Made for one call of `tell`. It keeps what the ways share: how often the response_url was used, the
token, what was refused so far. Each way says the same in the form that its readers may see.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from bridge.contract import Job, ReplyTo
from bridge.delivery import mrkdwn, notices, posting, response_url, words
from bridge.delivery.means import Means
from bridge.delivery.posting import Attempt, Posted, Refusal, WebApi
from bridge.delivery.render import Final, Message
from bridge.delivery.results import File, How, Told, TryLater

ACK_SHOWN_S = 3.0  # Slack shows an ack within this time, or an error in its place
RECENT_S = 5 * 60  # the person probably still looks at the channel

Way = Callable[[], Awaitable[Attempt]]
Post = Callable[[WebApi, Message], Awaitable[Attempt]]


class Routes:
    """Where this job's end can be told."""

    def __init__(
        self,
        means: Means,
        job: Job,
        target: ReplyTo,
        *,
        repeated: bool,
        file: File | None,
    ) -> None:
        self.means = means
        self.job = job
        self.target = target
        self.repeated = repeated
        self.uses = target.response_url_uses
        self.refusals: list[Refusal] = []
        # a program has nobody to whisper to: its channel hears errors too, with personal data masked
        alone = not target.slack_user and not target.response_url
        self.public = means.renderer.is_public(job) or alone
        whole = self.message(in_channel=self.public).whole if file is None else ""
        self.file = file or (_as_file(job, whole) if whole else None)
        self._api: WebApi | None = None

    def in_order(self) -> Iterator[tuple[How, Way]]:
        """Each way once, the best first."""
        if self.target.message_ts and self.target.slack_channel:
            yield "update", self._update
        if not self.public:
            yield "response_url", self._respond
            recent = self.means.clock() - self.job.created_at < RECENT_S
            whisper: tuple[How, Way] = ("ephemeral", self._whisper)
            direct: tuple[How, Way] = ("direct", self._direct)
            yield from (whisper, direct) if recent else (direct, whisper)
            return
        typed_personal = response_url.is_of_command(self.target.response_url) and (
            self.means.renderer.has_personal_args(self.job)
        )
        channel: tuple[How, Way] = ("channel", self._channel)
        if typed_personal:
            yield channel
            self.public = False  # through the response_url only the asker sees it
            yield "response_url", self._respond
        elif self.file is not None:
            yield channel
            yield "response_url", self._respond
        else:
            yield "response_url", self._respond
            yield channel
        yield "direct", self._direct

    def message(self, *, in_channel: bool, note: str = "") -> Message:
        how = Final(in_channel, self.repeated, note)
        return self.means.renderer.final(self.job, how)

    async def api(self) -> WebApi | None:
        if self._api is None:
            self._api = await self.means.api(self.job, self.target)
        return self._api

    def note(self, sentence: str) -> str:
        """A sentence about the file that comes with the message; empty without one."""
        return sentence.format(name=self.file.name) if self.file is not None else ""

    async def _respond(self) -> Attempt:
        target = self.target
        closed = self.means.why_closed(self.job, target, self.uses)
        if closed:
            return Refusal(closed)
        if self.public:
            # first, because the url replaces what it posted last
            await self.replace_progress()
            await self.means.pace.turn(target.slack_channel)  # the url does not live for ever
        note = self.note(words.FILE_DIRECT) if target.slack_user else ""
        message = self.message(in_channel=self.public, note=note)
        # a message never changes between everybody and one person
        replace = not self.public and response_url.is_of_command(target.response_url)
        attempt = await self._respond_once(message, replace=replace)
        if isinstance(attempt, Refusal) and attempt.code in posting.FORMAT_ERRORS:
            attempt = await self._respond_once(message.short(), replace=replace)
        if isinstance(attempt, Refusal):
            self.uses = response_url.USES  # any refusal means that it is dead
        return attempt

    async def _respond_once(self, message: Message, *, replace: bool) -> Attempt:
        attempt = await posting.respond(
            self.means.outbound,
            self.target.response_url,
            message,
            replace=replace,
            thread_ts=self.target.thread_ts,
        )
        if not isinstance(attempt, TryLater):
            self.uses += 1
        return attempt

    async def replace_progress(self) -> None:
        """Let no line about the progress outlive an end that is told elsewhere. Best effort.

        Slack deletes no answer to a command, so the line leads to the end instead. What was said with
        the ack itself stays true, and is left alone while it may not be on screen yet: a replacement
        would come before it.
        """
        target = self.target
        since = self.means.clock() - (target.response_url_at or self.job.created_at)
        shown = target.response_url_uses > 0 or since > ACK_SHOWN_S
        closed = self.means.why_closed(self.job, target, self.uses + 1)
        if shown and not closed and response_url.is_of_command(target.response_url):
            await self._respond_once(notices.ended(self.job), replace=True)

    async def correct(self, told: Told, note: str) -> None:
        """Say in the told message itself what became of its file, or beside it. Best effort."""
        if told.ts and told.channel and told.how != "ephemeral":
            api = await self.api()
            if api is not None:
                in_channel = told.how in ("update", "channel")
                message = self.message(in_channel=in_channel, note=note)
                await api.update(told.channel, told.ts, message)
        elif told.how == "response_url" and not self.means.why_closed(
            self.job, self.target, self.uses
        ):
            if not self.public and response_url.is_of_command(self.target.response_url):
                said = self.message(in_channel=False, note=note)
                await self._respond_once(said, replace=True)
            else:
                await self._respond_once(Message(mrkdwn.safe(note, 600)), replace=False)

    async def _update(self) -> Attempt:
        target = self.target
        message = self.message(in_channel=True, note=self.note(words.FILE_THREAD))
        return await self._post(
            target.slack_channel,
            message,
            lambda api, said: api.update(target.slack_channel, target.message_ts, said),
        )

    async def _channel(self) -> Attempt:
        target = self.target
        if not target.slack_channel:
            return Refusal("no_channel")
        message = self.message(in_channel=True, note=self.note(words.FILE_THREAD))
        return await self._post(
            target.slack_channel,
            message,
            lambda api, said: api.post(target.slack_channel, said, target.thread_ts),
        )

    async def _whisper(self) -> Attempt:
        target = self.target
        if not target.slack_channel or not target.slack_user:
            return Refusal("no_channel")
        message = self.message(in_channel=False, note=self.note(words.FILE_DIRECT))
        where, who = target.slack_channel, target.slack_user
        return await self._post(
            where, message, lambda api, said: api.whisper(where, who, said, target.thread_ts)
        )

    async def _direct(self) -> Attempt:
        opened = await self.open_direct()
        if not isinstance(opened, Posted):
            return opened
        message = self.message(in_channel=False, note=self.note(words.FILE_THREAD))
        return await self._post(
            opened.channel, message, lambda api, said: api.post(opened.channel, said)
        )

    async def open_direct(self) -> Attempt:
        """The direct conversation with the asker, opened."""
        if not self.target.slack_user:
            return Refusal("no_person")
        dead = self._token_error()
        if dead is not None:
            return dead
        api = await self.api()
        return await api.open_direct(self.target.slack_user) if api else Refusal("no_token")

    async def _post(self, channel: str, message: Message, post: Post) -> Attempt:
        """One call in this channel's turn; once more in plain words when the blocks are refused."""
        dead = self._token_error()
        if dead is not None:
            return dead
        api = await self.api()
        if api is None:
            return Refusal("no_token")
        pace = self.means.pace
        left = await pace.turn(channel)
        if left:
            return TryLater(left, "pace")
        attempt = await post(api, message)
        if isinstance(attempt, Refusal) and attempt.code in posting.FORMAT_ERRORS:
            attempt = await post(api, message.short())
        if isinstance(attempt, TryLater) and attempt.after_s:
            pace.hold(channel, attempt.after_s)
        return attempt

    def _token_error(self) -> Refusal | None:
        """A refusal that every further call with this token would meet too."""
        return next((one for one in self.refusals if one.code in posting.TOKEN_ERRORS), None)


def _as_file(job: Job, whole: str) -> File:
    """A text that is too long for a message."""
    return File(f"answer-{job.id}.txt", "text/plain", whole.encode())
