"""`bridge check`: what the settings alone give away, without asking anybody. Deterministic and quick."""

from __future__ import annotations

import ipaddress
import os
import re
import time
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

from bridge import access
from bridge.actions import catalogue
from bridge.checks.report import Report, Row, error, many, ok, warning
from bridge.checks.sources import webhooks
from bridge.contract import Action
from bridge.jobs.database import DatabaseError, durability, parse_url
from bridge.settings import Settings, foreign_variables
from bridge.signatures.origin import too_wide

HEX32 = re.compile(r"[0-9a-f]{32}")
LEAST_SECRET = 16
ROUTER_IDLE_S = 90.0  # https://devcenter.heroku.com/articles/http-routing#keepalives
GRACE_S = 30.0  # https://devcenter.heroku.com/articles/dynos#shutdown


def check(
    settings: Settings,
    environ: Mapping[str, str] | None = None,
    *,
    actions: Mapping[str, type[Action]] | None = None,
) -> Report:
    """Everything that is wrong or doubtful with settings that can be read at all."""
    environ = os.environ if environ is None else environ
    actions = actions or catalogue()
    return Report.of(
        [
            *_storage(settings, environ),
            *_slack(settings),
            *_address(settings),
            *_access(settings, actions),
            *_connections(settings),
            *_api(settings),
            *_metrics(settings),
            *webhooks(settings, actions),
            *_variables(environ),
        ]
    )


def _storage(settings: Settings, environ: Mapping[str, str]) -> Iterator[Row]:
    try:
        url = parse_url(settings.database_url)
    except DatabaseError as problem:
        yield error("Storage", str(problem), "Correct DATABASE_URL.")
        return
    durable, words = durability(url)
    if durable and not ("DYNO" in environ and url.drivername == "sqlite"):
        yield ok("Storage", f"{words}.")
    else:
        yield warning(
            "Storage",
            "Volatile: a SQLite file on a host that wipes its disk at every restart. Accepted jobs"
            " are lost with it.",
            "Add a Postgres database and set DATABASE_URL to it; on Heroku:"
            " heroku addons:create heroku-postgresql:essential-0",
        )
    if "DYNO" in environ and settings.jobs.drain_s > GRACE_S - 2:
        yield warning(
            "Shutdown",
            f"Running jobs may take {settings.jobs.drain_s:g} s, but this host kills after 30 s.",
            "Set BRIDGE_JOBS_DRAIN_S to 25 or less.",
        )
    if "DYNO" in environ and settings.server.idle_s <= ROUTER_IDLE_S:
        yield warning(
            "Connections kept",
            f"Idle ones are closed after {settings.server.idle_s:g} s, but this host's router uses"
            f" them for {ROUTER_IDLE_S:g} s: some requests would meet a closed one (H13, H18).",
            "Set BRIDGE_SERVER_IDLE_S to 95.",
        )
    key = settings.encryption_key
    if key is None and settings.slack.client_id:
        yield warning(
            "Encryption",
            "Tokens of workspaces are sealed with a key made from other secrets, so rotating one of"
            " those makes them unreadable.",
            "Set BRIDGE_ENCRYPTION_KEY to a long random value before the first workspace installs.",
        )
    elif key is not None and any(
        len(one.strip()) < LEAST_SECRET for one in _text(key).split(",") if one.strip()
    ):
        yield warning(
            "Encryption", "A key is short enough to be guessed.", "Use: openssl rand -base64 32"
        )


def _slack(settings: Settings) -> Iterator[Row]:
    slack = settings.slack
    if not (slack.signing_secret or slack.app_token):
        yield warning(
            "Slack",
            "Slack is not set up, so there are no commands.",
            "Run `bridge manifest`, make the app from it at api.slack.com/apps, then set"
            " SLACK_SIGNING_SECRET and SLACK_BOT_TOKEN.",
        )
        return
    way = "Socket Mode" if slack.app_token else "HTTP"
    many = "many workspaces by OAuth" if slack.client_id else "one workspace"
    yield ok("Slack", f"{way}, {many}.")
    for name, secret, prefix in (
        ("SLACK_BOT_TOKEN", slack.bot_token, "xoxb-"),
        ("SLACK_APP_TOKEN", slack.app_token, "xapp-"),
    ):
        if secret is not None and not _text(secret).startswith(prefix):
            yield warning(
                "Slack",
                f"{name} does not begin with {prefix}, as such tokens do.",
                "Copy it again: the bot token stands under OAuth & Permissions, the app-level token"
                " under Basic Information.",
            )
    if slack.signing_secret is not None and not HEX32.fullmatch(_text(slack.signing_secret)):
        yield warning(
            "Slack",
            "SLACK_SIGNING_SECRET is not 32 hex digits, as signing secrets are.",
            "Copy the Signing Secret, not the Verification Token or the Client Secret.",
        )
    if slack.signing_secret_previous is not None:
        yield warning(
            "Slack",
            "Two signing secrets are accepted.",
            "Remove SLACK_SIGNING_SECRET_PREVIOUS once the rotation is over.",
        )


def _address(settings: Settings) -> Iterator[Row]:
    url = settings.server.public_url
    if not url:
        yield warning(
            "Address",
            "PUBLIC_URL is not set, so manifest, links and OAuth do not know how to reach the"
            " bridge.",
            "Set it to the https address of the bridge, e.g. https://your-app.herokuapp.com",
        )
    elif url.startswith("http://") and not _is_local(url):
        yield warning(
            "Address",
            "PUBLIC_URL is http. Slack sends only to https, and secrets would travel in the clear.",
            "Put a proxy with TLS before the bridge and write https://…",
        )
    else:
        yield ok("Address", f"{url}.")
    proxies = settings.server.trusted_proxies
    for network in too_wide(ipaddress.ip_network(one, strict=False) for one in proxies):
        yield error(
            "Address",
            f"server.trusted_proxies holds {network}: anybody could claim any address.",
            "Write only the networks of your own proxies.",
        )


def _access(settings: Settings, actions: Mapping[str, type[Action]]) -> Iterator[Row]:
    words = {action.command.word for action in actions.values()}
    found = access.problems(settings.access, [*actions, *words], list(settings.connections))
    yield from (error("Access", one, "Correct or remove it.") for one in found)
    if not settings.access.allow.strip() and not settings.access.rules:
        yield warning(
            "Access",
            "Nobody may run a command: neither BRIDGE_ALLOW nor a rule is set.",
            "Set BRIDGE_ALLOW=user:U… for yourself first, then usergroup:S… for the team.",
        )
    elif not found:
        rules = len(settings.access.rules)
        ways = ("BRIDGE_ALLOW" if settings.access.allow.strip() else "", many(rules, "rule"))
        yield ok("Access", f"{' and '.join(filter(None, ways))}.")


def _connections(settings: Settings) -> Iterator[Row]:
    if not settings.connections:
        yield warning(
            "Connections",
            "There is none, so nothing can be done.",
            "Set ROCKETCHAT_URL, ROCKETCHAT_USER_ID and ROCKETCHAT_AUTH_TOKEN, or SUPEROFFICE_URL"
            " and one way to sign in.",
        )
    for name, one in settings.connections.items():
        subject = f"Connection {name}"
        tenant = one.tenant if one.kind == "superoffice" else ""
        yield ok(subject, f"{one.kind} at {urlsplit(one.url).hostname or tenant}.")
        if one.url.startswith("http://") and not _is_local(one.url):
            yield warning(
                subject, "Its url is http: its credential travels in the clear.", "Write https://…"
            )
        if one.kind == "superoffice" and one.url and not one.url.rstrip("/").endswith("/api"):
            yield warning(
                subject, "Its url does not end in /api.", "Write it up to and including /api."
            )


def _api(settings: Settings) -> Iterator[Row]:
    token = settings.api.token
    if token is None and not settings.api.keys:
        yield ok("API", "Shut: neither BRIDGE_API_TOKEN nor a key is set.")
    elif token is not None and len(_text(token)) < LEAST_SECRET:
        yield warning(
            "API",
            "BRIDGE_API_TOKEN is short enough to be guessed, and it may do everything.",
            "Use: openssl rand -hex 32",
        )
    else:
        yield ok("API", "Open to its token and keys.")
    for key in settings.api.keys:
        if access.key_expired(key, time.time()):
            yield warning(
                "API",
                f"The key {key.name} has expired, or its date is none.",
                "Write its last day like 2030-12-31, or remove the key.",
            )


def _metrics(settings: Settings) -> Iterator[Row]:
    token = settings.server.metrics_token
    if token is not None and len(_text(token)) < LEAST_SECRET:
        yield warning(
            "Metrics",
            "BRIDGE_METRICS_TOKEN is short enough to be guessed.",
            "Use: openssl rand -hex 32",
        )
    elif token is None and settings.server.public_url and not _is_local(settings.server.public_url):
        yield warning(
            "Metrics",
            "Whoever reaches the bridge may read /metrics and the reasons in /readyz: names of connections"
            " and how much is done.",
            "Set BRIDGE_METRICS_TOKEN and give it to your scraper, or let the proxy refuse both.",
        )
    else:
        yield ok("Metrics", "/metrics asks for its token." if token else "/metrics is open.")


def _variables(environ: Mapping[str, str]) -> Iterator[Row]:
    names = foreign_variables(environ)
    if names:
        yield ok(
            "Variables",
            f"Not settings of the bridge, and not read: {', '.join(names)}.",
            "If one was meant for the bridge, config/bridge.toml has the right name.",
        )


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or "." not in host  # a name inside one network


def _text(secret: SecretStr) -> str:
    return secret.get_secret_value()
