"""Bringing the file: into the thread of the message that announced it, else as a direct message.

A file goes only where the message went or closer to the asker, never to more readers. Slack takes files
only where the bot is a member, which nobody knows before; so the message is told first, and corrected
when its file had to go elsewhere or could not be brought.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.delivery import notices, words
from bridge.delivery.posting import Attempt, Posted, Refusal
from bridge.delivery.results import Ambiguous, File, Told, TryLater
from bridge.delivery.routes import Routes

LONGEST_WAIT_S = 10.0


async def bring(routes: Routes, told: Told) -> Told:
    """Upload the file that belongs to a told message; the result says where it went."""
    file = routes.file
    if file is None:
        return told
    refused: Attempt = Refusal("not_in_channel")
    if told.ts and told.channel:
        thread_ts = routes.target.thread_ts if told.how in ("channel", "update") else ""
        refused = await _upload(routes, told.channel, thread_ts or told.ts, file)
        if isinstance(refused, Posted):
            return replace(told, file="thread")
    if told.how != "direct" and isinstance(refused, Refusal) and routes.target.slack_user:
        opened = await routes.open_direct()
        refused = opened
        if isinstance(opened, Posted):
            refused = await _upload(routes, opened.channel, "", file)
            if isinstance(refused, Posted):
                if told.ts:
                    await routes.correct(told, routes.note(words.FILE_DIRECT))
                return replace(told, file="direct")
    code, sentence = _reason(refused)
    note = words.FILE_NOT_HERE.format(
        name=file.name, reason=sentence, upstream=notices.upstream(routes.job)
    )
    await routes.correct(told, note)
    return replace(told, uses=routes.uses, file="not_brought", problem=code)


async def _upload(routes: Routes, channel: str, thread_ts: str, file: File) -> Attempt:
    api = await routes.api()
    if api is None:
        return Refusal("no_token")
    comment = words.FILE_COMMENT.format(name=file.name, job=routes.job.id) if not thread_ts else ""
    attempt = await api.upload(channel, thread_ts, file, comment)
    if isinstance(attempt, TryLater) and (attempt.after_s or 0) <= LONGEST_WAIT_S:
        await routes.means.sleep(attempt.after_s or 1.0)
        attempt = await api.upload(channel, thread_ts, file, comment)
    return attempt


def _reason(attempt: Attempt) -> tuple[str, str]:
    match attempt:
        case Refusal(code, needed):
            known = words.FILE_REASONS.get(code, words.FILE_REASON)
            return code, known.format(needed=needed, code=code)
        case Ambiguous():
            return "lost", words.FILE_REASONS["lost"]
        case TryLater(_, reason):
            return reason, words.FILE_REASONS["lost"]
    return "", ""
