"""Slash commands, from the key press to what appears in the channel.

https://docs.slack.dev/interactivity/implementing-slash-commands: the form, the reply in the 200 body, and
the sentence Slack itself shows when the bridge was late or wrong.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from bridge.sandbox.slack import blockkit, seed
from bridge.sandbox.slack.model import SLACKBOT, Channel, Json, Message, User
from bridge.sandbox.slack.typed import autocorrect, escape
from bridge.sandbox.slack.wire import Answer, Receipt, Wire


@dataclass(frozen=True, slots=True)
class CommandReceipt(Receipt):
    """A command as its author saw it; `message` is what the 200 body put into the channel."""

    message: Message | None = None


class Commands(Wire):
    """A person types a slash command."""

    async def command(
        self,
        user: str,
        channel: str,
        command: str,
        text: str = "",
        *,
        thread_ts: str | None = None,
        should_escape: bool | None = None,
        mac_keyboard: bool = False,
    ) -> CommandReceipt:
        """Type `command text` as `user` in `channel`; a thread is refused as Slack refuses it."""
        who, where = self.user(user), self.channel(channel)
        self._may_write(who, where)
        if thread_ts is not None:
            return self._own_words(
                who, where, Answer(), f"{command} is not supported in threads. Sorry!", thread_ts
            )
        typed = autocorrect(text) if mac_keyboard else text
        form = self.command_form(who, where, command, typed, should_escape=should_escape)
        answer = await self.deliver("slash_commands", form)
        return self._show(who, where, f"{command} {typed}".strip(), form, answer)

    def command_form(
        self,
        who: User,
        where: Channel,
        command: str,
        text: str,
        *,
        should_escape: bool | None = None,
    ) -> dict[str, str]:
        """The form body's fields, all that are documented, in the order they arrive."""
        team = self.teams[who.team_id]
        if should_escape is None:
            should_escape = self.should_escape_of.get(command, self.settings.should_escape)
        place = self.channel_names(where)
        form = {
            "token": seed.VERIFICATION_TOKEN,
            "team_id": team.id,
            "team_domain": team.domain,
            "enterprise_id": team.enterprise_id or "",
            "enterprise_name": team.enterprise_name or "",
            "channel_id": place["id"],
            "channel_name": place["name"],
            "user_id": who.id,
            "user_name": who.name,
            "command": command,
            "text": self.as_sent(who.team_id, text) if should_escape else escape(text),
            "api_app_id": self.app_id,
            "is_enterprise_install": "false",
            "response_url": self.new_hook(where, who.id, command=True),
            "trigger_id": self.new_trigger(team.id, who.id, where.id).id,
        }
        if team.enterprise_id is None:
            del form["enterprise_id"], form["enterprise_name"]
        return form

    def _may_write(self, who: User, where: Channel) -> None:
        if who.id not in where.members:
            raise PermissionError(f"{who.name} is not in {where.name or where.id}")
        if where.archived:
            raise PermissionError(f"#{where.name} is archived")

    def _show(
        self, who: User, where: Channel, typed: str, form: dict[str, str], answer: Answer
    ) -> CommandReceipt:
        tickets = {"trigger_id": form["trigger_id"], "response_url": form["response_url"]}
        command = form["command"]
        if answer.failure:
            words = f'{command} failed with the error "{answer.failure}"'
            return self._own_words(who, where, answer, words, form=form)
        content = self._content(answer)
        problem = self._reply_problem(content)
        if problem:
            words = f'{command} failed with the error "{problem}"'
            return self._own_words(who, where, answer, words, form=form)
        public = content.get("response_type") == "in_channel"
        if public:
            # Slack repeats what was typed for all to see, customer data and all.
            self.say(where, who.id, typed)
        message = None
        if content.get("text") or content.get("blocks") or content.get("attachments"):
            team = self.team_of(where)
            message = self.put(
                Message.of_bot(
                    team,
                    self.app_id,
                    self.next_ts(),
                    where.id,
                    content,
                    ephemeral_to=None if public else who.id,
                    via="command_reply",
                )
            )
            self.hooks[form["response_url"].removeprefix(self.public_url)].original = message
        shown = self.visible_text(message) if message else ""
        return CommandReceipt(
            answer.status,
            answer.body,
            answer.seconds,
            shown,
            message=message,
            payload=dict(form),
            **tickets,
        )

    def _content(self, answer: Answer) -> Json:
        """The 200 body as a message: JSON when it says it is, else its plain text."""
        found = answer.json()
        return {"text": answer.body} if found is None else found

    def _reply_problem(self, content: Json) -> str:
        blocks = content.get("blocks")
        if isinstance(blocks, str):
            try:
                content["blocks"] = blocks = json.loads(blocks)
            except ValueError:
                return "invalid_blocks_format"
        if blocks and self.check_blocks(blocks):
            return "invalid_blocks"
        if blocks and blockkit.too_long_together(blocks):
            return "msg_blocks_too_long"
        return ""

    def _own_words(
        self,
        who: User,
        where: Channel,
        answer: Answer,
        words: str,
        thread_ts: str | None = None,
        form: dict[str, str] | None = None,
    ) -> CommandReceipt:
        """Slack itself tells the person, and nobody else."""
        message = self.put(
            Message(
                self.next_ts(),
                where.id,
                SLACKBOT,
                words,
                thread_ts=thread_ts,
                ephemeral_to=who.id,
                via="slack",
            )
        )
        form = form or {}
        return CommandReceipt(
            answer.status,
            answer.body,
            answer.seconds,
            words,
            answer.failure or "refused_by_slack",
            form.get("trigger_id", ""),
            form.get("response_url", ""),
            dict(form),
            message,
        )
