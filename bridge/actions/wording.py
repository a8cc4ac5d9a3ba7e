"""From an upstream's refusal to words: look the code up in the action's table, fill the sentence in.

A sentence is filled by plain substitution, never by `str.format`: values come from people and from
foreign systems. Personal fields are masked. An error that no table lists is shown as the upstream
worded it, with its code, so that nothing is swallowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from bridge.contract import (
    Action,
    FollowUp,
    Outcome,
    Personal,
    Problem,
    Refused,
    Response,
    upstream_name,
)

UNLISTED = "{upstream} refused this: {text}"
UNLISTED_SILENT = "{upstream} refused this without saying why (HTTP {status})."
UNLISTED_NEXT = (
    "If the text does not help, show it to whoever runs the bridge, with the job's number."
)
VALUE_LIMIT = 300
BY_STATUS = frozenset(("bad-request", "too-large", "server-error"))  # no word of the upstream's own

# An upstream's code as the stable code of an outcome, where the plain rewriting would mislead.
STABLE_CODES = {
    "unauthorized": "not_signed_in",
    "error-unauthorized": "no_permission",
    "forbidden": "no_permission",
    "SoNotFoundException": "not_found",
    "ArgumentException": "invalid_params",
    "Cannot read properties of undefined (reading 'email')": "address_is_required",
}

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_SLUG = re.compile(r"[^a-z0-9]+")


def placeholders(sentence: str) -> set[str]:
    """The names a sentence wants filled in."""
    return set(_PLACEHOLDER.findall(sentence))


def say(sentence: str, values: Mapping[str, Any] | None = None, /, **more: Any) -> str:
    """Fill a sentence; a name without a value becomes an ellipsis, never an error."""
    known = {**(values or {}), **more}
    return _PLACEHOLDER.sub(lambda match: _plain(known.get(match[1])), sentence)


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "…"
    if isinstance(value, list | tuple | set | frozenset):
        value = ", ".join(str(item) for item in value)
    text = _CONTROL.sub(" ", str(value)).strip()
    return text if len(text) <= VALUE_LIMIT else text[: VALUE_LIMIT - 1] + "…"


def listed(values: Iterable[Any], limit: int = 5) -> str:
    """A short list for a sentence: `a, b and 3 more`."""
    items = [_plain(value) for value in values]
    if len(items) <= limit:
        return ", ".join(items)
    return f"{', '.join(items[:limit])} and {len(items) - limit} more"


def mask_email(address: str) -> str:
    """`anna@example.com` → `a***@example.com`."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local[:1]}***@{domain}" if at and local else "***"


def fields_of(action: Action) -> dict[str, Any]:
    """The fields as a sentence may show them, by name and by alias; personal ones masked."""
    values: dict[str, Any] = {}
    for name, field in type(action).model_fields.items():
        value = getattr(action, name)
        if isinstance(value, BaseModel):
            continue
        if value and any(isinstance(hint, Personal) for hint in field.metadata):
            value = _masked(value)
        values[name] = values[field.alias or name] = value
    return values


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask_email(value)
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return "***"


def code_of(response: Response) -> str:
    """The code to look up; a bare 403 `unauthorized` is no sign-in problem but a missing right."""
    code = response.error_code
    if response.status == 403 and code.lower() == "unauthorized":
        return "forbidden"
    if not code and response.status in (404, 405):
        return "not-found"
    return code


def explain(
    action: Action,
    response: Response,
    /,
    table: Mapping[str, Problem] | None = None,
    **facts: Any,
) -> Outcome:
    """The outcome that the action's table (or this one) gives this refusal."""
    code = code_of(response)
    text = response.error_text.removeprefix(f"[{code}]").strip() or code
    values = {**fields_of(action), **facts, "code": code, "text": text}
    problem = (table or type(action).errors).get(code)
    if problem is None:
        values |= {
            "upstream": upstream_name(type(action).upstream),
            "status": response.status,
        }
        told = code in values["text"] or code in BY_STATUS or code.startswith("http-")
        said = "" if told else f"{values['text']} [{code}]"
        sentence = UNLISTED if values["text"] else UNLISTED_SILENT
        return Refused(
            code=slug(code) or f"http_{response.status}",
            message=say(sentence, {**values, "text": said or values["text"]}),
            next_step=UNLISTED_NEXT,
            facts=_json_facts(facts),
        )
    return tell(action, problem, slug(code), values, facts)


def tell(
    action: Action,
    problem: Problem,
    code: str,
    values: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Outcome:
    """The outcome of one row, filled in."""
    known = {**fields_of(action), **(values or {}), **(facts or {})}
    return problem.kind(
        code=code,
        message=say(problem.message, known),
        next_step=say(problem.next_step, known),
        facts=_json_facts(facts or {}),
        follow_ups=follow_ups_of(action, problem),
    )


def _json_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def follow_ups_of(action: Action, problem: Problem) -> tuple[FollowUp, ...]:
    """The button of a row: the same form filled in, or another action on the same room or session."""
    if not problem.follow_up:
        return ()
    action_id, _, label = problem.follow_up.partition(": ")
    if action_id == type(action).id:
        return (FollowUp(label, action_id, again(action), ask=problem.ask),)
    return (FollowUp(label, action_id, lane_args(action, action_id), ask=problem.ask),)


def again(action: Action, **changes: Any) -> dict[str, Any]:
    """The arguments of this very action, by alias, as JSON; with changes."""
    given = action.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {**given, **changes}


def lane_args(action: Action, action_id: str) -> dict[str, Any]:
    """This action's room or session as the argument of another action."""
    from bridge.actions import catalogue

    value = getattr(action, type(action).lane)
    target = catalogue().get(action_id, type(action))
    field = target.model_fields[target.lane]
    return {field.alias or target.lane: value}


def slug(code: str) -> str:
    """`error-room-already-closed` → `room_already_closed`: the stable code of an outcome."""
    if code in STABLE_CODES:
        return STABLE_CODES[code]
    return _SLUG.sub("_", code.lower()).strip("_").removeprefix("error_")[:60]
