"""`/bridge link` and `/bridge unlink`: how one's own accounts stand, a one-time address, and forgetting.

Only connections that this person may use here are spoken of, so nobody learns of another workspace's. The
address is a permission, hence told to the one person alone and bound to the address that Slack verified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.contract import UPSTREAM_NAMES, Action
from bridge.delivery import mrkdwn, notices
from bridge.delivery.render import Json, Message, context, fit, section
from bridge.ingress.linking import Linking, Ticket
from bridge.ingress.slack import words
from bridge.ingress.slack.background import BackgroundTasks
from bridge.ingress.slack.identity import Identity
from bridge.ingress.slack.launching import Launching
from bridge.ingress.slack.place import Place
from bridge.ingress.slack.telling import Telling
from bridge.jobs.links import Link
from bridge.jobs.writer import StoreDown
from bridge.settings import Connection

_AT_MOST = 20  # connections in one message


class Accounts:
    """Answers the two words. `linking` is None where nothing can be linked at all."""

    def __init__(
        self,
        *,
        linking: Linking | None,
        connections: Mapping[str, Connection],
        catalogue: Mapping[str, type[Action]],
        launching: Launching,
        identity: Identity,
        telling: Telling,
        background: BackgroundTasks,
        root: str,
    ) -> None:
        self._linking = linking
        self._connections = connections
        self._catalogue = catalogue
        self._launching = launching
        self._identity = identity
        self._telling = telling
        self._background = background
        self._root = root

    @property
    def is_open(self) -> bool:
        return self._linking is not None and self._linking.is_open

    async def link(self, place: Place, said: str) -> Message:
        """How the accounts stand, and an address for each that can be linked."""
        linking = self._linking
        if linking is None:
            return notices.mistake(words.NO_LINKS)
        usable = self._usable(place)
        names = self._meant(said, usable)
        obstacles = {name: linking.obstacle(name) for name in names}
        open_ones = [name for name in names if not obstacles[name]]
        if not open_ones:
            known = dict.fromkeys(why for why in obstacles.values() if why)
            return notices.mistake("\n".join(known) or self._none_meant(said, usable))
        try:
            linked = {one.connection: one for one in await linking.of(place.scope, place.user_id)}
        except StoreDown:
            return notices.mistake(words.LINKS_DOWN)
        person = await self._identity.person(place.team_id, place.enterprise_id, place.user_id)
        lines = []
        for name in open_ones[:_AT_MOST]:
            ticket = Ticket(
                scope=place.scope,
                user_id=place.user_id,
                connection=name,
                team_id=place.team_id,
                enterprise_id=place.enterprise_id,
                name=person.name or place.user_name,
                email=person.email,
            )
            lines.append(self._line(name, linked.get(name), linking.address(ticket)))
        return _shown(lines, next((name for name in open_ones if name in linked), ""), self._root)

    async def unlink(self, place: Place, said: str) -> Message:
        """Forget one link, or all of them; also of a connection that may no longer be used."""
        linking = self._linking
        if linking is None:
            return notices.mistake(words.NOTHING_LINKED)
        wanted = _name(said)
        try:
            linked = [one.connection for one in await linking.of(place.scope, place.user_id)]
            gone = {
                name: became
                for name in linked
                if wanted in ("", name.casefold(), self._kind(name))
                and (became := await linking.remove(place.scope, place.user_id, name)) is not None
            }
        except StoreDown:
            return notices.mistake(words.LINKS_DOWN)
        if not gone:
            return notices.mistake(words.NOTHING_LINKED)
        lines = [
            words.UNLINKED.format(connection=mrkdwn.safe(name, 120), became=became).strip()
            for name, became in gone.items()
        ]
        return Message("\n".join(lines), fit([section(line) for line in lines]))

    def linked(self, ticket: Ticket, sentence: str) -> None:
        """Tell a person by direct message that an account was linked: it may not have been them."""
        place = Place(ticket.team_id, ticket.user_id, ticket.enterprise_id)
        text = mrkdwn.safe(sentence, 1000)
        self._background.start("linked", self._tell(place, Message(text, fit([section(text)]))))

    async def _tell(self, place: Place, message: Message) -> None:
        await self._telling.tell(place, message)

    def _line(self, name: str, link: Link | None, address: str) -> Json:
        """How it stands, and the button that changes it."""
        shown = mrkdwn.safe(name, 120)
        upstream = UPSTREAM_NAMES.get(self._kind(name), name)
        label = words.LINK_BUTTON.format(upstream=upstream)
        text = words.NOT_LINKED_YET.format(connection=shown)
        if link is not None and link.credential is None:
            account = mrkdwn.safe(link.account_name, 120)
            text = words.LINK_ENDED.format(connection=shown, account=account)
        elif link is not None:
            label = words.LINK_OTHER_BUTTON
            text = words.LINKED.format(
                connection=shown,
                account=mrkdwn.safe(link.account_name, 120),
                when=mrkdwn.date(link.linked_at),
                used=words.LINK_USED.format(when=mrkdwn.date(link.last_used))
                if link.last_used
                else words.LINK_UNUSED,
            )
        button = {
            "type": "button",
            "text": {"type": "plain_text", "text": mrkdwn.plain(label, 75)},
            "action_id": f"link:{name}"[:255],
            "url": address,
        }
        return {**section(text), "accessory": button}

    def _usable(self, place: Place) -> list[str]:
        """The connections on which this person may run anything here."""
        return [
            name
            for name, one in self._connections.items()
            if any(
                self._launching.decide(action, place, name).allowed
                for action in self._catalogue.values()
                if action.upstream == one.kind
            )
        ]

    def _meant(self, said: str, usable: Sequence[str]) -> list[str]:
        wanted = _name(said)
        if not wanted:
            return list(usable)
        return [name for name in usable if wanted in (name.casefold(), self._kind(name))]

    def _none_meant(self, said: str, usable: Sequence[str]) -> str:
        if not usable or not said.strip():
            return words.NO_LINK_FOR_YOU
        return words.WHICH_LINK.format(said=_name(said)[:80], names=", ".join(usable))

    def _kind(self, name: str) -> str:
        connection = self._connections.get(name)
        return connection.kind if connection is not None else ""


def _name(said: str) -> str:
    """`on=east`, `East` or nothing."""
    return said.strip().casefold().removeprefix("on=").strip("`\"'“”")


def _shown(lines: Sequence[Json], linked: str, root: str) -> Message:
    head = f"*{words.LINKS_TITLE}*"
    blocks = [section(head), *lines, context(words.LINK_ONCE)]
    if linked:
        blocks.append(context(words.LINK_HINT.format(root=root, connection=linked)))
    return Message("\n".join([head, *(line["text"]["text"] for line in lines)]), fit(blocks))
