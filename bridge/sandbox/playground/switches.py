"""Everything that can be made to go wrong, one switch each, with a sentence that says what to expect.

A switch is read from the emulator and written to it, never kept beside it, so that the page shows what is so.
A system's weather is one switch with several positions, because only the first fault of an emulator counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.sandbox.emulator import Emulator, Fault
from bridge.sandbox.playground.moods import SLACK_WEATHER, WEATHER, Mood
from bridge.sandbox.stack import Sandbox

PROCESS: Final = "bridge.process"
BYPASS: Final = "api-bypass-rate-limit"
DEPARTMENT: Final = "Support"
FEW_CALLS, SHORT_WINDOW_S = 3, 20.0

Positions = tuple[tuple[str, str], ...]
ON_OFF: Final[Positions] = (("off", "Off"), ("on", "On"))


@dataclass(frozen=True, slots=True)
class Switch:
    """One thing that can be changed; the first position is how things normally are."""

    id: str
    system: str
    label: str
    why: str
    positions: Positions
    read: Callable[[], str]
    write: Callable[[str], None]
    whys: Mapping[str, str] = field(default_factory=dict)  # of single positions
    group: str = ""  # under which heading, when that is not the system's

    def as_json(self) -> dict[str, Any]:
        value = self.read()
        return {
            "id": self.id,
            "system": self.system,
            "group": self.group or self.system,
            "label": self.label,
            "why": self.whys.get(value, self.why),
            "positions": [{"value": one, "label": label} for one, label in self.positions],
            "value": value,
        }


class Switches:
    """All switches of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._faults: dict[str, tuple[str, Fault]] = {}
        found = [*self._rocketchat(), *self._superoffice(), *self._slack(), *self._bridge()]
        self._all = {switch.id: switch for switch in found}

    def as_json(self) -> list[dict[str, Any]]:
        return [
            switch.as_json()
            for switch in self._all.values()
            if switch.id != PROCESS or self._sandbox.child is not None
        ]

    def turn(self, switch_id: str, value: str) -> None:
        """Put a switch into a position. Raises `LookupError` when there is no such thing."""
        switch = self._all[switch_id]
        if value not in dict(switch.positions):
            raise LookupError(f"{switch_id} has no position {value}")
        switch.write(value)
        for emulator in self._sandbox.emulators:
            if emulator.name == switch.system:
                emulator.notify()

    def all_normal(self) -> None:
        for switch in self._all.values():
            if switch.read() != switch.positions[0][0]:
                self.turn(switch.id, switch.positions[0][0])

    # -- one system each -----------------------------------------------------------------------

    def _rocketchat(self) -> list[Switch]:
        rc = self._sandbox.rocketchat
        settings = rc.settings

        def limited() -> str:
            return "off" if "bot" in rc.roles[BYPASS] else "on"

        def limit(value: str) -> None:
            if value == "on":
                rc.roles[BYPASS].discard("bot")
                rc.configure(limiter_calls=FEW_CALLS, limiter_window_s=SHORT_WINDOW_S)
            else:
                rc.roles[BYPASS].add("bot")
                rc.configure(limiter_calls=10, limiter_window_s=60.0)
            rc.limiter.reset()

        def pdf() -> str:
            if settings.pdf_outcome != "ok":
                return settings.pdf_outcome
            return "slow" if rc.pdf_delay_s > 5 else "ok"

        def make_pdf(value: str) -> None:
            rc.pdf_delay_s = 12.0 if value == "slow" else 1.5
            rc.configure(pdf_outcome="ok" if value == "slow" else value)

        def needs_tags() -> str:
            found = next(d for d in rc.departments.values() if d.name == DEPARTMENT)
            return "on" if found.request_tag_before_closing_chat else "off"

        def need_tags(value: str) -> None:
            found = next(d for d in rc.departments.values() if d.name == DEPARTMENT)
            found.request_tag_before_closing_chat = value == "on"

        return [
            self._weather(rc, "Rocket.Chat"),
            Switch(
                "rocketchat.limit",
                rc.name,
                "Rate limit for the bridge",
                f"{FEW_CALLS} calls per {SHORT_WINDOW_S:.0f} s and route, then 429. Send a few commands at"
                " once: the bridge learns the limit, waits before it bites, and says so.",
                ON_OFF,
                limited,
                limit,
            ),
            Switch(
                "rocketchat.pdf",
                rc.name,
                "PDF transcripts",
                "Rocket.Chat answers 200 to every PDF request. What becomes of it shows later.",
                (("ok", "Quick"), ("slow", "12 s"), ("fails", "Fail"), ("hangs", "Never")),
                pdf,
                make_pdf,
            ),
            Switch(
                "rocketchat.profile",
                rc.name,
                "Server version",
                "Four families of versions check in another order and word their answers differently.",
                (("C", "8.7"), ("A", "7.0"), ("B", "7.10"), ("D", "develop")),
                lambda: rc.profile,
                lambda value: rc.configure(profile=value),
            ),
            Switch(
                "rocketchat.comment",
                rc.name,
                "Closing needs a comment",
                "Rocket.Chat's default. The bridge sends its own comment when none was typed.",
                (("on", "On"), ("off", "Off")),
                lambda: "on" if settings.comment_required else "off",
                lambda value: rc.configure(comment_required=value == "on"),
            ),
            Switch(
                "rocketchat.tags",
                rc.name,
                f"{DEPARTMENT} needs tags",
                "Closing without tags=… is refused, with the command that works as the next step.",
                ON_OFF,
                needs_tags,
                need_tags,
            ),
            Switch(
                "rocketchat.licence",
                rc.name,
                "Premium licence",
                "Without it there are no PDF transcripts.",
                (("on", "Valid"), ("off", "Expired")),
                lambda: "on" if settings.licence else "off",
                lambda value: rc.configure(licence=value == "on"),
            ),
        ]

    def _superoffice(self) -> list[Switch]:
        so = self._sandbox.superoffice
        return [
            self._weather(so, "SuperOffice"),
            Switch(
                "superoffice.colleague",
                so.name,
                "The colleague who is asked",
                "A transfer is only a question; the session moves when the colleague accepts.",
                (("", "You decide"), ("accept", "Accepts in 5 s"), ("reject", "Declines in 5 s")),
                lambda: so.switches.auto_response or "",
                lambda value: so.change(auto_response=value or None),
            ),
            Switch(
                "superoffice.noop",
                so.name,
                "Its 200 when nothing happened",
                "The documents promise a 200 and leave the body open. The bridge looks for itself.",
                (("entity", "Session"), ("null", "null"), ("empty", "Empty"), ("204", "204")),
                lambda: so.switches.noop_body,
                lambda value: so.change(noop_body=value),
            ),
            Switch(
                "superoffice.tenant",
                so.name,
                "Tenant",
                "During maintenance SuperOffice answers with a web page instead of JSON.",
                (("Running", "Running"), ("OfflineMaintenance", "Maintenance")),
                lambda: (
                    "Running" if so.switches.tenant_state == "Running" else "OfflineMaintenance"
                ),
                lambda value: so.change(tenant_state=value),
            ),
        ]

    def _slack(self) -> list[Switch]:
        slack = self._sandbox.slack
        return [
            self._weather(slack, "Slack's own API", SLACK_WEATHER),
            Switch(
                "slack.expired",
                slack.name,
                "Reply address",
                "Slack's response_url lasts 30 minutes and 5 uses. Expired, the answer takes another way.",
                (("off", "Valid"), ("on", "Expired")),
                lambda: "on" if slack.settings.response_urls_expired else "off",
                lambda value: setattr(slack.settings, "response_urls_expired", value == "on"),
            ),
            Switch(
                "slack.keyboard",
                slack.name,
                "Keyboard",
                "A Mac or a phone turns quotes and dashes into curly ones while you type.",
                (("off", "Plain"), ("on", "Autocorrects")),
                lambda: "on" if self._sandbox.mac_keyboard else "off",
                lambda value: setattr(self._sandbox, "mac_keyboard", value == "on"),
            ),
        ]

    def _bridge(self) -> list[Switch]:
        def running() -> bool:
            child = self._sandbox.child
            return child is None or child.running

        def turn(value: str) -> None:
            child = self._sandbox.child
            if child is None:
                return
            if value == "killed":
                child.kill()
            else:
                child.revive()

        return [
            Switch(
                PROCESS,
                self._sandbox.slack.name,
                "The bridge itself",
                "Ask for something while another system is down, kill the bridge, and start it again: what"
                " it had accepted is on disk, so it goes on.",
                (("running", "Running"), ("killed", "Killed (SIGKILL)")),
                lambda: "running" if running() else "killed",
                turn,
                {"killed": "Commands fail now, because nobody is there. What was accepted waits."},
                group="bridge",
            )
        ]

    def _weather(
        self, emulator: Emulator, name: str, moods: Mapping[str, Mood] = WEATHER
    ) -> Switch:
        def read() -> str:
            value, fault = self._faults.get(emulator.name, ("", None))
            return value if fault in emulator.faults else "fine"

        def write(value: str) -> None:
            _, fault = self._faults.pop(emulator.name, ("", None))
            if fault is not None and fault in emulator.faults:
                emulator.faults.remove(fault)
            if value in moods:
                fresh = moods[value].fault()
                emulator.faults.append(fresh)
                self._faults[emulator.name] = (value, fresh)

        return Switch(
            f"{emulator.name}.weather",
            emulator.name,
            name,
            "Works as it should.",
            (("fine", "Fine"), *((value, mood.label) for value, mood in moods.items())),
            read,
            write,
            {value: mood.why for value, mood in moods.items()},
        )
