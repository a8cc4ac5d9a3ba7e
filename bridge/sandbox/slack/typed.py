"""What Slack makes of the text a person types: mentions, channels, links and e-mails become tokens, the rest is escaped.

Follows https://docs.slack.dev/interactivity/implementing-slash-commands (`should_escape`) and
https://docs.slack.dev/messaging/formatting-message-text. The client's typographic habits are here too,
because a person who types quotes on a Mac sends curly ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOKEN = re.compile(
    r"(?P<url>https?://[^\s<>]*[^\s<>.,;:!?)\]'\"])"
    r"|(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<user><@[UW][A-Z0-9]+>)"
    r"|(?<![\w@])@(?P<name>[a-z0-9][\w.-]*\w|[a-z0-9])"
    r"|(?<![\w&#])#(?P<channel>[a-z0-9][\w-]*)"
    r"|(?<![\w.@/-])(?P<site>(?:[a-z0-9-]+\.)+(?:com|org|net|io|eu|de|chat)(?:/[^\s<>]*)?)(?![\w@])",
    re.IGNORECASE,
)
_BROADCASTS = {"here", "channel", "everyone"}


def escape(text: str) -> str:
    """Escape the three characters Slack gives a meaning to."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Show what `escape` hid, once."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def autocorrect(text: str) -> str:
    """Curly quotes and long dashes, as desktop and phone keyboards put them in."""
    for straight, opening, closing in (('"', "\u201c", "\u201d"), ("'", "\u2018", "\u2019")):
        text = re.sub(rf"(^|[\s=(]){straight}", rf"\1{opening}", text).replace(straight, closing)
    return text.replace("--", "\u2014").replace("...", "\u2026")


def linkify(text: str, names: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """Turn what a person typed into the text that leaves Slack when escaping is on.

    `names` leads from a user or group name to its token, `channels` from a channel's name to its token.
    """
    out, end = [], 0
    for match in _TOKEN.finditer(text):
        out.append(escape(text[end : match.start()]))
        out.append(_token(match, names, channels))
        end = match.end()
    out.append(escape(text[end:]))
    return "".join(out)


def _token(match: re.Match[str], names: Mapping[str, str], channels: Mapping[str, str]) -> str:
    whole, found = match.group(0), match.group(match.lastgroup or 0)
    match match.lastgroup:
        case "url":
            return f"<{escape(found)}>"
        case "email":
            return f"<mailto:{found}|{found}>"
        case "user":
            return whole
        case "name" if found.lower() in _BROADCASTS:
            return f"<!{found.lower()}>"
        case "name":
            return names.get(found.lower(), whole)
        case "channel":
            return channels.get(found.lower(), whole)
        case _:
            return f"<http://{escape(found)}|{escape(found)}>"
