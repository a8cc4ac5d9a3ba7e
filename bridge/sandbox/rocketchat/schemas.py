"""The AJV schemas of the emulated routes, as `@rocket.chat/rest-typings` declares them.

Read in https://github.com/RocketChat/Rocket.Chat/tree/develop/packages/rest-typings/src/v1 (`omnichannel.ts`,
`rooms.ts`). Where a version added a key, a function takes the profile.
"""

from __future__ import annotations

from bridge.sandbox.rocketchat.ajv import Schema
from bridge.sandbox.rocketchat.state import Profile

_STRING: Schema = {"type": "string"}
_STRING_OR_NULL: Schema = {"type": "string", "nullable": True}
_BOOLEAN_OR_NULL: Schema = {"type": "boolean", "nullable": True}
_STRINGS_OR_NULL: Schema = {"type": "array", "items": _STRING, "nullable": True}
_DATE: Schema = {"type": "string", "nullable": True, "format": "date"}
_FLAG: Schema = {"anyOf": [_STRING_OR_NULL, _BOOLEAN_OR_NULL]}
_NUMBER_OR_NULL: Schema = {"type": "number", "nullable": True}


def _strict(properties: dict[str, Schema], *required: str) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_TRANSCRIPT = _strict({"email": _STRING, "subject": _STRING}, "email", "subject")
_EMPTY = _strict({})
_FORWARD = _strict(
    {
        "roomId": _STRING,
        "userId": _STRING_OR_NULL,
        "departmentId": _STRING_OR_NULL,
        "comment": _STRING_OR_NULL,
        "clientAction": _BOOLEAN_OR_NULL,
    },
    "roomId",
)
_EXPORT_FILE = _strict(
    {
        "rid": _STRING,
        "type": {"type": "string", "enum": ["file"]},
        "format": {"type": "string", "enum": ["html", "json"]},
        "dateFrom": _DATE,
        "dateTo": _DATE,
    },
    "rid",
    "type",
    "format",
)
_EXPORT_EMAIL = _strict(
    {
        "rid": _STRING,
        "type": {"type": "string", "enum": ["email"]},
        "toUsers": _STRINGS_OR_NULL,
        "toEmails": _STRINGS_OR_NULL,
        "additionalEmails": _STRING_OR_NULL,
        "subject": _STRING_OR_NULL,
        "messages": {"type": "array", "items": _STRING, "minItems": 1},
    },
    "rid",
    "type",
    "messages",
)
_CLOSE: dict[str, Schema] = {
    "rid": _STRING,
    "comment": _STRING_OR_NULL,
    "tags": _STRINGS_OR_NULL,
    "generateTranscriptPdf": _BOOLEAN_OR_NULL,
    "transcriptEmail": {
        "type": "object",
        "properties": {
            "sendToVisitor": {"type": "boolean"},
            "requestData": _strict({"email": _STRING, "subject": _STRING}, "email", "subject"),
        },
        "required": ["sendToVisitor"],
        "additionalProperties": False,
    },
}
_PAGE: dict[str, Schema] = {
    "count": _NUMBER_OR_NULL,
    "offset": _NUMBER_OR_NULL,
    "sort": _STRING_OR_NULL,
    "query": _STRING_OR_NULL,
}
_ROOMS: dict[str, Schema] = {
    **_PAGE,
    "fields": _STRING_OR_NULL,
    "createdAt": _STRING_OR_NULL,
    "closedAt": _STRING_OR_NULL,
    "customFields": _STRING_OR_NULL,
    "agents": _STRINGS_OR_NULL,
    "roomName": _STRING_OR_NULL,
    "departmentId": {"anyOf": [_STRING, {"type": "array", "items": _STRING}]},
    "open": _FLAG,
    "onhold": _FLAG,
    "queued": _FLAG,
    "tags": _STRINGS_OR_NULL,
}


def transcript(_: Profile) -> Schema:
    """`isPOSTLivechatTranscriptRequestParams`; the e-mail is only a string to it."""
    return _TRANSCRIPT


def pdf_transcript(profile: Profile) -> Schema | None:
    """No schema until the route became typed, which then refuses every key."""
    return _EMPTY if profile == "D" else None


def close_room(profile: Profile) -> Schema:
    """`isPOSTLivechatRoomCloseByUserParams`; `forceClose` came with 7.9."""
    force: dict[str, Schema] = {} if profile == "A" else {"forceClose": _BOOLEAN_OR_NULL}
    return _strict(_CLOSE | force, "rid")


def export_rooms(_: Profile) -> Schema:
    """`isRoomsExportProps`: one of two objects that share nothing but `rid` and `type`."""
    return {"oneOf": [_EXPORT_FILE, _EXPORT_EMAIL]}


def forward_room(_: Profile) -> Schema:
    """`isLiveChatRoomForwardProps`; here the room is `roomId`, not `rid`."""
    return _FORWARD


def livechat_rooms(profile: Profile) -> Schema:
    """`isGETLivechatRoomsParams`; `units` came with 7.4."""
    units: dict[str, Schema] = {} if profile == "A" else {"units": _STRINGS_OR_NULL}
    return _strict(_ROOMS | units)


def livechat_users(_: Profile) -> Schema:
    """`isLivechatUsersManagerGETProps`."""
    more = {"onlyAvailable": _FLAG, "excludeId": _STRING_OR_NULL, "showIdleAgents": _FLAG}
    return _strict(_PAGE | {"text": _STRING_OR_NULL} | more)


def livechat_department(_: Profile) -> Schema:
    """`isGETLivechatDepartmentProps`."""
    names = ("text", "enabled", "onlyMyDepartments", "showArchived", "excludeDepartmentId")
    return _strict(_PAGE | dict.fromkeys(names, _STRING_OR_NULL))


def room_messages(_: Profile) -> Schema:
    """`isLivechatRidMessagesProps`."""
    return _strict(_PAGE | {"searchTerm": _STRING_OR_NULL})
