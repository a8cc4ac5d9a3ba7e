"""What the tests of signatures sign: a moment, a body and secrets."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from pydantic import SecretStr

from bridge.signatures import Secret

NOW = 1_750_000_000.0
STAMP = str(int(NOW))
BODY = b'{"a": 1, "b": "\xc3\xa4"}'
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_WHSEC = "whsec_" + base64.b64encode(b"o" * 32).decode()


def secret(value: str, name: str = "default", not_after: float | None = None) -> Secret:
    """A secret, and until when it counts."""
    ends = None if not_after is None else datetime.fromtimestamp(not_after, UTC)
    return Secret(id=name, value=SecretStr(value), not_after=ends)
