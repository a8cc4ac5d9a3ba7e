"""From a payload to wishes: which rules hold, why the others do not, and what each of them wants.

Nothing here raises on what a payload holds. A rule whose `when` does not fit a payload does not hold; a
rule that holds but whose fields cannot be made is a fault, told to the operator in words that never
repeat the payload's values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.ingress.http.problems import FieldError, pointer
from bridge.ingress.webhooks.budget import Budget, TooMuch
from bridge.ingress.webhooks.declared import BUILT_IN, Rule, Source
from bridge.ingress.webhooks.expressions import Expression, Unusable
from bridge.ingress.webhooks.presets import PRESETS
from bridge.ingress.webhooks.values import Scene, resolve

ENVELOPE = frozenset(("action", "args", "connection", "reply_to"))


@dataclass(frozen=True, slots=True)
class Wish:
    """One action that a payload leads to, not yet validated."""

    rule: str
    action: str
    args: Any
    connection: str = ""
    reply_to: Any = None
    above: tuple[str, ...] = ()  # where the fields stand in the body, when they do


@dataclass(slots=True)
class Judged:
    """What became of one rule."""

    rule: str
    holds: bool
    why: str
    wishes: list[Wish] = field(default_factory=list)
    fault: str = ""


@dataclass(slots=True)
class Mapped:
    """What became of one payload."""

    judged: list[Judged] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)

    @property
    def wishes(self) -> list[Wish]:
        return [wish for one in self.judged for wish in one.wishes]

    @property
    def faults(self) -> list[str]:
        return [f"{one.rule}: {one.fault}" for one in self.judged if one.fault]


def apply(source: Source, payload: Any, headers: Mapping[str, str], budget: Budget) -> Mapped:
    """Judge every rule. Never raises, whatever the payload holds."""
    if source.name == BUILT_IN:
        return _direct(payload)
    mapped = Mapped()
    preset = PRESETS.get(source.preset)
    if preset is not None:
        payload = preset.read(payload)
        if preset.ignore and _finds(preset.ignore, payload, budget):
            mapped.judged.append(
                Judged(source.preset, holds=False, why="it is the sender's own test")
            )
            return mapped
    for number, rule in enumerate(source.rules, start=1):
        name = rule.name or f"rule {number}"
        mapped.judged.append(_judge(rule, name, source, payload, headers, budget))
    if len(mapped.wishes) > source.max_jobs:
        fault = f"the payload leads to more than {source.max_jobs} jobs; raise max_jobs if it may"
        for one in mapped.judged:
            one.wishes.clear()
        mapped.judged.append(Judged("all rules", holds=True, why="", fault=fault))
    return mapped


def sameness(source: Source, payload: Any, budget: Budget) -> list[Any] | None:
    """What makes this payload the same event as another one; None when its paths find nothing."""
    try:
        found = [path.search(payload, budget) for path in source.dedupe]
    except (Unusable, TooMuch):
        return None
    return found if any(value is not None for value in found) else None


def _direct(payload: Any) -> Mapped:
    """The built-in source: the payload says itself what is wished."""
    mapped = Mapped()
    if not isinstance(payload, dict):
        mapped.errors.append(FieldError("#", "Send a JSON object with action and args."))
        return mapped
    for name in [name for name in payload if name not in ENVELOPE][:20]:
        mapped.errors.append(
            FieldError(pointer(name), "There are action, args, connection and reply_to only.")
        )
    for name in ("action", "connection"):
        if not isinstance(payload.get(name, ""), str):
            mapped.errors.append(FieldError(pointer(name), "Give a name as text."))
    if "action" not in payload:
        mapped.errors.append(FieldError(pointer("action"), "This field is needed."))
    if not mapped.errors:
        wish = Wish(
            rule="the payload itself",
            action=payload["action"],
            args=payload.get("args", {}),
            connection=payload.get("connection", ""),
            reply_to=payload.get("reply_to"),
            above=("args",),
        )
        mapped.judged.append(
            Judged(wish.rule, holds=True, why="it names the action", wishes=[wish])
        )
    return mapped


def _judge(
    rule: Rule, name: str, source: Source, payload: Any, headers: Mapping[str, str], budget: Budget
) -> Judged:
    try:
        why_not = _why_not(rule, payload, headers, budget)
        if why_not:
            return Judged(name, holds=False, why=why_not)
        scenes = _scenes(rule, payload, source.max_jobs, budget)
        wishes = [_wish(rule, name, source, scene, budget) for scene in scenes]
    except (Unusable, TooMuch) as error:
        return Judged(name, holds=True, why="its conditions hold", fault=str(error))
    if not wishes:
        return Judged(name, holds=True, why="its conditions hold, but for_each finds no items")
    return Judged(name, holds=True, why="its conditions hold", wishes=wishes)


def _why_not(rule: Rule, payload: Any, headers: Mapping[str, str], budget: Budget) -> str:
    for header, wanted in rule.when_headers.items():
        given = {value for one, value in headers.items() if one.lower() == header.lower()}
        if wanted not in given:
            return f"the header {header} is not {wanted}"
    if rule.when is None:
        return ""
    try:
        found = rule.when.search(payload, budget)
    except Unusable as error:
        return str(error)
    return "" if is_true(found) else f"{rule.when.source} finds nothing"


def _scenes(rule: Rule, payload: Any, most: int, budget: Budget) -> list[Scene]:
    if rule.for_each is None:
        return [Scene(payload)]
    items = rule.for_each.search(payload, budget)
    if items is None:
        return []
    if not isinstance(items, list):
        raise Unusable(f"{rule.for_each.source} finds no list to make a job of each item.")
    if len(items) > most:
        raise TooMuch(
            f"{rule.for_each.source} finds {len(items)} items, more than {most} (max_jobs)."
        )
    return [Scene(payload, item, index, in_loop=True) for index, item in enumerate(items)]


def _wish(rule: Rule, name: str, source: Source, scene: Scene, budget: Budget) -> Wish:
    return Wish(
        rule=name,
        action=rule.action,
        args=resolve(rule.args, scene, budget) or {},
        connection=rule.connection or source.connection,
        reply_to=resolve(rule.reply_to, scene, budget) or None,
    )


def is_true(value: Any) -> bool:
    """Truth as JMESPath has it: 0 is something, empty lists, objects and texts are nothing."""
    return value is not None and value is not False and value not in ("", [], {})


def _finds(path: str, payload: Any, budget: Budget) -> bool:
    try:
        return is_true(Expression(path).search(payload, budget))
    except (Unusable, TooMuch):
        return False
