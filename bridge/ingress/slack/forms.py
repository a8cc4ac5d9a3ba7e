"""Forms: opened after the ack, filled from lists, checked field by field, stored before they close.

What a form must remember (where to answer, which connections) travels sealed in its `private_metadata`,
so no process has to keep it and nobody can read the `response_url` in it. The trigger that opens it lives
for three seconds (https://docs.slack.dev/reference/methods/views.open). A submission is acknowledged
after the commit: it closes into "Accepted", or stays open with each fault on its own input.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import structlog
from pydantic import ValidationError
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.models.views import View

from bridge.contract import Action
from bridge.delivery.render import Message
from bridge.ingress.slack import words
from bridge.ingress.slack.launching import Launching, Told
from bridge.ingress.slack.pickers import Pickers
from bridge.ingress.slack.place import Place
from bridge.ingress.slack.workspaces import SLACK_FAILS, NotInstalled, Workspaces
from bridge.surfaces import modal, submission
from bridge.surfaces.leaves import by_key, leaves
from bridge.vault import Unreadable, Vault

log = structlog.get_logger()

TITLE_MOST = modal.TITLE_MOST
_FORM = re.compile("^" + re.escape(modal.CALLBACK))


@dataclass(frozen=True, slots=True)
class Held:
    """What a form remembers until it is submitted."""

    team_id: str
    connections: tuple[str, ...]
    channel_id: str = ""
    thread_ts: str = ""
    response_url: str = ""
    at: float = 0.0  # when Slack issued the response_url


class Forms:
    """Opens forms and takes what they hold."""

    def __init__(
        self,
        *,
        catalogue: Mapping[str, type[Action]],
        launching: Launching,
        pickers: Pickers,
        workspaces: Workspaces,
        vault: Vault,
        clock: Callable[[], float],
    ) -> None:
        self._catalogue = catalogue
        self._launching = launching
        self._pickers = pickers
        self._workspaces = workspaces
        self._vault = vault
        self._clock = clock

    def register(self, app: AsyncApp) -> None:
        app.view(_FORM)(self.submitted)
        app.options(re.compile(""))(self.offered)

    async def open(
        self,
        action: type[Action],
        place: Place,
        *,
        connections: Sequence[str],
        values: Mapping[str, Any],
        said: Sequence[str] = (),
    ) -> bool:
        """Open the form with these values; False when Slack would not. The trigger lives for 3 s."""
        form = self.view(action, place, connections=connections, values=values, said=said)
        try:
            client = await self._workspaces.client(place.team_id, place.enterprise_id)
            await client.views_open(trigger_id=place.trigger_id, view=form)
        except (NotInstalled, *SLACK_FAILS) as error:
            log.info("slack.form_not_opened", action=action.id, error=type(error).__name__)
            return False
        return True

    def view(
        self,
        action: type[Action],
        place: Place,
        *,
        connections: Sequence[str],
        values: Mapping[str, Any],
        said: Sequence[str] = (),
    ) -> View:
        """The form, and its lists are being read by the time somebody opens one."""
        labels: dict[str, str] = {}
        for leaf in leaves(action):
            if leaf.picker:
                self._pickers.prepare(connections[0], leaf.picker)
                known = self._pickers.known(connections[0], leaf.picker)
                labels |= {one.value: one.label for one in known}
        held = Held(
            team_id=place.team_id,
            connections=tuple(connections),
            channel_id=place.channel_id,
            thread_ts=place.thread_ts,
            response_url=place.response_url,
            at=self._clock(),
        )
        return modal.view(
            action,
            values,
            reference=self._vault.seal(asdict(held)),
            says=said,
            connections=connections,
            labels=labels,
        )

    async def submitted(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Validate, check, store; then say so in the form itself."""
        view: dict[str, Any] = body.get("view") or {}
        place = Place.of_interaction(body)
        action = self._catalogue.get(submission.action_id(str(view.get("callback_id") or "")))
        held = self._held(view, place)
        if action is None or held is None:
            await ack(response_action="update", view=_says(words.FORM_TITLE, words.OUTDATED))
            return
        state: Mapping[str, Any] = (view.get("state") or {}).get("values") or {}
        try:
            wish = action.model_validate(submission.args(action, state))
        except ValidationError as error:
            await ack(response_action="errors", errors=submission.errors(action, error))
            return
        connection = submission.connection(state) or held.connections[0]
        if connection not in held.connections:
            await ack(response_action="update", view=_says(words.FORM_TITLE, words.OUTDATED))
            return
        told = await self._launching.launch(
            wish,
            place.but(
                channel_id=held.channel_id,
                thread_ts=held.thread_ts,
                response_url=held.response_url,
            ),
            connection,
            key=f"form:{view.get('id') or place.trigger_id}",
            issued_at=held.at,
        )
        await self._close(ack, told, held, _first_input(view))

    async def offered(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Options for a list, from the cache; none for who may not run the action there."""
        view: dict[str, Any] = body.get("view") or {}
        place = Place.of_interaction(body)
        action = self._catalogue.get(submission.action_id(str(view.get("callback_id") or "")))
        held = self._held(view, place)
        leaf = by_key(action).get(str(body.get("block_id") or "")) if action else None
        if action is None or held is None or leaf is None or not leaf.picker:
            await ack(options=[])
            return
        state: Mapping[str, Any] = (view.get("state") or {}).get("values") or {}
        connection = submission.connection(state) or held.connections[0]
        here = place.but(channel_id=held.channel_id)
        if (
            connection not in held.connections
            or not self._launching.decide(action, here, connection).allowed
        ):
            await ack(options=[])
            return
        query = str(body.get("value") or "")
        await ack(options=await self._pickers.options(connection, leaf.picker, query))

    async def _close(self, ack: AsyncAck, told: Told, held: Held, first: str) -> None:
        if told.accepted is None and told.again and first:
            # The form stays as it is filled in: pressing the button again may be all it takes.
            await ack(response_action="errors", errors={first: told.again})
            return
        where = words.ANSWER_DIRECT
        if held.channel_id:
            where = words.ANSWER_HERE.format(channel=held.channel_id)
        title = words.ACCEPTED_TITLE if told.accepted else words.FORM_TITLE
        extra = where if told.accepted else ""
        await ack(response_action="update", view=message_view(title, told.message, extra))

    def _held(self, view: Mapping[str, Any], place: Place) -> Held | None:
        try:
            values = self._vault.open(str(view.get("private_metadata") or ""))
            held = Held(**{**values, "connections": tuple(values["connections"])})
        except (Unreadable, TypeError, KeyError):
            return None
        return held if held.team_id == place.team_id and held.connections else None

    @staticmethod
    def broken(body: Mapping[str, Any], error_id: str) -> str:
        """The answer to a submission that broke something inside: said on the form's first input."""
        text = words.FAILED.format(error_id=error_id)
        first = _first_input(body.get("view") or {})
        if first:
            return json.dumps({"response_action": "errors", "errors": {first: text}})
        return json.dumps({"response_action": "update", "view": _says(words.FORM_TITLE, text)})


def message_view(title: str, message: Message, extra: str = "") -> dict[str, Any]:
    """A form that only says something."""
    blocks = [dict(block) for block in message.blocks]
    if extra:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": extra}})
    return _modal(title, blocks)


def _says(title: str, text: str) -> dict[str, Any]:
    return _modal(title, [{"type": "section", "text": {"type": "plain_text", "text": text}}])


def _modal(title: str, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": title[:TITLE_MOST]},
        "close": {"type": "plain_text", "text": words.CLOSE},
        "blocks": blocks,
    }


def _first_input(view: Mapping[str, Any]) -> str:
    blocks: list[Mapping[str, Any]] = view.get("blocks") or []
    return next((str(one.get("block_id")) for one in blocks if one.get("type") == "input"), "")
