"""From a line of text to an answer: the same for a slash command, the root command and a mention.

`fulfil` does no I/O but the one commit. When something must be asked of Slack first, it gives back a
`Later` with what may be said now and what is to be done after the ack.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bridge.contract import Action
from bridge.delivery import notices
from bridge.delivery.render import ActionInfo, Message
from bridge.ingress.slack import words
from bridge.ingress.slack.accounts import Accounts
from bridge.ingress.slack.chooser import Chooser
from bridge.ingress.slack.colleagues import Colleagues
from bridge.ingress.slack.forms import Forms
from bridge.ingress.slack.launching import Launching
from bridge.ingress.slack.place import Place
from bridge.ingress.slack.reading import Reader
from bridge.surfaces import help as pages
from bridge.surfaces import sentences
from bridge.surfaces.command import (
    BUILTINS,
    Answer,
    Builtin,
    Help,
    Mistake,
    NeedsForm,
    Parsed,
    Parser,
)
from bridge.surfaces.usage import ROOT, name_of, usage

RECENT = 16  # one more than is listed, so that the list can say that there are more
_HOST = re.compile(r"https?://(?:[^/\s|>@]*@)?([\w.\-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Later:
    """What to say now, if anything, and what to do after the ack; that may end in another message."""

    now: Message | None
    then: Callable[[], Awaitable[Message | None]]


class Wishes:
    """Reads lines and does what they ask for."""

    def __init__(
        self,
        *,
        catalogue: Mapping[str, type[Action]],
        names: Mapping[str, str],
        launching: Launching,
        colleagues: Colleagues,
        forms: Forms,
        chooser: Chooser,
        reader: Reader,
        accounts: Accounts,
        about: Mapping[str, ActionInfo],
    ) -> None:
        """`names` are the commands' configured names; see `surfaces.command`."""
        self._actions = tuple(catalogue.values())
        self._names = names
        self._parser = Parser(self._actions, names)
        self._launching = launching
        self._colleagues = colleagues
        self._forms = forms
        self._chooser = chooser
        self._reader = reader
        self._accounts = accounts
        self._about = dict(about)
        self.root = name_of(ROOT, names)

    async def fulfil(self, line: str, place: Place, *, key: str) -> Message | Later | None:
        """Do what the line asks for, as far as that needs nobody but the store.

        None: it was stored by an earlier delivery of the same event, which has been answered.
        """
        answer = self._parser.read(line)
        wanted = answer.action if isinstance(answer, Parsed | NeedsForm) else None
        if wanted is None or not self._launching.is_unsure(wanted, place):
            return await self._do(answer, line, place, key)

        async def when_known() -> Message | None:
            await self._launching.ready(place)
            done = await self._do(answer, line, place, key)
            return await done.then() if isinstance(done, Later) else done

        return Later(Message(words.CHECKING), when_known)

    async def _do(
        self, answer: Answer, line: str, place: Place, key: str
    ) -> Message | Later | None:
        match answer:
            case Help() as wanted:
                return self._help(wanted)
            case Builtin(name="jobs"):
                return Later(None, lambda: self._recent(place))
            case Builtin(name="unlink", rest=said):
                return Later(None, lambda: self._accounts.unlink(place, said))
            case Builtin(rest=said):
                return Later(None, lambda: self._link(place, said))
            case Mistake() as mistake:
                return notices.mistake("\n".join(mistake.sentences), " · ".join(mistake.usage))
            case NeedsForm() as needed:
                return self._needs_form(needed, place, _hosts(line))
            case Parsed() as parsed:
                return await self._run(parsed, place, _hosts(line), key)

    def _help(self, wanted: Help) -> Message:
        page = pages.page(wanted, self._actions, self._names, self._builtins())
        meanings = (*page.examples, *("" for _ in page.usage))
        usages = [
            (line, words.EXAMPLE.format(example=meaning) if meaning else "")
            for line, meaning in zip(page.usage, meanings, strict=False)
        ]
        return notices.help_page(page.title, usages, "\n".join(page.lines))

    def _builtins(self) -> Mapping[str, str]:
        """The words of the root command that do something here."""
        return {
            word: told
            for word, told in BUILTINS.items()
            if self._accounts.is_open or word not in ("link", "unlink")
        }

    async def _link(self, place: Place, said: str) -> Message:
        await self._launching.ready(place)
        return await self._accounts.link(place, said)

    async def _recent(self, place: Place) -> Message:
        jobs = await self._reader.recent(place.scope, place.user_id, RECENT)
        return notices.job_list(jobs, self._about, self.root)

    def _needs_form(self, needed: NeedsForm, place: Place, hosts: list[str]) -> Message | Later:
        action = needed.action
        if needed.alternatives and not needed.values and not needed.connection:
            meant = [
                one
                for one in (action, *needed.alternatives)
                if self._chooser.usable(one, place, asked=False)[1] is None
            ]
            if len(meant) > 1 and place.trigger_id:
                return Later(None, lambda: self._choose(place, meant))
            action = meant[0] if meant else action
        choice = self._launching.choose(action, place, said=needed.connection, hosts=hosts)
        names = (choice.connection,) if choice.connection else choice.names
        if not names or (needed.connection and not choice.connection):
            return notices.mistake(choice.problem)
        denial = self._launching.refusal(action, place, names[0])
        if denial is not None:
            return denial
        line = usage(action, self._names)
        if not place.trigger_id:  # a mention cannot open a form
            faults = [f"{leaf.name}: {sentences.NEEDED}" for leaf in needed.missing]
            return notices.mistake("\n".join((*faults, *needed.sentences)), line)

        async def open_form() -> Message | None:
            opened = await self._forms.open(
                action, place, connections=names, values=needed.values, said=needed.sentences
            )
            return None if opened else notices.mistake(words.NO_FORM_HERE, line)

        return Later(None, open_form)

    async def _choose(self, place: Place, actions: list[type[Action]]) -> Message | None:
        if await self._chooser.open(place, actions):
            return None
        lines = " · ".join(usage(action, self._names) for action in actions)
        return notices.mistake(words.NO_FORM_HERE, lines)

    async def _run(
        self, parsed: Parsed, place: Place, hosts: list[str], key: str
    ) -> Message | Later | None:
        action = parsed.action
        choice = self._launching.choose(action, place, said=parsed.connection, hosts=hosts)
        if not choice.connection:
            return notices.mistake(choice.problem)
        connection = choice.connection
        if not parsed.mentions:
            return await self._launch(action, parsed.args, place, connection, key)
        denial = self._launching.refusal(action, place, connection)
        if denial is not None:
            return denial
        strangers = self._colleagues.unknown(action, parsed.mentions, place, connection)
        if not strangers:
            return await self._named(parsed, place, connection, key)

        async def ask_first() -> Message | None:
            await self._colleagues.ask(action, parsed.mentions, place, connection)
            return await self._named(parsed, place, connection, key)

        people = " and ".join(dict.fromkeys(f"<@{one}>" for one in strangers))
        return Later(Message(words.LOOKING_UP.format(people=people)), ask_first)

    async def _named(
        self, parsed: Parsed, place: Place, connection: str, key: str
    ) -> Message | None:
        args, unresolved = self._colleagues.resolve(
            parsed.action, parsed.args, parsed.mentions, place, connection
        )
        if unresolved:
            return notices.mistake(unresolved, usage(parsed.action, self._names))
        return await self._launch(parsed.action, args, place, connection, key)

    async def _launch(
        self, kind: type[Action], args: Mapping[str, Any], place: Place, connection: str, key: str
    ) -> Message | None:
        try:
            action = kind.model_validate(dict(args))
        except ValidationError as error:
            said = "\n".join(fault.line for fault in sentences.faults(kind, error))
            return notices.mistake(said, usage(kind, self._names))
        told = await self._launching.launch(action, place, connection, key=key)
        if told.accepted is not None and told.accepted.repeated and not place.response_url:
            return None  # Slack sent the event again; its first delivery was answered
        return told.message


def _hosts(line: str) -> list[str]:
    """Hosts of pasted links, which may say which connection is meant."""
    return [found[1] for found in _HOST.finditer(line)]
