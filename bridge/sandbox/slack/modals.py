"""Modals in a person's hands: filling in, submitting, closing, and what the answer does to the stack.

https://docs.slack.dev/surfaces/modals. Slack's client checks required fields and lengths before anything is
sent; a late or wrong answer leaves the modal open with a sentence of Slack's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.sandbox.slack import blockkit, states
from bridge.sandbox.slack.model import Json, User, View
from bridge.sandbox.slack.wire import Answer, Receipt, Wire

TROUBLE = "We had some trouble connecting. Try again?"
DEEPEST_STACK = 3


@dataclass(frozen=True, slots=True)
class ViewReceipt(Receipt):
    """A submission: field errors by block, and the view on screen afterwards (None: all closed)."""

    errors: dict[str, str] = field(default_factory=dict)
    view: View | None = None
    sent: bool = True


class Modals(Wire):
    """A person fills in a modal and submits or closes it."""

    def enter(self, user: str, values: Mapping[str, Any], view_id: str | None = None) -> View:
        """Type into the topmost modal: `{block_id: value}` or `{block_id: {action_id: value}}`."""
        view = self._held(self.user(user), view_id)
        blocks = {block["block_id"]: block for block in view.blocks}
        for block_id, raw in values.items():
            if block_id not in blocks:
                raise LookupError(f"the modal has no block {block_id!r}")
            inside = {e["action_id"]: e for _, e in states.stateful([blocks[block_id]])}
            given = raw if isinstance(raw, Mapping) else dict.fromkeys([*inside][:1], raw)
            for action_id, value in given.items():
                offers = view.offers.get(action_id, [])
                held = states.filled(inside[action_id], value, offers)
                view.state.setdefault(block_id, {})[action_id] = held
        return view

    async def submit_view(
        self,
        user: str,
        view_id: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> ViewReceipt:
        """Press the submit button of the topmost modal, after filling in `values`."""
        who = self.user(user)
        view = self.enter(user, values or {}, view_id)
        view.errors = states.client_refusals(view.blocks, view.state)
        view.warning = ""
        if view.errors:
            return ViewReceipt(
                0, "", 0.0, error="refused_by_client", errors=view.errors, view=view, sent=False
            )
        trigger = self.new_trigger(who.team_id, who.id, view.channel, view.id)
        payload = self.envelope(who) | {
            "type": "view_submission",
            "trigger_id": trigger.id,
            "view": view.as_json(),
            "response_urls": self._response_urls(who, view),
        }
        answer = await self.deliver("interactive", payload)
        error = self._after(who, view, answer)
        if error:
            view.warning = TROUBLE
            self.record("fail_view", view.id, error=error)
        stack = self.open_views(who.id)
        return ViewReceipt(
            answer.status,
            answer.body,
            answer.seconds,
            view.warning,
            error,
            trigger.id,
            payload=payload,
            errors=view.errors,
            view=stack[-1] if stack else None,
        )

    async def close_view(
        self, user: str, view_id: str | None = None, *, whole_stack: bool = False
    ) -> Receipt:
        """Press Cancel, or the cross (`whole_stack`); told to the bridge only with `notify_on_close`."""
        who = self.user(user)
        view = self._held(who, view_id)
        clear = whole_stack or bool(view.payload.get("clear_on_close"))
        self.drop_views(who.id, keep=0 if clear else len(self.stacks[who.id]) - 1)
        if not view.payload.get("notify_on_close"):
            return Receipt(0, "", 0.0)
        payload = self.envelope(who) | {
            "type": "view_closed",
            "view": view.as_json(),
            "is_cleared": clear,
        }
        answer = await self.deliver("interactive", payload)
        return Receipt(
            answer.status, answer.body, answer.seconds, error=answer.failure, payload=payload
        )

    # -- the stack, also used by the views methods -------------------------------------------------

    def new_view(self, team_id: str, user: str, payload: Json, channel: str = "") -> View:
        """A view as Slack keeps it: ids filled in, state at its initial values."""
        view_id = self.new_id("V0")
        bot_id = self.teams[team_id].bot_id
        view = View(view_id, team_id, user, self.app_id, bot_id, {}, "", view_id, channel=channel)
        self.fill_view(view, payload)
        self.views[view.id] = view
        return view

    def fill_view(self, view: View, payload: Json) -> None:
        """Give a view new content; what a person typed stays where block and action keep their ids."""
        before = view.state
        view.payload = payload | {"blocks": self.stamped(payload.get("blocks", []))}
        view.hash = f"{int(self.clock())}.{self.new_id('h').lower()}"
        view.state, view.errors, view.warning = {}, {}, ""
        for block, element in states.stateful(view.blocks):
            block_id, action_id = block["block_id"], element["action_id"]
            kept = before.get(block_id, {}).get(action_id)
            if kept is None or kept.get("type") != element["type"]:
                kept = states.untouched(element)
            view.state.setdefault(block_id, {})[action_id] = kept

    def push_view(self, view: View, on_top_of: View | None = None) -> None:
        """Show a view: on its own, or above another of the same person."""
        if on_top_of is None:
            self.drop_views(view.user, keep=0)
        else:
            view.root_id, view.previous_id = on_top_of.root_id, on_top_of.id
        self.stacks.setdefault(view.user, []).append(view.id)
        self.record("open_view", view.id, user=view.user, title=view.title)

    def drop_views(self, user: str, *, keep: int) -> None:
        stack = self.stacks.get(user, [])
        for view_id in stack[keep:]:
            del self.views[view_id]
        del stack[keep:]
        self.notify()

    def _held(self, who: User, view_id: str | None) -> View:
        stack = self.open_views(who.id)
        if not stack or (view_id is not None and stack[-1].id != view_id):
            raise LookupError(f"{who.name} has no such modal on screen")
        return stack[-1]

    def _response_urls(self, who: User, view: View) -> list[Json]:
        """One response_url per conversation menu that asks for it with `response_url_enabled`."""
        urls = []
        for block, element in states.stateful(view.blocks):
            if not element.get("response_url_enabled"):
                continue
            held = view.state[block["block_id"]][element["action_id"]]
            chosen = held.get("selected_conversation") or held.get("selected_channel")
            if chosen:
                channel = self.channels[chosen]
                url = self.new_hook(channel, who.id)
                urls.append(
                    {
                        "block_id": block["block_id"],
                        "action_id": element["action_id"],
                        "channel_id": chosen,
                        "response_url": url,
                    }
                )
        return urls

    def _after(self, who: User, view: View, answer: Answer) -> str:
        """Do what the answer says; the error's name when Slack cannot."""
        if answer.failure:
            return answer.failure
        stack = self.stacks[who.id]
        if view.id not in stack:
            return ""  # closed or replaced through the Web API while the answer was on its way
        if not answer.body.strip():
            self.drop_views(who.id, keep=stack.index(view.id))
            return ""
        content = answer.json()
        if content is None:
            return "invalid_response"
        match content.get("response_action"):
            case "clear":
                self.drop_views(who.id, keep=0)
            case "errors":
                return self._show_errors(view, content.get("errors"))
            case "update" | "push" as action:
                return self._show_view(view, action, content.get("view"))
            case _:
                return "invalid_response"
        return ""

    def _show_errors(self, view: View, errors: Any) -> str:
        inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
        if not isinstance(errors, dict) or not errors or not inputs >= errors.keys():
            return "invalid_response_errors"
        view.errors = {str(block_id): str(words) for block_id, words in errors.items()}
        self.record("refuse_view", view.id, errors=view.errors)
        return ""

    def _show_view(self, view: View, action: str, payload: Any) -> str:
        reasons = blockkit.view_problems(payload)
        if reasons:
            self.rejected += reasons
            self.record("reject_blocks", view.id, reasons=reasons)
            return "invalid_view"
        if action == "update":
            self.fill_view(view, payload)
            self.record("update_view", view.id, user=view.user, title=view.title)
            return ""
        if len(self.stacks[view.user]) >= DEEPEST_STACK:
            return "push_limit_reached"
        self.push_view(self.new_view(view.team_id, view.user, payload, view.channel), view)
        return ""
