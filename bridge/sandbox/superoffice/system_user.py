"""Server to server: a signed system token buys a ticket, wrapped in a JWT.

Docs: api/authentication/online/auth-application/. What is signed is `token.YYYYMMDDHHmm` in UTC; a failure
is told by IsSuccessful=false. INFER: that its HTTP status is 200, and how old the minute may be.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from bridge.sandbox.emulator import Clock
from bridge.sandbox.superoffice.credentials import Credentials
from bridge.sandbox.superoffice.desk import Record
from bridge.sandbox.superoffice.login import CLAIM
from bridge.sandbox.superoffice.seed import (
    CLIENT_SECRET,
    SYSTEM_ASSOCIATE_ID,
    SYSTEM_TOKEN,
    TENANT,
)
from bridge.sandbox.superoffice.signing import json_web_token, verified

_WINDOW_S: Final = 15 * 60
_JWT_LIFE_S: Final = 360
SERIAL: Final = "1234567890"


class PartnerSystemUser:
    """POST /Login/api/PartnerSystemUser/Authenticate."""

    def __init__(self, credentials: Credentials, clock: Clock, record: Record) -> None:
        self._credentials = credentials
        self._clock = clock
        self._record = record

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"{base}/api/PartnerSystemUser/Authenticate", self._authenticate)
            for base in ("/Login", "/login")
        ]

    async def _authenticate(self, request: web.Request) -> web.Response:
        try:
            asked = json.loads(await request.text())
        except ValueError:
            asked = None
        problem = self._problem(asked) if isinstance(asked, dict) else "The body is not JSON"
        if problem:
            return web.json_response(
                {"IsSuccessful": False, "Token": None, "ErrorMessage": problem}
            )
        now = int(self._clock())
        token = json_web_token(
            {
                "iss": "SuperOffice AS",
                "aud": f"spn:{SERIAL}",
                "iat": str(now),
                "nbf": now,
                "exp": now + _JWT_LIFE_S,
                f"{CLAIM}ctx": TENANT,
                f"{CLAIM}associateid": str(SYSTEM_ASSOCIATE_ID),
                f"{CLAIM}serial": SERIAL,
                f"{CLAIM}ticket": self._credentials.new_ticket(SYSTEM_ASSOCIATE_ID),
            }
        )
        self._record("issue_ticket", "SYS", associate_id=SYSTEM_ASSOCIATE_ID)
        return web.json_response({"IsSuccessful": True, "Token": token, "ErrorMessage": None})

    def _problem(self, asked: dict[str, Any]) -> str:
        if asked.get("ApplicationToken") != CLIENT_SECRET:
            return "Unknown application token"
        if asked.get("ContextIdentifier") != TENANT:
            return "Unknown context identifier"
        if asked.get("ReturnTokenType", "JWT") != "JWT":
            return "Unsupported ReturnTokenType"
        parts = str(asked.get("SignedSystemToken", "")).rsplit(".", 2)
        if len(parts) != 3 or parts[0] != SYSTEM_TOKEN:
            return "Unknown system user token"
        token, minute, signature = parts
        try:
            signed_at = datetime.strptime(minute, "%Y%m%d%H%M").replace(tzinfo=UTC).timestamp()
            raw = base64.b64decode(signature, validate=True)
        except (ValueError, binascii.Error):
            return "Malformed signed system token"
        if not verified(f"{token}.{minute}", raw):
            return "InvalidSignature"
        if abs(self._clock() - signed_at) > _WINDOW_S:
            return "InvalidTimestamp"
        return ""
