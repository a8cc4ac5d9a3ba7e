"""Drive a flow by hand: recorded answers in, the outcome and the requests out; and an outcome as words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from bridge.actions import catalogue
from bridge.contract import Action, Asker, Context, Flow, Outcome, Pending, Request, Response
from bridge.outbound import Answer
from bridge.upstreams import rocketchat
from bridge.upstreams.superoffice import client as superoffice
from tests.clock import NOW

ASKER = Asker(door="slack", scope="slack:T1", name="Dana", user_id="U1", team_id="T1")


def context(**values: Any) -> Context:
    return Context(**{"asker": ASKER, "now": NOW, **values})


def action(action_id: str, /, **args: Any) -> Action:
    return catalogue()[action_id].model_validate(args)


def answer(upstream: str, request: Request, status: int, body: Any = None) -> Response:
    """The answer as the upstream's own client reads it."""
    raw = body.encode() if isinstance(body, str) else b"" if body is None else _json(body)
    if upstream == "rocketchat":
        return rocketchat.read(request, Answer(status, {}, raw))
    return superoffice.read(request, Answer(status, {}, raw))


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()


def drive(
    flow: Flow, upstream: str, answers: Iterable[tuple[int, Any]]
) -> tuple[Outcome, list[Request]]:
    """Feed the answers one by one. A flow that asks more, or less, than was recorded fails."""
    left = list(answers)
    asked: list[Request] = []
    try:
        request = next(flow)
        while True:
            asked.append(request)
            assert left, f"asked for more than was recorded: {request.method} {request.route}"
            request = flow.send(answer(upstream, request, *left.pop(0)))
    except StopIteration as end:
        assert not left, f"{len(left)} recorded answers were not asked for"
        return end.value, asked


def flow(
    action_id: str,
    args: dict[str, Any],
    answers: Sequence[tuple[int, Any]],
    situation: Context | None = None,
) -> tuple[Outcome, list[Request]]:
    one = action(action_id, **args)
    return drive(one.flow(situation or context()), type(one).upstream, answers)


def follow(
    action_id: str, args: dict[str, Any], answers: Sequence[tuple[int, Any]], situation: Context
) -> tuple[Outcome, list[Request]]:
    one = action(action_id, **args)
    return drive(one.follow(situation), type(one).upstream, answers)


def told(outcome: Outcome) -> str:
    """What a person reads, one thing a line, with what the bridge will do by itself."""
    lines = [f"{outcome.kind.value}: {outcome.message}"]
    if outcome.next_step:
        lines.append(f"next: {outcome.next_step}")
    for follow_up in outcome.follow_ups:
        args = json.dumps(dict(follow_up.args), ensure_ascii=False, sort_keys=True)
        opens = " (opens the form)" if follow_up.ask else ""
        lines.append(f"button: {follow_up.label}{opens} -> {follow_up.action} {args}")
    if outcome.file is not None:
        path = dict(outcome.file.request.path)
        lines.append(f"file: {outcome.file.name} <- {outcome.file.request.route} {path}")
    if isinstance(outcome, Pending) and outcome.look_in_s is not None:
        lines.append(f"looks again: in {outcome.look_in_s:g} s")
    lines.append(f"code: {outcome.code}")
    lines.append(f"facts: {json.dumps(dict(outcome.facts), ensure_ascii=False, sort_keys=True)}")
    return "\n".join(lines) + "\n"


def described(request: Request) -> dict[str, Any]:
    """A request as a sample keeps it."""
    shown: dict[str, Any] = {"call": f"{request.method} {request.route}"}
    for name in ("path", "query"):
        if getattr(request, name):
            shown[name] = dict(getattr(request, name))
    if request.body is not None:
        shown["body"] = request.body
    return shown
