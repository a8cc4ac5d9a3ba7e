"""What it takes to be an action: every rule of the declaration, checked for all at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bridge.actions.wording import placeholders
from bridge.contract import Action, Command, Fact, Problem, Repeat

TITLE_LIMIT = 24  # https://docs.slack.dev/reference/views/modal-views: a modal's title
# a button's: https://docs.slack.dev/reference/block-kit/block-elements/button-element
LABEL_LIMIT = 75
REQUIRED = (
    *("title", "docs", "command", "repeat", "lane", "write_route", "errors"),
    *("a_200_means", "verifies", "says"),
)
ALWAYS_KNOWN = frozenset(("text", "code"))  # what every error brings along

_WORD = re.compile(r"[a-z][a-z0-9-]{0,30}")
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_ROUTE = re.compile(r"(POST|PUT|PATCH|DELETE) (/[\w.{}-]+)+")
_FOLLOW_UP = re.compile(r"(?P<id>[a-z_0-9]+\.[a-z_0-9]+): (?P<label>\S.*)")


def faults(actions: Mapping[str, type[Action]], known: frozenset[str]) -> list[str]:
    """Everything wrong with these declarations, one sentence each."""
    wrong: list[str] = []
    commands: dict[tuple[str, str], str] = {}
    for action_id, action in actions.items():
        mine = list(_faults_of(action, known))
        wrong += [f"{action_id}: {fault}" for fault in mine]
        if mine:
            continue
        key = (action.command.word, action.command.sub)
        if key in commands:
            words = " ".join(part for part in key if part)
            wrong.append(f"{action_id}: /{words} leads to {commands[key]} already.")
        commands.setdefault(key, action_id)
    return wrong


def _faults_of(action: type[Action], known: frozenset[str]) -> Iterator[str]:
    missing = [name for name in REQUIRED if not hasattr(action, name)]
    if missing:
        yield f"does not declare {', '.join(missing)}."
        return
    if not (action.__doc__ or "").strip() or action.__doc__ == Action.__doc__:
        yield "has no docstring; help and OpenAPI show its first line."
    if not action.title or len(action.title) > TITLE_LIMIT:
        yield f"title must have 1 to {TITLE_LIMIT} characters, it has {len(action.title)}."
    if not action.docs.startswith("https://"):
        yield "docs must be an https link to the page that documents the call."
    if not isinstance(action.repeat, Repeat):
        yield "repeat must be a repeat class (Repeat.…)."
    if not _ROUTE.fullmatch(action.write_route):
        yield 'write_route must read like "POST /documented/{pattern}".'
    if action.lane not in action.model_fields:
        yield f"lane names {action.lane!r}, which is no field of it."
    if "flow" not in vars(action):
        yield "has no flow()."
    yield from _faults_of_command(action.command)
    for name, field in action.model_fields.items():
        yield from _faults_of_field(name, field)
    for code, problem in action.errors.items():
        yield from _faults_of_problem(action, code, problem, known)
    for fact, told in action.example_facts.items():
        if not isinstance(told, Fact) or not told.meaning.strip():
            yield f"fact {fact} must be a Fact with a type and a meaning."
    yield from _faults_of_ends(action)


def _faults_of_ends(action: type[Action]) -> Iterator[str]:
    if not action.a_200_means.strip() or not action.verifies.strip():
        yield "must say what a 200 means and what is verified (a_200_means, verifies)."
    if not action.says:
        yield "must declare what it says (says: outcome code -> sentence)."
    for code, sentence in action.says.items():
        if not _CODE.fullmatch(code) or not sentence.strip():
            yield f"says {code!r}: a code like room_closed and its sentence."


def _faults_of_command(command: Command) -> Iterator[str]:
    if not _WORD.fullmatch(command.word):
        yield f"command word {command.word!r} must be a lower-case word."
    if command.sub and not _WORD.fullmatch(command.sub):
        yield f"command sub word {command.sub!r} must be a lower-case word."
    if not command.sub and not command.default:
        yield "command has no sub word and is no default, so nothing leads to it."


def _faults_of_field(name: str, field: FieldInfo) -> Iterator[str]:
    if not (field.description or "").strip():
        yield f"field {name} has no description."
    if not field.examples:
        yield f"field {name} has no example."
    for model in _models_in(field.annotation):
        for inner_name, inner in model.model_fields.items():
            yield from _faults_of_field(f"{name}.{inner_name}", inner)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _faults_of_problem(
    action: type[Action], code: str, problem: Problem, known: frozenset[str]
) -> Iterator[str]:
    if not code.strip():
        yield "an error without a code."
    if not problem.message.strip():
        yield f"error {code!r} has no sentence."
    aliases = {field.alias for field in action.model_fields.values() if field.alias}
    allowed = {*action.model_fields, *aliases, *action.example_facts, *ALWAYS_KNOWN}
    for name in sorted((placeholders(problem.message) | placeholders(problem.next_step)) - allowed):
        yield f"error {code!r} speaks of {{{name}}}, which is neither a field nor a fact of it."
    if not problem.follow_up:
        return
    match = _FOLLOW_UP.fullmatch(problem.follow_up)
    if not match:
        yield f'error {code!r}: follow_up must read like "upstream.verb_noun: Label".'
    elif match["id"] not in known:
        yield f"error {code!r} follows up with {match['id']}, which is no action."
    elif len(match["label"]) > LABEL_LIMIT:
        yield f"error {code!r}: a label has at most {LABEL_LIMIT} characters."
