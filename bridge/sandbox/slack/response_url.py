"""The `response_url`: five posts within thirty minutes, in the very place of the interaction.

https://docs.slack.dev/interactivity/handling-user-interaction. It asks for no token and no membership, so
the address itself is the credential. A used-up or expired one answers 404; Slack documents no table of
these errors.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from aiohttp import web

from bridge.sandbox.slack import blockkit
from bridge.sandbox.slack.model import Hook, Json, Message
from bridge.sandbox.slack.workspace import Workspace


class HookError(Exception):
    """A post to a `response_url` that Slack refuses."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


class ResponseUrls(Workspace):
    """Answers posts to the response_urls that were handed out."""

    async def post_to_hook(self, request: web.Request) -> web.Response:
        try:
            hook = self._valid(request.path)
            content = self._checked(_parsed(await request.text()))
        except HookError as refused:
            self.record("refuse_response_url_post", request.path, error=refused.error)
            answer = {"ok": False, "error": refused.error}
            return web.json_response(answer, status=refused.status)
        hook.uses += 1
        message = self._apply(hook, content)
        self.record(
            "response_url_post",
            request.path,
            use=hook.uses,
            channel=hook.channel,
            user=hook.user,
            text=self.visible_text(message) if message else "",
            final=hook.uses >= self.settings.response_url_uses,
        )
        return web.Response(text="ok")

    def _valid(self, path: str) -> Hook:
        hook = self.hooks.get(path)
        if hook is None:
            raise HookError("invalid_url", 404)
        expired = self.clock() - hook.issued > self.settings.response_url_s
        if expired or self.settings.response_urls_expired:
            raise HookError("expired_url", 404)
        if hook.uses >= self.settings.response_url_uses:
            raise HookError("used_url", 404)
        return hook

    def _checked(self, content: Json) -> Json:
        blocks = content.get("blocks") or []
        if blocks and self.check_blocks(blocks):
            raise HookError("invalid_blocks")
        if blocks and blockkit.too_long_together(blocks):
            raise HookError("msg_blocks_too_long")
        if len(str(content.get("text") or "")) > 40_000:
            raise HookError("msg_too_long")
        says = content.get("text") or blocks or content.get("attachments")
        if not says and not content.get("delete_original"):
            raise HookError("no_text")
        return content

    def _apply(self, hook: Hook, content: Json) -> Message | None:
        original = hook.original
        if original is not None and original.deleted:
            original = None
        if content.get("delete_original"):
            # What the person typed stays: for a command there is nothing an app may take back.
            if original is not None and hook.origin == "interaction":
                self.remove(original, "response_url")
            return None
        if content.get("replace_original") and original is not None:
            # The original keeps its audience, whatever response_type says now.
            self.edit(original, content, "response_url")
            return original
        team = self.teams[hook.team_id]
        public = content.get("response_type") == "in_channel"
        threaded = public and content.get("replace_original") is False
        message = self.put(
            Message.of_bot(
                team,
                self.app_id,
                self.next_ts(),
                hook.channel,
                content,
                thread_ts=content.get("thread_ts") if threaded else None,
                ephemeral_to=None if public else hook.user,
                via="response_url",
            )
        )
        if hook.origin == "command" or hook.original is None:
            hook.original = message
        return message


def _parsed(body: str) -> Json:
    """JSON, or the old form with one `payload` field."""
    raw = body
    if body.startswith("payload="):
        raw = parse_qs(body)["payload"][0]
    try:
        content = json.loads(raw)
        if isinstance(content, dict) and isinstance(content.get("blocks"), str):
            content["blocks"] = json.loads(content["blocks"])
    except ValueError:
        raise HookError("invalid_payload") from None
    if not isinstance(content, dict):
        raise HookError("invalid_payload")
    return content
