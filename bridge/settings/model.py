"""All settings as one tree. Given values count and nothing else, except inside `load`.

`load` adds two sources by pydantic-settings, the environment over the TOML file; a test or a demo that
makes `Settings` itself is never told anything by the machine it runs on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from pydantic import Field, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bridge.settings.connections import KINDS, Connection
from bridge.settings.kinds import ConnectionName, DatabaseUrl, Secret
from bridge.settings.sections import (
    Access,
    Api,
    Console,
    Jobs,
    Log,
    Outbound,
    Route,
    Server,
    Slack,
    Webhooks,
)

# What `load` has read, the strongest first.
READ: ContextVar[Sequence[Mapping[str, Any]]] = ContextVar("read", default=())


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    database_url: DatabaseUrl = Field(
        "sqlite:///var/bridge.db",
        description="sqlite:///path, or postgres://… to scale.",
        repr=False,  # it may hold a password
    )
    encryption_key: Secret = Field(
        None, description="Encrypts tokens at rest; several, comma separated: the first one writes."
    )
    server: Server = Field(default_factory=Server)
    slack: Slack = Field(default_factory=Slack)
    connections: dict[ConnectionName, Connection] = Field(
        default_factory=dict, description="Upstream accounts by name."
    )
    routing: list[Route] = Field(
        default_factory=list, description="Which connection a channel or workspace stands for."
    )
    access: Access = Field(default_factory=Access)
    api: Api = Field(default_factory=Api)
    webhooks: Webhooks = Field(default_factory=Webhooks)
    jobs: Jobs = Field(default_factory=Jobs)
    outbound: Outbound = Field(default_factory=Outbound)
    console: Console = Field(default_factory=Console)
    log: Log = Field(default_factory=Log)

    @field_validator("connections", mode="before")
    @classmethod
    def _named_after_its_kind(cls, value: Any) -> Any:
        """A connection called rocketchat or superoffice need not say its kind."""
        if not isinstance(value, Mapping):
            return value
        return {
            name: {"kind": name, **one} if name in KINDS and isinstance(one, Mapping) else one
            for name, one in value.items()
        }

    @property
    def console_by_slack(self) -> bool:
        """Whether people sign in to the console with Slack."""
        app = self.slack.client_id and self.slack.client_secret
        return bool(app and (self.console.operators or self.console.viewers))

    def routed(self, team_id: str, channel_id: str, enterprise_id: str = "") -> tuple[str, ...]:
        """The connections that this place stands for: the channel's rules, else the workspace's."""
        by_channel = [one for one in self.routing if channel_id in one.channels]
        places = {team_id, enterprise_id} - {""}
        fitting = [one for one in by_channel if not one.teams or places & set(one.teams)]
        if not fitting:
            fitting = [
                one for one in self.routing if not one.channels and places & set(one.teams)
            ] or [one for one in self.routing if not one.channels and not one.teams]
        return tuple(dict.fromkeys(name for one in fitting for name in one.connections))

    @classmethod
    def settings_customise_sources(  # type: ignore[override]  # of the sources only one is ours
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        **_sources: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, *(_Given(settings_cls, tree) for tree in READ.get()))


class _Given(PydanticBaseSettingsSource):
    """A tree of values that was read before."""

    def __init__(self, settings_cls: type[BaseSettings], tree: Mapping[str, Any]) -> None:
        super().__init__(settings_cls)
        self._tree = tree

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        del field
        return self._tree.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(self._tree)
