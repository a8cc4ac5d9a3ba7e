"""Who asks: the master token, or one of the keys, which are known by their SHA-256 only.

A token is looked up by its digest, so how long it takes tells nothing about how much of it was right.
A key is a tenant: what it launched is visible to it and to the master token, to nobody else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bridge.access import Decision, decide_key, key_expired
from bridge.contract import Asker
from bridge.ingress.http.problems import Problem
from bridge.jobs.auditing import Actor
from bridge.settings import Api, ApiKey

MASTER_SCOPE: Final = "api"  # a key's scope begins with "key:", so the two never meet
MAX_TOKEN: Final = 512
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="bridge"'}
_INVALID: Final = {"WWW-Authenticate": 'Bearer realm="bridge", error="invalid_token"'}


@dataclass(slots=True, eq=False)
class NotBelieved(Problem):
    """A refusal of whoever asks; `reason` and the key's name are for the log."""

    reason: str = ""
    key_name: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks; `key` is None for the master token, which may do everything."""

    asker: Asker
    key: ApiKey | None = None

    @property
    def scope(self) -> str | None:
        """What limits its view of jobs; None: nothing does."""
        return self.asker.scope if self.key else None

    @property
    def actor(self) -> Actor:
        return Actor.of(self.asker)

    def decide(self, action_id: str, connection: str) -> Decision:
        if self.key is None:
            return Decision(allowed=True, rule="api.token", reason="The token covers everything.")
        return decide_key(self.key, action_id, connection)

    def require(self, action_id: str, connection: str) -> None:
        """Raise `Problem` when it may not run this there, now."""
        decision = self.decide(action_id, connection)
        if not decision.allowed:
            raise Problem("not-covered", f"{decision.reason} Ask the operator to widen the key.")

    def may_use(self, action_id: str) -> Callable[[str], bool]:
        """Whether a connection is there for this caller."""
        if self.key is None:
            return _any_connection
        return lambda connection: self.decide(action_id, connection).allowed


class Callers:
    """All who may ask."""

    def __init__(self, api: Api, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_digest: dict[bytes, Caller] = {
            bytes.fromhex(key.sha256): Caller(Asker("api", f"key:{key.name}", key.name), key)
            for key in api.keys
        }
        token = api.token.get_secret_value() if api.token else ""
        if token:
            self._by_digest[_digest(token)] = Caller(Asker("api", MASTER_SCOPE, "API"))

    def identify(self, authorization: str | None) -> Caller:
        """The caller behind an Authorization header. Raises `NotBelieved`."""
        if not self._by_digest:
            raise NotBelieved(
                "not-configured",
                "The API has no token yet, so it believes nobody. Ask the operator to set"
                " BRIDGE_API_TOKEN or a key under api.keys.",
                reason="no-secret",
            )
        if not authorization:
            raise NotBelieved(
                "unauthenticated",
                "Send your key in the header `Authorization: Bearer …`.",
                headers=_CHALLENGE,
                reason="missing",
            )
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        caller = self._by_digest.get(_digest(token)) if len(token) <= MAX_TOKEN else None
        if scheme.lower() != "bearer" or caller is None:
            raise NotBelieved(
                "unauthenticated",
                "This is no key of this bridge. Check it, or ask the operator for one.",
                headers=_INVALID,
                reason="mismatch",
            )
        if caller.key is not None and key_expired(caller.key, self._clock()):
            raise NotBelieved(
                "unauthenticated",
                f"The key {caller.key.name} ended on {caller.key.expires}. Ask the operator for a"
                " new one.",
                headers=_INVALID,
                reason="expired",
                key_name=caller.key.name,
            )
        return caller


def _any_connection(_: str) -> bool:
    return True


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "backslashreplace")).digest()
