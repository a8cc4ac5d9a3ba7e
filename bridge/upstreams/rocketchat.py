"""Rocket.Chat: sign-in headers, addresses, and the one error code behind its many shapes of a refusal.

The same fault has three shapes across versions (`errorType`, a trailing `[code]`, the bare code), and
401, 403 and 404 have more. `classify` reduces all of them to the codes that the actions' error tables
use. Sources: https://developer.rocket.chat/apidocs and Rocket.Chat's `app/api/server/ApiClass.ts`,
`packages/http-router/src/Router.ts`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import SecretStr

from bridge.contract import Request, Response, decode_json
from bridge.outbound import Answer, Outbound
from bridge.settings import RocketChat as Settings
from bridge.upstreams import reading
from bridge.upstreams.address import BadPath, fill, join
from bridge.upstreams.credential import Credential, Credentials, NoCredential, nobodys

TRAILING_CODE = re.compile(r"\s*\[([^\[\]]+)\]\s*$")
FREE = frozenset(("name",))  # a file's name; every other placeholder is an id


class RocketChat:
    """The client of one workspace."""

    kind = "rocketchat"

    def __init__(
        self,
        name: str,
        settings: Settings,
        outbound: Outbound,
        *,
        credentials: Credentials = nobodys,
    ) -> None:
        self.connection = name
        self._settings = settings
        self._outbound = outbound
        self._credentials = credentials

    async def send(
        self, request: Request, *, person: str = "", trace: str = "", language: str = ""
    ) -> Response:
        """Send once and read the error, if there is one. Raises `Unsent` or `Lost`."""
        del language  # Rocket.Chat answers in the account's own
        try:
            path = fill(request.route, request.path, free=FREE, numeric=False)
            own = await self._credentials(self.connection, person) if person else None
        except BadPath as error:
            return reading.invalid_path(str(error))
        except NoCredential as reason:
            return reading.no_credential(reason)
        headers = {"Accept": "application/json"} if request.expects == "json" else {}
        headers |= (own or sign_in(self._settings)).reveal()
        body = None
        if request.method not in ("GET", "DELETE") or request.body is not None:
            # Always JSON, `{}` when there is nothing to say: newer servers read a body without
            # Content-Type as an array of characters and refuse it.
            body = json.dumps({} if request.body is None else request.body).encode()
            headers["Content-Type"] = "application/json"
        limits = self._outbound.settings
        answer = await self._outbound.send(
            request.method,
            join(self._settings.url, path, request.query),
            headers=headers,
            body=body,
            route=f"{request.method} {request.route}",
            max_bytes=limits.max_file_bytes if request.expects == "file" else None,
            trace=trace,
        )
        return reading.as_person(read(request, answer), own)


def sign_in(settings: Settings) -> Credential:
    """The service account's headers (https://developer.rocket.chat/apidocs, personal access tokens)."""
    return Credential(
        {"X-User-Id": SecretStr(settings.user_id), "X-Auth-Token": settings.auth_token}
    )


def read(request: Request, answer: Answer) -> Response:
    """The response with its error code. Raises `Lost` for a success that cannot be read."""
    if 300 <= answer.status < 400:
        return reading.redirected(answer)
    if answer.status < 300:
        reading.check_readable(request, answer)
        data = decode_json(answer.body) if request.expects == "json" else None
        if not isinstance(data, dict) or data.get("success") is not False:
            return reading.respond(answer)
    code, text = classify(answer)
    return reading.respond(answer, code, text)


def classify(answer: Answer) -> tuple[str, str]:
    """The error's code and its sentence: `errorType`, else a trailing `[code]`, else the bare text."""
    data = decode_json(answer.body)
    said = _text(data.get("error") or data.get("message")) if isinstance(data, dict) else ""
    found = TRAILING_CODE.search(said)
    text = TRAILING_CODE.sub("", said) or said
    error_type = _text(data.get("errorType")) if isinstance(data, dict) else ""
    code = error_type or (found[1] if found else "") or said
    if answer.status == 401:
        return "unauthorized", text or "You must be logged in to do this."
    if code in ("error-invalid-params", "invalid-params"):
        return "invalid-params", text
    if answer.status == 403 and code in ("", "unauthorized", "forbidden"):
        return "forbidden", text or reading.plain_text(answer)
    if not code or (answer.status in (404, 405) and not (error_type or found)):
        return reading.status_code(answer.status), text or reading.plain_text(answer)
    return code[:200], text


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict):  # some endpoints nest {"error": {"message": …}}
        return _text(value.get("message") or value.get("error"))
    return ""
