"""Every page that is made from the code, by its place in the site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions import catalogue
from bridge.contract import UPSTREAM_NAMES
from docs.writing import actions, cli, events, http, retries, settings, slack, sources


def pages() -> Mapping[str, str]:
    """All of them; nothing is kept between builds, so none can be out of step."""
    found = catalogue()
    return {
        "reference/actions/index.md": actions.index(found.values()),
        **{_page(name): actions.page(action) for name, action in found.items()},
        "reference/cli.md": cli.page(),
        "reference/events.md": events.page(),
        "reference/http.md": http.page(found.values()),
        "reference/retries.md": retries.page(),
        "reference/settings.md": settings.page(),
        "reference/slack.md": slack.page(found.values()),
        "reference/sources.md": sources.page(),
        "guides/commands.md": slack.commands_page(found.values()),
    }


def actions_nav() -> list[Any]:
    """The actions in the navigation, by upstream."""
    found = catalogue()
    by_upstream: dict[str, list[dict[str, str]]] = {}
    for name, action in found.items():
        by_upstream.setdefault(action.upstream, []).append({action.title: _page(name)})
    return [
        "reference/actions/index.md",
        *({UPSTREAM_NAMES[name]: pages} for name, pages in by_upstream.items()),
    ]


def _page(action_id: str) -> str:
    return f"reference/actions/{action_id}.md"
