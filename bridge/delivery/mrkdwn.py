"""Foreign text made safe for Slack: escaped, stripped of invisible signs, cut without breaking anything.

Slack reads only `&`, `<` and `>` as markup, so escaping these three takes away every mention, ping and
link (https://docs.slack.dev/messaging/formatting-message-text). Direction overrides and zero-width
signs go too, because they make a text look like another one. Cutting comes last: an escaped sign is up
to five characters long, and half of one would show as rubbish.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

_KEPT = frozenset("\n\t")
_LINES = {0x0D: "\n", 0x85: "\n", 0x2028: "\n", 0x2029: "\n"}
_UNSEEN = frozenset(("Cc", "Cf", "Cs"))
_BLANKS = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")  # letters and marks that show nothing
_LONGEST_ENTITY = len("&amp;")
_MAILBOX = r'[^\s@<>()\[\],;:"|`]'
_EMAIL = re.compile(rf"(?<!{_MAILBOX})({_MAILBOX}){_MAILBOX}*@([\w-]+(?:\.[\w-]+)+)")
_MENTIONABLE = re.compile(r"[UW][A-Z0-9]{2,30}")


def clean(text: str) -> str:
    """The text without signs that nobody sees; lines end in a plain newline."""
    if text.isascii() and text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").translate(_LINES)
    return "".join(
        sign
        for sign in lines
        if sign in _KEPT or (unicodedata.category(sign) not in _UNSEEN and sign not in _BLANKS)
    )


def escape(text: str) -> str:
    """The text as Slack shows it literally."""
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(escaped: str, limit: int) -> str:
    """At most `limit` characters of an escaped text, marked with … when something is missing."""
    if len(escaped) <= limit:
        return escaped
    head = escaped[: max(0, limit - 1)]
    start = head.rfind("&", max(0, len(head) - _LONGEST_ENTITY + 1))
    if start >= 0 and ";" not in head[start:]:
        head = head[:start]
    return (head.rstrip() + "…")[:limit]


def safe(text: str, limit: int) -> str:
    """Foreign text for a mrkdwn place of this size; empty when there is nothing to see."""
    return cut(escape(text[: limit * 4]).strip(), limit)


def plain(text: str, limit: int) -> str:
    """Foreign text for a plain_text place, where nothing is markup and something must stand."""
    seen = clean(text[: limit * 4]).strip() or "…"
    return seen if len(seen) <= limit else seen[: limit - 1].rstrip() + "…"


def code(text: str, limit: int) -> str:
    """Foreign text as one piece of code."""
    return f"`{safe(text.replace('`', chr(0x27)), limit - 2)}`"


def mask(text: str) -> str:
    """The text with each e-mail address in it masked: anna@example.com becomes a***@example.com."""
    return _EMAIL.sub(r"\1***@\2", text)


def is_addresses(text: str) -> bool:
    """Whether the text is e-mail addresses and nothing else."""
    parts = [part for part in re.split(r"[,;\s]+", text) if part]
    return bool(parts) and all(_EMAIL.fullmatch(part) for part in parts)


def link(url: str) -> str:
    """A link that says where it leads: its label is its own host. Anything else stays text."""
    try:
        parts = urlsplit(clean(url))
        host = parts.hostname or ""
    except ValueError:
        return safe(url, 300)
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        return safe(url, 300)
    target = quote(parts.geturl(), safe="/:?#[]@!$&'()*+,;=%~").replace("&", "&amp;")
    return f"<{target}|{escape(host)}>" if len(target) <= 2000 else safe(url, 300)


def mention(user_id: str) -> str:
    """A person, by the id that Slack signed; empty when it is no such id."""
    return f"<@{user_id}>" if _MENTIONABLE.fullmatch(user_id) else ""


def date(at: float) -> str:
    """A moment in the reader's own time zone and language."""
    fallback = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at)}^{{date_short_pretty}}, {{time}}|{fallback}>"
