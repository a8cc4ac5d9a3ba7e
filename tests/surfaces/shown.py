"""Actions with every kind of leaf, and the ways to make values for any action and its forms."""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, model_validator
from slack_sdk.models.views import View

from bridge.actions import catalogue
from bridge.contract import (
    Action,
    Command,
    Fact,
    Option,
    Personal,
    Picker,
    Positional,
    Problem,
    Repeat,
    Rest,
)
from bridge.surfaces.command import Actions, Answer, Parser
from bridge.surfaces.leaves import Kind, Leaf, fold, leaves

CATALOGUE = tuple(catalogue().values())


def parse(line: str, actions: Actions, names: Mapping[str, str] | None = None) -> Answer:
    return Parser(actions, names or {}).read(line)


class Colour(StrEnum):
    """An enum beside the literals."""

    RED = "red"
    BLUE = "blue"


class Mail(BaseModel):
    """A group that may be left out."""

    model_config = ConfigDict(extra="forbid")

    wanted: Annotated[bool, Option("send")] = Field(
        default=True, alias="isWanted", description="Whether.", examples=[False]
    )
    to: Annotated[str, Option("email"), Personal()] = Field(
        description="To whom.", examples=["a@b.cc"]
    )


class Paint(Action):
    """Paint a wall.

    Everything a field can be.
    """

    id: ClassVar = "house.paint"
    upstream: ClassVar = "house"
    title: ClassVar = "Paint a wall"
    docs: ClassVar = "https://example.com/paint"
    command: ClassVar = Command("paint")
    repeat: ClassVar = Repeat.NEVER_REPEAT
    lane: ClassVar = "wall"
    write_route: ClassVar = "POST /walls/{wall}"
    errors: ClassVar[Mapping[str, Problem]] = {}
    example_facts: ClassVar = {"wet": Fact("boolean", "Whether it is wet.")}
    confirm: ClassVar = "Paint it?"

    wall: Annotated[int, Positional(), Picker("house.walls")] = Field(
        description="Which wall.", examples=[12], gt=0
    )
    colour: Annotated[Colour, Option("colour")] = Field(
        description="Which colour.", examples=["red"]
    )
    coats: Annotated[int | None, Option("coats")] = Field(
        default=None, description="How many.", examples=[2], le=9
    )
    day: Annotated[date | None, Option("day")] = Field(
        default=None, description="When.", examples=["2026-01-31"]
    )
    finish: Annotated[Literal["matt", "gloss"], Option("finish")] = Field(
        default="matt", description="How it shines.", examples=["gloss"]
    )
    helpers: Annotated[list[str] | None, Option("helpers"), Picker("house.people")] = Field(
        default=None, alias="theHelpers", description="Who helps.", examples=[["ann", "bob"]]
    )
    tools: Annotated[tuple[str, ...], Option("tools")] = Field(
        default=(), description="With what.", examples=[["brush"]]
    )
    wet: Annotated[bool | None, Option("wet")] = Field(
        default=None, description="Leave it wet.", examples=[True]
    )
    mail: Mail | None = Field(default=None, description="Tell somebody.")
    note: Annotated[str | None, Rest()] = Field(
        default=None, description="Anything else.", examples=["two coats"]
    )

    @model_validator(mode="after")
    def _dry(self) -> Paint:
        if self.wet and self.coats == 9:
            raise ValueError("Nine wet coats never dry. Give fewer coats.")
        return self


class PaintDoor(Paint):
    """Paint a door."""

    id: ClassVar = "house.paint_door"
    command: ClassVar = Command("paint", "door", default=False)


EXAMPLES: tuple[type[Action], ...] = (Paint, PaintDoor)
ALL: tuple[type[Action], ...] = (*EXAMPLES, *CATALOGUE)


def escaped(line: str) -> str:
    """As Slack sends what somebody typed."""
    return html.escape(line, quote=False)


def valid_args(action: type[Action]) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments that the action accepts, any fields left out that may be."""
    groups: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for leaf in leaves(action):
        target = groups if leaf.required else optional
        target[leaf.key] = _values(leaf)
    flat = st.fixed_dictionaries(groups, optional=optional)
    return flat.map(lambda values: fold(action, values)).filter(lambda args: _valid(action, args))


def submitted(view: View, answers: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The state that Slack sends when the form is submitted as it opened, but for these answers."""
    state: dict[str, Any] = {}
    for block in view.to_dict()["blocks"]:
        if block["type"] != "input":
            continue
        element, block_id = block["element"], block["block_id"]
        state[block_id] = {element["action_id"]: _state(element)}
        if answers and block_id in answers:
            state[block_id][element["action_id"]].update(answers[block_id])
    return state


def _state(element: dict[str, Any]) -> dict[str, Any]:
    kind = element["type"]
    if kind in ("checkboxes", "multi_external_select"):
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    if kind in ("static_select", "external_select", "radio_buttons"):
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind == "datepicker":
        return {"type": kind, "selected_date": element.get("initial_date")}
    return {"type": kind, "value": element.get("initial_value")}


def _valid(action: type[Action], args: dict[str, Any]) -> bool:
    try:
        action.model_validate(args)
    except ValueError:
        return False
    return True


_WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=17)
_ODD = st.text(min_size=1, max_size=30)
_TYPED = st.lists(
    st.sampled_from(
        [
            "a",
            "=",
            '"',
            "“",
            "'",
            "\\",
            ",",
            "-",
            "—",
            " ",
            "\n",
            "&",
            "<",
            ">",
            "on",
            "tags=",
            "\u200b",
            "é",
        ]
    ),
    min_size=1,
    max_size=12,
).map("".join)


def _values(leaf: Leaf) -> st.SearchStrategy[Any]:
    match leaf.kind:
        case Kind.BOOLEAN:
            return st.booleans()
        case Kind.INTEGER:
            return st.integers(1, 9)
        case Kind.DATE:
            return st.dates().map(date.isoformat)
        case Kind.CHOICE:
            return st.sampled_from(leaf.choices)
        case Kind.EMAIL:
            return st.just("anna@example.com")
        case Kind.LIST:
            word = st.one_of(_WORD, _TYPED.map(str.strip).filter(bool), st.just("a@b.cc"))
            return st.one_of(st.just(leaf.example), st.lists(word, min_size=1, max_size=3))
        case _:
            if leaf.example is not None and not leaf.rest:
                return st.one_of(st.just(leaf.example), _WORD, _TYPED)
            return st.one_of(_WORD, _TYPED, _ODD)
