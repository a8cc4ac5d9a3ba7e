"""Requests and answers as an operator may read them: exact, but without credentials and addresses."""

from __future__ import annotations

import json
from typing import Any

from bridge.contract import Request, Response
from bridge.delivery.mrkdwn import mask

MOST = 4000  # characters of a body that are kept
_SECRET_KEYS = frozenset(
    (
        "token",
        "sessionkey",
        "authtoken",
        "x-auth-token",
        "password",
        "secret",
        "access_token",
        "refresh_token",
        "id_token",
        "ticket",
        "services",
    )
)
HIDDEN = "[hidden]"
DEEPEST = 50  # no documented answer comes near; what is deeper could not be written down again
TOO_DEEP = "[nested too deeply]"


def redact(value: Any, depth: int = 0) -> Any:
    """The same JSON value, its credentials hidden and its e-mail addresses masked."""
    if depth > DEEPEST and isinstance(value, dict | list | tuple):
        return TOO_DEEP
    if isinstance(value, dict):
        return {
            key: HIDDEN if key.lower() in _SECRET_KEYS else redact(item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact(item, depth + 1) for item in value]
    return mask(value) if isinstance(value, str) and "@" in value else value


def describe(
    request: Request, response: Response | None, failure: str, took_s: float
) -> dict[str, Any]:
    """One exchange of an attempt, for the console's timeline."""
    exchange: dict[str, Any] = {
        "method": request.method,
        "route": request.route,
        "path": redact(dict(request.path)),
        "took_s": round(took_s, 4),
    }
    if request.query:
        exchange["query"] = redact(dict(request.query))
    if request.body is not None:
        exchange["body"] = redact(request.body)
    if response is None:
        exchange["failure"] = failure
        return exchange
    if not response.sent:
        exchange["failure"] = f"not sent: {mask(response.error_text)} ({response.error_code})"
        return exchange
    exchange["status"] = response.status
    if response.acted_as:
        exchange["acted_as"] = response.acted_as
    if request.expects == "file":
        exchange["answer"] = f"{len(response.body)} bytes"
    elif response.json is not None:
        answer = redact(response.json)
        exchange["answer"] = answer if len(response.body) <= MOST else json.dumps(answer)[:MOST]
    else:
        exchange["answer"] = mask(response.body[:MOST].decode("utf-8", "replace"))
    return exchange
