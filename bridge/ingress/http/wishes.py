"""A wish from a program: which action, with which fields, on which connection, told where.

Both doors end here. Nothing is taken for granted: the nearest name is offered for a typo, each
unusable field is named by its pointer, and of several connections the caller must name one. Values are
never repeated in a refusal, because they may be personal and a refusal is logged by many tools.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, TypeVar, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridge.contract import NOWHERE, Action, ReplyTo, upstream_name
from bridge.ingress.http.problems import FieldError, Problem, pointer
from bridge.settings import Connection

MAX_URL: Final = 2048
Fields = TypeVar("Fields", bound=BaseModel)


class ReplyToField(BaseModel):
    """Where to tell the end: a Slack channel, a callback address, or both."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    slack_channel: str = Field(
        "", pattern=r"^([CGD][A-Z0-9]{1,30})?$", description="A channel's id (C…), not its name."
    )
    slack_team: str = Field(
        "", pattern=r"^([TE][A-Z0-9]{1,30})?$", description="The workspace (T…), if there are many."
    )
    thread_ts: str = Field(
        "", pattern=r"^(\d{1,12}\.\d{1,8})?$", description="The thread to answer in."
    )
    callback_url: str = Field("", max_length=MAX_URL, description="An https address.")


def find_action(name: str, catalogue: Mapping[str, type[Action]]) -> type[Action]:
    """The action of this name. Raises `Problem` with the nearest one."""
    action = catalogue.get(name)
    if action is None:
        near = difflib.get_close_matches(name[:80], catalogue, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]}?" if near else ""
        raise Problem(
            "unknown-action",
            f"There is no action of this name. {hint} All of them are in /openapi.json.".replace(
                "  ", " "
            ),
            more={"nearest": near[0]} if near else {},
        )
    return action


def validate(action: type[Action], args: Any, *, above: tuple[str, ...] = ()) -> Action:
    """The action with these fields. Raises `Problem` naming each unusable one."""
    if type(args) is not dict:
        detail = "Give the action's fields as a JSON object."
        raise Problem("invalid-fields", detail, [FieldError(pointer(*above), detail)])
    try:
        return action.model_validate(args)
    except ValidationError as error:
        errors = field_errors(error, action, above)
        count = "One field is" if len(errors) == 1 else f"{len(errors)} fields are"
        raise Problem(
            "invalid-fields", f"{count} not usable. Correct what `errors` names.", errors
        ) from None


def read_fields(
    model: type[Fields], given: Any, slug: str, detail: str, above: tuple[str, ...] = ()
) -> Fields:
    """What was given, as this model. Raises `Problem` with each fault."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise Problem(slug, detail, field_errors(error, model, above)) from None


def field_errors(
    error: ValidationError, model: type[BaseModel], above: tuple[str, ...] = ()
) -> list[FieldError]:
    """Each fault with its pointer; a field that does not exist comes with the nearest that does."""
    return [
        FieldError(pointer(*above, *one["loc"]), _sentence(one, model))
        for one in error.errors(include_url=False, include_input=False)
    ][:50]


def choose_connection(
    connections: Mapping[str, Connection], kind: str, *, said: str, usable: Callable[[str], bool]
) -> str:
    """The named connection, or the only one of its kind. Raises `Problem` with the choices.

    What the caller may not use is treated as if it were not there: its name is not the caller's.
    """
    names = [name for name, one in connections.items() if one.kind == kind and usable(name)]
    if said in names:
        return said
    if not said and len(names) == 1:
        return names[0]
    upstream = upstream_name(kind)
    if not names:
        detail = f"There is no {upstream} connection that you may use. Ask the operator to add one."
    elif said:
        detail = f"There is no {upstream} connection of this name. Use one of: {', '.join(names)}."
    else:
        detail = f"Say which connection is meant: {', '.join(names)}."
    raise Problem("which-connection", detail, more={"choices": names})


def read_reply_to(given: Any, *, may_call_back: bool, above: tuple[str, ...] = ()) -> ReplyTo:
    """Where to tell. Raises `Problem`; whether the address may be reached is seen when it is."""
    if given is None:
        return NOWHERE
    wish = read_fields(
        ReplyToField,
        given,
        "invalid-fields",
        "`reply_to` takes slack_channel (a channel's id, C…) and callback_url (an https address).",
        above,
    )
    if wish.callback_url:
        _check_callback(wish.callback_url, (*above, "callback_url"), may_call_back=may_call_back)
    return ReplyTo(
        slack_channel=wish.slack_channel,
        team_id=wish.slack_team,
        thread_ts=wish.thread_ts if wish.slack_channel else "",
        callback_url=wish.callback_url,
    )


def _check_callback(url: str, where: tuple[str, ...], *, may_call_back: bool) -> None:
    detail = ""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("https", "http") or not host or re.search(r"[\x00-\x20\x7f]", url):
        detail = "Give a complete https address."
    elif parts.username is not None or parts.password is not None:
        detail = (
            "The address may not carry a user name or a password; the callback is signed instead."
        )
    elif not may_call_back:
        detail = (
            "Callbacks are signed, and this bridge has no secret to sign with. Ask the operator to"
            " set BRIDGE_WEBHOOK_SECRET."
        )
    if detail:
        raise Problem("invalid-fields", detail, [FieldError(pointer(*where), detail)])


def _sentence(error: Mapping[str, Any], model: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        known = list(_names(model, error["loc"][:-1]))
        near = difflib.get_close_matches(str(error["loc"][-1])[:80], known, n=1)
        return f"There is no such field.{f' Did you mean {near[0]}?' if near else ''}"
    if error["type"] == "missing":
        return "This field is needed."
    text = str(error["msg"]).removeprefix("Value error, ")
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _names(model: type[BaseModel], above: Collection[int | str]) -> Iterator[str]:
    """The names of the fields at this place; of the whole model when the place is not found."""
    for part in above:
        for name, field in model.model_fields.items():
            inner = _model_in(field.annotation)
            if part in (name, field.alias) and inner is not None:
                model = inner
                break
    for name, field in model.model_fields.items():
        yield field.alias or name


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
