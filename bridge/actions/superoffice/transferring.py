"""What is said about a chat transfer, and the facts that go along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridge.contract import Fact


class Sentence:
    """Each end a transfer can have, in words. `{to}` is the colleague, `{owner}` who has the chat now."""

    OFFERED: Final = "Chat {session} is offered to {to}. It moves when {to} accepts."
    ALREADY_OFFERED: Final = (
        "Chat {session} was offered to {to} before. It moves when {to} accepts."
    )
    OFFERED_NEXT: Final = "It is {to}'s turn: accept or reject the transfer in SuperOffice."
    ACCEPTED: Final = "{to} has accepted chat {session}."
    THERE: Final = "Nothing to do: {to} has chat {session} already."
    UNANSWERED: Final = (
        "{to} has not answered within {minutes} minutes. Chat {session} stays offered."
    )
    UNANSWERED_NEXT: Final = (
        "Ask your colleague, or cancel the transfer in SuperOffice (Cancel transfer) and offer the chat"
        " to somebody else."
    )
    REJECTED: Final = (
        "{to} rejected chat {session}, or the transfer was cancelled. {owner} still has it."
    )
    REJECTED_NEXT: Final = "Offer it to somebody else."
    TAKEN: Final = "{owner} has taken chat {session} meanwhile, not {to}."
    OFFERED_ELSEWHERE: Final = "Chat {session} is now offered to {offered_to}, not to {to}."
    ENDED: Final = "Chat {session} is over ({status}), so it cannot be transferred."
    ENDED_FIRST: Final = "Chat {session} ended ({status}) before {to} accepted it."
    ENDED_NEXT: Final = "If the customer writes again, a new chat begins."
    NOT_YOURS: Final = (
        "Nothing happened: chat {session} belongs to {owner}, and only its owner can transfer it."
    )
    NOT_YOURS_NEXT: Final = (
        "Ask {owner} to transfer it. If you are {owner}, link your own SuperOffice account with"
        " /bridge link, so that the bridge acts as you instead of {account}."
    )
    LINKED_NEXT: Final = (
        "The bridge acted as you, {account}. Ask {owner} to transfer it, or let the chat be handed to"
        " you first."
    )
    SYSTEM_NEXT: Final = (
        "The bridge acts as a system user here, which never owns a chat. Ask {owner}; or link your own"
        " SuperOffice account with /bridge link, so that the bridge acts as you."
    )
    LINK_LABEL: Final = "Link your SuperOffice account"
    LINKABLE: Final = (NOT_YOURS_NEXT, SYSTEM_NEXT)
    IN_QUEUE: Final = (
        "Nothing happened: chat {session} is still in the queue and belongs to nobody."
    )
    IN_QUEUE_NEXT: Final = (
        "Somebody picks it up in SuperOffice first. Then its owner can transfer it."
    )
    NOBODYS: Final = "Nothing happened: chat {session} belongs to nobody now ({status})."
    NOBODYS_NEXT: Final = "Look at it in SuperOffice."
    NO_CHAT_AGENT: Final = "Nothing happened: {to} may not answer chats of this topic."
    NOT_TAKEN: Final = (
        "Nothing happened: SuperOffice did not offer chat {session} to {to}, and gives no reason."
    )
    CHOOSE_NEXT: Final = "Check that {to} is present in the chat, or choose somebody else."
    CHOOSE_LABEL: Final = "Choose somebody else"
    CHOOSABLE: Final = (REJECTED, NO_CHAT_AGENT, NOT_TAKEN)  # another colleague may help
    UNKNOWN: Final = "SuperOffice knows no colleague “{wanted}”."
    UNKNOWN_NEAR: Final = "Did you mean {near}?"
    UNKNOWN_NEXT: Final = "Give the SuperOffice username, the associate id or the e-mail address."
    UNLISTED: Final = "The bridge's SuperOffice account may not look up colleagues by name."
    UNLISTED_NEXT: Final = (
        "Give the associate id. Or a SuperOffice administrator lets the account see the lists."
    )
    SEVERAL: Final = "More than one colleague is called “{wanted}”."
    SEVERAL_NEXT: Final = "Use the associate id, in brackets: {near}."
    CHAT_USER: Final = "{wanted} is nobody's associate id, but the chat user id of {near}."
    CHAT_USER_NEXT: Final = "Use the associate id, in brackets."
    BLIND: Final = (
        "Chat {session} was offered to {to}, but the bridge can no longer look at it. {why}"
    )
    UNSEEN: Final = "SuperOffice took the request without saying what happened, and the chat cannot be read now."
    UNSEEN_NEXT: Final = "Look at the chat in SuperOffice before you transfer it again."


SAYS: Final[Mapping[str, str]] = {
    "transfer_accepted": Sentence.ACCEPTED,
    "already_there": Sentence.THERE,
    "rejected": Sentence.REJECTED,
    "transfer_unanswered": Sentence.UNANSWERED,
    "not_transferred": Sentence.NOT_YOURS,
    "session_ended": Sentence.ENDED,
    "ended_before_accepted": Sentence.ENDED_FIRST,
    "taken_by_another": Sentence.TAKEN,
    "offered_elsewhere": Sentence.OFFERED_ELSEWHERE,
}

FACTS: Final[Mapping[str, Fact]] = {
    "session": Fact("integer", "The chat session's number."),
    "transfer": Fact(
        "string",
        "What became of the transfer.",
        (
            *("pending", "accepted", "already_there", "rejected", "not_transferred"),
            *("unanswered", "not_seen"),
        ),
    ),
    "already": Fact(
        "boolean", "Whether the offer, or the handover, had been made before this request."
    ),
    "to_id": Fact("integer", "Associate id of the colleague."),
    "to": Fact("string", "Name of the colleague."),
    "owner_id": Fact(
        "integer", "Associate id of who handles the chat now; absent when nobody does."
    ),
    "owner": Fact("string", "Name of who handles the chat now."),
    "offered_to": Fact("string", "Name of whom the chat is offered to, if somebody else."),
    "status": Fact("string", "SuperOffice's status of the chat."),
}
