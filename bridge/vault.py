"""Encryption at rest for what is a credential: reply targets, linked tokens, installations.

Fernet from `cryptography` (https://cryptography.io/en/latest/fernet/). The first key writes, all of
them read, so a key is rotated by putting the new one in front. Without a configured key one is
derived from the secret that the process has anyway, so that nothing is ever stored in clear text.

May import: no other room.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_encode = json.JSONEncoder(separators=(",", ":")).encode


class Unreadable(Exception):
    """The stored text was written with a key that is no longer configured."""


class Vault:
    """Seals JSON values into text and opens them again."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """`secrets`: any strings with enough entropy; the first one seals."""
        self._fernet = MultiFernet([Fernet(_derive(secret)) for secret in secrets])

    def seal(self, value: Any) -> str:
        return self._fernet.encrypt(_encode(value).encode()).decode()

    def open(self, sealed: str) -> Any:
        """The sealed value. Raises `Unreadable`."""
        try:
            return json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            raise Unreadable("Sealed with a key that is not configured any more.") from None


def _derive(secret: str) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"deskbridge vault v1")
    return base64.urlsafe_b64encode(hkdf.derive(secret.encode()))
