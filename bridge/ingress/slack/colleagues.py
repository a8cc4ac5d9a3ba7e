"""A mention as `<associate>` or `agent=`: the upstream's name for the person, found by verified e-mail.

SuperOffice's action resolves an e-mail address itself; for Rocket.Chat the address is looked up among the
agents. `unknown` and `resolve` answer from memory, `ask` fills the memory and runs only after an ack. A
mention in a comment stays as it was typed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.contract import Action, upstream_name
from bridge.ingress.slack import words
from bridge.ingress.slack.identity import Identity
from bridge.ingress.slack.pickers import Pickers
from bridge.ingress.slack.place import Place
from bridge.surfaces.leaves import Kind, Leaf, by_key, flatten, fold

AGENTS = "rocketchat.agents"
Mentions = Mapping[str, tuple[str, ...]]  # leaf key -> Slack user ids


class Colleagues:
    """Finds who is meant."""

    def __init__(self, identity: Identity, pickers: Pickers) -> None:
        self._identity = identity
        self._pickers = pickers

    def unknown(
        self, action: type[Action], mentions: Mentions, place: Place, connection: str
    ) -> list[str]:
        """The mentioned people of whom memory does not know enough."""
        listed = action.upstream != "rocketchat" or self._pickers.known(connection, AGENTS)
        return [
            user_id
            for _, user_id in _people(action, mentions)
            if not listed or not self._identity.knows(place.team_id, user_id)
        ]

    async def ask(
        self, action: type[Action], mentions: Mentions, place: Place, connection: str
    ) -> None:
        """Ask Slack and the upstream about the mentioned people."""
        for _, user_id in _people(action, mentions):
            await self._identity.person(place.team_id, place.enterprise_id, user_id)
        if action.upstream == "rocketchat":
            await self._pickers.read(connection, AGENTS)

    def resolve(
        self,
        action: type[Action],
        args: Mapping[str, Any],
        mentions: Mentions,
        place: Place,
        connection: str,
    ) -> tuple[dict[str, Any], str]:
        """The arguments with names in place of mentions, or the sentence that says who is not known."""
        values = flatten(action, args)
        for leaf, user_id in _people(action, mentions):
            name = self._name(action, place, connection, user_id)
            if not name:
                upstream = upstream_name(action.upstream)
                return {}, words.NOT_LINKED.format(upstream=upstream)
            values[leaf.key] = _put(values.get(leaf.key), user_id, name)
        return {**args, **fold(action, values)}, ""

    def _name(self, action: type[Action], place: Place, connection: str, user_id: str) -> str:
        email = self._identity.remembered(place.team_id, user_id).email
        if not email or action.upstream != "rocketchat":
            return email
        agents = self._pickers.known(connection, AGENTS)
        return next((one.value for one in agents if one.email == email), "")


def _people(action: type[Action], mentions: Mentions) -> Iterator[tuple[Leaf, str]]:
    for key, user_ids in mentions.items():
        leaf = by_key(action)[key]
        if leaf.kind is not Kind.LONG_TEXT:
            for user_id in user_ids:
                yield leaf, user_id


def _put(value: Any, user_id: str, name: str) -> Any:
    mention = f"<@{user_id}>"
    if isinstance(value, list):
        return [name if one == mention else one for one in value]
    return name
