"""The envelope every answer travels in: success, the three shapes of a refusal, and what is no JSON at all.

Rocket.Chat tells the same fault differently by version and by the way it was thrown; the builders here are
named after the way it was thrown.
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from bridge.sandbox.rocketchat.state import Profile

NOT_LOGGED_IN = "You must be logged in to do this."
NO_PERMISSION = "User does not have the permissions required for this action [error-unauthorized]"
API_HEADERS = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class RefusalError(Exception):
    """A refusal on its way out, with the status and body it will have."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body.get("error"))
        self.status = status
        self.body = body


def plain(text: str, status: int = 400) -> RefusalError:
    """`throw new Error(text)`: the bare code, no errorType."""
    return RefusalError(status, {"success": False, "error": text})


def meteor(code: str, reason: str = "", details: Any = None) -> RefusalError:
    """`throw new Meteor.Error(code, reason)`: text with `[code]` at its end, and errorType."""
    body = {"success": False, "error": f"{reason} [{code}]".strip(), "errorType": code}
    return RefusalError(400, body if details is None else body | {"details": details})


def invalid_legacy(messages: list[str]) -> RefusalError:
    """A failed schema on a route of the old kind."""
    text = "\n ".join(messages)
    body = {"success": False, "error": f"{text} [invalid-params]", "errorType": "invalid-params"}
    return RefusalError(400, body)


def invalid_typed(messages: list[str]) -> RefusalError:
    """A failed body schema on the typed router: no suffix."""
    body = {"success": False, "errorType": "invalid-params", "error": "\n".join(messages)}
    return RefusalError(400, body)


def invalid_typed_early(messages: list[str]) -> RefusalError:
    """A failed schema on the 8.0-era typed router, and of a query string ever since."""
    body = {"success": False, "errorType": "error-invalid-params", "error": "\n ".join(messages)}
    return RefusalError(400, body)


def unauthenticated(profile: Profile, *, breaking_changes_9_0: bool) -> RefusalError:
    """401: profile A knows no `success`; the 9.0 flag drops `status` and `message` again."""
    old = {"status": "error", "message": NOT_LOGGED_IN}
    if profile == "A":
        return RefusalError(401, old)
    new: dict[str, Any] = {"success": False, "error": NOT_LOGGED_IN}
    dropped = profile == "D" and breaking_changes_9_0
    return RefusalError(401, new if dropped else new | old)


def no_permission() -> RefusalError:
    """403 of `permissionsRequired`: a code in brackets, but no errorType."""
    return plain(NO_PERMISSION, 403)


def forbidden(profile: Profile, *, breaking_changes_9_0: bool) -> RefusalError:
    """403 from inside an action (`API.v1.forbidden()`, on old servers `unauthorized()`)."""
    return plain("forbidden" if profile == "D" and breaking_changes_9_0 else "unauthorized", 403)


def no_licence() -> RefusalError:
    """400, since 7.5 or so; before that the route was missing."""
    return meteor("error-action-not-allowed", "This is an enterprise feature")


def too_many(wait_s: int) -> RefusalError:
    """429: the code stands in the text only; the errorType of 2019 servers is gone."""
    return plain(
        "Error, too many requests. Please slow down. "
        f"You must wait {wait_s} seconds before trying this endpoint again. "
        "[error-too-many-requests]",
        429,
    )


def json_answer(
    body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """Answer JSON as `application/json` exactly: no charset, or Rocket.Chat's own tests fail."""
    return web.Response(
        body=json.dumps(body, separators=(",", ":")).encode(),
        status=status,
        content_type="application/json",
        headers=API_HEADERS | (headers or {}),
    )


def unknown_path(profile: Profile) -> web.Response:
    """No such route: Hono's default text; for profile A the source does not tell, so any page will do."""
    if profile == "A":
        page = "<!DOCTYPE html><html><body>Not Found</body></html>"
        return web.Response(status=404, body=page.encode(), content_type="text/html")
    return web.Response(status=404, text="404 Not Found")


def wrong_method(profile: Profile, allowed: set[str]) -> web.Response:
    """A known path with another method: 405 on Restivus, the same 404 as ever on Hono."""
    if profile != "A":
        return unknown_path(profile)
    body = {"status": "error", "message": "API endpoint does not exist"}
    return json_answer(body, 405, {"Allow": ", ".join(sorted(allowed))})


def crashed(profile: Profile) -> tuple[str, str]:
    """Content type and text of a 500."""
    if profile == "A":
        return "text/html", "Server error."
    return "text/plain; charset=UTF-8", "Internal Server Error"
