"""Secrets with a name and an end, the verdict, and the reading of headers that a stranger wrote.

Text that came with a request is compared as bytes and in constant time: `compare_digest` raises on
non-ASCII text, and a plain `==` tells by its time how much was right (CWE-208).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from multidict import CIMultiDictProxy
from pydantic import BaseModel, ConfigDict, Field, SecretStr

WINDOW_S = 300.0  # what Slack and Standard Webhooks ask for, in both directions
MAX_HEADER = 4096
# ASCII digits only: int() would take other scripts' digits and "1_0"
TIMESTAMP = re.compile(r"[1-9][0-9]{0,11}")


class Reason(StrEnum):
    """Why a request was not believed; stable words for logs and metrics."""

    NO_SECRET = "no-secret"  # noqa: S105 - a reason; nothing is configured, so nothing is believed
    MISSING = "missing"  # a header is absent
    MALFORMED = "malformed"  # a header or the body cannot be what it should be
    STALE = "stale"  # signed too long ago, or a replay of such
    FUTURE = "future"  # signed with a clock far ahead of ours
    MISMATCH = "mismatch"  # signed with no secret of ours, or changed on the way
    EXPIRED = "expired"  # signed with a secret of ours that has ended


@dataclass(frozen=True, slots=True)
class Verified:
    """The sender knows the secret with this id."""

    secret_id: str
    replay_key: str = ""  # the same again within twice the window is a replay; "": cannot be told
    signed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The sender is not believed. `detail` names a header, never a value."""

    reason: Reason
    detail: str = ""
    secret_id: str = ""  # of an expired secret

    @property
    def status(self) -> int:
        """The HTTP status that tells it: 503 when it is our own configuration that is missing."""
        return 503 if self.reason is Reason.NO_SECRET else 401


Verdict = Verified | Rejected


class Secret(BaseModel):
    """One live secret. Two of them overlap while senders move from one to the other."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: str = Field(
        "default", min_length=1, max_length=40, description="Named in logs and metrics."
    )
    value: SecretStr = Field(min_length=1, description="The secret itself.")
    not_after: datetime | None = Field(None, description="It is refused from then on.")

    def ended(self, now: float) -> bool:
        if self.not_after is None:
            return False
        aware = self.not_after if self.not_after.tzinfo else self.not_after.replace(tzinfo=UTC)
        return aware.timestamp() <= now

    @property
    def bytes(self) -> bytes:
        return to_bytes(self.value.get_secret_value())


class Declared(BaseModel):
    """What all checks share: strict keys, and input that never shows in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    secrets: tuple[Secret, ...] = Field((), description="Live secrets; none: nothing is believed.")

    def verify(self, raw: bytes, headers: Mapping[str, str], now: float) -> Verdict:
        """Who sent these bytes. Never raises, whatever arrives."""
        try:
            return self.judge(raw, headers, now)
        except Unusable as unusable:
            return unusable.verdict

    def judge(self, raw: bytes, headers: Mapping[str, str], now: float) -> Verdict:
        """As `verify`; may raise `Unusable`."""
        raise NotImplementedError


class Unusable(Exception):
    """Ends a check early with its verdict."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.verdict = Rejected(reason, detail)


def to_bytes(text: str) -> bytes:
    """The bytes of any text, also of one with lone surrogates, which is how aiohttp hands on bad UTF-8."""
    return text.encode("utf-8", "backslashreplace")


def one_header(headers: Mapping[str, str], name: str) -> str:
    """The one value of a header. Raises `Unusable` when it is absent, doubled or too long."""
    if isinstance(headers, CIMultiDictProxy):
        values: list[str] = headers.getall(name, [])
    else:
        wanted = name.lower()
        values = [value for key, value in headers.items() if key.lower() == wanted]
    if not values or not values[0]:
        raise Unusable(Reason.MISSING, name)
    if len(values) > 1 or len(values[0]) > MAX_HEADER:
        raise Unusable(Reason.MALFORMED, name)
    return values[0]


def timestamp(text: str, now: float, name: str, window_s: float = WINDOW_S) -> int:
    """The signed time. Raises `Unusable` when it is none, or too far away in either direction."""
    if not TIMESTAMP.fullmatch(text):
        raise Unusable(Reason.MALFORMED, name)
    signed_at = int(text)
    if signed_at < now - window_s:
        raise Unusable(Reason.STALE, name)
    if signed_at > now + window_s:
        raise Unusable(Reason.FUTURE, name)
    return signed_at


def match(
    secrets: Sequence[Secret],
    now: float,
    fits: Callable[[Secret], bool],
    *,
    replay_key: str = "",
    signed_at: float | None = None,
) -> Verdict:
    """The verdict over several secrets; all are tried, so that time does not tell which one fitted."""
    if not any(not secret.ended(now) for secret in secrets):
        return Rejected(Reason.NO_SECRET)
    fitting = [secret for secret in secrets if fits(secret)]
    for secret in fitting:
        if not secret.ended(now):
            return Verified(secret.id, replay_key, signed_at)
    if fitting:
        return Rejected(Reason.EXPIRED, secret_id=fitting[0].id)
    return Rejected(Reason.MISMATCH)


def same(one: bytes, other: bytes) -> bool:
    """Equality in constant time, whatever the lengths."""
    return hmac.compare_digest(hashlib.sha256(one).digest(), hashlib.sha256(other).digest())
