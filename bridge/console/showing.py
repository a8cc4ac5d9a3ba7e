"""The pages one looks at: jobs, a job, overview, connections, sources; each a few bounded queries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from aiohttp import web

from bridge.console import charts, health, reading, wording
from bridge.console.asked import SPANS, Asked
from bridge.console.pages import page
from bridge.console.roles import Role
from bridge.console.sources import SourceView
from bridge.console.story import Stories
from bridge.console.throughput import Throughput
from bridge.console.visit import Gate, Visit
from bridge.contract import JobState
from bridge.jobs.operating import Operator
from bridge.jobs.recovery import CANCELLABLE, RETRYABLE
from bridge.jobs.store import Store
from bridge.jobs.worker import Worker
from bridge.settings import Settings

PARKED_FIRST: Final = 20
JOB_ID: Final = "{id:[0-9A-Za-z]{1,32}}"

SourcesView = Callable[[], "Sequence[SourceView] | Awaitable[Sequence[SourceView]]"]


class Showing:
    """What a viewer may see."""

    def __init__(
        self,
        *,
        settings: Settings,
        gate: Gate,
        store: Store,
        operator: Operator,
        stories: Stories,
        clock: Callable[[], float],
        sources_view: SourcesView | None,
        worker: Worker | None,
    ) -> None:
        self._settings = settings
        self._gate = gate
        self._store = store
        self._operator = operator
        self._stories = stories
        self._clock = clock
        self._sources_view = sources_view
        self._worker = worker
        self._throughput = Throughput(store, clock)

    def routes(self) -> list[web.AbstractRouteDef]:
        pages = {
            "/console": self._jobs,
            f"/console/jobs/{JOB_ID}": self._job,
            "/console/overview": self._overview,
            "/console/connections": self._connections,
            "/console/sources": self._sources,
        }
        return [web.get(path, self._gate(room, needs=Role.VIEWER)) for path, room in pages.items()]

    @property
    def titles(self) -> Mapping[str, str]:
        return {name: action.title for name, action in self._stories.catalogue.items()}

    async def _jobs(self, visit: Visit) -> web.StreamResponse:
        query = visit.request.query
        asked = Asked.read(query, query.getall("state", []))
        cursor = query.get("after", "")
        which = asked.filter(self._clock())
        connections = tuple(self._settings.connections)
        lanes_of = tuple({*connections, asked.connection} - {""})
        apart = () if asked.states else (JobState.PARKED,)
        wish = reading.Wish(which, apart, lanes_of, cursor=cursor)
        shelf = await self._store.read(lambda db: reading.page(db, wish))
        parked = reading.Shelf([])
        if apart and not cursor:
            first = reading.Wish(
                asked.but(states=apart).filter(self._clock()), (), lanes_of, PARKED_FIRST
            )
            parked = await self._store.read(lambda db: reading.page(db, first))
        tally = await self._store.read(reading.tally)
        values = self._gate.frame(visit, here="jobs") | {
            "asked": asked,
            "shelf": shelf,
            "parked": parked,
            "paged": bool(cursor),
            "tally": tally,
            "titles": self.titles,
            "spans": SPANS,
            "connections": connections,
            "words": asked.words(self.titles),
            "can_retry": bool(set(asked.states) & set(RETRYABLE)),
            "can_cancel": bool(set(asked.states) & set(CANCELLABLE)),
        }
        return page("jobs.html", values)

    async def _job(self, visit: Visit) -> web.StreamResponse:
        return await self.job_page(visit, visit.request.match_info["id"])

    async def job_page(
        self, visit: Visit, job_id: str, *, problem: str = "", status: int = 200
    ) -> web.StreamResponse:
        """A job's page, after a deed also with what kept it from being done."""
        job = await self._store.get(job_id)
        if job is None:
            return self._gate.message(visit, wording.NOT_FOUND, 404)
        attempts, deliveries = await self._operator.history(job.id)
        lane = await self._store.read(lambda db: reading.neighbours(db, job_id))
        action = self._stories.catalogue.get(job.action)
        values = self._gate.frame(visit, here="jobs") | {
            "job": job,
            "title": self._stories.title(job.action),
            "docs": action.docs if action else "",
            "repeat": action.repeat.value.replace("_", " ") if action else "",
            "subject": job.lane.partition(":")[2],
            "story": self._stories.tell(job, attempts, deliveries),
            "lane": lane,
            "said": wording.SAID.get(visit.request.query.get("said", ""), ""),
            "problem": problem,
            "titles": self.titles,
        }
        return page("job.html", values, status=status)

    async def _overview(self, visit: Visit) -> web.StreamResponse:
        day = await self._throughput.day()
        now = self._clock()
        workers = await self._store.read(lambda db: health.workers(db, now))
        values = self._gate.frame(visit, here="overview") | {
            "throughput": charts.throughput(day),
            "times": charts.times(day),
            "day": [bucket for bucket in reversed(day) if bucket.total],
            "sampled": any(bucket.sampled for bucket in day),
            "tally": await self._store.read(reading.tally),
            "workers": workers,
            "own": self._worker,
        }
        return page("overview.html", values)

    async def _connections(self, visit: Visit) -> web.StreamResponse:
        now = self._clock()
        configured, assumed = self._settings.connections, self._store.windows_assumed
        found = await self._store.read(lambda db: health.connections(db, configured, assumed, now))
        values = self._gate.frame(visit, here="connections") | {"connections": found}
        return page("connections.html", values)

    async def _sources(self, visit: Visit) -> web.StreamResponse:
        found = self._sources_view() if self._sources_view is not None else []
        sources = await found if not isinstance(found, Sequence) else found
        values = self._gate.frame(visit, here="sources") | {"sources": sources}
        return page("sources.html", values)
