"""auth.test and the chat methods: posting, editing and taking back messages.

https://docs.slack.dev/reference/methods/chat.postMessage and its neighbours.
"""

from __future__ import annotations

import re
from typing import Any

from bridge.sandbox.slack import blockkit
from bridge.sandbox.slack.methods import ApiError, Call, method
from bridge.sandbox.slack.model import Channel, Json, Message

LONGEST_TEXT = 40_000


@method("auth.test", kinds=("bot", "user", "app", "config"))
async def auth_test(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/auth.test."""
    team, token = call.team, call.token
    user_id = token.user_id if token else ""
    user = call.slack.users.get(user_id)
    answer: Json = {
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": user.name if user else "",
        "team_id": team.id,
        "user_id": user_id,
        "is_enterprise_install": False,
    }
    if team.enterprise_id:
        answer["enterprise_id"] = team.enterprise_id
    if user is not None and user.is_bot:
        answer["bot_id"] = team.bot_id
    return answer


@method("chat.postMessage", "chat:write")
async def post_message(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.postMessage."""
    channel = _postable(call)
    content = _content(call, LONGEST_TEXT)
    thread_ts = call.text("thread_ts") or None
    if thread_ts and not re.fullmatch(r"\d{1,12}\.\d{6}", thread_ts):
        raise ApiError("invalid_thread_ts")
    wait = call.slack.wait_to_post(channel.id)
    if wait:
        raise ApiError("ratelimited", retry_after=wait)
    message = call.slack.put(
        Message.of_bot(
            call.team,
            call.slack.app_id,
            call.slack.next_ts(),
            channel.id,
            content,
            thread_ts=thread_ts,
            broadcast=call.flag("reply_broadcast"),
            link_names=call.flag("link_names") or call.text("parse") == "full",
            metadata=call.json("metadata", "invalid_metadata_format"),
        )
    )
    return {"channel": channel.id, "ts": message.ts, "message": message.as_json(call.team.id)}


@method("chat.postEphemeral", "chat:write")
async def post_ephemeral(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.postEphemeral."""
    channel = _postable(call)
    reader = call.text("user", missing="invalid_arguments")
    if reader not in channel.members:
        raise ApiError("user_not_in_channel")
    content = _content(call, LONGEST_TEXT)
    message = call.slack.put(
        Message.of_bot(
            call.team,
            call.slack.app_id,
            call.slack.next_ts(),
            channel.id,
            content,
            thread_ts=call.text("thread_ts") or None,
            ephemeral_to=reader,
        )
    )
    return {"message_ts": message.ts}


@method("chat.update", "chat:write")
async def update(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.update; ephemeral messages are out of its reach."""
    channel = call.channel()
    message = _own(call, channel, "cant_update_message")
    content = _content(call, LONGEST_TEXT)
    call.slack.edit(message, content, "chat.update")
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": message.as_json(call.team.id),
    }


@method("chat.delete", "chat:write")
async def delete(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.delete."""
    channel = call.channel()
    message = _own(call, channel, "cant_delete_message")
    call.slack.remove(message, "chat.delete")
    return {"channel": channel.id, "ts": message.ts}


@method("chat.getPermalink", takes_json=False)
async def get_permalink(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.getPermalink."""
    channel = call.channel()
    ts = call.text("message_ts", missing="message_not_found")
    message = call.slack.message(channel.id, ts)
    if message is None or message.ephemeral_to is not None:
        raise ApiError("message_not_found")
    link = f"https://{call.team.domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def _postable(call: Call) -> Channel:
    wanted = call.text("channel", missing="channel_not_found")
    if wanted in call.slack.users:
        # A user id posts into the direct conversation with that person.
        if call.slack.users[wanted].team_id != call.team.id:
            raise ApiError("channel_not_found")
        return call.slack.direct(call.team.id, wanted, call.team.bot_user_id)
    channel = call.channel()
    if channel.archived:
        raise ApiError("is_archived")
    if channel.read_only:
        raise ApiError("restricted_action")
    scopes = call.token.scopes if call.token else []
    anywhere = "chat:write.public" in scopes and call.name == "chat.postMessage"
    if call.team.bot_user_id not in channel.members and not anywhere:
        raise ApiError("not_in_channel")
    return channel


def _own(call: Call, channel: Channel, error: str) -> Message:
    message = call.slack.message(channel.id, call.text("ts", missing="message_not_found"))
    if message is None or message.ephemeral_to is not None:
        raise ApiError("message_not_found")
    if message.user != call.team.bot_user_id:
        raise ApiError(error)
    return message


def _content(call: Call, longest: int) -> Json:
    """Text, blocks and attachments, checked as Slack checks them; absent ones are left out."""
    content: Json = {}
    text: Any = call.args.get("text")
    markdown = call.args.get("markdown_text")
    if text is not None:
        content["text"] = str(text)
    blocks = call.json("blocks", "invalid_blocks_format")
    if blocks is not None:
        reasons = call.slack.check_blocks(blocks)
        if reasons:
            messages = {"messages": [f"[ERROR] {reason}" for reason in reasons]}
            raise ApiError("invalid_blocks", errors=reasons, response_metadata=messages)
        if blockkit.too_long_together(blocks):
            raise ApiError("msg_blocks_too_long")
        content["blocks"] = blocks
    attachments = call.json("attachments", "invalid_attachments")
    if attachments is not None:
        if not isinstance(attachments, list) or len(attachments) > 100:
            raise ApiError("too_many_attachments")
        content["attachments"] = attachments
    if markdown is not None:
        if text is not None or blocks is not None:
            raise ApiError("markdown_text_conflict")
        content["blocks"] = [{"type": "markdown", "text": str(markdown)}]
    if not any(content.values()):
        raise ApiError("no_text")
    if len(content.get("text", "")) > longest:
        if not call.slack.settings.truncate_long_text:
            raise ApiError("msg_too_long")
        content["text"] = content["text"][:longest]
    return content
