"""All settings, and the only reader of the environment and of `config/`.

Precedence: environment, then the TOML file that `BRIDGE_CONFIG` names, then the defaults below.
Each secret may also come from a file named by `<VARIABLE>_FILE`. An unknown key is an error that
names the nearest known one; a half-configured connection is an error too.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


class SettingsError(Exception):
    """The settings are not usable; the text lists everything that is wrong, one sentence a line."""


class Section(BaseModel):
    """A table of the TOML file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Server(Section):
    """Where the bridge listens and how the outside reaches it."""

    host: str = Field("0.0.0.0", description="Address to listen on.")  # noqa: S104 - a container's port
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    public_url: str = Field(
        "", description="How the outside reaches the bridge, https in production."
    )
    trusted_proxies: list[str] = Field(
        default_factory=list, description="CIDRs whose X-Forwarded-For is believed."
    )
    max_body_bytes: int = Field(
        1_000_000, ge=1024, description="Largest request body, decompressed."
    )
    body_deadline_s: float = Field(10.0, gt=0, description="A request's body must be in by then.")
    max_in_flight: int = Field(500, ge=1, description="Requests served at once; more get 503.")


class Slack(Section):
    """The Slack app."""

    signing_secret: SecretStr | None = Field(None, description="Checks that a request is Slack's.")
    signing_secret_previous: SecretStr | None = Field(
        None, description="Still accepted while the signing secret is being rotated."
    )
    bot_token: SecretStr | None = Field(None, description="One workspace: the bot token (xoxb-…).")
    client_id: str = Field("", description="Many workspaces: the OAuth client id.")
    client_secret: SecretStr | None = Field(None, description="Many workspaces: the OAuth secret.")
    app_token: SecretStr | None = Field(
        None, description="Socket Mode: the app-level token (xapp-…)."
    )
    api_url: str = Field("https://slack.com/api/", description="Base of the Web API.")
    response_hosts: list[str] = Field(
        default_factory=lambda: ["hooks.slack.com", "hooks.slack-gov.com"],
        description="Hosts that a response_url may name.",
    )
    commands: dict[str, str] = Field(
        default_factory=dict,
        description='Other names for commands, e.g. close = "/end-chat"; root is the alias for all.',
    )
    in_channel: dict[str, bool] = Field(
        default_factory=dict, description="action = whether the whole channel sees that it is done."
    )


class RocketChat(Section):
    """A Rocket.Chat workspace."""

    kind: Literal["rocketchat"] = "rocketchat"
    url: str = Field(description="Base address of the workspace.")
    user_id: str = Field(description="X-User-Id of the service account.")
    auth_token: SecretStr = Field(description="X-Auth-Token: a personal access token.")
    pace_limit: int = Field(
        10, ge=0, description="Calls per window and route until learnt; 0: none."
    )
    pace_window_s: float = Field(60.0, gt=0, description="Length of that window in seconds.")
    default_comment: str = Field(
        "Closed by the support team",
        description="Closing comment when none is given; may be empty.",
    )
    sign_comments: bool = Field(
        default=False, description="Add the asker's name to a closing comment."
    )


class SuperOffice(Section):
    """A SuperOffice tenant. One way of signing in must be complete."""

    kind: Literal["superoffice"] = "superoffice"
    url: str = Field("", description="The API base up to and including /api.")
    username: str = Field("", description="Basic (onsite).")
    password: SecretStr | None = Field(None, description="Basic (onsite).")
    ticket: SecretStr | None = Field(None, description="SOTicket.")
    app_token: SecretStr | None = Field(
        None, description="SO-AppToken; online needs it with a ticket."
    )
    access_token: SecretStr | None = Field(None, description="Bearer.")
    client_id: str = Field("", description="OAuth: refreshes the access token.")
    client_secret: SecretStr | None = Field(None, description="OAuth client secret.")
    refresh_token: SecretStr | None = Field(None, description="OAuth refresh token.")
    system_token: SecretStr | None = Field(None, description="System user token.")
    private_key: SecretStr | None = Field(None, description="PEM key that signs the system token.")
    tenant: str = Field("", description="Cust12345; its address is then looked up, not configured.")
    environment: Literal["sod", "qaonline", "online"] = Field(
        "online", description="Of the tenant."
    )
    login_url: str = Field(
        "", description="Base of SuperID; default https://{environment}.superoffice.com."
    )
    xsrf_token: SecretStr | None = Field(None, description="X-XSRF-TOKEN of a browser session.")
    cookie: SecretStr | None = Field(None, description="Cookie of that session.")
    accept: str = Field("application/json", description="Accept.")
    accept_language: str = Field("en", description="Accept-Language.")
    language: str = Field("", description="SO-Language; overrides Accept-Language.")
    culture: str = Field("", description="SO-Culture.")
    timezone: str = Field("", description="SO-TimeZone.")
    pace_limit: int = Field(0, ge=0, description="Calls per window and route; 0: none known.")
    pace_window_s: float = Field(1.0, gt=0, description="Length of that window in seconds.")

    @model_validator(mode="after")
    def _complete(self) -> SuperOffice:
        if not self.url and not self.tenant:
            raise ValueError("needs url (up to and including /api) or tenant")
        ways = (
            bool(self.username and self.password),
            bool(self.ticket),
            bool(self.access_token),
            bool(self.client_id and self.client_secret and self.refresh_token),
            bool(self.system_token and self.private_key and self.client_secret and self.tenant),
            bool(self.xsrf_token and self.cookie),
        )
        if not any(ways):
            raise ValueError(
                "needs one complete way to sign in: username + password, ticket, access_token,"
                " client_id + client_secret + refresh_token, system_token + private_key +"
                " client_secret + tenant, or xsrf_token + cookie"
            )
        return self


Connection = Annotated[RocketChat | SuperOffice, Field(discriminator="kind")]


class AccessRule(Section):
    """One permission: who, where, what. Empty lists mean any; `who` may not be empty."""

    who: list[str] = Field(
        min_length=1, description="everyone, user:U…, usergroup:S…, channel:C…, team:T…"
    )
    commands: list[str] = Field(default_factory=list, description="Actions or command words.")
    connections: list[str] = Field(default_factory=list, description="Connections.")
    channels: list[str] = Field(
        default_factory=list, description="Only when typed in these channels."
    )
    teams: list[str] = Field(default_factory=list, description="Only in these workspaces.")


class Access(Section):
    """Who may run what, where. Nothing here: nobody may."""

    allow: str = Field("", description="everyone, or a comma list of user:U…, usergroup:S…, …")
    rules: list[AccessRule] = Field(default_factory=list)


class ApiKey(Section):
    """A key for the API: its name, the SHA-256 of the key in hex, and what it may do."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    actions: list[str] = Field(
        default_factory=lambda: ["*"], description="Globs over action names."
    )
    connections: list[str] = Field(default_factory=lambda: ["*"], description="Globs.")
    expires: str = Field("", description="ISO date; empty: never.")
    per_minute: int = Field(600, ge=1, description="Requests per minute.")


class Api(Section):
    """The HTTP API and the console's token."""

    token: SecretStr | None = Field(None, description="Bearer token with every right.")
    keys: list[ApiKey] = Field(default_factory=list)
    max_wait_s: float = Field(25.0, ge=0, le=28, description="Upper bound of Prefer: wait.")


class Webhooks(Section):
    """Doors for foreign payloads."""

    secret: SecretStr | None = Field(None, description="Standard Webhooks secret (whsec_…).")
    sources: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Declared senders; see the webhook recipes."
    )


class Jobs(Section):
    """The store and the worker."""

    concurrency: int = Field(50, ge=1, le=500, description="Jobs worked on at once per process.")
    lease_s: float = Field(8.0, gt=0.5, description="A silent worker loses its jobs after this.")
    poll_s: float = Field(2.0, gt=0, description="Slow poll beside the notifications.")
    drain_s: float = Field(25.0, ge=0, description="SIGTERM: running jobs may finish within this.")
    give_up_after_s: float = Field(259_200.0, gt=0, description="Then a failing job is parked.")
    join_window_s: float = Field(
        45.0, ge=0, description="The same command again joins the running job."
    )
    keep_keys_s: float = Field(259_200.0, gt=0, description="Idempotency keys are kept so long.")
    keep_done_days: float = Field(
        7.0, gt=0, description="Payloads of finished jobs are kept so long."
    )
    keep_parked_days: float = Field(30.0, gt=0, description="Payloads of parked jobs.")
    breaker_failures: int = Field(5, ge=1, description="Failures in a row that open a breaker.")
    breaker_probe_s: float = Field(
        15.0, gt=0, description="Seconds between probes while it is open."
    )


class Outbound(Section):
    """How the bridge speaks to others."""

    connect_s: float = Field(5.0, gt=0, description="Time to connect.")
    read_s: float = Field(20.0, gt=0, description="Longest silence while reading.")
    total_s: float = Field(30.0, gt=0, description="Whole request.")
    max_answer_bytes: int = Field(2_000_000, ge=1000, description="Larger answers are not read.")
    max_file_bytes: int = Field(50_000_000, ge=1000, description="Larger files are not brought.")
    allow: list[str] = Field(
        default_factory=list, description="Hosts or CIDRs a callback may reach although private."
    )


class Log(Section):
    """Logging."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: console on a terminal."
    )


# variable -> (path in the TOML file); the contract of design.md section 6
ENVIRONMENT: Mapping[str, str] = {
    "HOST": "server.host",
    "PORT": "server.port",
    "PUBLIC_URL": "server.public_url",
    "DATABASE_URL": "database_url",
    "SLACK_SIGNING_SECRET": "slack.signing_secret",
    "SLACK_SIGNING_SECRET_PREVIOUS": "slack.signing_secret_previous",
    "SLACK_BOT_TOKEN": "slack.bot_token",
    "SLACK_CLIENT_ID": "slack.client_id",
    "SLACK_CLIENT_SECRET": "slack.client_secret",
    "SLACK_APP_TOKEN": "slack.app_token",
    "SLACK_API_URL": "slack.api_url",
    "SLACK_RESPONSE_HOSTS": "slack.response_hosts",
    "ROCKETCHAT_URL": "connections.rocketchat.url",
    "ROCKETCHAT_USER_ID": "connections.rocketchat.user_id",
    "ROCKETCHAT_AUTH_TOKEN": "connections.rocketchat.auth_token",
    **{
        f"SUPEROFFICE_{name.upper()}": f"connections.superoffice.{name}"
        for name in SuperOffice.model_fields
        if name not in {"kind", "pace_limit", "pace_window_s"}
    },
    "BRIDGE_API_TOKEN": "api.token",
    "BRIDGE_WEBHOOK_SECRET": "webhooks.secret",
    "BRIDGE_ALLOW": "access.allow",
    "BRIDGE_OUTBOUND_ALLOW": "outbound.allow",
    "BRIDGE_ENCRYPTION_KEY": "encryption_key",
    "BRIDGE_LOG_LEVEL": "log.level",
    "BRIDGE_LOG_FORMAT": "log.format",
}
LISTS = frozenset(("slack.response_hosts", "outbound.allow"))
KINDS = frozenset(("rocketchat", "superoffice"))


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(
        "sqlite:///var/bridge.db", description="sqlite:///path, or postgres://… to scale."
    )
    encryption_key: SecretStr | None = Field(
        None, description="Encrypts tokens at rest; several, comma separated: the first one writes."
    )
    server: Server = Field(default_factory=Server)
    slack: Slack = Field(default_factory=Slack)
    connections: dict[str, Connection] = Field(default_factory=dict)
    access: Access = Field(default_factory=Access)
    api: Api = Field(default_factory=Api)
    webhooks: Webhooks = Field(default_factory=Webhooks)
    jobs: Jobs = Field(default_factory=Jobs)
    outbound: Outbound = Field(default_factory=Outbound)
    log: Log = Field(default_factory=Log)

    @classmethod
    def settings_customise_sources(  # type: ignore[override]  # only two of its sources are ours
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        **_sources: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, _Values(settings_cls))


class _Values(PydanticBaseSettingsSource):
    """The environment over the TOML file, as one tree."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        del field
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        tree = _read_toml(Path(os.environ.get("BRIDGE_CONFIG", "config/bridge.toml")))
        for variable, path in ENVIRONMENT.items():
            value = _read_variable(variable)
            if value is not None:
                _put(tree, path, _split(value) if path in LISTS else value)
        for name, connection in tree.get("connections", {}).items():
            if name in KINDS:
                connection.setdefault("kind", name)
        return tree


def load() -> Settings:
    """Read all settings. Raises `SettingsError` with everything that is wrong at once."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(error))) from None


def secret_from(variable: str = "", file: str = "") -> SecretStr | None:
    """The secret that a webhook source names; None when it is not there, so the source stays shut."""
    if variable:
        value = os.environ.get(variable, "")
    else:
        try:
            value = Path(file).read_text("utf-8") if file else ""
        except (OSError, UnicodeDecodeError):
            value = ""
    return SecretStr(value.strip()) if value.strip() else None


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        if "BRIDGE_CONFIG" in os.environ:
            raise SettingsError(f"BRIDGE_CONFIG names {path}, which is no file. Correct the path.")
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None


def _read_variable(variable: str) -> str | None:
    inline, file = os.environ.get(variable), os.environ.get(f"{variable}_FILE")
    if inline and file:
        raise SettingsError(f"Set {variable} or {variable}_FILE, not both.")
    if file:
        try:
            return Path(file).read_text("utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{variable}_FILE cannot be read: {error.strerror}.") from None
    return inline or None


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[last] = value


def _explain(error: ValidationError) -> Iterator[str]:
    for problem in error.errors():
        path = [str(part) for part in problem["loc"]]
        where = ".".join(part for part in path if part not in KINDS or path.index(part) < 2)
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(path[-1], _known_keys(path[:-1]), n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            yield f"{where}: there is no such setting.{hint}"
        else:
            variable = next((name for name, at in ENVIRONMENT.items() if at == where), "")
            also = f" (or the variable {variable})" if variable else ""
            yield f"{where}{also}: {problem['msg']}."


def _known_keys(path: list[str]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in path:
        if part in KINDS:
            model = RocketChat if part == "rocketchat" else SuperOffice
            continue
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return list(model.model_fields)
