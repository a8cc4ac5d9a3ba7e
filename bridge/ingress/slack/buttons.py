"""Buttons under a result: try again, give up, or a next thing that the outcome offers.

The click is acknowledged at once and nothing is promised by that; what it asks for is read from the store
by the signed reference, access is checked again for whoever clicked, and the answer comes as a message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from slack_bolt.async_app import AsyncAck, AsyncApp

from bridge.contract import LINK_ACCOUNT, Action, FollowUp, Job
from bridge.delivery import notices
from bridge.delivery.render import ACTION_ID, Message
from bridge.ingress.slack import words
from bridge.ingress.slack.accounts import Accounts
from bridge.ingress.slack.background import BackgroundTasks
from bridge.ingress.slack.forms import Forms
from bridge.ingress.slack.launching import Launching
from bridge.ingress.slack.place import Place
from bridge.ingress.slack.reading import Reader
from bridge.ingress.slack.references import BadReference, Reference, References
from bridge.ingress.slack.telling import Telling
from bridge.jobs.auditing import Actor
from bridge.jobs.operating import NotAllowed
from bridge.surfaces.leaves import flatten
from bridge.surfaces.writing import command_line

PRESSED = re.compile(rf"{ACTION_ID}:\d+")


class Buttons:
    """Answers clicks."""

    def __init__(
        self,
        *,
        catalogue: Mapping[str, type[Action]],
        references: References,
        reader: Reader,
        launching: Launching,
        forms: Forms,
        accounts: Accounts,
        telling: Telling,
        background: BackgroundTasks,
        names: Mapping[str, str],
    ) -> None:
        self._catalogue = catalogue
        self._names = names
        self._references = references
        self._reader = reader
        self._launching = launching
        self._forms = forms
        self._accounts = accounts
        self._telling = telling
        self._background = background

    def register(self, app: AsyncApp) -> None:
        app.action(PRESSED)(self.pressed)
        app.action(re.compile(".*"))(self.other)

    async def pressed(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        place = Place.of_interaction(body)
        pressed: list[dict[str, Any]] = body.get("actions") or [{}]
        value = str(pressed[0].get("value") or "")
        self._background.start("button", self._answer(place, value), team=place.team_id)

    async def other(self, ack: AsyncAck) -> None:
        """Elements that need no answer: link buttons, and inputs of a form as they change."""
        await ack()

    async def _answer(self, place: Place, value: str) -> None:
        await self._launching.ready(place)
        message = await self._do(place, value)
        if message is not None:
            await self._telling.tell(place, message)

    async def _do(self, place: Place, value: str) -> Message | None:
        try:
            reference = self._references.read(value, place.team_id)
        except BadReference as error:
            return notices.mistake(str(error))
        job = await self._reader.job(reference.job_id, place.scope)
        if job is None:
            return notices.mistake(words.JOB_GONE)
        if reference.kind == "follow":
            return await self._follow(place, reference, job)
        action = self._catalogue.get(job.action)
        if action is None:
            return notices.mistake(words.OUTDATED)
        refusal = self._refusal(action, place, job)
        if refusal is not None:
            return refusal
        by = Actor.of(place.asker())
        try:
            if reference.kind == "retry":
                again = await self._reader.retry(job.id, place.scope, by)
                return notices.accepted(again) if again else notices.mistake(words.JOB_GONE)
            gone = await self._reader.cancel(job.id, place.scope, by)
        except NotAllowed as error:
            return notices.mistake(str(error))
        return None if gone else notices.mistake(words.JOB_GONE)  # its own end tells the rest

    def _refusal(self, action: type[Action], place: Place, job: Job) -> Message | None:
        subject = job.lane.partition(":")[2]
        return self._launching.refusal(action, place, job.connection, target=subject)

    async def _follow(self, place: Place, reference: Reference, job: Job) -> Message | None:
        offers = job.outcome.follow_ups if job.outcome else ()
        offer = offers[reference.place] if reference.place < len(offers) else None
        if offer is not None and offer.action == reference.action == LINK_ACCOUNT:
            return await self._accounts.link(place, job.connection)
        action = self._catalogue.get(reference.action)
        if offer is None or action is None or offer.action != reference.action:
            return notices.mistake(words.OUTDATED)
        if offer.ask:
            return await self._form(action, place, job, offer)
        try:
            launch = action.model_validate(dict(offer.args))
        except ValidationError:
            return await self._form(action, place, job, offer)
        told = await self._launching.launch(
            launch, place, job.connection, key=place.trigger_id, uses=1
        )
        return told.message

    async def _form(
        self, action: type[Action], place: Place, job: Job, offer: FollowUp
    ) -> Message | None:
        refusal = self._refusal(action, place, job)
        if refusal is not None:
            return refusal
        values = flatten(action, offer.args)
        opened = await self._forms.open(action, place, connections=(job.connection,), values=values)
        line = command_line(action, dict(offer.args), self._names)
        return None if opened else notices.mistake(words.NO_FORM_HERE, line)
