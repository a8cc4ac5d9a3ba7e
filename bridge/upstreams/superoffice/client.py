"""The SuperOffice client: headers, the tenant's address, one renewal, one second look, and error shapes.

Sources: https://docs.superoffice.com/en/api/web-services/endpoints/rest-webapi/index.html,
https://docs.superoffice.com/en/api/web-services/endpoints/http-headers.html and, for the error keys,
the tests of https://www.npmjs.com/package/@superoffice/webapi.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

from yarl import URL

from bridge.contract import Request, Response, Unsent, decode_json
from bridge.outbound import Answer, Malformed, Outbound
from bridge.settings import SuperOffice as Settings
from bridge.upstreams import reading
from bridge.upstreams.address import BadPath, fill, join
from bridge.upstreams.credential import Credential, Credentials, NoCredential, nobodys
from bridge.upstreams.superoffice.refusal import Refusal
from bridge.upstreams.superoffice.signin import Headers, Own, RefreshToken, Renewed, SignIn, fixed
from bridge.upstreams.superoffice.system_user import TICKET_S, SystemUser
from bridge.upstreams.superoffice.tenant import Tenant

FREE = frozenset(("toAssociate", "username"))  # every other placeholder is an int32
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}")  # Slack's locale: de-DE
# Codes that the status alone decides, whatever type the body names.
BY_STATUS = {
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "not-found",
    412: "precondition-failed",
    421: "wrong-subdomain",
}


class SuperOffice:
    """The client of one tenant or one onsite installation."""

    kind = "superoffice"

    def __init__(
        self,
        name: str,
        settings: Settings,
        outbound: Outbound,
        clock: Callable[[], float] = time.time,
        *,
        credentials: Credentials = nobodys,
    ) -> None:
        self.connection = name
        self._settings = settings
        self._outbound = outbound
        self._credentials = credentials
        self._tenant = Tenant(settings, outbound, clock)
        self._service = service_sign_in(settings, outbound, clock)

    async def send(
        self, request: Request, *, person: str = "", trace: str = "", language: str = ""
    ) -> Response:
        """Send, at most once more after a renewed sign-in and once after a moved tenant.

        Neither repeats anything: 401, 403 and 421 have executed nothing, nor has a connection that was
        never made. Raises `Unsent` or `Lost`.
        """
        try:
            path = fill(request.route, request.path, free=FREE, numeric=True)
        except BadPath as error:
            return reading.invalid_path(str(error))
        try:
            own = await self._credentials(self.connection, person) if person else None
            sign_in = self._service if own is None else Own(own)
            answer = await self._answer(request, path, sign_in, trace, language)
            return reading.as_person(read(request, answer), own)
        except NoCredential as reason:
            return reading.no_credential(reason)
        except Refusal as refusal:
            return refusal.response

    async def _answer(
        self, request: Request, path: str, sign_in: SignIn, trace: str, language: str
    ) -> Answer:
        api = await self._tenant.api()
        may_move, may_renew = self._tenant.can_move, True
        while True:
            signed = await sign_in.headers()
            try:
                answer = await self._exchange(
                    request, join(api, path, request.query), signed, trace, language
                )
            except Malformed:
                raise
            except Unsent:
                if not may_move:
                    raise
                may_move, api = False, await self._tenant.moved_from(api)
                continue
            if answer.status == 421 and may_move:
                may_move, api = False, await self._tenant.moved_from(api)
                continue
            if answer.status in (401, 403) and may_renew:
                may_renew = False
                if await sign_in.renew(signed):
                    continue
            return answer

    async def _exchange(
        self, request: Request, url: URL, signed: Headers, trace: str, language: str
    ) -> Answer:
        headers = {**self._spoken(language), **signed}
        if request.expects == "file":
            headers.pop("Accept", None)
        body = None
        if request.body is not None:
            body = json.dumps(request.body).encode()
            headers["Content-Type"] = "application/json"
        limit = self._outbound.settings.max_file_bytes if request.expects == "file" else None
        return await self._outbound.send(
            request.method,
            url,
            headers=headers,
            body=body,
            route=f"{request.method} {request.route}",
            max_bytes=limit,
            trace=trace,
        )

    def _spoken(self, language: str) -> dict[str, str]:
        """The headers of format and language, and the application's token when it is configured.

        The asker's language comes first and the configured one after it; SO-Language, when it is
        configured, beats both.
        """
        settings = self._settings
        accept = settings.accept
        if "json" not in accept:  # the flows read JSON; another format may only come after it
            accept = f"application/json, {accept};q=0.1" if accept else "application/json"
        headers = {
            "Accept": accept,
            "Accept-Language": preferred(language, settings.accept_language),
            "SO-Language": settings.language,
            "SO-Culture": settings.culture,
            "SO-TimeZone": settings.timezone,
            "SO-AppToken": settings.app_token.get_secret_value() if settings.app_token else "",
        }
        return {name: value for name, value in headers.items() if value}


def preferred(language: str, configured: str) -> str:
    """`de-DE, de;q=0.9, en;q=0.5`: a person's language before the configured header."""
    if not LANGUAGE.fullmatch(language) or not configured:
        return configured
    wanted = [language, f"{language.partition('-')[0]};q=0.9"] if "-" in language else [language]
    plain = "," not in configured and ";" not in configured
    return ", ".join([*wanted, f"{configured};q=0.5"] if plain else wanted)


def service_sign_in(settings: Settings, outbound: Outbound, clock: Callable[[], float]) -> SignIn:
    """How the service account signs in, by what the settings hold; what renews itself comes first."""
    if settings.system_token and settings.private_key and settings.client_secret:
        fetch = SystemUser(settings, outbound, clock)
        return Renewed(fetch, clock, sliding_s=TICKET_S * 0.9)
    given = fixed(settings)
    if settings.client_id and settings.client_secret and settings.refresh_token:
        first = given if settings.access_token else None
        return Renewed(RefreshToken(settings, outbound), clock, first=first)
    return Own(given or Credential({}))


def read(request: Request, answer: Answer) -> Response:
    """The response with its error code. Raises `Lost` for a success that cannot be read."""
    if 300 <= answer.status < 400:
        return reading.redirected(answer)
    data = decode_json(answer.body) if request.expects == "json" or answer.status >= 400 else None
    failed = isinstance(data, dict) and data.get("Error") is True and "ErrorType" in data
    if answer.status < 300 and not failed:
        reading.check_readable(request, answer)
        return reading.respond(answer)
    code, text = classify(answer, data)
    return reading.respond(answer, code, text)


def classify(answer: Answer, data: Any) -> tuple[str, str]:
    """The code: by status where that decides, else `ErrorType`; the text under either of its keys."""
    said = data if isinstance(data, dict) else {}
    text = next(
        (one for key in ("ErrorMessage", "Message") if isinstance(one := said.get(key), str)), ""
    )
    error_type = said.get("ErrorType")
    code = BY_STATUS.get(answer.status)
    if code is None and isinstance(error_type, str) and error_type:
        code = error_type[:200]
    return code or reading.status_code(answer.status), text or reading.plain_text(answer)
