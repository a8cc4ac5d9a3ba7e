"""The sources of the TOML file as models: strict keys, compiled rules, and every fault named at start.

A key that does not exist, an expression that does not compile, an action or a field that is not there:
each is an error with the nearest name, because a rule that silently never matches is found months
later. Secrets that are not there are no such error; that source is shut, and says so.
"""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError

from bridge.contract import Action, upstream_name
from bridge.ingress.webhooks.expressions import Expression
from bridge.ingress.webhooks.presets import PRESETS
from bridge.ingress.webhooks.secrets import PLACES, take_secrets
from bridge.ingress.webhooks.values import compile_value
from bridge.settings import Settings, SettingsError
from bridge.signatures import CHECK, Check, StandardCheck
from bridge.signatures import Secret as LiveSecret

BUILT_IN: Final = "actions"
STRICT: Final = ConfigDict(
    extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True
)
REPLY_TO: Final = frozenset(("slack_channel", "slack_team", "thread_ts", "callback_url"))


def _network(value: Any) -> Any:
    try:
        return ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        raise ValueError("is no network; write 203.0.113.0/24") from None


def _path(value: Any) -> Expression:
    if not isinstance(value, str):
        raise ValueError("is no JMESPath expression")  # noqa: TRY004 - pydantic wants it
    return Expression(value)


Network = Annotated[ipaddress.IPv4Network | ipaddress.IPv6Network, PlainValidator(_network)]
Path = Annotated[Expression, PlainValidator(_path)]
Compiled = Annotated[Any, PlainValidator(compile_value)]


class Rule(BaseModel):
    """When a payload is like this, run that action with those fields."""

    model_config = STRICT

    name: str = Field("", max_length=60, description="For logs and `bridge explain`.")
    when: Path | None = Field(None, description="JMESPath; the rule holds when it finds something.")
    when_headers: dict[str, str] = Field(
        default_factory=dict, description="Headers that must have exactly these values."
    )
    for_each: Path | None = Field(None, description="JMESPath to a list: one job for each item.")
    action: str = Field(description="The action to run.")
    connection: str = Field("", description="Default: the source's, else the only one of its kind.")
    args: dict[str, Compiled] = Field(
        default_factory=dict, description="Fields: JMESPath, text with {{ … }}, or plain values."
    )
    reply_to: dict[str, Compiled] = Field(
        default_factory=dict, description="slack_channel, slack_team, thread_ts, callback_url."
    )


class Source(BaseModel):
    """One sender."""

    model_config = STRICT

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    preset: Literal["", "rocketchat", "superoffice"] = Field("", description="A known sender.")
    checks: tuple[Check, ...] = Field((), description="Every one of them must hold.")
    allow_from: tuple[Network, ...] = Field((), description="Networks it may come from.")
    connection: str = Field("", description="Connection of its rules.")
    rules: tuple[Rule, ...] = Field((), description="All that hold are run.")
    dedupe: tuple[Path, ...] = Field((), description="JMESPaths: what makes two payloads the same.")
    dedupe_header: str = Field("", description="A header with an id of the event.")
    dedupe_body: bool | None = Field(
        None,
        description="The same bytes are the same event; default: when a signature has no time.",
    )
    replays: Literal["", "answer", "refuse"] = Field(
        "", description="A signed message seen before: answer as before, or 401."
    )
    answer_status: Literal[200, 202] = Field(202, description="Of a payload that is taken.")
    lenient: bool = Field(
        default=False, description="What cannot be mapped is logged and answered with success."
    )
    per_minute: int = Field(600, ge=1, description="Payloads per minute.")
    max_body_bytes: int | None = Field(None, ge=1, description="Below the server's own bound.")
    max_jobs: int = Field(20, ge=1, le=100, description="Jobs that one payload may lead to.")

    @property
    def is_open(self) -> bool:
        """Whether there is anything to believe a sender by; without, it answers 503."""
        return bool(self.checks) and all(check.secrets for check in self.checks)


@dataclass(frozen=True, slots=True)
class Sources:
    """All that may send, and why some are shut."""

    by_name: Mapping[str, Source]
    shut: Mapping[str, str] = field(default_factory=dict)


def read_sources(settings: Settings, catalogue: Mapping[str, type[Action]]) -> Sources:
    """All sources, the built-in one among them. Raises `SettingsError` with every fault in a line."""
    faults: list[str] = []
    found: dict[str, Source] = {BUILT_IN: _built_in(settings)}
    for name, declared in settings.webhooks.sources.items():
        where = f"webhooks.sources.{name}"
        if name == BUILT_IN:
            faults.append(f"{where}: this name is the built-in source's. Choose another one.")
            continue
        try:
            source = Source.model_validate({**_complete(declared), "name": name})
        except ValidationError as error:
            faults += _explain(where, error)
        except ValueError as error:
            faults.append(f"{where}: {error}.")
        else:
            faults += [f"{where}.{fault}" for fault in _wrong(source, settings, catalogue)]
            found[name] = source
    if faults:
        raise SettingsError("\n".join(faults))
    shut = {
        name: f"The source {name} has no secret, so it answers 503."
        for name, source in found.items()
        if not source.is_open and name != BUILT_IN
    }
    return Sources(found, shut)


def _built_in(settings: Settings) -> Source:
    live = settings.webhooks.live_secrets
    secrets = tuple(LiveSecret(id=name, value=one) for name, one in live)
    return Source(name=BUILT_IN, checks=(StandardCheck(secrets=secrets),))


def _complete(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The declaration with its preset filled in and its secrets looked up. Raises `ValueError`."""
    preset = PRESETS.get(str(declared.get("preset", "")))
    own, secrets = take_secrets(declared)
    checks = own.get("checks", [])
    if not isinstance(checks, list) or not all(isinstance(one, Mapping) for one in checks):
        raise ValueError("checks is a list of tables, each with a kind")
    if preset and not checks:
        checks = [{"kind": preset.check}]
    if (secrets or any(name in declared for name in PLACES)) and len(checks) != 1:
        raise ValueError("a secret beside the checks needs exactly one check or a preset")
    own["checks"] = [_check(one, secrets) for one in checks]
    names = own.pop("use", None)
    if preset:
        own = {"dedupe": preset.dedupe, "answer_status": 200, "lenient": True, **own}
        chosen = preset.use if names is None and not own.get("rules") else (names or ())
        unknown = [name for name in chosen if name not in preset.rules]
        if unknown:
            known = ", ".join(preset.rules) or "none"
            raise ValueError(f"the preset has no rule {unknown[0]}; it has {known}")
        ready = [{"name": name, **preset.rules[name]} for name in chosen]
        own["rules"] = [*ready, *own.get("rules", [])]
    elif names is not None:
        raise ValueError("use needs a preset")
    return own


def _check(declared: Mapping[str, Any], outer: list[LiveSecret]) -> Check:
    rest, secrets = take_secrets(declared)
    if secrets and outer:
        raise ValueError("give a secret to the check or beside the checks, not both")
    return CHECK.validate_python({**rest, "secrets": secrets or outer})


def _wrong(
    source: Source, settings: Settings, catalogue: Mapping[str, type[Action]]
) -> Iterator[str]:
    """What only a look at actions and connections can find."""
    if not source.rules:
        yield "rules: declare at least one, so that a payload leads to something."
    for number, rule in enumerate(source.rules, start=1):
        where = f"rules[{number}]"
        action = catalogue.get(rule.action)
        if action is None:
            yield f"{where}.action: there is no action {rule.action}.{_near(rule.action, catalogue)}"
            continue
        fields = {one.alias or name: one for name, one in action.model_fields.items()}
        known = {*fields, *action.model_fields}
        for name in rule.args:
            if name not in known:
                yield f"{where}.args.{name}: {rule.action} has no such field.{_near(name, fields)}"
        for name, one in fields.items():
            if one.is_required() and not {name, *_names(action, name)} & set(rule.args):
                yield f"{where}.args: {rule.action} needs {name}."
        for name in rule.reply_to:
            if name not in REPLY_TO:
                yield f"{where}.reply_to.{name}: there is no such place.{_near(name, REPLY_TO)}"
        connection = rule.connection or source.connection
        names = [name for name, one in settings.connections.items() if one.kind == action.upstream]
        if connection and connection not in names:
            choices = ", ".join(names) or "none yet"
            yield f"{where}: {connection} is no {upstream_name(action.upstream)} connection; there are: {choices}."
        elif not connection and len(names) > 1:
            yield f"{where}.connection: say which one is meant: {', '.join(names)}."


def _names(action: type[Action], alias: str) -> Iterator[str]:
    return (name for name, one in action.model_fields.items() if one.alias == alias)


def _explain(where: str, error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_url=False, include_input=False):
        path = [str(part) for part in one["loc"]]
        place = ".".join((where, *path))
        if one["type"] == "extra_forbidden":
            model: type[BaseModel] = Rule if path[0] == "rules" else Source
            known = (*model.model_fields, *PLACES, "secrets", "use")
            yield f"{place}: there is no such setting.{_near(path[-1], known)}"
        else:
            yield f"{place}: {str(one['msg']).removeprefix('Value error, ')}."


def _near(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]}?" if near else ""
