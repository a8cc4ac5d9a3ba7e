"""From a validated wish to a stored job: which connection, may they, store it, say what was stored.

The one way from every handler of this door into `jobs`. Only `accept` does I/O, and it does one
thing: the commit. Whoever asks through a button, a form or a mention passes the same checks as whoever
types, at the moment of asking.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bridge import access
from bridge.contract import Action
from bridge.delivery import notices
from bridge.delivery.render import Message
from bridge.ingress.http import accepts
from bridge.ingress.slack import words
from bridge.ingress.slack.background import BackgroundTasks
from bridge.ingress.slack.choice import Choice, choose
from bridge.ingress.slack.identity import Identity
from bridge.ingress.slack.place import Place
from bridge.ingress.slack.usergroups import Usergroups
from bridge.jobs.auditing import Actor, Audit
from bridge.jobs.intake import Accepted, Intake, Key, KeyConflict, Launch, NotStored
from bridge.settings import Settings
from bridge.surfaces.usage import ROOT, name_of

_encode = json.JSONEncoder(sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class Told:
    """What to say about a launch; `accepted` is None when nothing is known to be stored."""

    message: Message
    accepted: Accepted | None = None
    again: str = ""  # nothing was stored, but the very same may pass in a moment


class Launching:
    """Chooses, checks and stores; one for the whole door."""

    def __init__(
        self,
        *,
        settings: Settings,
        intake: Intake,
        usergroups: Usergroups,
        identity: Identity,
        upkeep: BackgroundTasks,
        background: BackgroundTasks,
        audit: Audit | None,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._intake = intake
        self._usergroups = usergroups
        self._identity = identity
        self._upkeep = upkeep
        self._background = background
        self._audit = audit
        self._clock = clock

    def choose(
        self, action: type[Action], place: Place, *, said: str = "", hosts: Sequence[str] = ()
    ) -> Choice:
        """The connection that is meant; of several, those the person may not use do not count."""
        return choose(
            self._settings.connections,
            action.upstream,
            said=said,
            hosts=hosts,
            of_channel=self._settings.routed(place.team_id, place.channel_id, place.enterprise_id),
            usable=lambda name: self.decide(action, place, name).allowed,
        )

    def decide(self, action: type[Action], place: Place, connection: str) -> access.Decision:
        """Whether this person may, here and now."""
        groups = self._usergroups.of(place.user_id, place.team_id, place.enterprise_id)
        decision = access.decide(
            self._settings.access,
            place.asker(),
            action.id,
            action.command.word,
            connection,
            groups,
        )
        if not decision.allowed and self._usergroups.is_unread(place.team_id):
            return replace(decision, reason=words.GROUPS_UNREAD, how=words.GROUPS_AGAIN)
        return decision

    def refusal(
        self, action: type[Action], place: Place, connection: str, *, target: str = ""
    ) -> Message | None:
        """The words for somebody who may not, which the audit trail keeps too; None: they may."""
        decision = self.decide(action, place, connection)
        if decision.allowed:
            return None
        if self._audit is not None:
            who = Actor.of(place.asker())
            line = self._audit.note(
                who,
                action.id,
                target=target,
                connection=connection,
                outcome="denied",
                detail=f"channel {place.channel_id}: {decision.reason}",
            )
            self._background.start("audit", line)  # no I/O before the ack
        return notices.denial(decision.reason, decision.how)

    def is_unsure(self, action: type[Action], place: Place) -> bool:
        """Whether a denial might be wrong, because the user groups have not been read yet."""
        return self._usergroups.is_unread(place.team_id) and not all(
            self.decide(action, place, name).allowed
            for name, one in self._settings.connections.items()
            if one.kind == action.upstream
        )

    async def ready(self, place: Place) -> None:
        """Learn the user groups if nobody has yet; for background tasks."""
        await self._usergroups.ready(place.team_id, place.enterprise_id)

    async def launch(
        self,
        action: Action,
        place: Place,
        connection: str,
        *,
        key: str,
        uses: int = 0,
        issued_at: float = 0.0,
    ) -> Told:
        """Check and store it, and say in words what came of that. `key` names the wish itself.

        `uses` of the response_url are spoken for; it was issued now, or `issued_at`.
        """
        subject = str(getattr(action, action.lane))
        refusal = self.refusal(type(action), place, connection, target=subject)
        if refusal is not None:
            return Told(refusal)
        known = self._identity.remembered(place.team_id, place.user_id)
        launch = Launch(
            action=action,
            connection=connection,
            asker=place.asker(name=known.name, locale=known.locale),
            reply_to=place.reply_to(issued_at or self._clock(), uses=uses),
        )
        try:
            accepted = await self._intake.accept(
                [launch], key=Key(f"slack:{key}", _fingerprint(launch)), join=True
            )
        except NotStored as error:
            if error.unsure:
                root = name_of(ROOT, self._settings.slack.commands)
                return Told(notices.mistake(words.MAYBE_STORED.format(root=root)))
            text = words.NOT_STORED.format(seconds=max(1, round(error.retry_after_s)))
            return Told(notices.mistake(text), again=text)
        except KeyConflict:
            return Told(notices.mistake(words.KEY_CONFLICT))
        accepts.note(accepted)
        self._get_to_know(place)
        return Told(told_of(accepted[0]), accepted[0])

    def _get_to_know(self, place: Place) -> None:
        """Learn the asker's name and language for the next time; this time they are not waited for."""
        if not self._identity.knows(place.team_id, place.user_id):
            self._upkeep.start("person", self._identity.learn(place))


def told_of(accepted: Accepted) -> Message:
    """The words for a stored job: it is taken, it waits, or it was running already."""
    if accepted.joined or accepted.repeated:
        return notices.joined(accepted.job)
    return notices.accepted(accepted.job, accepted.wait_s)


def _fingerprint(launch: Launch) -> str:
    wish = {
        "action": launch.action.id,
        "connection": launch.connection,
        "args": launch.action.model_dump(mode="json", by_alias=True, exclude_unset=True),
    }
    return hashlib.sha256(_encode(wish).encode()).hexdigest()
