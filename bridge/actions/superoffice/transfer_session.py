"""Offer a chat session to a colleague. It is a request, not a handover: the colleague accepts or rejects.

A 200 says nothing: "If the session does not belong to the user, nothing happens." So the session is read
before, the answer is classified by who has it and to whom it is offered, and a pending offer is watched
for a quarter of an hour. The chat's status does not change on a transfer and no event tells of it.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from bridge.actions.fields import Associate, SessionId
from bridge.actions.superoffice import associates
from bridge.actions.superoffice import session as sessions
from bridge.actions.superoffice.errors import NO_SUCH_CALL, SHARED
from bridge.actions.superoffice.transferring import FACTS, SAYS, Sentence
from bridge.actions.wording import again, code_of, explain, listed, say, tell
from bridge.contract import (
    LINK_ACCOUNT,
    Action,
    Command,
    Context,
    Done,
    Flow,
    FollowUp,
    Outcome,
    Pending,
    Picker,
    Positional,
    Refused,
    Repeat,
    Request,
    Response,
    Unknown,
)

ROUTE: Final = "/api/v1/ChatSession/{chatSessionId}/TransferTo/{toAssociate}"
FIRST_LOOK_S: Final = 1.5
LONGEST_LOOK_S: Final = 60.0
DEADLINE_S: Final = 900.0


class TransferSession(Action):
    """Offer a SuperOffice chat to a colleague."""

    title: ClassVar = "Transfer chat"
    docs: ClassVar = (
        "https://docs.superoffice.com/en/api/reference/restful/rest/ChatSession/"
        "v1ChatSessionEntity_TransferChatSession.html"
    )
    command: ClassVar = Command("transfer", "session", default=True)
    repeat: ClassVar = Repeat.CHECK_FIRST
    lane: ClassVar = "chat_session_id"
    write_route: ClassVar = f"POST {ROUTE}"
    confirm: ClassVar = (
        "Offer this chat to your colleague? You keep it until the offer is accepted."
    )
    in_channel: ClassVar = True
    errors: ClassVar = SHARED
    a_200_means: ClassVar = (
        "Nothing by itself: it is an offer, not a handover, and with a chat that is not the caller's"
        " “nothing happens”."
    )
    verifies: ClassVar = (
        "Principal and session before; afterwards `TransferTo` and `User`, until the colleague has"
        " accepted or rejected."
    )
    says: ClassVar = SAYS
    example_facts: ClassVar = FACTS

    chat_session_id: Annotated[SessionId, Positional(), Picker("superoffice.sessions")] = Field(
        alias="chatSessionId",
        description="The chat session: its number or its pasted link.",
        examples=[648],
    )
    to_associate: Annotated[Associate, Positional(), Picker("superoffice.associates")] = Field(
        alias="toAssociate",
        description="The colleague who is to take it: username, associate id or e-mail address.",
        examples=["anna"],
    )

    def flow(self, context: Context) -> Flow:
        """Read who we are and whose the chat is, resolve the colleague, offer it, and look."""
        signed_in = yield Request("GET", sessions.PRINCIPAL_ROUTE)
        if not signed_in.ok:
            return self._nobody(signed_in)
        me = sessions.read_principal(signed_in)
        before = yield from sessions.look(self.chat_session_id)
        if isinstance(before, Response):
            return self._no_session(before)
        target = yield from associates.resolve(self.to_associate, before.topic_id)
        if isinstance(target, associates.NotResolved):
            return self._not_resolved(target)
        whom = target.person
        context.memo["to"] = {"id": whom.id, "name": whom.shown}
        if before.with_user(whom.id):
            return self._accepted(before, context, already=not context.resumed)
        if before.offered_to(whom.id):
            context.memo["already"] = not context.resumed
            return self._pending(before, context)
        if before.ended:
            return self._refused(
                "session_ended", Sentence.ENDED, Sentence.ENDED_NEXT, before, context
            )
        answer = yield self._post(whom.id)
        if not answer.ok:
            return self._explain(answer)
        after: sessions.Session | Response | None = sessions.read(answer)
        if after is None:
            after = yield from sessions.look(self.chat_session_id)
        if isinstance(after, Response):
            return self._unseen(after)
        if after.with_user(whom.id):
            return self._accepted(after, context, already=False)
        if after.offered_to(whom.id):
            context.memo["already"] = False
            return self._pending(after, context)
        if after.ended:
            return self._refused(
                "session_ended", Sentence.ENDED, Sentence.ENDED_NEXT, after, context
            )
        return self._nothing(after, me, target, context)

    def follow(self, context: Context) -> Flow:
        """Has the colleague accepted, rejected, or not answered yet?"""
        to = context.memo.get("to") or {}
        target_id = int(to.get("id", 0))
        now = yield from sessions.look(self.chat_session_id)
        if isinstance(now, Response):
            return self._blind(now, context)
        if now.with_user(target_id):
            return self._accepted(now, context, already=False)
        if now.ended:
            return self._refused(
                "ended_before_accepted", Sentence.ENDED_FIRST, Sentence.ENDED_NEXT, now, context
            )
        if now.offered_to(target_id):
            return self._pending(now, context)
        if now.user is not None and now.user.id != context.memo.get("owner_id", now.user.id):
            return self._refused("taken_by_another", Sentence.TAKEN, "", now, context)
        if now.transfer_to is not None:
            return self._refused("offered_elsewhere", Sentence.OFFERED_ELSEWHERE, "", now, context)
        return self._refused("rejected", Sentence.REJECTED, Sentence.REJECTED_NEXT, now, context)

    def _post(self, associate_id: int) -> Request:
        path = {"chatSessionId": str(self.chat_session_id), "toAssociate": str(associate_id)}
        return Request("POST", ROUTE, path=path, write=True)

    def _facts(
        self, session: sessions.Session | None, context: Context | None, **more: Any
    ) -> dict[str, Any]:
        facts: dict[str, Any] = {"session": self.chat_session_id}
        to = (context.memo.get("to") if context else None) or {}
        if to:
            facts |= {"to_id": to["id"], "to": to["name"]}
        if session is not None:
            facts["status"] = session.status
            if session.user is not None:
                facts |= {"owner_id": session.user.id, "owner": session.user.shown}
            if session.transfer_to is not None and session.transfer_to.id != to.get("id"):
                facts["offered_to"] = session.transfer_to.shown
        return {**facts, **more}

    def _accepted(self, session: sessions.Session, context: Context, *, already: bool) -> Outcome:
        facts = self._facts(
            session, context, transfer="already_there" if already else "accepted", already=already
        )
        code = "already_there" if already else "transfer_accepted"
        return Done(code, say(Sentence.THERE if already else Sentence.ACCEPTED, facts), facts=facts)

    def _pending(self, session: sessions.Session, context: Context) -> Outcome:
        """Offered; after the deadline this is the last word, because the offer itself stays."""
        if session.user is not None:
            context.memo.setdefault("owner_id", session.user.id)
        offered_at = float(context.memo.setdefault("offered_at", context.now))
        waited = context.now - offered_at
        already = bool(context.memo.get("already"))
        if waited >= DEADLINE_S:
            facts = self._facts(session, context, transfer="unanswered", already=already)
            sentence = say(Sentence.UNANSWERED, facts, minutes=round(waited / 60))
            return Pending("transfer_unanswered", sentence, Sentence.UNANSWERED_NEXT, facts)
        facts = self._facts(session, context, transfer="pending", already=already)
        return Pending(
            "transfer_already_pending" if already else "transfer_pending",
            say(Sentence.ALREADY_OFFERED if already else Sentence.OFFERED, facts),
            say(Sentence.OFFERED_NEXT, facts),
            facts,
            look_in_s=min(LONGEST_LOOK_S, max(FIRST_LOOK_S, waited / 4), DEADLINE_S - waited),
        )

    def _nothing(
        self,
        session: sessions.Session,
        me: sessions.Principal | None,
        target: associates.Target,
        context: Context,
    ) -> Outcome:
        """200, and nothing happened: give the likely reason."""
        if session.user is None and session.queued:
            pair = (Sentence.IN_QUEUE, Sentence.IN_QUEUE_NEXT)
        elif session.user is None:
            pair = (Sentence.NOBODYS, Sentence.NOBODYS_NEXT)
        elif me is not None and session.user.id != me.id:
            pair = (Sentence.NOT_YOURS, _whose_turn(me))
        elif target.can_respond is False:
            pair = (Sentence.NO_CHAT_AGENT, Sentence.CHOOSE_NEXT)
        else:
            pair = (Sentence.NOT_TAKEN, Sentence.CHOOSE_NEXT)
        account = me.name if me else ""
        return self._refused("not_transferred", *pair, session, context, account=account)

    def _refused(
        self,
        code: str,
        sentence: str,
        next_step: str,
        session: sessions.Session,
        context: Context,
        **words: Any,
    ) -> Outcome:
        verdict = "rejected" if code == "rejected" else "not_transferred"
        facts = self._facts(session, context, transfer=verdict)
        known = {**facts, **words}
        buttons: tuple[FollowUp, ...] = ()
        if sentence in Sentence.CHOOSABLE:
            buttons = (FollowUp(Sentence.CHOOSE_LABEL, type(self).id, again(self), ask=True),)
        elif next_step in Sentence.LINKABLE:
            buttons = (FollowUp(Sentence.LINK_LABEL, LINK_ACCOUNT),)
        return Refused(code, say(sentence, known), say(next_step, known), facts, buttons)

    def _not_resolved(self, found: associates.NotResolved) -> Outcome:
        near = listed(f"{one.shown} ({one.id})" for one in found.near)
        known = {"wanted": self.to_associate, "near": near}
        if found.ej_user:
            code, sentence, next_step = "chat_user_id", Sentence.CHAT_USER, Sentence.CHAT_USER_NEXT
        elif found.unlisted:
            code, sentence, next_step = "no_lists", Sentence.UNLISTED, Sentence.UNLISTED_NEXT
        elif found.several:
            code, sentence, next_step = (
                "several_associates",
                Sentence.SEVERAL,
                Sentence.SEVERAL_NEXT,
            )
        else:
            code, sentence = "unknown_associate", Sentence.UNKNOWN
            next_step = Sentence.UNKNOWN_NEAR if found.near else Sentence.UNKNOWN_NEXT
        return Refused(
            code,
            say(sentence, known),
            say(next_step, known),
            self._facts(None, None),
            (FollowUp(Sentence.CHOOSE_LABEL, type(self).id, again(self), ask=True),),
        )

    def _explain(self, answer: Response) -> Outcome:
        return explain(self, answer, session=self.chat_session_id)

    def _nobody(self, answer: Response) -> Outcome:
        """Who is signed in cannot be read; every SuperOffice knows that call, so 404 is the address."""
        if code_of(answer) == "not-found":
            facts = {"session": self.chat_session_id}
            return tell(self, NO_SUCH_CALL, "no_such_call", facts=facts)
        return self._explain(answer)

    def _no_session(self, answer: Response) -> Outcome:
        """A read that holds no session: refused, or 200 with nothing in it."""
        if not answer.ok:
            return self._explain(answer)
        return explain(self, Response(404), session=self.chat_session_id)

    def _unseen(self, answer: Response) -> Outcome:
        """The offer was sent, its answer was empty, and the session cannot be read any more."""
        if answer.status == 404:
            return self._explain(answer)
        facts = self._facts(None, None)
        return Unknown("transfer_not_seen", Sentence.UNSEEN, Sentence.UNSEEN_NEXT, facts)

    def _blind(self, answer: Response, context: Context) -> Outcome:
        """The offer stands, but what becomes of it cannot be read any more."""
        why = self._no_session(answer)
        facts = self._facts(None, context, transfer="not_seen")
        sentence = say(Sentence.BLIND, facts, why=why.message)
        return Unknown("transfer_not_seen", sentence, why.next_step, facts)


def _whose_turn(me: sessions.Principal) -> str:
    """The next step when the chat is somebody else's, by whose account was used."""
    if me.own:
        return Sentence.LINKED_NEXT
    return Sentence.SYSTEM_NEXT if me.system else Sentence.NOT_YOURS_NEXT
