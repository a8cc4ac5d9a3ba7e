"""Messages that are no outcome: progress, help, denials, mistakes and the list of one's own requests.

Pure, like `render`, and with its parts. What a command can do and who may run it is known elsewhere;
here it only becomes words that are good to read on a phone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bridge.contract import UPSTREAM_NAMES, Job, JobState, Outcome
from bridge.delivery import mrkdwn, words
from bridge.delivery.render import TEXT, ActionInfo, Message, context, fit, section

SILENCE = frozenset(("no_answer", "unreachable"))  # an upstream that is not there, in few words
LISTED = 15
LONG_WAIT_S = 3.0  # a shorter wait is not worth a sentence
_LINE = 160


def accepted(job: Job, wait_s: float = 0.0) -> Message:
    """It is stored; `wait_s` when the upstream's pace makes it wait."""
    if wait_s < LONG_WAIT_S:
        return _progress(job, words.ACCEPTED)
    text = words.QUEUED_WAIT.format(wait=about(wait_s), upstream=upstream(job))
    return _progress(job, text)


def ended(job: Job) -> Message:
    """In the place of a line about its progress: it is told elsewhere."""
    return _progress(job, words.ENDED)


def pending(job: Job) -> Message:
    """The upstream accepted it and works on it; what that means stands in the outcome."""
    said = job.outcome.message if job.outcome is not None else ""
    return _progress(job, f"{mrkdwn.safe(said, _LINE * 3)} {words.STILL}".strip())


def waiting(job: Job, next_at: float) -> Message:
    """Why it did not happen yet, and when it is tried again."""
    why = words.SILENT.format(upstream=upstream(job))
    if job.outcome is not None and job.outcome.code not in SILENCE:
        why = mrkdwn.safe(job.outcome.message, _LINE * 3)
    return _progress(job, words.WAITING.format(why=why, when=mrkdwn.date(next_at)))


def joined(job: Job) -> Message:
    """The same person asked for the same again; one answer serves both."""
    return _progress(job, words.SAME_REQUEST)


def help_page(title: str, usages: Iterable[tuple[str, str]], footer: str = "") -> Message:
    """Command lines, each with what it does."""
    head = f"*{mrkdwn.safe(title or words.HELP_TITLE, 150)}*"
    lines = [f"{mrkdwn.code(usage, 300)}\n{mrkdwn.safe(meaning, 300)}" for usage, meaning in usages]
    return _page(head, lines, mrkdwn.safe(footer, 600))


def denial(reason: str, how: str = "") -> Message:
    """Who may not run what here: the missing rule, and how it is set."""
    mark, _ = words.KINDS["cancelled"]
    lines = [mrkdwn.safe(reason, 1000), f"*{words.NEXT}:* {mrkdwn.safe(how, 1000)}"]
    if not how:
        lines[1] = f"*{words.NEXT}:* {words.DENIED_NEXT}"
    return _page(f"{mark} *{words.DENIED}*", ["\n".join(line for line in lines if line)])


def mistake(problem: str, usage: str = "", suggestion: str = "") -> Message:
    """A command that could not be read: what is wrong, the nearest right one, how it goes."""
    mark, _ = words.KINDS["refused"]
    lines = [f"{mark} {mrkdwn.safe(problem or words.MISTAKE, 1500)}"]
    if suggestion:
        lines.append(f"{words.DID_YOU_MEAN} {mrkdwn.code(suggestion, 300)}?")
    if usage:
        lines.append(f"{words.USAGE}: {mrkdwn.code(usage, 600)}")
    return _page("\n".join(lines), [])


def job_list(
    jobs: Sequence[Job], about_actions: dict[str, ActionInfo], root: str = "/bridge"
) -> Message:
    """One's own recent requests, newest first, each with its state and its sentence."""
    if not jobs:
        return _page(words.JOBS_NONE.format(root=mrkdwn.safe(root, 40)), [])
    lines = [_line(job, about_actions.get(job.action)) for job in jobs[:LISTED]]
    more = words.JOBS_MORE.format(count=len(jobs) - LISTED) if len(jobs) > LISTED else ""
    return _page(f"*{words.JOBS_TITLE}*", lines, more)


def about(seconds: float) -> str:
    """A wait in words, rounded so that it stays true while it is read."""
    if seconds < 90:
        return f"{max(5, round(seconds / 5) * 5)} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h"


def upstream(job: Job) -> str:
    """The upstream's name for people, from the action's path."""
    return UPSTREAM_NAMES.get(job.action.partition(".")[0], words.AN_UPSTREAM)


def _line(job: Job, info: ActionInfo | None) -> str:
    mark, word = words.STATES[job.state]
    title = mrkdwn.safe(info.title if info else job.action, 60)
    head = f"{mark} *{word}* · {title} · {mrkdwn.date(job.created_at)} · {mrkdwn.code(job.id, 40)}"
    said = _first_sentence(job.outcome) if job.state is not JobState.CANCELLED else ""
    return f"{head}\n{said}" if said else head


def _first_sentence(outcome: Outcome | None) -> str:
    return mrkdwn.safe(outcome.message.strip().partition("\n")[0], _LINE) if outcome else ""


def _progress(job: Job, text: str) -> Message:
    line = f"{words.JOB} {mrkdwn.code(job.id, 60)}"
    return Message(text, fit([section(text), context(line)]))


def _page(head: str, paragraphs: Sequence[str], footer: str = "") -> Message:
    """A head, paragraphs and small print; the fallback text holds as much as it can."""
    blocks = [section(head), *(section(paragraph) for paragraph in paragraphs)]
    text = "\n".join([head, *paragraphs, footer]).strip()
    if footer:
        blocks.append(context(footer))
    return Message(mrkdwn.cut(text, TEXT), fit(blocks))
