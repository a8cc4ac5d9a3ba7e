"""What would become of a payload: checks, rules, jobs and each job's first request; nothing is sent.

The same code judges and maps as in earnest; only the commit is left out, and each action's flow is asked
for its first request and then dropped. Personal fields and credentials are masked, so that the answer
can be pasted into a ticket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bridge.contract import Context, Request
from bridge.ingress.http.problems import Problem
from bridge.ingress.webhooks import answers, mapping, proof
from bridge.ingress.webhooks.budget import Budget
from bridge.ingress.webhooks.declared import Source
from bridge.ingress.webhooks.launching import Launching, as_errors
from bridge.jobs.intake import Launch
from bridge.jobs.redaction import redact
from bridge.settings import Settings
from bridge.signatures import Verified
from bridge.surfaces.personal import mask


@dataclass(frozen=True, slots=True)
class CheckSeen:
    """One check; `holds` is None when there was nothing to judge."""

    kind: str
    holds: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class JobSeen:
    """One job that would be stored, and the first thing it would ask of the upstream."""

    action: str
    connection: str
    args: dict[str, Any]
    request: str
    body: Any = None


@dataclass(slots=True)
class RuleSeen:
    """One rule, why it holds or not, and what follows."""

    rule: str
    holds: bool
    why: str
    jobs: list[JobSeen] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Explanation:
    """All of it; `lines()` for people, `as_json()` for the playground."""

    source: str
    checks: list[CheckSeen] = field(default_factory=list)
    rules: list[RuleSeen] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> Iterator[str]:
        yield f"source {self.source}"
        for check in self.checks:
            yield f"  check {check.kind}: {_YES_NO[check.holds]}, {check.why}"
        for fault in self.faults:
            yield f"  ! {fault}"
        for rule in self.rules:
            yield f"  rule {rule.rule}: {'holds' if rule.holds else 'does not hold'}, {rule.why}"
            for fault in rule.faults:
                yield f"    ! {fault}"
            for job in rule.jobs:
                yield f"    job {job.action} on {job.connection} with {job.args}"
                yield f"      first request: {job.request}"
                if job.body is not None:
                    yield f"      its body: {job.body}"
        jobs = sum(len(rule.jobs) for rule in self.rules)
        yield f"{jobs} job{'' if jobs == 1 else 's'} would follow; nothing was sent."


_YES_NO = {True: "holds", False: "does not hold", None: "not looked at"}


@dataclass(slots=True)
class Explaining:
    """Explains for all sources."""

    launching: Launching
    settings: Settings
    clock: Callable[[], float]
    timer: Callable[[], float]

    def explain(
        self, source: Source, headers: Mapping[str, str] | None, body: bytes
    ) -> Explanation:
        """What would become of it. Never raises on what the payload holds."""
        explanation = Explanation(source.name, self._checks(source, headers, body))
        given = headers or {}
        try:
            payload = answers.read_payload(body, _header(given, "content-type"))
        except Problem as problem:
            explanation.faults.append(problem.detail)
            return explanation
        mapped = mapping.apply(source, payload, given, Budget(timer=self.timer))
        explanation.faults += [f"{error.pointer}: {error.detail}" for error in mapped.errors]
        for judged in mapped.judged:
            seen = RuleSeen(judged.rule, judged.holds, judged.why)
            seen.faults += [judged.fault] if judged.fault else []
            for wish in judged.wishes:
                try:
                    seen.jobs.append(self._job(self.launching.launch(source, wish)))
                except Problem as problem:
                    seen.faults += [error.detail for error in as_errors(wish, problem)]
            explanation.rules.append(seen)
        return explanation

    def _checks(
        self, source: Source, headers: Mapping[str, str] | None, body: bytes
    ) -> list[CheckSeen]:
        if not source.is_open:
            why = "there is no live secret, so the source answers 503"
            return [CheckSeen("secret", holds=False, why=why)]
        if headers is None:
            why = "no headers were given"
            return [CheckSeen(check.kind, holds=None, why=why) for check in source.checks]
        return [
            CheckSeen(kind, holds=True, why=f"by the secret {verdict.secret_id}")
            if isinstance(verdict, Verified)
            else CheckSeen(
                kind, holds=False, why=f"{verdict.reason.value} {verdict.detail}".strip()
            )
            for kind, verdict in proof.verdicts(source, body, headers, self.clock())
        ]

    def _job(self, launch: Launch) -> JobSeen:
        connection = self.settings.connections[launch.connection]
        context = Context(
            launch.asker, self.clock(), default_comment=getattr(connection, "default_comment", "")
        )
        flow = launch.action.flow(context)
        try:
            request: Request | None = next(flow)
        except StopIteration:
            request = None
        flow.close()
        args = launch.action.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return JobSeen(
            action=launch.action.id,
            connection=launch.connection,
            args=redact(mask(type(launch.action), args)),
            request=_line(request) if request else "none: the action ends without one",
            body=redact(request.body) if request else None,
        )


def _line(request: Request) -> str:
    path = request.route.format(**{name: redact(value) for name, value in request.path.items()})
    query = "&".join(f"{name}={redact(value)}" for name, value in request.query.items())
    route = path if path.startswith(request.method) else f"{request.method} {path}"
    return f"{route}?{query}" if query else route


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for one, value in headers.items() if one.lower() == name), "")
