"""What is set by half: parts that mean nothing, or harm, without their other parts.

Read from the trees before validation, so that one start lists everything that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bridge.settings.environment import VARIABLE_OF
from bridge.settings.explaining import near

Trees = Sequence[Mapping[str, Any]]
_SLACK = (
    *("signing_secret", "signing_secret_previous", "bot_token"),
    *("client_id", "client_secret", "app_token"),
)


def halves(trees: Trees) -> Iterator[str]:
    """A sentence for everything that lacks its other half. The trees stand with the strongest first."""
    yield from _slack(trees)
    if _value(trees, "webhooks.secret_previous") and not _value(trees, "webhooks.secret"):
        yield (
            "webhooks.secret (variable BRIDGE_WEBHOOK_SECRET): the previous secret is set without a"
            " current one. Set the current one."
        )
    yield from _routing(trees)


def _slack(trees: Trees) -> Iterator[str]:
    given = {name for name in _SLACK if _value(trees, f"slack.{name}")}
    if not given:
        return
    if "signing_secret" not in given:
        if "signing_secret_previous" in given:
            yield _lacks(
                "signing_secret",
                "the previous secret is set without a current one. Set the current one",
            )
        elif "app_token" not in given:
            yield _lacks(
                "signing_secret",
                "Slack is set up by half: without it no request can be verified. Copy it from"
                " api.slack.com/apps, Basic Information",
            )
    if ("client_id" in given) != ("client_secret" in given):
        missing = "client_id" if "client_secret" in given else "client_secret"
        yield _lacks(missing, "client_id and client_secret belong together. Set both or neither")
    elif not given & {"bot_token", "client_id"}:
        yield _lacks(
            "bot_token",
            "Slack is set up by half: nothing could be answered. Copy the bot token from"
            " api.slack.com/apps, OAuth & Permissions, or set client_id and client_secret for many"
            " workspaces",
        )


def _lacks(name: str, why: str) -> str:
    path = f"slack.{name}"
    return f"{path} (variable {VARIABLE_OF[path]}): {why}."


def _routing(trees: Trees) -> Iterator[str]:
    names = sorted({name for tree in trees for name in _table(tree.get("connections"))})
    rules: Any = next((tree["routing"] for tree in trees if tree.get("routing")), [])
    for number, rule in enumerate(rules if isinstance(rules, list) else [], start=1):
        wanted = _table(rule).get("connections", [])
        for name in wanted if isinstance(wanted, list) else []:
            if name not in names:
                hint = near(str(name), names) if names else " There is none yet."
                yield f"routing[{number}].connections: there is no connection {name}.{hint}"


def _value(trees: Trees, path: str) -> Any:
    for tree in trees:
        found: Any = tree
        for part in path.split("."):
            found = _table(found).get(part)
        if isinstance(found, str):
            found = found.strip()
        if found:
            return found
    return None


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
