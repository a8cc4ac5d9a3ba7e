"""Jobs as rows and rows as jobs: the only place that knows both shapes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from ulid import ULIDGenerator

from bridge import tracing
from bridge.contract import (
    NOWHERE,
    Action,
    Asker,
    Job,
    JobState,
    ReplyTo,
    encode_json,
    outcome_from_json,
)
from bridge.jobs.intake import Launch
from bridge.vault import Unreadable, Vault

PEOPLE, PROGRAMS = 0, 1
# Ids are to differ, not to be secret: asking the system for random bytes lets go of the interpreter's lock.
_ids = ULIDGenerator(randomness=lambda _: random.randbytes(10))  # noqa: S311

_dump_sorted: Callable[[Any], str] = json.JSONEncoder(sort_keys=True).encode


def new_id() -> str:
    """A ULID (https://github.com/ulid/spec): later ones sort behind earlier ones of this process."""
    return str(_ids.generate())


def new_job(launch: Launch, now: float) -> Job:
    """The job that a launch becomes."""
    action = launch.action
    subject = getattr(action, action.lane)
    return Job(
        id=new_id(),
        action=action.id,
        args=action.model_dump(mode="json", by_alias=True, exclude_unset=True),
        connection=launch.connection,
        lane=f"{launch.connection}:{subject}",
        asker=launch.asker,
        reply_to=launch.reply_to,
        created_at=now,
        run_at=now,
        priority=PEOPLE if launch.asker.is_person else PROGRAMS,
        trace=launch.trace or tracing.here(),
    )


def channel(connection: str, action: type[Action]) -> str:
    """The key by which jobs are claimed: those whose start the same route's pace gates."""
    return f"{connection} {action.write_route}"


def split_channel(text: str) -> tuple[str, str]:
    """(connection, route) of a channel."""
    connection, _, route = text.partition(" ")
    return connection, route


def join_key(job: Job) -> str:
    """The same person wishing the same thing on the same connection."""
    wish = (job.asker.scope, job.asker.user_id, job.action, job.connection, job.args)
    return hashlib.sha256(_dump_sorted(wish).encode()).hexdigest()


def to_row(job: Job, action: type[Action], vault: Vault, *, rank: float) -> dict[str, Any]:
    """The columns of a new job; `ready` is decided by the accept."""
    return {
        "id": job.id,
        "scope": job.asker.scope,
        "action": job.action,
        "connection": job.connection,
        "channel": channel(job.connection, action),
        "lane": job.lane,
        "priority": job.priority,
        "rank": rank,
        "state": job.state.value,
        "phase": job.phase,
        "ready": 1,
        "run_at": None,
        "attempts": 0,
        "looks": 0,
        "sent_at": None,
        "pending_at": None,
        "created_at": job.created_at,
        "tried_since": job.created_at,
        "finished_at": None,
        "owner": None,
        "fence": 0,
        "lease_until": None,
        "join_key": join_key(job) if job.asker.is_person else None,
        "trace": job.trace,
        "args": encode_json(job.args),
        "asker": _dump_asker(job.asker),
        "reply_to": seal_reply_to(job.reply_to, vault),
        "memo": "{}",
        "outcome": None,
    }


@lru_cache(maxsize=1024)
def _dump_asker(asker: Asker) -> str:
    return encode_json({name: value for name, value in asdict(asker).items() if value})


@lru_cache(maxsize=1024)
def _load_asker(text: str) -> Asker:
    return Asker(**json.loads(text))


def seal_reply_to(reply_to: ReplyTo, vault: Vault) -> str:
    """Encrypted, because a `response_url` is a credential; nothing to tell stays empty."""
    return "" if reply_to == NOWHERE else vault.seal(reply_to.as_json())


def open_reply_to(sealed: str, vault: Vault) -> ReplyTo:
    """Where to tell, as far as this release knows such places; nowhere, when the key is gone."""
    try:
        places = vault.open(sealed) if sealed else {}
    except Unreadable:
        return NOWHERE
    return ReplyTo(**{name: places[name] for name in ReplyTo.__slots__ if name in places})


def from_row(row: Mapping[str, Any], vault: Vault) -> Job:
    """The job a row holds."""
    return Job(
        id=row["id"],
        action=row["action"],
        args=json.loads(row["args"]),
        connection=row["connection"],
        lane=row["lane"],
        asker=_load_asker(row["asker"]),
        reply_to=open_reply_to(row["reply_to"], vault),
        created_at=row["created_at"],
        run_at=row["run_at"] or row["created_at"],
        state=JobState(row["state"]),
        phase=row["phase"],
        priority=row["priority"],
        attempts=row["attempts"],
        looks=row["looks"],
        sent_at=row["sent_at"],
        pending_at=row["pending_at"],
        tried_since=row["tried_since"],
        finished_at=row["finished_at"],
        memo=json.loads(row["memo"]) if row["memo"] != "{}" else {},
        outcome=outcome_from_json(json.loads(row["outcome"])) if row["outcome"] else None,
        fence=row["fence"],
        trace=row["trace"],
    )


def as_readable(row: Mapping[str, Any], vault: Vault) -> Job:
    """The job a row holds, to look at and to tell; what only a later release can read stays empty."""
    try:
        return from_row(row, vault)
    except Exception:  # noqa: BLE001 - whatever is wrong with one row, the others are to be seen
        asker = encode_json({"door": "api", "scope": row["scope"]})
        plain = {**row, "args": "{}", "asker": asker, "reply_to": "", "memo": "{}", "outcome": None}
    for column in ("args", "asker", "reply_to", "memo", "outcome"):
        with contextlib.suppress(Exception):
            from_row({**plain, column: row[column]}, vault)
            plain[column] = row[column]
    return from_row(plain, vault)


def delivery_rows(reply_to: ReplyTo, job_seq: int, now: float) -> list[dict[str, Any]]:
    """One due delivery for each way in which the asker wants to be told."""
    kinds = ["slack"] if reply_to.wants_slack else []
    if reply_to.callback_url:
        kinds.append("callback")
    return [
        {
            "id": new_id(),
            "job_seq": job_seq,
            "kind": kind,
            "state": "due",
            "run_at": now,
            "created_at": now,
            "attempts": 0,
            "repeated": 0,
            "owner": None,
            "fence": 1,
            "lease_until": None,
            "told_at": None,
            "how": "",
        }
        for kind in kinds
    ]
