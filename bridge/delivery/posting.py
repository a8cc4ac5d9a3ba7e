"""One post to Slack, sent once, and what its answer means.

Every way a post can end becomes one of four values: it stands there, Slack asks to wait, nobody knows,
or Slack refused it by name. Errors by name: https://docs.slack.dev/reference/methods/chat.postMessage.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bridge.contract import Lost, Unsent
from bridge.delivery.client import web_client, webhook_client
from bridge.delivery.render import Message
from bridge.delivery.results import Ambiguous, File, TryLater
from bridge.outbound import Outbound

# Slack cannot take the message as it is made; plainer words may still pass.
FORMAT_ERRORS = frozenset(
    (
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_too_long",
        "too_many_blocks",
    )
)
# No call with this token will pass.
TOKEN_ERRORS = frozenset(
    ("account_inactive", "invalid_auth", "not_authed", "no_token", "token_expired", "token_revoked")
)
# This way does not exist for this job; nothing was tried.
ABSENT = frozenset(("no_channel", "no_person", "no_response_url"))
# "It's possible some aspect of the operation succeeded before the error was raised."
_UNCLEAR = frozenset(("fatal_error", "internal_error", "request_timeout", "service_unavailable"))
_LIMITED = frozenset(("rate_limited", "ratelimited"))
_UNSENT_AFTER_S = 5.0
LONGEST_RETRY_AFTER_S = 3600.0  # more than that Slack never means
_QUIET: Mapping[str, Any] = {"unfurl_links": False, "unfurl_media": False}


@dataclass(frozen=True, slots=True)
class Posted:
    """It stands there; a response_url does not say where."""

    channel: str = ""
    ts: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Surely not posted; `code` is Slack's name for the reason."""

    code: str
    needed: str = ""


Attempt = Posted | TryLater | Ambiguous | Refusal


async def respond(
    outbound: Outbound, url: str, message: Message, *, replace: bool, thread_ts: str = ""
) -> Attempt:
    """Post to a response_url. Any answer but 200 means that it was not posted and is of no use."""
    body: dict[str, Any] = {
        "response_type": "in_channel" if message.in_channel else "ephemeral",
        "replace_original": replace,
        "text": message.text,
        "blocks": list(message.blocks) or None,
        "parse": "none",
        **_QUIET,
    }
    if message.in_channel and thread_ts:
        body["thread_ts"] = thread_ts
    try:
        answer = await webhook_client(outbound, url).send_dict(body)
    except Unsent as error:
        return TryLater(_UNSENT_AFTER_S, str(error))
    except Lost as error:
        return Ambiguous(str(error))
    if answer.status_code == 200:
        return Posted()
    known = FORMAT_ERRORS | {"used_url", "expired_url"}
    return Refusal(next((code for code in known if code in answer.body), "dead_url"))


class WebApi:
    """The Web API with one workspace's token."""

    def __init__(self, outbound: Outbound, api_url: str, token: str) -> None:
        self._client = web_client(outbound, api_url, token)

    async def post(self, channel: str, message: Message, thread_ts: str = "") -> Attempt:
        return await _attempt(
            self._client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=list(message.blocks) or None,
                thread_ts=thread_ts or None,
                parse="none",
                link_names=False,
                **_QUIET,
            )
        )

    async def whisper(
        self, channel: str, user: str, message: Message, thread_ts: str = ""
    ) -> Attempt:
        return await _attempt(
            self._client.chat_postEphemeral(
                channel=channel,
                user=user,
                text=message.text,
                blocks=list(message.blocks) or None,
                thread_ts=thread_ts or None,
                parse="none",
                link_names=False,
            )
        )

    async def update(self, channel: str, ts: str, message: Message) -> Attempt:
        return await _attempt(
            self._client.chat_update(
                channel=channel,
                ts=ts,
                text=message.text,
                blocks=list(message.blocks),
                parse="none",
                link_names=False,
            )
        )

    async def open_direct(self, user: str) -> Attempt:
        """The channel of the direct conversation with this person, as `Posted.channel`."""
        opened = await _attempt(self._client.conversations_open(users=[user]))
        if isinstance(opened, Refusal) and opened.code == "missing_scope":
            # without im:write a post to the person's id still reaches the app's own conversation
            return Posted(channel=user)
        return opened

    async def upload(self, channel: str, thread_ts: str, file: File, comment: str) -> Attempt:
        uploaded = await _attempt(
            self._client.files_upload_v2(
                filename=file.name,
                content=file.content,
                title=file.name,
                channel=channel,
                thread_ts=thread_ts or None,
                initial_comment=comment,
            )
        )
        return Posted(channel) if isinstance(uploaded, Posted) else uploaded


async def _attempt(call: Awaitable[AsyncSlackResponse]) -> Attempt:
    try:
        answer = await call
    except Unsent as error:
        return TryLater(_UNSENT_AFTER_S, str(error))
    except Lost as error:
        return Ambiguous(str(error))
    except SlackApiError as error:
        return _judged(error.response)
    except SlackClientError:
        return Refusal("upload_failed")  # the only other error the SDK raises here
    channel: Any = answer.get("channel")
    where = channel.get("id") if isinstance(channel, dict) else channel
    return Posted(str(where or ""), str(answer.get("ts") or ""))


def _judged(answer: Any) -> Attempt:
    """A Web API answer without `ok`."""
    data = answer.data if isinstance(answer.data, dict) else {}
    status, code = int(answer.status_code), str(data.get("error") or "")
    if status == 429 or code in _LIMITED:
        return TryLater(_seconds(answer.headers), "ratelimited")
    if status >= 500 or code in _UNCLEAR:
        return Ambiguous(code or f"http_{status}")
    if code:
        return Refusal(code, str(data.get("needed") or ""))
    if status >= 300:
        return Refusal(f"http_{status}")
    return Ambiguous("unreadable_answer")


def _seconds(headers: Mapping[str, str]) -> float:
    value = str(headers.get("retry-after") or headers.get("Retry-After") or "")
    plain = value.isascii() and value.isdigit()
    return min(float(value[:9]), LONGEST_RETRY_AFTER_S) if plain else 1.0
