"""What an action declares: fields with hints, command, repeat class, error table, and its flow."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from bridge.contract.exchange import Request, Response
from bridge.contract.job import Asker
from bridge.contract.outcome import Outcome, Refused

Flow = Generator[Request, Response, Outcome]


class Repeat(StrEnum):
    """What may be done after a write whose answer was lost (the repeat class)."""

    IDEMPOTENT = "idempotent"  # send it again
    CHECK_FIRST = "check_first"  # run the flow with `resumed`: it reads the upstream and decides
    NEVER_REPEAT = "never_repeat"  # the outcome is Unknown; only a person may send it again


@dataclass(slots=True)
class Context:
    """What a flow may know besides its own fields."""

    asker: Asker
    now: float
    resumed: bool = False  # a write of this job may already have reached the upstream
    looks: int = 0  # how many times `follow()` has looked before this time
    since: float = 0.0  # when the outcome became pending (epoch seconds)
    memo: dict[str, Any] = field(default_factory=dict)  # stored with the job; JSON only
    signature: str = ""  # the asker's name for the upstream, when the connection wants it
    default_comment: str = ""  # the connection's closing comment, when the asker gives none


class Action(BaseModel):
    """One documented call: its fields, and the flow that makes it. One class in one file.

    Subclasses set the class variables; `bridge.actions.catalogue()` checks that they did and sets
    `id` and `upstream` from the module's path.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    id: ClassVar[str]
    upstream: ClassVar[str]
    title: ClassVar[str]  # at most 24 characters: a modal's title
    docs: ClassVar[str]  # the page of the upstream that documents the call
    command: ClassVar[Command]
    repeat: ClassVar[Repeat]
    lane: ClassVar[str]  # the field that names the room or session
    write_route: ClassVar[str]  # "POST /documented/{pattern}": whose pace decides when a job starts
    errors: ClassVar[Mapping[str, Problem]]
    a_200_means: ClassVar[str]  # what the upstream's 200 to the documented call promises, no more
    verifies: ClassVar[str]  # what the bridge reads afterwards, before it says that it happened
    says: ClassVar[Mapping[str, str]]  # outcome code -> the sentence told with it; each has a test
    example_facts: ClassVar[Mapping[str, Fact]] = {}  # what an outcome may state, for OpenAPI
    # what to look at when a call that may not be repeated got no answer
    if_lost: ClassVar[str] = ""
    confirm: ClassVar[str] = ""  # asked before a button or form runs it
    in_channel: ClassVar[bool] = False  # a Done is a fact the whole channel needs

    def flow(self, context: Context) -> Flow:
        """Make the call: yield requests, receive responses, return what happened."""
        raise NotImplementedError

    def follow(self, context: Context) -> Flow:
        """Look once more at a pending outcome: reads, and writes only where a repeat changes nothing."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Command:
    """Where a slash command reaches an action: `/word [sub] …`; `default` also without the sub word."""

    word: str
    sub: str = ""
    default: bool = True


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that an outcome may state: its type, what it means, and its only values if it has such."""

    type: Literal["string", "integer", "boolean", "strings"]
    meaning: str
    values: tuple[str, ...] = ()
    format: Literal["", "date", "date-time"] = ""

    def schema(self) -> dict[str, Any]:
        """The fact as JSON Schema."""
        if self.type == "strings":
            return {"type": "array", "items": {"type": "string"}, "description": self.meaning}
        more = {"enum": list(self.values), "format": self.format}
        told = {name: value for name, value in more.items() if value}
        return {"type": self.type, "description": self.meaning, **told}


@dataclass(frozen=True, slots=True)
class Problem:
    """A row of an error table: a plain sentence and the next step, both may use `{field}` and facts."""

    message: str
    next_step: str = ""
    kind: type[Outcome] = Refused
    follow_up: str = ""  # "action.id: Label", filled with this action's lane field
    ask: bool = False  # the follow-up opens its form, filled in, instead of running at once


@dataclass(frozen=True, slots=True)
class Positional:
    """Hint: this field stands in order on the command line (required fields do by default)."""


@dataclass(frozen=True, slots=True)
class Option:
    """Hint: this field is `name=value` on the command line."""

    name: str


@dataclass(frozen=True, slots=True)
class Rest:
    """Hint: this field takes the rest of the line, untouched; a form shows several lines."""


@dataclass(frozen=True, slots=True)
class Picker:
    """Hint: a form offers choices from this list, e.g. "rocketchat.open_rooms"."""

    source: str


@dataclass(frozen=True, slots=True)
class Personal:
    """Hint: personal data, masked in logs, console and the job's JSON."""
