"""A store with jobs of every kind, and a console on it; what these tests and the screenshots look at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import Connection, insert, update

from bridge.actions import catalogue
from bridge.console import Arrival, Console, SourceView
from bridge.contract import Asker, Job, JobState, ReplyTo, encode_json
from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.migrate import migrate
from bridge.jobs.operating import Operator
from bridge.jobs.pace import Window
from bridge.jobs.rows import to_row
from bridge.jobs.store import Store
from bridge.jobs.tables import attempts, deliveries, jobs, pace
from bridge.outbound import Outbound
from bridge.settings import Api, RocketChat, Settings, Slack, SuperOffice
from bridge.settings import Outbound as OutboundSettings
from bridge.vault import Vault
from tests.clock import Clock

TOKEN = "a-token-that-is-long-enough"
ANNA = Asker(
    "slack", "slack:T0DESK0001", "Anna Agent", "U0ANNA0001", "T0DESK0001", "", "C0SUPPORT1"
)
MIA = Asker(
    "slack", "slack:T0DESK0001", "Mia Manager", "U0MIA00001", "T0DESK0001", "", "C0SUPPORT1"
)
NIGHTLY = Asker("api", "key:nightly", "nightly")
ZENDESK = Asker("source", "source:zendesk", "zendesk")
CLOSE, PDF = "rocketchat.close_room", "rocketchat.request_pdf_transcript"
EMAIL, TRANSFER = "rocketchat.email_transcript", "superoffice.transfer_session"
LANES = {TRANSFER: "chatSessionId"}


@dataclass
class Desk:
    """The store, the console, and a pen to write jobs with."""

    store: Store
    operator: Operator
    console: Console
    outbound: Outbound
    clock: Clock
    written: int = 0
    arrivals: list[Arrival] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(self.console.routes())
        app.on_shutdown.append(self._close)
        return app

    async def _close(self, _: web.Application) -> None:
        await self.console.close()

    async def put(
        self,
        state: JobState,
        *,
        action: str = CLOSE,
        room: str = "8ceKgWvo5qT5TrCRN",
        asker: Asker = ANNA,
        age_s: float = 60.0,
        took_s: float = 1.4,
        outcome: Mapping[str, Any] | None = None,
        args: Mapping[str, Any] | None = None,
        tries: Sequence[Mapping[str, Any]] = (),
        told: Sequence[Mapping[str, Any]] = (),
        **columns: Any,
    ) -> str:
        """One job as the worker would have left it; its id."""
        self.written += 1
        created = self.clock() - age_s
        connection = action.partition(".")[0]
        subject = {"chatSessionId": 4711} if action == TRANSFER else {"rid": room}
        job = Job(
            id=f"01K{self.written:023d}",
            action=action,
            args={**subject, **(args or {})},
            connection=connection,
            lane=f"{connection}:{room}",
            asker=asker,
            reply_to=ReplyTo(),
            created_at=created,
            run_at=created,
            priority=0 if asker.is_person else 1,
        )
        row = to_row(job, catalogue()[action], self.store.vault, rank=created)
        row |= {
            "state": state.value,
            "attempts": len(tries),
            "finished_at": created + took_s if state.final else None,
            "outcome": encode_json(dict(outcome)) if outcome else None,
            **columns,
        }

        def change(db: Connection) -> None:
            seq = db.execute(insert(jobs).values(row).returning(jobs.c.seq)).scalar_one()
            for number, one in enumerate(tries, 1):
                db.execute(insert(attempts).values(_attempt(seq, number, created + number, one)))
            for number, one in enumerate(told):
                db.execute(
                    insert(deliveries).values(_delivery(seq, job.id, number, created + took_s, one))
                )

        await self.store.write(change)
        return job.id

    async def become(self, job_id: str, **columns: Any) -> None:
        """Change a job as a worker does, and let everybody hear of it."""

        def change(db: Connection) -> None:
            db.execute(update(jobs).where(jobs.c.id == job_id).values(**columns))

        await self.store.write(change)
        self.store.changed(job_id)

    async def pace(self, connection: str, route: str, **columns: Any) -> None:
        values = {"calls": 10, "window_s": 60.0, "used": 0, "resets_at": 0.0, "source": "learnt"}
        row = {"connection": connection, "route": route, "updated_at": 0.0, **values, **columns}
        await self.store.write(lambda db: db.execute(insert(pace).values(row)) and None)

    def sources(self) -> list[SourceView]:
        return [
            SourceView("zendesk", "/hooks/zendesk", "HMAC-SHA256 of the body", self.arrivals),
            SourceView("actions", "/hooks/actions", "Standard Webhooks"),
        ]


def settings(**changes: Any) -> Settings:
    """One connection of each kind and a token."""
    values: dict[str, Any] = {
        "api": Api(token=SecretStr(TOKEN)),
        "connections": {
            "rocketchat": RocketChat(
                url="https://chat.example.com", user_id="u", auth_token=SecretStr("t")
            ),
            "superoffice": SuperOffice(
                url="https://crm.example.com/api", username="u", password=SecretStr("p")
            ),
        },
        "slack": Slack(),
    }
    return Settings(**{**values, **changes})


async def open_desk(folder: Path, clock: Clock, wanted: Settings, *, url: str = "") -> Desk:
    """A desk on a new SQLite file, or on the database at `url`."""
    url = url or f"sqlite:///{folder / 'console.db'}"
    migrate(open_engine(parse_url(url)))
    store = Store(
        url,
        actions=catalogue(),
        vault=Vault(["console tests"]),
        clock=clock,
        windows_assumed={"rocketchat": Window(10, 60.0)},
    )
    await store.open()
    operator = Operator(store)
    outbound = Outbound(OutboundSettings(allow=["127.0.0.1"]))
    desk = Desk(store, operator, None, outbound, clock)  # type: ignore[arg-type]  # set right below
    desk.console = Console(
        settings=wanted,
        store=store,
        operator=operator,
        catalogue=catalogue(),
        outbound=outbound,
        clock=clock,
        read=web.Request.read,
        sources_view=desk.sources,
    )
    return desk


async def close_desk(desk: Desk) -> None:
    await desk.console.close()
    await desk.store.close()
    await desk.outbound.close()


def exchange(status: int | None = 200, **more: Any) -> dict[str, Any]:
    """One exchange as `jobs.redaction.describe` writes it."""
    said = {
        "method": "POST",
        "route": "/api/v1/livechat/room.closeByUser",
        "path": {},
        "took_s": 0.132,
        "body": {"rid": "8ceKgWvo5qT5TrCRN", "comment": "solved, thanks"},
    }
    came = (
        {"status": status, "answer": {"success": True}}
        if status
        else {"failure": "no answer in time"}
    )
    return {**said, **came, **more}


def _attempt(seq: int, number: int, at: float, one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "job_seq": seq,
        "number": number,
        "phase": one.get("phase", "flow"),
        "worker": "web-1",
        "started_at": at - 0.4,
        "ended_at": at,
        "verdict": one.get("verdict", "done: closed"),
        "exchanges": json.dumps(one.get("exchanges", [exchange()])),
    }


def _delivery(
    seq: int, job_id: str, number: int, at: float, one: Mapping[str, Any]
) -> dict[str, Any]:
    told_at = at + 0.5 if one.get("state", "told") == "told" else None
    return {
        "id": f"D{number}{job_id[-20:]}",
        "job_seq": seq,
        "kind": "slack",
        "state": "told",
        "run_at": at + 0.5,
        "created_at": at + 0.01,
        "attempts": 1,
        "repeated": 0,
        "owner": None,
        "fence": 1,
        "lease_until": None,
        "told_at": told_at,
        "how": "response_url",
        **one,
    }
