"""SIGKILL at every named step of a job's way, for every repeat class, through both doors.

For each death the oracle knows beforehand what must come of it: how often the call takes effect, what
the asker is told, how often, and whether the second telling is marked as a repetition.
"""

from __future__ import annotations

import asyncio
import random
import re
import signal
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bridge.contract import Repeat
from bridge.delivery.words import REPEATED
from bridge.sandbox.slack import seed as people
from tests.soak.city import City, city
from tests.soak.house import House
from tests.soak.mortal import Death
from tests.soak.traps import Trap

FINAL = re.compile(r"\*(Done|Pending|Refused|Unknown|Parked|Cancelled)\*")
HIS = "SELECT 1 FROM jobs WHERE lane LIKE '%{room}'"
TOLD = (
    "SELECT 1 FROM deliveries JOIN jobs ON jobs.seq = deliveries.job_seq"
    " WHERE lane LIKE '%{room}' AND deliveries.state = 'told'"
)
Door = Literal["slack", "api"]
TWICE: dict[str, int] = {"told_unstored": 2}  # the only step after which a message may stand twice


@dataclass(frozen=True)
class Deed:
    """An action of a repeat class, and how it is asked for and seen."""

    action: str
    command: tuple[str, str]
    route: str
    effect: str
    open: bool = True


DEEDS = {
    Repeat.IDEMPOTENT: Deed(
        "rocketchat.request_pdf_transcript",
        ("/transcript", "{room}"),
        "POST */request-transcript",
        "create_pdf",
        open=False,
    ),
    Repeat.CHECK_FIRST: Deed(
        "rocketchat.close_room",
        ("/close", "{room} bye"),
        "POST */livechat/room.closeByUser",
        "close_room",
    ),
    Repeat.NEVER_REPEAT: Deed(
        "rocketchat.export_room", ("/export", "file {room}"), "POST */rooms.export", "export_room"
    ),
}


@dataclass(frozen=True)
class Step:
    """Where the process dies, and what must come of a call that may never be repeated."""

    name: str
    death: Death | None  # inside of the process; else a trap outside
    stored: bool = True  # the job is on disk by then
    effects: int = 1
    known: bool = True  # its end is known; else it is told as unknown
    marked: bool = False  # the final message says that it may be a repetition


STEPS = (
    Step("received", Death("begins", "http/edge.py:handle slack/gate.py:admit"), stored=False),
    Step("verified", Death("begins", "jobs/store.py:accept"), stored=False),
    Step("accept_uncommitted", Death("before_commit", HIS), stored=False),
    Step("accept_committed", Death("after_commit", HIS)),
    Step("claim_uncommitted", Death("before_commit", f"{HIS} AND fence > 0")),
    Step("claim_committed", Death("after_commit", f"{HIS} AND fence > 0")),
    Step("intent_uncommitted", Death("before_commit", f"{HIS} AND sent_at > 0")),
    Step(
        "intent_committed", Death("after_commit", f"{HIS} AND sent_at > 0"), effects=0, known=False
    ),
    Step("write_left", None, effects=0, known=False),
    Step("effect_unanswered", None, known=False),
    Step(
        "answer_unstored",
        Death("before_commit", f"{HIS} AND (finished_at > 0 OR phase = 'follow')"),
        known=False,
    ),
    Step("outcome_untold", Death("after_commit", f"{HIS} AND finished_at > 0"), marked=True),
    Step("told_unstored", None, marked=True),
    Step("told_stored", Death("after_commit", TOLD)),
)


@dataclass(frozen=True)
class Case:
    """One death."""

    step: Step
    repeat: Repeat
    door: Door
    neighbours: int = 0  # jobs beside it, in the same transactions

    def __str__(self) -> str:
        return f"{self.step.name}, {self.repeat.value}, by {self.door}"


def every_step(seed: int) -> list[Case]:
    """Each step with each class; the door and the neighbours are drawn."""
    dice = random.Random(seed)
    doors: tuple[Door, ...] = ("slack", "api")
    return [
        Case(step, repeat, dice.choice(doors), dice.randint(0, 3))
        for step in STEPS
        for repeat in DEEDS
    ]


def each_step_once(turn: int) -> list[Case]:
    """The short form: the classes and doors take turns, so that over three turns every pair is met."""
    doors: tuple[Door, ...] = ("slack", "api")
    repeats = list(DEEDS)
    return [
        Case(step, repeats[(turn + number) % 3], doors[(turn + number // 3) % 2], number % 2)
        for number, step in enumerate(STEPS)
    ]


async def die(folder: Path, database_url: str, cases: Iterable[Case]) -> dict[str, int]:
    """Die once for each case; how many deaths of which kind."""
    seen = Counter[str]()
    async with city(folder, database_url, jobs={"lease_s": 1.0, "poll_s": 0.1}) as here:
        [house] = await here.open("serve")
        here.slack.bridge_url = house.url
        await here.wish(house, here.room())  # from now on the pace is known
        await here.settled()
        for case in cases:
            await house.kill()
            await Dying(here, house, case).run()
            seen[case.repeat.value] += 1
    return dict(seen)


class Dying:
    """One death and what comes after it."""

    def __init__(self, here: City, house: House, case: Case) -> None:
        self.here, self.house, self.case = here, house, case
        self.deed = DEEDS[case.repeat]
        self.room = here.room(open=self.deed.open)
        self.back = asyncio.Event()

    async def run(self) -> None:
        step, here = self.case.step, self.here
        death = step.death
        if death is not None:
            death = Death(death.when, death.what.format(room=self.room))
        self.house.start(death)
        await self.house.up()
        if death is None:
            here.traps[:] = self._traps()
        before = set(here.accepted)
        asking = asyncio.create_task(self._ask())
        beside = [asyncio.create_task(self._ask_beside()) for _ in range(self.case.neighbours)]
        try:
            code = await self.house.ended(20.0)
        except AssertionError:
            raise AssertionError(
                f"{self.case}: the step never came. {await here.story()}"
            ) from None
        assert code == -signal.SIGKILL, (str(self.case), code)
        here.traps.clear()
        self.house.start()
        await self.house.up()
        self.back.set()
        await asyncio.gather(asking, *beside)
        jobs = {job["id"]: job for job in await here.settled()}
        assert set(here.accepted) <= set(jobs), f"{self.case}: accepted and lost"
        mine = [job for job in jobs.values() if job["lane"].endswith(self.room)]
        assert len(mine) == 1, (str(self.case), mine)
        self._judge(mine[0])
        for job_id in set(here.accepted) - before - {mine[0]["id"]}:
            assert here.ends_told()[job_id] == 1, (str(self.case), jobs[job_id])

    def _traps(self) -> list[Trap]:
        """What is seen from outside: the write before or after it took effect, the final message."""
        if self.case.step.name == "told_unstored":
            route = "POST /told" if self.case.door == "api" else "POST *"
            words = ("",) if self.case.door == "api" else ("*Done*", "*Pending*", "*Unknown*")
            return [Trap(self.house, route, words)]
        takes_effect = self.case.step.name == "effect_unanswered"
        return [Trap(self.house, self.deed.route, takes_effect=takes_effect)]

    async def _ask(self) -> None:
        """Ask once; and again only when it was not accepted, as a person and a program would."""
        if self.case.door == "api":
            await self.here.wish(self.house, self.room, action=self.deed.action)
            return
        word, text = self.deed.command
        line = word, text.format(room=self.room)
        receipt = await self.here.slack.command(people.ANNA, people.SUPPORT, *line)
        if receipt.status == 200:
            assert self.case.step.stored, f"{self.case}: acked although nothing was stored"
            return
        await self.back.wait()
        if not [job for job in await self.here.jobs() if job["lane"].endswith(self.room)]:
            # a claim may stand in the very transaction of its accept, so both are gone
            assert not self.case.step.stored or self.case.step.name.endswith("_uncommitted")
            again = await self.here.slack.command(people.ANNA, people.SUPPORT, *line)
            assert again.status == 200, again

    async def _ask_beside(self) -> None:
        await self.here.wish(self.house, self.here.room())

    def _judge(self, job: dict[str, Any]) -> None:
        """What took effect, what is stored as the end, and what was told of it."""
        step, here = self.case.step, self.here
        count = here.effects(self.deed.effect)[self.room]
        story = (str(self.case), job["state"], job["outcome"], f"{count} effects")
        if self.case.repeat is Repeat.NEVER_REPEAT:
            assert count == step.effects, story
            assert (job["state"] != "unknown") is step.known, story
        else:
            assert (job["state"], count) == ("done", 1), story
        if self.case.door == "api":
            told = [one for one in here.told if one["job"] == job["id"]]
            assert len({one["id"] for one in told}) == 1, (story, told)
            assert all(one["state"] == job["state"] for one in told), (story, told)
            assert len(told) <= TWICE.get(step.name, 1), (story, told)
            return
        shown = [
            here.slack.visible_text(one) for one in here.slack.messages(people.SUPPORT, people.ANNA)
        ]
        finals = [text for text in shown if job["id"] in text and _is_final(text, job["state"])]
        marked = [text for text in finals if REPEATED in text]
        assert 1 <= len(finals) <= TWICE.get(step.name, 1), (story, finals)
        assert len(marked) == (1 if step.marked else 0), (story, finals)


def _is_final(text: str, state: str) -> bool:
    found = FINAL.search(text)
    return found is not None and found[1].lower() == state


async def steps_hold(folder: Path, database_url: str, *, seed: int, seeds: int) -> dict[str, int]:
    """All steps and classes, once for each seed."""
    cases = [case for turn in range(seeds) for case in every_step(seed + turn)]
    return await die(folder, database_url, cases)
