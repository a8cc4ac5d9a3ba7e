"""Who sent this: the address it came from, and every check that the source declares.

Headers are judged before the body is read, so what can never be believed costs neither memory nor time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.ingress.webhooks.declared import Source
from bridge.signatures import Check, Reason, Rejected, StandardCheck, Verdict, Verified
from bridge.signatures.origin import is_in, parse_address

SHARED_WORDS = frozenset(("bearer", "basic", "rocketchat", "token"))  # the body proves nothing more
# the same body, the same signature, for ever
UNTIMED = frozenset(("hmac", "github", "superoffice"))


@dataclass(frozen=True, slots=True)
class Proof:
    """The sender is believed."""

    secrets: tuple[tuple[str, str], ...] = ()  # (kind of check, id of the secret that fitted)
    replay_key: str = ""
    names_event: bool = False  # the replay key is an id that the sender chose for the event
    same_body_same_event: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """The sender is not believed. `detail` names a header, never a value."""

    check: str
    reason: str
    detail: str = ""
    status: int = 401
    secret_id: str = ""

    @property
    def sentence(self) -> str:
        """For the sender: what is missing, and nothing about what was compared."""
        if self.check == "address":
            return "This address is not among those that may send here."
        if self.status == 503:
            return "This source has no live secret, so nobody is believed. Ask the operator to set one."
        where = f" ({self.detail})" if self.detail else ""
        return f"The check {self.check} does not hold: {self.reason}{where}. Sign the exact bytes sent."


def judge(source: Source, raw: bytes, headers: Mapping[str, str], now: float) -> Proof | Refusal:
    """Whether every check holds for these bytes."""
    if not source.is_open:
        return Refusal("secret", Reason.NO_SECRET.value, status=503)
    proven: list[tuple[Check, Verified]] = []
    for check in source.checks:
        verdict = check.verify(raw, headers, now)
        if isinstance(verdict, Rejected):
            return _refusal(check, verdict)
        proven.append((check, verdict))
    keyed = next(((check, one) for check, one in proven if one.replay_key), None)
    return Proof(
        secrets=tuple((check.kind, one.secret_id) for check, one in proven),
        replay_key=keyed[1].replay_key if keyed else "",
        names_event=keyed is not None and isinstance(keyed[0], StandardCheck),
        same_body_same_event=any(
            check.kind in UNTIMED and one.signed_at is None for check, one in proven
        ),
    )


def hopeless(source: Source, headers: Mapping[str, str], now: float) -> Refusal | None:
    """The refusal that no body could avert."""
    if not source.is_open:
        return Refusal("secret", Reason.NO_SECRET.value, status=503)
    for check in source.checks:
        verdict = check.verify(b"", headers, now)
        if isinstance(verdict, Rejected) and (
            check.kind in SHARED_WORDS or verdict.reason not in (Reason.MISMATCH, Reason.EXPIRED)
        ):
            return _refusal(check, verdict)
    return None


def verdicts(
    source: Source, raw: bytes, headers: Mapping[str, str], now: float
) -> list[tuple[str, Verdict]]:
    """Each check by itself, for explaining."""
    return [(check.kind, check.verify(raw, headers, now)) for check in source.checks]


def may_come_from(source: Source, address: str) -> bool:
    """Whether the source's networks hold the address; no networks hold every one."""
    if not source.allow_from:
        return True
    parsed = parse_address(address)
    return parsed is not None and is_in(parsed, source.allow_from)


def _refusal(check: Check, verdict: Rejected) -> Refusal:
    return Refusal(
        check.kind, verdict.reason.value, verdict.detail, verdict.status, verdict.secret_id
    )
