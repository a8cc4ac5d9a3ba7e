"""What a person reads of a message, whom it pings and where its links lead.

Blocks replace the text on screen while the text still goes to notifications, so pings are looked for in
both. Mrkdwn is parsed as https://docs.slack.dev/messaging/formatting-message-text says; the signs of bold
and italic stay in the text, because a forged link matters and a forged star does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bridge.sandbox.slack.model import Json, Message
from bridge.sandbox.slack.typed import unescape

_ANGLE = re.compile(r"<([^<>\n]+)>")
_BARE = re.compile(r"https?://[^\s<>|]*[^\s<>|.,;:!?)]")
_MARKDOWN_LINK = re.compile(r"\[([^\]]*)\]\((\S+?)\)")
_TYPED_PING = re.compile(r"(?<!\w)@(channel|here|everyone)\b")


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link leads and what it calls itself."""

    url: str
    label: str


@dataclass(slots=True)
class Reading:
    """A message as read: its words, its pings and its links."""

    text: str = ""
    pings: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


class Reader:
    """Reads one message; `names` leads from an id to what is shown for it."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        self.pings: list[str] = []
        self.links: list[Link] = []

    def read(self, message: Message) -> Reading:
        blocks = self.blocks(message.blocks)
        text = self.mrkdwn(message.text)
        if message.link_names:
            self.pings += [f"<!{name}>" for name in _TYPED_PING.findall(message.text)]
        parts = [blocks if message.blocks else text]
        for attachment in message.attachments:
            inner = self.blocks(attachment.get("blocks", []))
            words = [str(attachment.get(key, "")) for key in ("pretext", "title", "text")]
            parts += [inner, *(self.mrkdwn(word) for word in words if word)]
        parts += [f"[file {file.name}]" for file in message.files]
        shown = "\n".join(part for part in parts if part)
        return Reading(shown, list(dict.fromkeys(self.pings)), list(dict.fromkeys(self.links)))

    def mrkdwn(self, text: str) -> str:
        out, end = [], 0
        for match in _ANGLE.finditer(text):
            out += [self._bare(text[end : match.start()]), self._angle(match.group(1))]
            end = match.end()
        return "".join([*out, self._bare(text[end:])])

    def _bare(self, text: str) -> str:
        shown = unescape(text)
        self.links += [Link(url, url) for url in _BARE.findall(shown)]
        return shown

    def _angle(self, inside: str) -> str:
        target, _, label = inside.partition("|")
        label = unescape(label)
        match target[0]:
            case "@":
                self.pings.append(f"<{target}>")
                return "@" + self.names.get(target[1:], label or target[1:])
            case "#":
                return "#" + (self.names.get(target[1:]) or label or "private-channel")
            case "!":
                return self._special(target, label)
        url = unescape(target)
        self.links.append(Link(url, label or url))
        return label or url.removeprefix("mailto:")

    def _special(self, target: str, label: str) -> str:
        command, _, rest = target[1:].partition("^")
        if command == "subteam":
            self.pings.append(f"<{target}>")
            return "@" + self.names.get(rest, label or rest)
        if command in {"channel", "here", "everyone"}:
            self.pings.append(f"<{target}>")
            return f"@{command}"
        if command == "date" and rest.count("^") > 1:
            self.links.append(Link(rest.split("^", 2)[2], label))
        return label or f"<{command}>"

    def blocks(self, blocks: Iterable[Json]) -> str:
        return "\n".join(line for line in (self._block(block) for block in blocks) if line)

    def _block(self, block: Json) -> str:
        match block.get("type"):
            case "divider":
                return "---"
            case "markdown":
                return self._markdown(str(block.get("text", "")))
            case "rich_text":
                return "\n".join(self._rich(e) for e in block.get("elements", []))
            case "context" | "actions" | "context_actions":
                return " ".join(self._element(e) for e in block.get("elements", []))
            case "input":
                return f"{self._text(block.get('label'))}: {self._element(block.get('element'))}"
            case "image":
                return f"[image {block.get('alt_text', '')}]"
            case "table":
                rows = block.get("rows", [])
                return "\n".join(" | ".join(self._cell(c) for c in row) for row in rows)
        parts = [self._text(block.get("text")), *(self._text(f) for f in block.get("fields", []))]
        if "accessory" in block:
            parts.append(self._element(block["accessory"]))
        return "\n".join(part for part in parts if part)

    def _cell(self, cell: Json) -> str:
        return self._rich(cell) if cell.get("type") == "rich_text" else str(cell.get("text", ""))

    def _markdown(self, text: str) -> str:
        self.links += [Link(url, label) for label, url in _MARKDOWN_LINK.findall(text)]
        return self.mrkdwn(_MARKDOWN_LINK.sub(r"\1", text))

    def _text(self, text: Json | None) -> str:
        if not isinstance(text, dict):
            return ""
        words = str(text.get("text", ""))
        return self.mrkdwn(words) if text.get("type") == "mrkdwn" else unescape(words)

    def _element(self, element: Json | None) -> str:
        if not isinstance(element, dict):
            return ""
        kind = element.get("type", "")
        if kind in {"mrkdwn", "plain_text"}:
            return self._text(element)
        if kind == "image":
            return f"[image {element.get('alt_text', '')}]"
        if element.get("url"):
            self.links.append(Link(str(element["url"]), self._text(element.get("text"))))
        return f"[{self._text(element.get('text') or element.get('placeholder')) or kind}]"

    def _rich(self, element: Json) -> str:
        match element.get("type"):
            case "text":
                return str(element.get("text", ""))
            case "link":
                url = str(element.get("url", ""))
                self.links.append(Link(url, str(element.get("text") or url)))
                return str(element.get("text") or url)
            case "user":
                self.pings.append(f"<@{element['user_id']}>")
                return "@" + self.names.get(element["user_id"], element["user_id"])
            case "usergroup":
                self.pings.append(f"<!subteam^{element['usergroup_id']}>")
                return "@" + self.names.get(element["usergroup_id"], element["usergroup_id"])
            case "broadcast":
                self.pings.append(f"<!{element['range']}>")
                return f"@{element['range']}"
            case "channel":
                return "#" + self.names.get(element["channel_id"], element["channel_id"])
            case "emoji":
                return f":{element.get('name', '')}:"
        joiner = "\n" if element.get("type") == "rich_text_list" else ""
        return joiner.join(self._rich(e) for e in element.get("elements", []))
