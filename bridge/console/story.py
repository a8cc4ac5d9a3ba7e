"""A job's life as entries of a timeline, and what an operator may do with it now. Pure.

The order is that of the promises: accepted and kept, tried, ended, told. Values come from the store as it
redacted them; arguments and facts pass through the mask that the API and callbacks use, and the words are
those that `delivery` tells in a channel, where addresses are masked too.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.console import wording
from bridge.console.charts import seconds
from bridge.contract import Action, Job, JobState, Repeat
from bridge.delivery import ActionInfo, Renderer, mrkdwn
from bridge.delivery.render import Final as HowTold
from bridge.delivery.view import view
from bridge.surfaces.personal import personal_fields

SAME_S: Final = 1.0  # an end and its deliveries are stored together
LONGEST: Final = 20_000  # of a request or answer as it is shown


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as text."""

    method: str
    route: str
    path: Sequence[tuple[str, str]]
    sent: str
    answer: str
    status: int | None
    failure: str
    took: str

    @property
    def tone(self) -> str:
        if self.status is None:
            return "unknown"
        return "done" if self.status < 400 else "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """One moment of a job."""

    at: float
    sign: str  # also the tone
    title: str
    detail: str = ""
    exchanges: Sequence[Exchange] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something an operator may do: where it is posted, its label, and what it means."""

    verb: str
    label: str
    meaning: str
    force: bool = False
    main: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """Everything a job's page shows."""

    args: Sequence[tuple[str, str]]
    facts: Sequence[tuple[str, str]]
    entries: Sequence[Entry]
    deeds: Sequence[Deed]
    message: str = ""
    next_step: str = ""
    told: str = ""


@dataclass(slots=True)
class Stories:
    """Tells jobs; knows the actions' titles and which of their fields are personal."""

    catalogue: Mapping[str, type[Action]]
    about: dict[str, ActionInfo] = field(init=False)
    renderer: Renderer = field(init=False)

    def __post_init__(self) -> None:
        self.about = {
            name: ActionInfo(
                action.title,
                action.confirm,
                action.in_channel,
                personal_fields(action),
            )
            for name, action in self.catalogue.items()
        }
        self.renderer = Renderer(self._about, lambda *_: "")

    def title(self, action: str) -> str:
        return self._about(action).title

    def tell(
        self,
        job: Job,
        attempts: Sequence[Mapping[str, Any]],
        deliveries: Sequence[Mapping[str, Any]],
    ) -> Story:
        """The whole story of a job."""
        seen = view(job, self._about(job.action).personal)
        outcome = seen["outcome"] or {}
        told = ""
        if job.finished_at is not None:
            message = self.renderer.final(job, HowTold(in_channel=True))
            told = html.unescape(message.text)
        entries = [self._accepted(job), *(_attempt(row) for row in attempts)]
        if job.tried_since > job.created_at + 0.001:
            entries.append(Entry(job.tried_since, "queued", "Given another chance", "By a person."))
        entries += [_ended(job)] if job.finished_at is not None else []
        entries.sort(key=lambda entry: entry.at)  # stable: what ended stands behind its attempt
        entries += [_delivery(row, told, job.finished_at) for row in deliveries]
        return Story(
            args=_pairs(seen["args"]),
            facts=_pairs(outcome.get("facts", {})),
            entries=entries,
            deeds=self._deeds(job),
            message=mrkdwn.mask(str(outcome.get("message", ""))),
            next_step=mrkdwn.mask(str(outcome.get("next_step", ""))),
            told=told,
        )

    def _about(self, action: str) -> ActionInfo:
        return self.about.get(action) or ActionInfo(title=action)

    def _accepted(self, job: Job) -> Entry:
        door = wording.DOORS.get(job.asker.door, job.asker.door)
        who = mrkdwn.mask(job.asker.name or job.asker.user_id)
        return Entry(job.created_at, "queued", "Accepted", f"{door} · {who}" if who else door)

    def _deeds(self, job: Job) -> list[Deed]:
        match job.state:
            case JobState.RUNNING:
                return []
            case JobState.PARKED:
                return [
                    Deed("retry", "Retry", wording.RETRY_PARKED, main=True),
                    Deed("cancel", "Give up", wording.GIVE_UP),
                ]
            case JobState.UNKNOWN:
                action = self.catalogue.get(job.action)
                once = action is None or action.repeat is Repeat.NEVER_REPEAT
                why = wording.RETRY_UNKNOWN_ONCE if once else wording.RETRY_UNKNOWN_CHECKED
                return [
                    Deed("retry", "Retry", why, main=True),
                    Deed("retry", "Retry with force", wording.RETRY_FORCE, force=True),
                ]
            case JobState.PENDING if job.finished_at is None:
                return [Deed("cancel", "Cancel", wording.CANCEL_PENDING)]
            case JobState.QUEUED | JobState.WAITING:
                return [Deed("cancel", "Cancel", wording.CANCEL)]
        return [Deed("retry", "Retry with force", wording.RETRY_FORCE, force=True)]


def pretty(value: Any) -> str:
    """JSON as people read it; text as it is."""
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    text = mrkdwn.clean(text)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _attempt(row: Mapping[str, Any]) -> Entry:
    kind, _, code = str(row["verdict"]).partition(": ")
    sign = {"retry": "waiting"}.get(kind, kind)
    look = row["phase"] == "follow"
    name = "Looked after it" if look else f"Attempt {row['number'] or '(not counted)'}"
    took = seconds(max(0.0, row["ended_at"] - row["started_at"]))
    title = f"{name}: {_VERDICTS.get(kind, kind)}"
    exchanges = [_exchange(item) for item in row["exchanges"]]
    return Entry(row["ended_at"], sign, title, f"{code} · took {took}", exchanges)


_VERDICTS: Final = {
    "done": "done",
    "pending": "accepted by the upstream",
    "refused": "refused",
    "retry": "failed, to be tried again",
    "unknown": "answer lost",
}


def _ended(job: Job) -> Entry:
    mark = wording.STATES[job.state]
    took = seconds(max(0.0, (job.finished_at or 0.0) - job.created_at))
    return Entry(
        job.finished_at or 0.0,
        mark.sign,
        f"Ended: {mark.word.lower()}",
        f"{took} after it was accepted",
    )


def _delivery(row: Mapping[str, Any], told: str, ended_at: float | None) -> Entry:
    """One delivery; the words are those of the end it is about, and only the last end's are known."""
    word, tone = wording.DELIVERY_STATES.get(row["state"], (row["state"], "queued"))
    kind = wording.DELIVERY_KINDS.get(row["kind"], row["kind"])
    parts = [str(row["how"])] if row["how"] else []
    if row["attempts"]:
        parts.append("1 try" if row["attempts"] == 1 else f"{row['attempts']} tries")
    if row["repeated"]:
        parts.append("may have been seen before")
    earlier = ended_at is None or row["created_at"] < ended_at - SAME_S
    if earlier:
        parts.append("about an earlier end")
    at = row["told_at"] or row["run_at"] or row["created_at"]
    shown = told if row["state"] == "told" and not earlier else ""
    return Entry(at, tone, f"{kind}: {word}", " · ".join(parts), words=shown)


def _exchange(item: Mapping[str, Any]) -> Exchange:
    sent = {name: item[name] for name in ("query", "body") if name in item}
    only = sent.get("body") if set(sent) == {"body"} else sent
    return Exchange(
        method=str(item.get("method", "")),
        route=str(item.get("route", "")),
        path=_pairs(item.get("path") or {}),
        sent=pretty(only) if sent else "",
        answer=pretty(item["answer"]) if "answer" in item else "",
        status=item.get("status"),
        failure=str(item.get("failure", "")),
        took=seconds(float(item.get("took_s", 0.0))),
    )


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, pretty(value)) for name, value in values.items() if value is not None]
