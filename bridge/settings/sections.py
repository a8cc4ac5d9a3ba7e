"""The sections of the settings that are not connections: doors, access, jobs, way out, log."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SecretStr

from bridge.settings.kinds import (
    Address,
    AddressOrNone,
    NetworkRange,
    Secret,
    Section,
    StandardSecret,
)


class Server(Section):
    """Where the bridge listens and how the outside reaches it."""

    host: str = Field("0.0.0.0", description="Address to listen on.")  # noqa: S104 - a container's port
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    worker_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Where `bridge worker` answers /healthz, /readyz and /metrics; 0: nowhere.",
    )
    public_url: AddressOrNone = Field(
        "", description="How the outside reaches the bridge, https in production."
    )
    trusted_proxies: list[NetworkRange] = Field(
        default_factory=list, description="CIDRs whose X-Forwarded-For is believed."
    )
    max_body_bytes: int = Field(
        1_000_000, ge=1024, description="Largest request body, decompressed."
    )
    body_deadline_s: float = Field(10.0, gt=0, description="A request's body must be in by then.")
    idle_s: float = Field(
        95.0, gt=0, description="A connection without a whole request header is closed after this."
    )
    max_in_flight: int = Field(500, ge=1, description="Requests served at once; more get 503.")
    metrics_token: Secret = Field(
        None,
        description="Bearer token for /metrics and for the reasons in /readyz; without: anybody may.",
    )


class Slack(Section):
    """The Slack app."""

    signing_secret: Secret = Field(None, description="Checks that a request is Slack's.")
    signing_secret_previous: Secret = Field(
        None, description="Still accepted while the signing secret is being rotated."
    )
    bot_token: Secret = Field(None, description="One workspace: the bot token (xoxb-…).")
    client_id: str = Field("", description="Many workspaces: the OAuth client id.")
    client_secret: Secret = Field(None, description="Many workspaces: the OAuth secret.")
    app_token: Secret = Field(None, description="Socket Mode: the app-level token (xapp-…).")
    config_token: Secret = Field(
        None, description="App configuration token (xoxe.…); only `bridge manifest --push` uses it."
    )
    api_url: Address = Field("https://slack.com/api/", description="Base of the Web API.")
    response_hosts: list[str] = Field(
        default_factory=lambda: ["hooks.slack.com", "hooks.slack-gov.com"],
        description="Hosts that a response_url may name.",
    )
    commands: dict[str, str] = Field(
        default_factory=dict,
        description='Other names for commands, e.g. close = "/end-chat"; root is the alias for all.',
    )
    in_channel: dict[str, bool] = Field(
        default_factory=dict,
        description="Whether the whole channel sees that it is done, by action.",
    )


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
    rules: list[AccessRule] = Field(
        default_factory=list, description="Finer permissions, one table each."
    )


class Route(Section):
    """Which connections a Slack channel or workspace stands for; without both lists: everywhere."""

    channels: list[str] = Field(default_factory=list, description="Channel ids (C…).")
    teams: list[str] = Field(default_factory=list, description="Workspace ids (T… or E…).")
    connections: list[str] = Field(min_length=1, description="Names of connections.")


class ApiKey(Section):
    """A key for the API: its name, the SHA-256 of the key in hex, and what it may do."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="For logs and scopes.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the key, in hex.")
    actions: list[str] = Field(
        default_factory=lambda: ["*"], description="Globs over action names."
    )
    connections: list[str] = Field(
        default_factory=lambda: ["*"], description="Globs over connections."
    )
    expires: str = Field("", description="ISO date of its last day; empty: never.")
    per_minute: int = Field(600, ge=1, description="Requests per minute.")


class Api(Section):
    """The HTTP API and the console's token."""

    token: Secret = Field(None, description="Bearer token with every right.")
    keys: list[ApiKey] = Field(default_factory=list, description="Keys with fewer rights.")
    max_wait_s: float = Field(25.0, ge=0, le=28, description="Upper bound of Prefer: wait.")


class Webhooks(Section):
    """Doors for foreign payloads."""

    secret: StandardSecret = Field(None, description="Standard Webhooks secret (whsec_…).")
    secret_previous: StandardSecret = Field(
        None, description="Still accepted, and signed with too, while that secret is being rotated."
    )
    sources: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Declared senders; see the webhook recipes."
    )

    @property
    def live_secrets(self) -> list[tuple[str, SecretStr]]:
        """What is signed with and accepted, the current one first, each with its id."""
        given = (("current", self.secret), ("previous", self.secret_previous))
        return [(name, one) for name, one in given if one is not None]


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
    keep_audit_days: float = Field(
        400.0, gt=0, description="Lines of the audit trail: ids and outcomes, no payloads."
    )
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


class Console(Section):
    """The operator's pages, for those who sign in with Slack; the API token may do everything."""

    operators: list[str] = Field(default_factory=list, description="Who may act: user:U…, team:T…")
    viewers: list[str] = Field(default_factory=list, description="Who may look: user:U…, team:T…")


class Log(Section):
    """Logging."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error."
    )
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="json, console, or auto: console on a terminal."
    )
    access: bool = Field(
        default=False, description="One line per answered request: route template, status, seconds."
    )
