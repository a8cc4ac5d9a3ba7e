"""What a person typed after a slash, read word by word, with everything Slack and phones do to it.

Slack escapes `& < >` and turns addresses, links and mentions into `<…>`; phones curl quotes, turn
`--` into a dash and paste invisible characters. Words are cleaned of all that. The rest of a line is
only given back as it was typed: the markup of Slack is undone there and nothing else is touched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DASHES = "-\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}\N{HORIZONTAL BAR}\N{MINUS SIGN}"
LONG_DASHES = "\N{EN DASH}\N{EM DASH}\N{HORIZONTAL BAR}"  # what phones make of --
DOUBLE = '"\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}«»\N{FULLWIDTH QUOTATION MARK}'
SINGLE = (
    "'\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{SINGLE LOW-9 QUOTATION MARK}"
)
QUOTES = DOUBLE + SINGLE
_ZERO_WIDTH_AND_BIDI = (
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
)
INVISIBLE = re.compile(f"[{_ZERO_WIDTH_AND_BIDI}]")
_MARK = r"<(?:[@#!]|https?://|mailto:|tel:)[^<>\n]*>"
_MARKS = re.compile(_MARK)
_SPACE = re.compile(rf"[\s{_ZERO_WIDTH_AND_BIDI}]*")
_BLANK = re.compile(r"\s*")
_WORD = re.compile(rf"(?:{_MARK}|\S)+")
_PIECE = re.compile(rf"(?:{_MARK}|[^\s,])+")
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>\n]*)?>")
_ENTITY = re.compile(r"&(amp|lt|gt);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}
_ESCAPE = re.compile(rf"\\([\\,{QUOTES}])")
_ITEM = re.compile(r"(?:\\.|[^,\\]|\\$)+", re.DOTALL)
_OPTION = re.compile(
    rf"[{_ZERO_WIDTH_AND_BIDI}]*(?P<dashes>[{DASHES}]*)(?P<key>[^\W\d_][\w.\-]*)"
    rf"(?P<equals>[{_ZERO_WIDTH_AND_BIDI}]*[=\N{{FULLWIDTH EQUALS SIGN}}])?"
)


class Unclosed(Exception):
    """A quote was opened and never closed."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A value as text, and the Slack user it mentions."""

    text: str
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """The beginning of `key=value` or `--key`."""

    name: str
    dashed: bool
    equals: bool
    end: int  # where its value begins


def plain(raw: str) -> str:
    """A word without what cannot be seen, links as their address, entities as characters."""
    if _is_plain(raw):
        return raw.strip()
    return INVISIBLE.sub("", _unescape(_MARKS.sub(_address, raw))).strip()


def as_typed(raw: str) -> str:
    """Text as the person typed it, before Slack marked it up."""
    return raw if _is_plain(raw) else _unescape(_MARKS.sub(_shown, raw))


def dashed(text: str) -> str:
    """Every auto-corrected dash as the one on the keyboard."""
    return re.sub(f"[{DASHES}]", "-", text)


class Line:
    """A line and how far it was read."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at

    def at_end(self) -> bool:
        """Step over blanks; is there nothing more to see?"""
        self.at = _blank(self.text, self.at)
        return _space(self.text, self.at) == len(self.text)

    def rest(self) -> str:
        """Everything that is left, untouched."""
        raw, self.at = self.text[_blank(self.text, self.at) :], len(self.text)
        return as_typed(raw)

    def peek(self) -> str:
        """The next word as it stands there."""
        found = _WORD.match(self.text, _space(self.text, self.at))
        return found[0] if found else ""

    def step(self) -> str:
        """Take the next word, cleaned."""
        start = _space(self.text, self.at)
        raw = self.peek()
        self.at = start + len(raw)
        return plain(raw)

    def key(self) -> Key | None:
        """The option that begins here, if one does: `key=`, `--key` or `—key`."""
        start = _space(self.text, self.at)
        found = _OPTION.match(self.text, start)
        if not found or not (found["equals"] or found["dashes"]):
            return None
        hyphens = dashed(found["dashes"])
        long = hyphens.startswith("--") or any(dash in found["dashes"] for dash in LONG_DASHES)
        if found["equals"] or (long and _ends(self.text, found.end())):
            return Key(INVISIBLE.sub("", found["key"]), long, bool(found["equals"]), found.end())
        return None

    def ends_options(self) -> bool:
        """Whether `--` stands here alone: what follows is no option."""
        start = _space(self.text, self.at)
        if self.text[start : start + 1].isalnum():
            return False
        word = INVISIBLE.sub("", self.peek())
        return word == "--" or (len(word) == 1 and word in LONG_DASHES)

    def value(self) -> Typed:
        """One value, quoted or not. Raises `Unclosed`."""
        self.at = _space(self.text, self.at)
        if self.at < len(self.text) and self.text[self.at] in QUOTES:
            return Typed(_ESCAPE.sub(r"\1", as_typed(self._quoted(""))))
        raw = self.peek()
        self.at += len(raw)
        return _typed(raw)

    def values(self) -> list[Typed]:
        r"""A list: `a,b`, `"a b",c`, `"a, b"`, `a, b`. A comma inside a value is `\,` in quotes.

        A comma at the end of a word takes the next word along, unless that is an option.
        """
        found: list[Typed] = []
        while True:
            self.at = _space(self.text, self.at)
            if self.at < len(self.text) and self.text[self.at] in QUOTES:
                inside = as_typed(self._quoted(","))
                found += (Typed(item) for item in split_list(inside))
            else:
                piece = _PIECE.match(self.text, self.at)
                if piece:
                    self.at = piece.end()
                    found.append(_typed(piece[0]))
            if self.text[self.at : self.at + 1] != ",":
                return [value for value in found if value.text]
            self.at += 1
            gap = self.text[self.at : _space(self.text, self.at)]
            if gap and ("\n" in gap or self.key()):
                return [value for value in found if value.text]

    def _quoted(self, also_ends: str) -> str:
        """What stands between two quotes of one kind; an apostrophe inside a word closes nothing."""
        kind = DOUBLE if self.text[self.at] in DOUBLE else SINGLE
        start = at = self.at + 1
        while at < len(self.text):
            char = self.text[at]
            if char == "\\":
                at += 1
            elif char in kind and _ends(self.text, at + 1, also_ends):
                self.at = at + 1
                return self.text[start:at]
            at += 1
        raise Unclosed


def _typed(raw: str) -> Typed:
    mention = _MENTION.fullmatch(INVISIBLE.sub("", raw))
    if mention:
        return Typed(f"<@{mention[1]}>", user_id=mention[1])
    return Typed(plain(raw))


def split_list(text: str) -> list[str]:
    r"""The items of a list in one text: between commas, except where a comma is written `\,`."""
    pieces = (piece.strip() for piece in _ITEM.findall(text))
    return [item for item in (_ESCAPE.sub(r"\1", piece) for piece in pieces) if item]


def _is_plain(raw: str) -> bool:
    """Most of what is typed: no markup, nothing invisible (all of that is beyond ASCII)."""
    return raw.isascii() and "<" not in raw and "&" not in raw


def _ends(text: str, at: int, also: str = "") -> bool:
    at = _invisible(text, at)
    return at >= len(text) or text[at].isspace() or text[at] in also


def _invisible(text: str, at: int) -> int:
    while at < len(text) and INVISIBLE.match(text[at]):
        at += 1
    return at


def _space(text: str, at: int) -> int:
    if text[at : at + 1].isalnum():  # most often a word begins here already
        return at
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _unescape(text: str) -> str:
    return _ENTITY.sub(lambda match: _ENTITIES[match[1]], text)


def _address(match: re.Match[str]) -> str:
    """`<mailto:a@b|a@b>` is a@b, `<https://x|y>` is https://x; a mention stays a token."""
    inner, _, _label = match[0][1:-1].partition("|")
    if inner[0] in "@#!":
        return f"<{inner}>"
    return inner.removeprefix("mailto:").removeprefix("tel:")


def _shown(match: re.Match[str]) -> str:
    """What stood on the screen when it was typed."""
    inner, _, label = match[0][1:-1].partition("|")
    if inner[0] in "@#!":
        sign = "" if inner[0] == "!" else inner[0]
        return f"{sign}{label.lstrip('@#') if sign else label}" if label else f"<{inner}>"
    address = inner.removeprefix("mailto:").removeprefix("tel:")
    return label if label and address.rstrip("/").endswith(label.rstrip("/")) else address
