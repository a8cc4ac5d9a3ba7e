"""POST /hooks/{source}: believe or refuse, map, store everything in one commit, and answer as wanted.

The order is that of cost: name, address, headers, body, signature, rate, parse, rules, commit. What is
refused leaves one short line in the log, without body and without values, and changes nothing. A payload
that came before is answered as it was then; nothing is done twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Final, NoReturn

import structlog
from aiohttp import web

from bridge import metrics, tracing
from bridge.contract import Action
from bridge.ingress.http import accepts, bodies
from bridge.ingress.http.edge import edge, nowhere, only
from bridge.ingress.http.limits import InFlight, Limits
from bridge.ingress.http.problems import FieldError, Problem
from bridge.ingress.http.seen import Seen
from bridge.ingress.webhooks import answers, launching, mapping, proof
from bridge.ingress.webhooks.arrivals import Arrivals
from bridge.ingress.webhooks.budget import Budget
from bridge.ingress.webhooks.declared import Source, read_sources
from bridge.ingress.webhooks.explaining import Explaining, Explanation
from bridge.ingress.webhooks.proof import Proof, Refusal
from bridge.jobs.intake import Accepted, Intake, Key, KeyConflict, Launch
from bridge.settings import Settings
from bridge.signatures.origin import Senders

log = structlog.get_logger(__name__)

FAILURES_PER_MINUTE: Final = 60  # of one address at one source, then it is not even read


class WebhookDoor:
    """The door for foreign payloads; `routes()` are added to the application."""

    def __init__(
        self,
        *,
        settings: Settings,
        catalogue: Mapping[str, type[Action]],
        intake: Intake,
        clock: Callable[[], float] = time.time,
        on_secret_used: Callable[[str, str], None] = metrics.verified,
        in_flight: InFlight | None = None,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Raises `SettingsError` when a source is declared wrongly. `on_secret_used` feeds a metric."""
        self.sources = read_sources(settings, catalogue)
        self._settings = settings
        self._intake = intake
        self._clock = clock
        self._timer = timer
        self._on_secret_used = on_secret_used
        self._limits = Limits(clock)
        self._failures = Limits(clock)
        self._in_flight = in_flight or InFlight(settings.server.max_in_flight)
        # apart: whoever sends half a body is a stranger still, and keeps nobody from being served
        self._half = InFlight(settings.server.max_in_flight)
        self._seen = Seen(clock)
        self.arrivals = Arrivals(clock)
        self._launching = launching.Launching(settings, catalogue)
        self._senders = Senders(settings.server.trusted_proxies)
        for sentence in self.sources.shut.values():
            log.warning("ingress.source_shut", problem=sentence)
        for source in self.sources.by_name.values():
            for secret in (one for check in source.checks for one in check.secrets):
                if secret.not_after is not None:
                    ends = secret.not_after
                    aware = ends if ends.tzinfo else ends.replace(tzinfo=UTC)
                    metrics.secret_ends(source.name, secret.id, aware.timestamp())

    def routes(self) -> Sequence[web.RouteDef]:
        return (
            web.post("/hooks/{source}", edge(self._receive)),
            web.route("*", "/hooks/{source}", edge(only("POST"))),
            web.route("*", "/hooks/{rest:.*}", edge(nowhere)),
        )

    def explain(self, source: str, headers: Mapping[str, str] | None, body: bytes) -> Explanation:
        """What would become of this payload; nothing is stored or sent. Raises `Problem`.

        `headers`: None when there are none to judge, as with a payload from a file.
        """
        explaining = Explaining(self._launching, self._settings, self._clock, self._timer)
        return explaining.explain(self._find(source), headers, body)

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        source = self._find(request.match_info["source"])
        try:
            accepted, told = await self._serve(source, request)
        except Problem as problem:
            self.arrivals.refused(source.name, problem)
            raise
        self.arrivals.taken(source.name, accepted)
        return answers.taken(source, accepted, self._launching, told)

    async def _serve(
        self, source: Source, request: web.Request
    ) -> tuple[list[Accepted], Mapping[str, str]]:
        raw, proven = await self._admit(source, request)
        with self._in_flight:
            for _, secret_id in proven.secrets:
                self._on_secret_used(source.name, secret_id)
            told = self._limits.take(source.name, source.per_minute)
            try:
                return await self._take(source, raw, proven, request), told
            except Problem as problem:
                problem.headers = {**told, **problem.headers}
                raise

    def _find(self, name: str) -> Source:
        source = self.sources.by_name.get(name)
        if source is None:
            raise Problem(
                "unknown-source",
                "No source of this name is declared here. Correct the address, or ask the operator to declare"
                " it in [webhooks.sources.<name>].",
            )
        return source

    async def _admit(self, source: Source, request: web.Request) -> tuple[bytes, Proof]:
        """The bytes and who is behind them. Raises `Problem`."""
        headers, now = request.headers, self._clock()
        remote = self._senders.address(request)
        stranger = f"{source.name} {remote}"
        if self._failures.is_spent(stranger):
            self._failures.take(stranger, FAILURES_PER_MINUTE)  # raises: nothing is left
        if not proof.may_come_from(source, remote):
            self._refuse(source, remote, Refusal("address", "not-allowed"))
        refusal = proof.hopeless(source, headers, now)
        if refusal is not None:
            self._refuse(source, remote, refusal)
        server = self._settings.server
        most = min(source.max_body_bytes or server.max_body_bytes, server.max_body_bytes)
        raw = await bodies.read(
            request, most=most, deadline_s=server.body_deadline_s, waiting=self._half
        )
        verdict = proof.judge(source, raw, headers, now)
        if isinstance(verdict, Refusal):
            self._refuse(source, remote, verdict)
        return raw, verdict

    def _refuse(self, source: Source, remote: str, refusal: Refusal) -> NoReturn:
        metrics.not_verified(source.name, refusal.reason)
        log.warning(
            "ingress.refused",
            source=source.name,
            remote=remote,
            check=refusal.check,
            reason=refusal.reason,
            detail=refusal.detail,
            secret_id=refusal.secret_id,
        )
        if refusal.status == 503:
            raise Problem("not-configured", refusal.sentence, headers={"Retry-After": "60"})
        self._failures.take(f"{source.name} {remote}", FAILURES_PER_MINUTE)
        raise Problem("not-verified", refusal.sentence)

    async def _take(
        self, source: Source, raw: bytes, proven: Proof, request: web.Request
    ) -> list[Accepted]:
        """Map and store. Raises `Problem`."""
        refuses = source.replays == "refuse" or (not source.replays and not proven.names_event)
        stamp = proven.replay_key if refuses else ""
        sent = f"{source.name}\n{stamp}"  # another source may sign alike
        if stamp and not self._seen.is_new(sent):
            raise self._replayed(source, request)
        payload = answers.read_payload(raw, request.headers.get("Content-Type", ""))
        budget = Budget(timer=self._timer)
        mapped = mapping.apply(source, payload, request.headers, budget)
        launches = self._launches(source, mapped, tracing.here())
        if not launches:
            log.info("ingress.nothing_to_do", source=source.name)
            if stamp:
                self._seen.remember(sent)
            return []
        key = launching.key_of(source, proven, request.headers, raw, payload, budget)
        try:
            accepted = await self._intake.accept(launches, key=key)
        except KeyConflict:
            raise Problem(
                "key-conflict",
                "This id came before with another payload. Use a new id for a new event.",
            ) from None
        if stamp:
            self._seen.remember(sent)
        if stamp and accepted and accepted[0].repeated and _is_stamped(key, stamp):
            raise self._replayed(
                source, request
            )  # another process, or this one before a restart, took it
        accepts.note(accepted)
        return accepted

    def _launches(self, source: Source, mapped: mapping.Mapped, traceparent: str) -> list[Launch]:
        """Everything that is wished, validated. Raises `Problem` unless the source is lenient."""
        launches: list[Launch] = []
        errors: list[FieldError] = [*mapped.errors]
        errors += [FieldError("#", fault) for fault in mapped.faults]
        for wish in mapped.wishes:
            try:
                launches.append(self._launching.launch(source, wish, traceparent))
            except Problem as problem:
                if wish.above:  # the sender wrote the fields itself: tell it as the API would
                    raise
                errors += launching.as_errors(wish, problem)
        if errors:
            log.warning(
                "ingress.not_mapped",
                source=source.name,
                problem=errors[0].detail if not mapped.errors else "the envelope is not usable",
                problems=len(errors),
            )
            if not source.lenient:
                detail = "Nothing was done: the payload does not give what the rules need."
                raise Problem("not-mapped", detail, errors[:20])
        return launches

    def _replayed(self, source: Source, request: web.Request) -> Problem:
        metrics.not_verified(source.name, "replayed")
        log.warning(
            "ingress.refused",
            source=source.name,
            remote=self._senders.address(request),
            check="replay",
            reason="replayed",
        )
        return Problem("not-verified", "This signed message was taken before. Sign a new one.")


def _is_stamped(key: Key | None, stamp: str) -> bool:
    """Whether the stored key was made of the signature itself."""
    return key is not None and key.value == launching.key_value([stamp])
