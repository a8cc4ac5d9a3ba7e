"""A job and its outcome become one message: a headline, the sentence, the next step, facts and buttons.

Pure. The parts come in the order in which they are needed on a phone: what became of it, then what to
do, then details. What the action is called, whether it asks before it runs and which of its fields are
personal is handed in as `ActionInfo`, and so is `sign`, which turns a button into an opaque reference.
Text that others wrote passes through `mrkdwn` before it stands anywhere. The limits are those of
https://docs.slack.dev/reference/block-kit/blocks; the one on all blocks together is undocumented and
counted on their JSON, which is what Slack rejects as `msg_blocks_too_long`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from bridge.contract import FollowUp, Job, JobState, OutcomeKind
from bridge.delivery import facts, mrkdwn, words

SECTION = 3000
FIELD = 2000
BLOCKS = 50
TEXT = 4000
ALL_BLOCKS = 13_000  # Slack refuses 13,200 and more
BUTTONS = 5
BUTTON_TEXT = 75
BUTTON_VALUE = 2000
SENTENCE = 2800  # leaves room for the headline above it
ACTION_ID = "follow_up"  # a button's action_id is this, a colon and its place
RETRY_JOB = "bridge.retry_job"  # FollowUp.action of the buttons that are about the job itself
CANCEL_JOB = "bridge.cancel_job"

_encode = json.JSONEncoder(ensure_ascii=False).encode

Json = dict[str, Any]
Sign = Callable[[FollowUp, Job], str]


@dataclass(frozen=True, slots=True)
class ActionInfo:
    """What the room must know about an action and may not look up itself."""

    title: str
    confirm: str = ""
    in_channel: bool = False
    personal: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Message:
    """What one post carries; `whole` is the full text when the blocks could not hold it."""

    text: str
    blocks: tuple[Json, ...] = ()
    in_channel: bool = False
    whole: str = ""

    def short(self) -> Message:
        """The same without blocks: what is told when Slack does not take the blocks."""
        return replace(self, text=mrkdwn.cut(self.text, SECTION), blocks=())


@dataclass(frozen=True, slots=True)
class Final:
    """How the final message is to be told, as the delivery decided it."""

    in_channel: bool
    repeated: bool = False
    note: str = ""  # about a file that follows, or does not


class Renderer:
    """Turns jobs into messages; `in_channel` holds the workspace's own choices per action."""

    def __init__(
        self,
        about: Callable[[str], ActionInfo],
        sign: Sign,
        in_channel: Mapping[str, bool] | None = None,
    ) -> None:
        self.about = about
        self._sign = sign
        self._in_channel = in_channel or {}

    def is_public(self, job: Job) -> bool:
        """Whether the whole channel needs to know: only that something is done, never an error."""
        if job.outcome is None or job.outcome.kind is not OutcomeKind.DONE:
            return False
        if job.state in (JobState.PARKED, JobState.CANCELLED):
            return False
        return self._in_channel.get(job.action, self.about(job.action).in_channel)

    def has_personal_args(self, job: Job) -> bool:
        return any(job.args.get(name) for name in self.about(job.action).personal)

    def final(self, job: Job, how: Final) -> Message:
        """The one message that ends a request."""
        info = self.about(job.action)
        kind, sentence, next_step = _said(job)
        if how.in_channel:
            sentence, next_step = mrkdwn.mask(sentence), mrkdwn.mask(next_step)
        mark, word = words.KINDS[kind]
        title = mrkdwn.safe(info.title, 80)
        again = f" {words.REPEATED}" if how.repeated else ""
        headline = f"{mark} *{word}* · {title}{again}"
        body = mrkdwn.safe(sentence, SENTENCE) or words.NO_MESSAGE
        following = mrkdwn.safe(next_step, SENTENCE)
        note = mrkdwn.safe(how.note, SENTENCE)
        blocks: list[Block | Json] = [section(f"{headline}\n{body}")]
        if following:
            blocks.append(section(f"*{words.NEXT}:* {following}"))
        if note:
            blocks.append(section(note))
        outcome = job.outcome
        if outcome is not None:
            personal = info.personal if how.in_channel else frozenset[str]()
            known = f"{sentence}\n{next_step}"
            fields = list(facts.fields(outcome.facts, known, personal, masked=how.in_channel))
            if fields:
                blocks.append(SectionBlock(fields=[_mrkdwn(field) for field in fields]))
        buttons = list(self._buttons(job))
        if buttons:
            blocks.append(ActionsBlock(elements=buttons))
        if how.repeated:
            blocks.append(context(words.REPEATED_WHY))
        blocks.append(context(_footer(job, named=how.in_channel)))
        fallback = f"{mark} {word}{again}: {title}. {body}"
        if following:
            fallback += f"\n{words.NEXT}: {mrkdwn.cut(following, 600)}"
        if note:
            fallback += f"\n{mrkdwn.cut(note, 300)}"
        whole = sentence if len(mrkdwn.escape(sentence)) > SENTENCE else ""
        return Message(mrkdwn.cut(fallback, TEXT), fit(blocks), how.in_channel, whole)

    def _buttons(self, job: Job) -> Iterator[ButtonElement]:
        for place, follow_up in enumerate(_follow_ups(job)[:BUTTONS]):
            value = self._sign(follow_up, job)
            if len(value) > BUTTON_VALUE:
                continue  # a cut reference is worth nothing; the command line says the same
            yield ButtonElement(
                text=PlainTextObject(text=mrkdwn.plain(follow_up.label, BUTTON_TEXT)),
                action_id=f"{ACTION_ID}:{place}",
                value=value,
                confirm=self._confirm(follow_up, job),
            )

    def _confirm(self, follow_up: FollowUp, job: Job) -> ConfirmObject | None:
        if follow_up.ask:
            return None  # its form is the question
        if follow_up.action == CANCEL_JOB:
            question = words.GIVE_UP_CONFIRM
        elif follow_up.action == RETRY_JOB:
            question = words.RETRY_CONFIRM if job.state is JobState.UNKNOWN else ""
        else:
            question = self.about(follow_up.action).confirm
        if not question:
            return None
        return ConfirmObject(
            title=PlainTextObject(text=words.CONFIRM_TITLE),
            text=PlainTextObject(text=mrkdwn.plain(question, 300)),
            confirm=PlainTextObject(text=words.CONFIRM_YES),
            deny=PlainTextObject(text=words.CONFIRM_NO),
        )


def section(text: str) -> Json:
    """A paragraph of escaped text. Bare links and names in it are not turned into anything.

    JSON at once, as every ack needs it: the SDK's models cost more than all the rest of an ack.
    """
    return {"type": "section", "text": _plain_mrkdwn(mrkdwn.cut(text, SECTION))}


def context(text: str) -> Json:
    """A line in small print, of escaped text."""
    return {"type": "context", "elements": [_plain_mrkdwn(mrkdwn.cut(text, FIELD))]}


def fit(blocks: Iterable[Block | Json]) -> tuple[Json, ...]:
    """The blocks as JSON, as many as a message holds: the last one stays, those before it give way."""
    made = [block if isinstance(block, dict) else block.to_dict() for block in blocks]
    while len(made) > BLOCKS or (len(made) > 1 and _size(made) > ALL_BLOCKS):
        del made[-2]
    return tuple(made)


def _size(blocks: list[Json]) -> int:
    return len(_encode(blocks))


def _plain_mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _mrkdwn(text: str) -> MarkdownTextObject:
    return MarkdownTextObject(text=text, verbatim=True)


def _said(job: Job) -> tuple[str, str, str]:
    """Kind, sentence and next step of a job as it stands."""
    outcome = job.outcome
    message = outcome.message if outcome and outcome.message.strip() else words.NO_MESSAGE
    next_step = outcome.next_step if outcome else ""
    match job.state:
        case JobState.CANCELLED:
            return "cancelled", words.CANCELLED_WHY, ""
        case JobState.PARKED:
            offer = words.PARKED_NEXT.format(retry=_again(job).label, give_up=words.GIVE_UP)
            return "parked", words.PARKED_WHY.format(message=message), next_step or offer
        case JobState.UNKNOWN:
            given = bool(outcome and outcome.message.strip())
            offer = words.UNKNOWN_NEXT.format(retry=_again(job).label)
            return "unknown", message if given else words.UNKNOWN_WHY, next_step or offer
    kind = outcome.kind.value if outcome else OutcomeKind.UNKNOWN.value
    return kind, message, next_step


def _follow_ups(job: Job) -> list[FollowUp]:
    """The outcome's own next things; a job that stopped in the middle also offers itself again."""
    own = list(job.outcome.follow_ups) if job.outcome else []
    again = _again(job)
    others = [offer for offer in own if offer is not again]
    match job.state:
        case JobState.PARKED:
            return [again, FollowUp(words.GIVE_UP, CANCEL_JOB, {"job": job.id}), *others]
        case JobState.UNKNOWN:
            return [again, *others]
    return own


def _again(job: Job) -> FollowUp:
    """The one way to try again: two buttons of that kind would leave a person to guess."""
    offers = job.outcome.follow_ups if job.outcome else ()
    same = (offer for offer in offers if offer.action == job.action and not offer.ask)
    return next(same, FollowUp(words.RETRY, RETRY_JOB, {"job": job.id}))


def _footer(job: Job, *, named: bool) -> str:
    """The job's id, for whoever must find it again; in a channel also who asked."""
    line = f"{words.JOB} {mrkdwn.code(job.id, 60)}"
    if not named:
        return line
    asker = job.asker
    who = mrkdwn.mention(asker.user_id) if asker.door == "slack" else ""
    if not who and asker.name:
        who = f"{words.ASKED_THROUGH[asker.door]} ({mrkdwn.safe(mrkdwn.mask(asker.name), 80)})"
    return f"{line} · {words.ASKED_BY} {who or words.ASKED_THROUGH[asker.door]}"
