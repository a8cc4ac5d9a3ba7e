"""All settings, and the only reader of the bridge's variables and of `config/`.

Precedence: environment, then the TOML file that `BRIDGE_CONFIG` names, then the defaults. Each variable
may also come from a file named by `<VARIABLE>_FILE`. Whatever is wrong is listed at once, in sentences
that name the setting and its variable: unknown names with the nearest known one, values of the wrong
kind, what is set by half, `${…}` that stands for nothing. Variables that belong to others are read where they
count: OTEL_* in `tracing`, the host's PGSSLMODE and DYNO in `jobs.database`.

May import: no other room.
"""

from bridge.settings.connections import Connection, RocketChat, SuperOffice
from bridge.settings.environment import ENVIRONMENT
from bridge.settings.kinds import Section
from bridge.settings.loading import SettingsError, foreign_variables, load, secret_from
from bridge.settings.model import Settings
from bridge.settings.reloading import Change, Reloader
from bridge.settings.rendering import render_config, render_schema, schema
from bridge.settings.sections import (
    Access,
    AccessRule,
    Api,
    ApiKey,
    Console,
    Jobs,
    Log,
    Outbound,
    Route,
    Server,
    Slack,
    Webhooks,
)

__all__ = [
    "ENVIRONMENT",
    "Access",
    "AccessRule",
    "Api",
    "ApiKey",
    "Change",
    "Connection",
    "Console",
    "Jobs",
    "Log",
    "Outbound",
    "Reloader",
    "RocketChat",
    "Route",
    "Section",
    "Server",
    "Settings",
    "SettingsError",
    "Slack",
    "SuperOffice",
    "Webhooks",
    "foreign_variables",
    "load",
    "render_config",
    "render_schema",
    "schema",
    "secret_from",
]
