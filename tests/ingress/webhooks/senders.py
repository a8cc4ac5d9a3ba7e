"""Senders: sources as an operator declares them, and headers as each kind of sender makes them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection

from bridge.jobs.store import Store
from bridge.jobs.tables import jobs
from bridge.settings import Settings, Webhooks
from bridge.signatures import Secret, sign_standard
from tests.ingress.api.house import NOW, settings

ROOM = "8ceKgWvo5qT5TrCRN"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CLOSE_RULE = {
    "when": "state == 'solved'",
    "action": "rocketchat.close_room",
    "args": {"rid": "room"},
}


def declared(sources: dict[str, Any], **more: Any) -> Settings:
    hooks = Webhooks(secret=SecretStr(WHSEC), sources=sources)
    return settings(**{"webhooks": hooks, **more})


def raw(value: Any) -> bytes:
    return json.dumps(value).encode()


def standard(
    body: bytes, *, message_id: str = "msg_1", at: float = NOW, secret: str = WHSEC
) -> dict[str, str]:
    return sign_standard([Secret(value=SecretStr(secret))], message_id, at, body)


def digest(body: bytes, secret: str, algorithm: str = "sha256") -> bytes:
    return hmac.new(secret.encode(), body, algorithm).digest()


def slack(body: bytes, secret: str, at: int = int(NOW)) -> dict[str, str]:
    text = f"v0:{at}:".encode() + body
    return {
        "X-Slack-Request-Timestamp": str(at),
        "X-Slack-Signature": "v0=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest(),
    }


def superoffice(body: bytes, secret: str) -> dict[str, str]:
    return {"X-SuperOffice-Signature": base64.b64encode(digest(body, secret)).decode()}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


async def stored(store: Store) -> Sequence[Any]:
    """All jobs' rows, in order."""

    def look(connection: Connection) -> Sequence[Any]:
        return connection.execute(jobs.select().order_by(jobs.c.seq)).mappings().all()

    return await store.read(look)
