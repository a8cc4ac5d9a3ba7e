"""The views methods: opening a modal against a trigger, updating it, pushing one on top, publishing a Home tab.

https://docs.slack.dev/reference/methods/views.open and its neighbours. A trigger is good for three seconds
and one use; a view that was closed is `not_found`.
"""

from __future__ import annotations

import json

from bridge.sandbox.slack import blockkit
from bridge.sandbox.slack.methods import ApiError, Call, method
from bridge.sandbox.slack.modals import DEEPEST_STACK, Modals
from bridge.sandbox.slack.model import Json, Trigger, View

LARGEST_VIEW = 250_000


@method("views.open")
async def open_view(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/views.open."""
    payload = _payload(call, "modal")
    _unique(call, payload, None)
    trigger = _exchange(call)
    slack = _modals(call)
    view = slack.new_view(call.team.id, trigger.user, payload, trigger.channel)
    slack.push_view(view)
    return {"view": view.as_json()}


@method("views.push")
async def push(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/views.push; only from an interaction inside a modal."""
    payload = _payload(call, "modal")
    _unique(call, payload, None)
    trigger = _exchange(call)
    slack = _modals(call)
    below = slack.views.get(trigger.view_id)
    if below is None:
        raise ApiError("not_found")
    if len(slack.stacks[trigger.user]) >= DEEPEST_STACK:
        raise ApiError("push_limit_reached")
    view = slack.new_view(call.team.id, trigger.user, payload, trigger.channel)
    slack.push_view(view, below)
    return {"view": view.as_json()}


@method("views.update")
async def update(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/views.update."""
    payload = _payload(call, "modal")
    view = _existing(call)
    wanted = call.text("hash")
    if wanted and wanted != view.hash:
        raise ApiError("hash_conflict")
    _unique(call, payload, view)
    _modals(call).fill_view(view, payload)
    call.slack.record("update_view", view.id, user=view.user, title=view.title)
    return {"view": view.as_json()}


@method("views.publish")
async def publish(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/views.publish."""
    payload = _payload(call, "home")
    user = call.slack.users.get(call.text("user_id", missing="user_not_found"))
    if user is None or user.team_id != call.team.id:
        raise ApiError("user_not_found")
    slack, before = _modals(call), call.slack.homes.get(user.id)
    if before is None:
        before = slack.new_view(call.team.id, user.id, payload)
        slack.homes[user.id] = before
    else:
        wanted = call.text("hash")
        if wanted and wanted != before.hash:
            raise ApiError("hash_conflict")
        slack.fill_view(before, payload)
    call.slack.record("publish_view", before.id, user=user.id)
    return {"view": before.as_json()}


def _modals(call: Call) -> Modals:
    if not isinstance(call.slack, Modals):
        raise TypeError("views need the half of Slack that shows modals")
    return call.slack


def _payload(call: Call, kind: str) -> Json:
    payload = call.json("view", "invalid_arguments")
    reasons = blockkit.view_problems(payload)
    if not reasons and payload["type"] != kind:
        reasons = [f"must be {kind} [json-pointer:/view/type]"]
    if reasons:
        call.slack.rejected += reasons
        call.slack.record("reject_blocks", call.name, reasons=reasons)
        messages = {"messages": [f"[ERROR] {reason}" for reason in reasons]}
        raise ApiError("invalid_arguments", response_metadata=messages)
    if len(json.dumps(payload)) > LARGEST_VIEW:
        raise ApiError("view_too_large")
    return dict(payload)


def _exchange(call: Call) -> Trigger:
    """Take the trigger: its error names differ from those of the older dialog methods."""
    dialog = call.slack.settings.dialog_trigger_errors
    trigger_id = call.text("trigger_id", missing="invalid_arguments")
    trigger = call.slack.triggers.get(trigger_id)
    if trigger is None or trigger.team_id != call.team.id:
        raise ApiError("invalid_trigger_id")
    if trigger.used:
        raise ApiError("trigger_exchanged" if dialog else "exchanged_trigger_id")
    if call.slack.clock() - trigger.issued > call.slack.settings.trigger_s:
        raise ApiError("trigger_expired" if dialog else "expired_trigger_id")
    trigger.used = True
    return trigger


def _unique(call: Call, payload: Json, own: View | None) -> None:
    external_id = payload.get("external_id")
    if not external_id:
        return
    for view in call.slack.views.values():
        same = view.payload.get("external_id") == external_id and view.team_id == call.team.id
        if same and view is not own:
            raise ApiError("duplicate_external_id")


def _existing(call: Call) -> View:
    view_id, external_id = call.text("view_id"), call.text("external_id")
    for view in call.slack.views.values():
        named = view.id == view_id or (
            external_id and external_id == view.payload.get("external_id")
        )
        if named and view.team_id == call.team.id:
            return view
    raise ApiError("not_found")
