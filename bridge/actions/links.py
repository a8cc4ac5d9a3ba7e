"""Reading ids out of pasted links: Rocket.Chat conversations and SuperOffice chat sessions.

The paths are those of Rocket.Chat's own router: `/live/:id/:tab?`, `/omnichannel/current/:id/:tab?`,
`/omnichannel-directory/…/:id`, `/direct/:id`. The host is not compared with the connection: workspaces
are reached under several names, and an id from elsewhere is refused by Rocket.Chat itself.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

LINK_LIMIT = 2000

_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,10}")
_MENTION = re.compile(r"<[@!#][^<>]*>")
_SLACK_LINK = re.compile(r"<([^|<>]+)(?:\|[^<>]*)?>")
_ROOM_FOLLOWS = frozenset(("live", "direct"))
_DIRECTORY_WORDS = frozenset(
    ("chats", "contacts", "calls", "current", "info", "edit", "view", "details", "history", "room")
)
_ENTITIES = (("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))


def is_link(text: str) -> bool:
    """Whether it can only be meant as a link."""
    link = _SLACK_LINK.sub(r"\1", text)  # a label may hold blanks
    return "/" in link and len(text) <= LINK_LIMIT and not any(char.isspace() for char in link)


def is_mention(text: str) -> bool:
    """`<@U123>`, `<#C123|general>`, `<!subteam^S1>`: Slack's own references."""
    return bool(_MENTION.match(text))


def room_in(text: str) -> str | None:
    """The room id in a Rocket.Chat link."""
    parts = _split(text)
    if parts is None:
        return None
    for key, value in parse_qsl(parts.query):
        if key.lower() in ("rid", "roomid") and _ID.fullmatch(value):
            return value
    segments = [unquote(segment) for segment in parts.path.split("/") if segment]
    for index, segment in enumerate(segments):
        rest = segments[index + 1 :]
        if segment in _ROOM_FOLLOWS:
            return rest[0] if rest and _ID.fullmatch(rest[0]) else None
        if segment == "omnichannel" and rest[:1] == ["current"]:
            return rest[1] if len(rest) > 1 and _ID.fullmatch(rest[1]) else None
        if segment == "omnichannel-directory":
            return _in_directory(rest)
    return None


def _in_directory(segments: list[str]) -> str | None:
    if "contacts" in segments[:1]:
        return None  # a contact's id is no room's
    for segment in segments:
        if segment not in _DIRECTORY_WORDS and _ID.fullmatch(segment):
            return segment
    return None


def session_in(text: str) -> int | None:
    """The chat session's number in a pasted link: a parameter that says session, else the last number."""
    if not is_link(text):
        return None
    parts = _split(text)
    if parts is None:
        return None
    pairs = parse_qsl(parts.query) + parse_qsl(parts.fragment.rpartition("?")[2])
    for key, value in pairs:
        if "session" in key.lower() and _number(value):
            return int(value)
    for segment in reversed(parts.path.split("/") + parts.fragment.split("/")):
        if _number(segment):
            return int(segment)
    return None


def _number(text: str) -> bool:
    return text.isascii() and bool(_NUMBER.fullmatch(text))


def _split(text: str) -> SplitResult | None:
    """The link's parts; Slack's brackets, label and entities are taken off first."""
    match = _SLACK_LINK.fullmatch(text)
    link = match[1] if match else text
    for entity, char in _ENTITIES:
        link = link.replace(entity, char)
    if "://" not in link:
        link = "https://" + link.lstrip("/") if not link.startswith("/") else "https://x" + link
    try:
        return urlsplit(link)
    except ValueError:
        return None
