"""The oracle: what was accepted, what took effect and what was told must tell one story.

Three witnesses that know nothing of each other: the senders (which answers came back), the emulators'
ledgers (what really happened), and the receivers of callbacks and the readers of the channel (what was
said). Every difference is a broken promise; the first one ends the run, with the seed to repeat it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.delivery.words import REPEATED
from bridge.sandbox.slack import seed as people
from tests.soak.city import City

FINAL = re.compile(r"\*(Done|Pending|Refused|Unknown|Parked|Cancelled)\*")
KNOWN_SHARE = 0.9  # of the calls that may be repeated so many must have a known end
COLUMNS = ("asked", "stored", "effects", "done", "pending", "unknown", "told", "told again")


@dataclass(frozen=True)
class Promise:
    """What an action's effect is called in the ledger, and whether it must have happened."""

    effect: str
    exactly_once: bool  # else at most once, and `unknown` is said when nobody knows


PROMISES: Mapping[str, Promise] = {
    "rocketchat.close_room": Promise("close_room", exactly_once=True),
    "rocketchat.email_transcript": Promise("schedule_transcript", exactly_once=True),
    "rocketchat.request_pdf_transcript": Promise("create_pdf", exactly_once=True),
    "rocketchat.export_room": Promise("export_room", exactly_once=False),
}
COMMAND = "rocketchat.cancel_email_transcript"  # asked for by people, told in the channel


class Oracle:
    """Compares the witnesses once everything has settled."""

    def __init__(
        self, here: City, asked: Mapping[str, tuple[str, str]], commands: Mapping[str, str]
    ) -> None:
        """`asked`: accepted job -> (action, room); `commands`: acknowledged command's room -> receipt."""
        self.here, self.asked, self.commands = here, asked, commands
        self.table: dict[str, Counter[str]] = defaultdict(Counter)
        self.effects: dict[str, Counter[str]] = {}
        self.told: dict[str, list[dict[str, Any]]] = defaultdict(list)

    async def judge(self) -> None:
        """Raises `AssertionError` with the story of the first difference."""
        await self.here.settled(within_s=180, watched="email_transcript")
        jobs = {job["id"]: job for job in await self.here.jobs()}
        self.effects = {name: self.here.effects(one.effect) for name, one in PROMISES.items()}
        for one in self.here.told:
            self.told[one["job"]].append(one)
        self._nothing_is_lost(jobs)
        self._nothing_happened_unasked()
        for job_id, (action, room) in self.asked.items():
            self._one_story(jobs[job_id], action, room)
        self._commands_have_one_end(jobs)
        self._it_was_not_all_unknown()

    def _nothing_is_lost(self, jobs: Mapping[str, Any]) -> None:
        assert self.asked, "nothing was asked for"
        lost = self.asked.keys() - jobs.keys()
        assert not lost, f"accepted and lost: {lost}"

    def _nothing_happened_unasked(self) -> None:
        for action, promise in PROMISES.items():
            rooms = {room for name, room in self.asked.values() if name == action}
            strange = self.effects[action].keys() - rooms
            assert not strange, f"{promise.effect} happened to {strange}, which nobody asked for"

    def _one_story(self, job: Mapping[str, Any], action: str, room: str) -> None:
        row, count, told = self.table[action], self.effects[action][room], self.told[job["id"]]
        ends = {(one["id"], one["state"]) for one in told}
        story = (action, room, job["state"], job["outcome"], f"{count} effects", told)
        assert job["state"] in {"done", "pending", "unknown"}, story
        assert count <= 1, ("it happened twice", story)
        assert count == 1 or job["state"] == "unknown", ("it did not happen", story)
        ended = job["finished_at"] is not None
        assert {state for _, state in ends} == ({job["state"]} if ended else set()), story
        assert len(ends) == int(ended), ("not told once", story)
        row.update({"asked": 1, "stored": 1, "effects": count, job["state"]: 1})
        row.update({"told": len(ends), "told again": len(told) - len(ends)})

    def _commands_have_one_end(self, jobs: Mapping[str, Any]) -> None:
        slack, row = self.here.slack, self.table[f"{COMMAND} (Slack)"]
        said = [slack.visible_text(one) for one in slack.messages(people.SUPPORT, people.ANNA)]
        shown = [text for text in said if FINAL.search(text)]
        by_room = {
            job["lane"].partition(":")[2]: job for job in jobs.values() if job["action"] == COMMAND
        }
        for room in self.commands:
            assert room in by_room, f"acknowledged and lost: {room}"
            job = by_room[room]
            finals = [text for text in shown if job["id"] in text]
            first = [text for text in finals if REPEATED not in text]
            assert finals, (job["id"], "nothing was told")
            assert len(first) <= 1, ("told twice, unmarked", finals)
            row.update({"asked": 1, "stored": 1, job["state"]: 1, "told": 1})
            row["told again"] += len(finals) - 1

    def _it_was_not_all_unknown(self) -> None:
        for action, promise in PROMISES.items():
            row = self.table[action]
            known = row["done"] + row["pending"]
            least = KNOWN_SHARE if promise.exactly_once else 0.5
            assert row["asked"] > 0, f"{action} was never asked for"
            assert known >= least * row["asked"], (action, dict(row))

    def lines(self) -> list[str]:
        """The table, ready to print."""
        width = max(map(len, self.table))
        head = f"{'':{width}}" + "".join(f"{name:>11}" for name in COLUMNS)
        return [head] + [
            f"{action:{width}}" + "".join(f"{row[name]:>11}" for name in COLUMNS)
            for action, row in sorted(self.table.items())
        ]
