"""Who is who: the principal, the lists of associates and of chat users, agents of a topic, presence.

The id trap lives here. ChatTopic/UserAgents serves the MDO list 'chatuser', whose Id is the *ejUser* id;
MDOList/associate and ChatTopic/{id}/UserAgent give the *associate* id, which is what TransferTo wants.
"""

from __future__ import annotations

from typing import Any

from bridge.sandbox.superoffice.answers import ApiError, Reply, not_found
from bridge.sandbox.superoffice.door import Call, Route


def table() -> list[tuple[str, str, Route]]:
    """Method, path below `/api/v1/`, and route."""
    return [
        ("GET", "User/currentPrincipal", current_principal),
        ("GET", "User/currentAssociate", current_associate),
        ("GET", "ChatTopic/UserAgents", user_agents),
        ("GET", "ChatTopic/{chatTopicId}/UserAgent", topic_user_agents),
        ("GET", "MDOList/associate", associate_list),
        ("POST", "Agents/Chat/GetChatPresence", chat_presence),
    ]


async def current_principal(call: Call) -> Reply:
    """Docs: v1User_GetCurrentPrincipal, "even in Online"; the check that a credential works."""
    caller = call.caller
    carrier = call.view.principal(caller.associate, call.context, caller.credential)
    return Reply(carrier, "SoPrincipalCarrier")


async def current_associate(call: Call) -> Reply:
    """Docs: v1User_GetCurrentAssociate."""
    return Reply(call.view.associate(call.caller.associate), "Associate")


async def user_agents(call: Call) -> Reply:
    """Docs: v1ChatTopicEntity_GetUserAgentList; `flat` is required, retired users are not listed."""
    flat = call.request.query.get("flat", "").lower()
    if flat not in {"true", "false"}:
        raise ApiError(400, "ArgumentException", "Query parameter 'flat' is required")
    only_present = call.request.query.get("onlyPresent", "").lower() == "true"
    items = [
        call.view.list_item(who.ej_user_id, who, "")
        for who in call.desk.associates.values()
        if who.is_chat_user and not who.deleted and (who.present or not only_present)
    ]
    if flat == "false":
        group: dict[str, Any] = {"Id": 1, "Name": "Support", "Type": "group", "ChildItems": items}
        items = [group]
    return Reply(items, "ArrayOfMDOListItem")


async def topic_user_agents(call: Call) -> Reply:
    """Docs: v1ChatTopicEntity_GetChatTopicUserAgentList."""
    topic_id = call.int32("chatTopicId")
    topic = call.desk.topics.get(topic_id)
    if topic is None:
        raise not_found("ChatTopic", topic_id)
    agents = [
        call.view.user_agent(topic, agent, call.desk.associate(agent.associate_id))
        for agent in topic.agents
    ]
    return Reply(agents, "ArrayOfChatTopicUserAgent")


async def associate_list(call: Call) -> Reply:
    """The MDO list 'associate'. Docs: api/mdo-providers/reference/associate.md."""
    items = [
        call.view.list_item(who.associate_id, who, f"person_id={who.person_id}&contact_id=1")
        for who in call.desk.associates.values()
        if who.type == "InternalAssociate"
    ]
    return Reply(items, "ArrayOfMDOListItem")


async def chat_presence(call: Call) -> Reply:
    """Docs: v1ChatAgent_GetChatPresence. INFER: "the id for the chat user" is the ejUser id."""
    found: list[dict[str, Any]] = [
        {
            "UserId": who.ej_user_id,
            "DisplayName": who.full_name,
            "OngoingChats": sum(
                chat.live and chat.user_id == who.associate_id
                for chat in call.desk.sessions.values()
            ),
            "Present": who.present,
            "ChatTopics": [
                topic.topic_id
                for topic in call.desk.topics.values()
                if any(agent.associate_id == who.associate_id for agent in topic.agents)
            ],
            "TableRight": None,
            "FieldProperties": {},
        }
        for who in call.desk.associates.values()
        if who.is_chat_user and not who.deleted
    ]
    return Reply(found, "ArrayOfChatPresence")
