"""Checks by a digest over the raw bytes: Slack, Standard Webhooks, GitHub, SuperOffice, and any HMAC.

The bytes are those that arrived; a body that was parsed and written again has another signature.
Slack's and Standard Webhooks' own packages make the digest. Their verifiers are not used, because both
raise on odd input: slack_sdk on a timestamp that is no number and on a non-ASCII signature, and
standardwebhooks on a signature without a comma; the second also reads the clock by itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import Field, model_validator
from slack_sdk.signature import SignatureVerifier
from standardwebhooks import Webhook

from bridge.signatures.verdict import (
    WINDOW_S,
    Declared,
    Reason,
    Rejected,
    Secret,
    Unusable,
    Verdict,
    match,
    one_header,
    same,
    timestamp,
    to_bytes,
)

MAX_SIGNATURES = 20  # in one webhook-signature header; a sender in rotation has two


class SlackCheck(Declared):
    """Slack's v0 signature (https://docs.slack.dev/authentication/verifying-requests-from-slack)."""

    kind: Literal["slack"] = "slack"

    def hopeless(self, headers: Mapping[str, str], now: float) -> Rejected | None:
        """What is wrong whatever the body is; costs no digest."""
        try:
            self._signed(headers, now)
        except Unusable as unusable:
            return unusable.verdict
        return (
            None if any(not one.ended(now) for one in self.secrets) else Rejected(Reason.NO_SECRET)
        )

    def judge(self, raw: bytes, headers: Mapping[str, str], now: float) -> Verdict:
        given, stamp, signed_at = self._signed(headers, now)
        text = _utf8(raw)

        def fits(secret: Secret) -> bool:
            verifier = SignatureVerifier(secret.value.get_secret_value())
            expected = verifier.generate_signature(timestamp=stamp, body=text)
            return expected is not None and same(to_bytes(expected), to_bytes(given))

        return match(self.secrets, now, fits, replay_key=given, signed_at=signed_at)

    def _signed(self, headers: Mapping[str, str], now: float) -> tuple[str, str, int]:
        given = one_header(headers, "X-Slack-Signature")
        stamp = one_header(headers, "X-Slack-Request-Timestamp")
        return given, stamp, timestamp(stamp, now, "X-Slack-Request-Timestamp")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if any(not secret.value.get_secret_value().strip() for secret in self.secrets):
            raise ValueError("a signing secret is blank")
        return self


class StandardCheck(Declared):
    """Standard Webhooks v1, symmetric (https://www.standardwebhooks.com); secrets as `whsec_…`."""

    kind: Literal["standard"] = "standard"

    def judge(self, raw: bytes, headers: Mapping[str, str], now: float) -> Verdict:
        message_id = one_header(headers, "webhook-id")
        stamp = one_header(headers, "webhook-timestamp")
        given = one_header(headers, "webhook-signature").split(" ")
        signed_at = timestamp(stamp, now, "webhook-timestamp")
        # A dot would let the end of the id be read as the timestamp: `id.timestamp.body`.
        if "." in message_id or not message_id.isascii():
            raise Unusable(Reason.MALFORMED, "webhook-id")
        if len(given) > MAX_SIGNATURES:
            raise Unusable(Reason.MALFORMED, "webhook-signature")
        text = _utf8(raw)

        def fits(secret: Secret) -> bool:
            expected = to_bytes(_standard(secret, message_id, signed_at, text))
            return sum(same(expected, to_bytes(one)) for one in given) > 0

        return match(self.secrets, now, fits, replay_key=message_id, signed_at=signed_at)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for secret in self.secrets:
            check_standard_secret(secret)
        return self


class HmacCheck(Declared):
    """An HMAC of the raw body in a header, with or without a signed timestamp."""

    kind: Literal["hmac"] = "hmac"
    header: str = Field(min_length=1, description="The header that holds the signature.")
    prefix: str = Field("", description='Text before the digest, e.g. "sha256=".')
    encoding: Literal["hex", "base64"] = Field("hex", description="How the digest is written.")
    algorithm: Literal["sha256", "sha512"] = Field("sha256", description="The hash.")
    timestamp_header: str = Field(
        "", description="The header of the signed time, in epoch seconds."
    )
    signed: str = Field(
        "", description='What is signed; "{body}" alone, or e.g. "{timestamp}.{body}".'
    )
    window_s: float = Field(WINDOW_S, gt=0, le=3600, description="How far the clocks may differ.")

    def judge(self, raw: bytes, headers: Mapping[str, str], now: float) -> Verdict:
        signed_at, stamp = None, ""
        text = one_header(headers, self.header)
        if not text.startswith(self.prefix):
            raise Unusable(Reason.MALFORMED, self.header)
        given = self._digest_in(text.removeprefix(self.prefix))
        if self.timestamp_header:
            stamp = one_header(headers, self.timestamp_header)
            signed_at = timestamp(stamp, now, self.timestamp_header, self.window_s)
        before, _, after = self._signed.replace("{timestamp}", stamp).partition("{body}")
        message = to_bytes(before) + raw + to_bytes(after)

        def fits(secret: Secret) -> bool:
            return same(hmac.new(secret.bytes, message, self.algorithm).digest(), given)

        # Without a signed time the same body always has the same signature, also when it is sent
        # again on purpose, so there is nothing to tell a replay by.
        replay_key = given.hex() if self.timestamp_header else ""
        return match(self.secrets, now, fits, replay_key=replay_key, signed_at=signed_at)

    @property
    def _signed(self) -> str:
        return self.signed or ("{timestamp}.{body}" if self.timestamp_header else "{body}")

    def _digest_in(self, text: str) -> bytes:
        try:
            digest = (
                binascii.unhexlify(to_bytes(text))
                if self.encoding == "hex"
                else base64.b64decode(to_bytes(text), validate=True)
            )
        except (binascii.Error, ValueError):
            raise Unusable(Reason.MALFORMED, self.header) from None
        if len(digest) != hashlib.new(self.algorithm).digest_size:
            raise Unusable(Reason.MALFORMED, self.header)
        return digest

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self._signed.count("{body}") != 1:
            raise ValueError("signed must hold {body} exactly once")
        if ("{timestamp}" in self._signed) != bool(self.timestamp_header):
            raise ValueError("signed holds {timestamp} exactly when timestamp_header is set")
        return self


class GitHubCheck(Declared):
    """GitHub's signature (https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries)."""

    kind: Literal["github"] = "github"

    def judge(self, raw: bytes, headers: Mapping[str, str], now: float) -> Verdict:
        check = HmacCheck(header="X-Hub-Signature-256", prefix="sha256=", secrets=self.secrets)
        return check.judge(raw, headers, now)


class SuperOfficeCheck(Declared):
    """SuperOffice's signature (https://docs.superoffice.com/en/automation/webhook/dev/security.html)."""

    kind: Literal["superoffice"] = "superoffice"

    def judge(self, raw: bytes, headers: Mapping[str, str], now: float) -> Verdict:
        check = HmacCheck(header="X-SuperOffice-Signature", encoding="base64", secrets=self.secrets)
        return check.judge(raw, headers, now)


def sign_standard(
    secrets: Sequence[Secret], message_id: str, now: float, body: bytes
) -> dict[str, str]:
    """The three Standard Webhooks headers, signed with every live secret.

    Raises:
        ValueError: No secret is live, a secret is none, or the body is no UTF-8.
    """
    live = [secret for secret in secrets if not secret.ended(now)]
    if not live or "." in message_id:
        raise ValueError("nothing to sign with" if not live else "the id may not hold a dot")
    at, text = int(now), body.decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(_standard(secret, message_id, at, text) for secret in live),
    }


def check_standard_secret(secret: Secret) -> None:
    """Raise `ValueError` when this is no `whsec_…` secret."""
    encoded = secret.value.get_secret_value().removeprefix("whsec_")
    try:
        key = base64.b64decode(to_bytes(encoded + "=" * (-len(encoded) % 4)), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise ValueError(f"the secret {secret.id} is no Standard Webhooks secret (whsec_ + base64)")


def _standard(secret: Secret, message_id: str, at: int, text: str) -> str:
    signer = Webhook(secret.value.get_secret_value())
    return signer.sign(msg_id=message_id, timestamp=datetime.fromtimestamp(at, UTC), data=text)


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Unusable(Reason.MALFORMED, "body") from None
