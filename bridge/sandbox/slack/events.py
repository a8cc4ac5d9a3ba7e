"""The Events API: a mention told to the bridge, with the retries Slack makes and how to stop them.

https://docs.slack.dev/apis/events-api: up to three retries, at once, after one minute and after five. Only
events are retried; no command or interaction ever is.
"""

from __future__ import annotations

from bridge.sandbox.slack import seed
from bridge.sandbox.slack.model import Json, Redelivery, Team
from bridge.sandbox.slack.typed import escape
from bridge.sandbox.slack.wire import Answer, Receipt, Wire

RETRY_AFTER = (0.0, 60.0, 300.0)


class Events(Wire):
    """Things happen in Slack and the app is told."""

    async def mention(
        self, user: str, channel: str, text: str, thread: str | None = None
    ) -> Receipt:
        """Write `@bridge text`; an app that is no member of the channel is not told."""
        who, where = self.user(user), self.channel(channel)
        if who.id not in where.members:
            raise PermissionError(f"{who.name} is not in {where.name or where.id}")
        team = self.team_of(where)
        words = self._as_sent_with_mention(team, text)
        message = self.say(where, who.id, words, thread)
        if team.bot_user_id not in where.members or not self._allowed(team, "app_mentions:read"):
            return Receipt(0, "", 0.0, error="app_not_told")
        event: Json = {
            "type": "app_mention",
            "user": who.id,
            "text": words,
            "ts": message.ts,
            "client_msg_id": self.new_id("msg-").lower(),
            "team": team.id,
            "channel": where.id,
            "event_ts": message.ts,
        }
        if thread is not None:
            event["thread_ts"] = thread
        return await self.event(team, event)

    async def event(self, team: Team | str, event: Json) -> Receipt:
        """Tell the app of any event; what fails is tried again at once and then by `redeliver`."""
        of = self.teams[team] if isinstance(team, str) else team
        body: Json = {
            "token": seed.VERIFICATION_TOKEN,
            "team_id": of.id,
            "context_team_id": of.id,
            "context_enterprise_id": of.enterprise_id,
            "api_app_id": self.app_id,
            "event": {"event_ts": self.next_ts(), **event},
            "type": "event_callback",
            "event_id": self.new_id("Ev0"),
            "event_time": int(self.clock()),
            "authorizations": [
                {
                    "enterprise_id": of.enterprise_id,
                    "team_id": of.id,
                    "user_id": of.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": self.new_id("4-"),
        }
        answer = await self._send_event(body, 0, "")
        while self.redeliveries and self.redeliveries[-1].body is body:
            if self.redeliveries[-1].due > self.clock():
                break
            again = self.redeliveries.pop()
            answer = await self._send_event(body, again.retries, again.reason)
        return Receipt(
            answer.status, answer.body, answer.seconds, error=answer.failure, payload=body
        )

    async def redeliver(self) -> list[Answer]:
        """Send again every event whose time has come."""
        due = [event for event in self.redeliveries if event.due <= self.clock()]
        self.redeliveries = [event for event in self.redeliveries if event not in due]
        return [await self._send_event(event.body, event.retries, event.reason) for event in due]

    async def _send_event(self, body: Json, retries: int, reason: str) -> Answer:
        headers: dict[str, str | None] = {}
        if retries:
            headers = {"X-Slack-Retry-Num": str(retries), "X-Slack-Retry-Reason": reason}
        answer = await self.deliver("events_api", body, headers)
        failed = bool(answer.failure) and not 200 <= answer.status < 300
        stop = answer.headers.get("X-Slack-No-Retry") == "1"
        if failed and not stop and retries < len(RETRY_AFTER):
            why = "http_error" if answer.status else "http_timeout"
            if not answer.status and answer.failure == "dispatch_failed":
                why = "connection_failed"
            due = self.clock() + RETRY_AFTER[retries]
            self.redeliveries.append(Redelivery(body, due, retries + 1, why))
        return answer

    async def url_verification(self) -> Receipt:
        """Save the request URL in the app's settings: Slack sends a challenge and wants it back."""
        challenge = self.new_id("challenge-")
        body = {
            "type": "url_verification",
            "challenge": challenge,
            "token": seed.VERIFICATION_TOKEN,
        }
        answer = await self.deliver("events_api", body)
        echoed = challenge in answer.body
        error = answer.failure or ("" if echoed else "challenge_failed")
        return Receipt(answer.status, answer.body, answer.seconds, error=error, payload=body)

    async def ssl_check(self) -> Answer:
        """The unsigned question whether the certificate is good, sent to distributed apps."""
        raw = f"ssl_check=1&token={seed.VERIFICATION_TOKEN}".encode()
        return await self.post_signed(
            raw, {"X-Slack-Signature": None, "X-Slack-Request-Timestamp": None}
        )

    async def open_home(self, user: str) -> Receipt:
        """Open the app's Home tab."""
        who = self.user(user)
        team = self.teams[who.team_id]
        channel = self.direct(team.id, who.id, team.bot_user_id)
        event: Json = {
            "type": "app_home_opened",
            "user": who.id,
            "channel": channel.id,
            "tab": "home",
        }
        home = self.homes.get(who.id)
        if home is not None:
            event["view"] = home.as_json()
        return await self.event(team, event)

    async def uninstall(self, team_id: str = seed.TEAM) -> list[Receipt]:
        """An administrator removes the app: its tokens die, then two events say so."""
        team = self.teams[team_id]
        bots = []
        for token in self.tokens.values():
            if token.team_id == team_id and token.kind in {"bot", "user"}:
                token.revoked = True
                bots.append(token.user_id)
        team.installed = False
        revoked = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": bots}}
        return [
            await self.event(team, revoked),
            await self.event(team, {"type": "app_uninstalled"}),
        ]

    def _as_sent_with_mention(self, team: Team, text: str) -> str:
        token = f"<@{team.bot_user_id}>"
        words = text if token in text else f"{token} {text}"
        head, _, tail = words.partition(token)
        return escape(head) + token + self.as_sent(team.id, tail)

    def _allowed(self, team: Team, scope: str) -> bool:
        live = [t for t in self.tokens.values() if t.team_id == team.id and not t.revoked]
        return any(token.kind == "bot" and scope in token.scopes for token in live)
