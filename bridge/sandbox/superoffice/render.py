"""Entities as SuperOffice's JSON: PascalCase carriers, complete, in the language and time zone of the request.

Field names and order follow SuperOffice's own pages (v1ChatSessionEntity_TransferChatSession,
v1User_GetCurrentPrincipal, v1ChatTopicEntity_GetChatTopicUserAgentList, …).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bridge.sandbox.superoffice.dates import Dates, show_utc
from bridge.sandbox.superoffice.entities import (
    Associate,
    ChatMessage,
    ChatSession,
    Topic,
    Translations,
    UserAgent,
)
from bridge.sandbox.superoffice.switches import Switches

FULL: Final = {"Mask": "FULL", "Reason": ""}
_LANGUAGES: Final = {"en": "US", "us": "US", "no": "NO", "nb": "NO", "nn": "NO"}


def _language(headers: Mapping[str, str]) -> str | None:
    """The asked language in SuperOffice's code; None means raw multi-language strings.

    Docs: api/web-services/endpoints/http-headers.md. SO-Language overrides Accept-Language; `*` and `x`
    ask for no translation.
    """
    wanted = headers.get("SO-Language") or headers.get("Accept-Language", "")
    codes = [part.split(";")[0].strip().lower() for part in wanted.split(",") if part.strip()]
    if not codes or codes[0] in {"*", "x"}:
        return None
    return next((_LANGUAGES[c[:2]] for c in codes if c[:2] in _LANGUAGES), "US")


class View:
    """Turns entities into JSON the way one request asked for."""

    def __init__(self, headers: Mapping[str, str], switches: Switches) -> None:
        self._lang = _language(headers)
        self.dates = Dates(headers.get("SO-TimeZone", ""), switches)

    def text(self, words: Translations) -> str:
        """A translated text, or `NO:"Salg";US:"Sales"` when no language was asked for."""
        if self._lang is None:
            return ";".join(f'{code}:"{words[code]}"' for code in sorted(words))
        return words.get(self._lang, words.get("US", ""))

    def associate(self, who: Associate | None) -> dict[str, Any] | None:
        if who is None:
            return None
        return {
            "AssociateId": who.associate_id,
            "Name": who.name,
            "PersonId": who.person_id,
            "Rank": 0,
            "Tooltip": self.text(who.title),
            "Type": who.type,
            "GroupIdx": 1,
            "FullName": who.full_name,
            "FormalName": who.full_name,
            "Deleted": who.deleted,
            "EjUserId": who.ej_user_id,
            "UserName": who.user_name,
            "TableRight": None,
            "FieldProperties": _properties("AssociateId", "System.Int32"),
        }

    def chat_session(
        self, chat: ChatSession, user: Associate | None, transfer_to: Associate | None
    ) -> dict[str, Any]:
        """The ChatSessionEntity, all of it, SessionKey too: hiding that is the caller's duty."""
        show = self.dates.show
        return {
            "ChatSessionId": chat.session_id,
            "TopicId": chat.topic_id,
            "User": self.associate(user),
            "Person": None,
            "CustomerAlias": chat.customer_name.split(" ")[0],
            "CustomerHost": chat.customer_host,
            "CustomerName": chat.customer_name,
            "CustomerEmail": chat.customer_email,
            "CustomerPhone": chat.customer_phone,
            "CustomerConsented": chat.customer_consented,
            "CustomerCompanyName": chat.customer_company_name,
            "Status": chat.status,
            "FirstMessage": chat.first_message,
            "LastMessage": chat.last_message,
            "WhenRequested": show(chat.when_requested),
            "WhenStarted": show(chat.when_started),
            "WhenEnded": show(chat.when_ended),
            "WhenIdle": show(chat.when_idle),
            "WhenFetched": show(chat.when_fetched),
            "SessionKey": chat.session_key,
            "InitialQueuePos": chat.initial_queue_pos,
            "AlertLevel": chat.alert_level,
            "Rank": chat.rank,
            "Flags": chat.flags,
            "Contact": None,
            "Project": None,
            "Sale": None,
            "Ticket": None,
            "TransferTo": self.associate(transfer_to),
            "ChatbotIsActive": chat.chatbot_is_active,
            "Rating": chat.rating,
            "TableRight": FULL,
            "FieldProperties": _properties("ChatSessionId", "System.Int32")
            | _properties("Status", "System.String", "Update, UIHintMandatory"),
        }

    def message(self, line: ChatMessage) -> dict[str, Any]:
        return {
            "ChatMessageId": line.message_id,
            "ChatSessionId": line.session_id,
            "Type": line.type,
            "Message": line.message,
            "Author": line.author,
            "ReadByCustomer": 1,
            "SpecialType": line.special_type,
            "SpecialParam": line.special_param,
            # "When the message was posted (UTC timestamp)": SO-TimeZone does not move it.
            "WhenPosted": show_utc(line.when_posted),
        }

    def user_agent(self, topic: Topic, agent: UserAgent, who: Associate | None) -> dict[str, Any]:
        return {
            "TopicId": topic.topic_id,
            "User": self.associate(who),
            "CanListen": agent.can_listen,
            "CanRespond": agent.can_respond,
            "CanManage": agent.can_manage,
            "CanNotify": agent.can_notify,
        }

    def list_item(self, item_id: int, who: Associate, extra_info: str) -> dict[str, Any]:
        """One MDOListItem; which of the associate's ids it carries depends on the list."""
        return {
            "Id": item_id,
            "Name": who.full_name,
            "ToolTip": self.text(who.title),
            "Deleted": who.deleted,
            "Rank": 0,
            "Type": "associate",
            "ChildItems": [],
            "IconHint": "",
            "ColorBlock": 0,
            "ExtraInfo": extra_info,
            "StyleHint": "",
            "FullName": who.full_name,
            "TableRight": None,
            "FieldProperties": {},
        }

    def principal(self, who: Associate, context: str, credential: str) -> dict[str, Any]:
        """The SoPrincipalCarrier. Docs: v1User_GetCurrentPrincipal."""
        system = who.type == "SystemAssociate"
        return {
            "UserType": who.type,
            "Associate": who.name,
            "AssociateId": who.associate_id,
            "IsPerson": not system,
            "PersonId": who.person_id,
            "CountryId": 578,
            "HomeCountryId": 578,
            "ContactId": 1,
            "GroupId": 1,
            "BusinessId": 1,
            "CategoryId": 1,
            "ContactOwner": 0,
            "RoleId": 1,
            "RoleName": self.text(
                {"US": "System", "NO": "System"}
                if system
                else {"US": "User level 0", "NO": "Brukernivå 0"}
            ),
            "RoleDescription": "",
            "RoleType": "System" if system else "Employee",
            "Licenses": [],
            "FullName": who.full_name,
            "EMailAddress": "" if system else who.user_name,
            "FunctionRights": [],
            "EjUserId": who.ej_user_id,
            "EjAccessLevel": 0,
            "EjUserStatus": "StatusNormal",
            "ProvidedCredentials": [
                {
                    "Type": credential,
                    "SearchName": who.user_name,
                    "DisplayName": who.user_name,
                    "CredentialId": 0,
                }
            ],
            "SecondaryGroups": [],
            "DatabaseContextIdentifier": context,
            "UserName": who.user_name,
        }


def _properties(name: str, field_type: str, mask: str = "FULL") -> dict[str, Any]:
    right = {"Mask": mask, "Reason": ""}
    return {name: {"FieldRight": right, "FieldType": field_type, "FieldLength": 0}}
