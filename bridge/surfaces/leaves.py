"""An action's fields as a flat list of leaves, and flat values folded back into its arguments.

Slack's inputs, `key=value` options and command-line flags are flat, while documented bodies nest
(`transcriptEmail.requestData.email`). A leaf is one value a person can give: its path by alias,
its kind, and the hints that say how it looks. The path joined by dots is the leaf's key on every
surface: option name of last resort, block id in a form, pointer in an error.
"""

from __future__ import annotations

import re
import types
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bridge.contract import Action, Option, Personal, Picker, Positional, Rest

_SPELLED = {"pdf": "PDF", "email": "e-mail", "emails": "e-mails", "id": "ID", "url": "URL"}
_SEQUENCES = (list, tuple, set, frozenset)


class Kind(StrEnum):
    """What a person types or picks for a leaf."""

    TEXT = "text"
    LONG_TEXT = "long text"
    EMAIL = "e-mail"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of an action, wherever it nests."""

    path: tuple[str, ...]  # aliases, from the outside in
    name: str  # what a person calls it: `name=value`, <name>
    names: tuple[str, ...]  # everything it answers to as an option
    label: str  # above its input
    kind: Kind
    required: bool  # the action cannot go without it
    needed: bool  # its own model cannot; equals `required` unless its group is optional
    description: str
    example: Any
    default: Any  # None when there is none
    choices: tuple[str, ...] = ()
    positional: bool = False
    rest: bool = False
    picker: str = ""
    personal: bool = False
    max_length: int | None = None
    group: tuple[str, ...] = ()  # path of the nearest optional model around it

    @property
    def key(self) -> str:
        return ".".join(self.path)

    @property
    def implied(self) -> bool:
        """Only one value is possible, so nobody is asked for it (`type` of an export)."""
        return len(self.choices) == 1 and not self.required

    @property
    def sample(self) -> str:
        """The example as a person would type it."""
        if self.example is None:
            return ""
        if isinstance(self.example, bool):
            return "yes" if self.example else "no"
        if isinstance(self.example, list):
            return ",".join(str(item) for item in self.example)
        return str(self.example)


@cache
def leaves(action: type[Action]) -> tuple[Leaf, ...]:
    """The action's leaves in the order of its fields."""
    return tuple(_walk(action, (), required=True, group=()))


@cache
def by_key(action: type[Action]) -> Mapping[str, Leaf]:
    """The leaves by their key, in order."""
    return types.MappingProxyType({leaf.key: leaf for leaf in leaves(action)})


@cache
def by_name(action: type[Action]) -> Mapping[str, Leaf]:
    """Every spelling of an option, squeezed by `squeeze`; chosen names win over field names."""
    found: dict[str, Leaf] = {}
    for leaf in leaves(action):
        found.setdefault(squeeze(leaf.name), leaf)
    for leaf in leaves(action):
        for name in leaf.names:
            found.setdefault(squeeze(name), leaf)
    return types.MappingProxyType(found)


def squeeze(name: str) -> str:
    """`to-emails`, `to_emails` and `toEmails` are one option to a person."""
    return name.replace("-", "").replace("_", "").casefold()


def fold(action: type[Action], values: Mapping[str, Any]) -> dict[str, Any]:
    """Flat values by key become the nested arguments that the action validates."""
    known = by_key(action)
    args: dict[str, Any] = {}
    for key, value in values.items():
        *parents, last = known[key].path
        inner = args
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    return args


def flatten(action: type[Action], args: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `fold`; absent and null values are left out."""
    values: dict[str, Any] = {}
    for leaf in leaves(action):
        inner: Any = args
        for part in leaf.path:
            inner = inner.get(part) if isinstance(inner, Mapping) else None
        if inner is not None:
            values[leaf.key] = inner
    return values


def leaf_at(action: type[Action], loc: Collection[int | str]) -> Leaf | None:
    """The leaf a pydantic error points at; list positions and union tags are passed over."""
    known = by_key(action)
    parts = [part for part in loc if isinstance(part, str)]
    for length in range(len(parts), 0, -1):
        found = known.get(".".join(parts[:length]))
        if found:
            return found
    return None


def _walk(
    model: type[BaseModel], above: tuple[str, ...], *, required: bool, group: tuple[str, ...]
) -> Iterator[Leaf]:
    for field_name, field in model.model_fields.items():
        path = (*above, field.alias or field_name)
        annotation, hints = _unwrap(field.annotation, list(field.metadata))
        always = required and field.is_required()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            # what a person leaves out of an optional model is no fault of the whole
            inner_group = group if field.is_required() else path
            yield from _walk(annotation, path, required=always, group=inner_group)
        else:
            yield _leaf(field_name, field, (annotation, hints), (path, always, group))


def _leaf(
    field_name: str,
    field: FieldInfo,
    typed: tuple[Any, list[Any]],
    place: tuple[tuple[str, ...], bool, tuple[str, ...]],
) -> Leaf:
    annotation, hints = typed
    path, required, group = place
    option = next((hint.name for hint in hints if isinstance(hint, Option)), "")
    rest = _has(hints, Rest)
    picker = next((hint.source for hint in hints if isinstance(hint, Picker)), "")
    said = field.title or _noun(picker) or field_name
    name = option or said.casefold().replace(" ", "-").replace("_", "-")
    choices = _choices(annotation)
    kind = _kind(annotation, rest=rest, email=_is_email(field, name))
    return Leaf(
        path=path,
        name=name,
        names=(path[-1], field_name, ".".join(path)),
        label=field.title or _label(path[-1] if kind is Kind.BOOLEAN else name),
        kind=kind,
        required=required,
        needed=field.is_required(),
        description=field.description or "",
        example=_example(field),
        default=_default(field),
        choices=choices,
        positional=not rest and (_has(hints, Positional) or (required and not option)),
        rest=rest,
        picker=picker,
        personal=_has(hints, Personal),
        max_length=None if kind is Kind.LIST else _max_length(hints),
        group=group,
    )


def _label(name: str) -> str:
    """`generateTranscriptPdf` is "Generate transcript PDF" above its box."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[-_]", " ", name).lower().split()
    words = [_SPELLED.get(word, word) for word in words]
    return " ".join(words)[:1].upper() + " ".join(words)[1:]


def _noun(picker: str) -> str:
    """A list of `rocketchat.open_rooms` offers a "room": the word people have for `rid`."""
    return picker.rpartition(".")[2].rpartition("_")[2].removesuffix("s")


def _unwrap(annotation: Any, hints: list[Any]) -> tuple[Any, list[Any]]:
    """Look through `Annotated`, `X | None` and type aliases; hints may stand at any depth."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            hints = [*hints, *more]
            continue
        if origin in (Union, types.UnionType):
            inner = [part for part in get_args(annotation) if part is not type(None)]
            if len(inner) == 1:
                annotation = inner[0]
                continue
        if hasattr(annotation, "__value__"):
            annotation = annotation.__value__
            continue
        return annotation, hints


def _kind(annotation: Any, *, rest: bool, email: bool) -> Kind:
    origin = get_origin(annotation) or annotation
    if rest:
        return Kind.LONG_TEXT
    if _choices(annotation):
        return Kind.CHOICE
    if isinstance(origin, type):
        if origin is bool:
            return Kind.BOOLEAN
        if issubclass(origin, int):
            return Kind.INTEGER
        if issubclass(origin, date) and not issubclass(origin, datetime):
            return Kind.DATE
        if issubclass(origin, _SEQUENCES):
            return Kind.LIST
    return Kind.EMAIL if email else Kind.TEXT


def _choices(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return tuple(str(value) for value in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(str(member.value) for member in annotation)
    return ()


def _is_email(field: FieldInfo, name: str) -> bool:
    extra = field.json_schema_extra
    declared = isinstance(extra, dict) and extra.get("format") == "email"
    return declared or squeeze(name) == "email"


def _example(field: FieldInfo) -> Any:
    if field.examples:
        return field.examples[0]
    extra = field.json_schema_extra
    return extra.get("example") if isinstance(extra, dict) else None


def _default(field: FieldInfo) -> Any:
    value = field.get_default(call_default_factory=True, validated_data={})
    return None if value is PydanticUndefined else value


def _max_length(hints: list[Any]) -> int | None:
    found = (getattr(hint, "max_length", None) for hint in hints)
    return next((length for length in found if isinstance(length, int)), None)


def _has(hints: list[Any], hint: type[Any]) -> bool:
    return any(isinstance(item, hint) or item is hint for item in hints)
