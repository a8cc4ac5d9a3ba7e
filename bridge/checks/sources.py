"""What `bridge check` says of webhooks: their secrets, and the sources that are declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bridge.checks.report import Row, error, ok, warning
from bridge.contract import Action
from bridge.ingress.webhooks import read_sources
from bridge.settings import Settings, SettingsError
from bridge.signatures.origin import too_wide


def webhooks(settings: Settings, actions: Mapping[str, type[Action]]) -> Iterator[Row]:
    """The rows of one check of the settings."""
    secret = settings.webhooks.secret
    if secret is not None and _is_short(secret.get_secret_value()):
        yield warning(
            "Webhooks",
            "BRIDGE_WEBHOOK_SECRET is short enough to be guessed.",
            'Make one: echo "whsec_$(openssl rand -base64 32)"',
        )
    if settings.webhooks.secret_previous is not None:
        yield warning(
            "Webhooks",
            "Two secrets are accepted for /hooks/actions, and callbacks are signed with both.",
            "Remove BRIDGE_WEBHOOK_SECRET_PREVIOUS once the rotation is over.",
        )
    try:
        sources = read_sources(settings, actions)
    except SettingsError as problem:
        yield from (
            error("Webhooks", line, "Correct it in the settings file.")
            for line in str(problem).splitlines()
        )
        return
    for sentence in sources.shut.values():
        yield warning("Webhooks", sentence, "Set the variable or file that its secret names.")
    for name, source in sources.by_name.items():
        for network in too_wide(source.allow_from):
            yield error(
                "Webhooks",
                f"webhooks.sources.{name}.allow_from holds {network}: it keeps nobody out.",
                "Write only the sender's networks, or leave it out.",
            )
    if secret is None:
        yield ok("Webhooks", "/hooks/actions is shut: BRIDGE_WEBHOOK_SECRET is not set.")
    declared = len(sources.by_name) - 1
    if declared:
        yield ok(
            "Webhooks", f"{declared - len(sources.shut)} of {declared} declared sources are open."
        )


def _is_short(secret: str) -> bool:
    """Standard Webhooks asks for 24 to 64 bytes, in base64."""
    return len(secret.removeprefix("whsec_")) < 32
