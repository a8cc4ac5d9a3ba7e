"""Checks by a shared word: bearer, Basic, and a token in a header, as Rocket.Chat's omnichannel sends it.

They prove who knows the word, not that the body is whole or new. They are here for senders that can do
no better; a source may ask for one of them and for a signature, too.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from bridge.signatures.verdict import (
    Declared,
    Reason,
    Unusable,
    Verdict,
    match,
    one_header,
    same,
    to_bytes,
)


class TokenCheck(Declared):
    """A token that is a header's whole value."""

    kind: Literal["token"] = "token"
    header: str = Field(min_length=1, description="The header that holds the token.")

    def judge(self, raw: bytes, headers: Mapping[str, str], now: float) -> Verdict:
        del raw
        given = to_bytes(one_header(headers, self.header))
        return match(self.secrets, now, lambda secret: same(secret.bytes, given))


class RocketChatCheck(Declared):
    """Rocket.Chat's omnichannel webhook: a static token (https://docs.rocket.chat/docs/webhooks-1)."""

    kind: Literal["rocketchat"] = "rocketchat"

    def judge(self, raw: bytes, headers: Mapping[str, str], now: float) -> Verdict:
        check = TokenCheck(header="X-RocketChat-Livechat-Token", secrets=self.secrets)
        return check.judge(raw, headers, now)


class BearerCheck(Declared):
    """`Authorization: Bearer …` (RFC 6750)."""

    kind: Literal["bearer"] = "bearer"

    def judge(self, raw: bytes, headers: Mapping[str, str], now: float) -> Verdict:
        del raw
        given = to_bytes(_authorization(headers, "bearer"))
        return match(self.secrets, now, lambda secret: same(secret.bytes, given))


class BasicCheck(Declared):
    """`Authorization: Basic …` (RFC 7617); the secrets are the passwords of one user name."""

    kind: Literal["basic"] = "basic"
    username: str = Field(min_length=1, pattern=r"^[^:]*$", description="The user name.")

    def judge(self, raw: bytes, headers: Mapping[str, str], now: float) -> Verdict:
        del raw
        encoded = to_bytes(_authorization(headers, "basic"))
        try:
            user, colon, password = base64.b64decode(encoded, validate=True).partition(b":")
        except binascii.Error:
            colon = b""
        if not colon:
            raise Unusable(Reason.MALFORMED, "Authorization")
        known = same(to_bytes(self.username), user)
        return match(self.secrets, now, lambda secret: same(secret.bytes, password) and known)


def _authorization(headers: Mapping[str, str], scheme: str) -> str:
    given, _, value = one_header(headers, "Authorization").partition(" ")
    if given.lower() != scheme or not value.strip():
        raise Unusable(Reason.MALFORMED, "Authorization")
    return value.strip()
