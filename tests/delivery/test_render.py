"""Foreign text never pings, forges, hides or overflows, wherever it stands in a message."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract import Asker, Done, FollowUp, Job, JobState, Pending, Refused
from bridge.delivery import mrkdwn, notices
from bridge.delivery.render import ALL_BLOCKS, ActionInfo, Final, Message, Renderer
from bridge.sandbox.slack import blockkit
from bridge.sandbox.slack.model import Message as Shown
from bridge.sandbox.slack.visible import Reader
from tests.delivery.office import job, renderer

HOSTILE = [
    "<!channel>",
    "<!here|here>",
    "<!everyone>",
    "<!subteam^S0LEADS001>",
    "<@U0MIA00001>",
    "@here @channel",
    "<#C0SUPPORT1>",
    "<http://evil.example|https://bank.example>",
    "<mailto:x@evil.example|help>",
    "&lt;!channel&gt;",
    "&amp;lt;!channel&amp;gt;",
    "<!date^1^{date}^http://evil.example|today>",
    "\u202egnp.exe\u202c",
    "in\u200bvisible\u2060 \ufeff text\u00ad",
    "\x00\x07\x1b[31mred",
    "\ud800 lone",
    "a\u2028b\r\nc\rd",
    "`" * 50,
    "```<!channel>```",
    "*bold* _it_ ~no~ > quote",
    "x" * 50_000,
    "&" * 10_000,
    "<" * 3001,
    "😀" * 5000,
    "\u3164\u2800",
    "[click](http://evil.example)",
]
INVISIBLE = re.compile(
    r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]"
)
ENTITY = re.compile(r"&(?!(amp|lt|gt);)")

anything = (
    st.text(max_size=4000) | st.sampled_from(HOSTILE) | st.text("&<>`@!|#x\u202e", max_size=6000)
)


def check(message: Message, *, own_mention: bool = False) -> None:
    """What must hold for every message this room makes."""
    raw = json.dumps([message.text, message.blocks], ensure_ascii=False)
    raw.encode()
    shown = Shown("1.0", "C1", "U1", message.text, json.loads(json.dumps(list(message.blocks))))
    for part in (shown, Shown("1.0", "C1", "U1", message.text)):
        reading = Reader({})
        seen = reading.read(part)
        allowed = ["<@U0ANNA0001>"] if own_mention and part.blocks else []
        assert seen.pings == allowed
        assert all(link.label in (link.url, "rc.example.com") for link in seen.links)
    assert blockkit.problems(list(message.blocks)) == []
    assert not blockkit.too_long_together(list(message.blocks))
    assert len(json.dumps(message.blocks, ensure_ascii=False)) <= ALL_BLOCKS
    assert 0 < len(message.text) <= 4000
    for text in texts(message):
        assert not INVISIBLE.search(text)
        assert not ENTITY.search(text), "an entity is whole or not there"


def texts(message: Message) -> list[str]:
    """Every mrkdwn text in a message."""
    found = [message.text]

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("type") == "mrkdwn":
                found.append(value["text"])
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                walk(inner)

    walk(message.blocks)
    return found


def everywhere(text: str) -> Job:
    """A job with this text in each place where foreign text can stand."""
    offers = tuple(FollowUp(text or "x", "rocketchat.close_room") for _ in range(9))
    facts = {
        "closed_by": text,
        "tags": [text, text],
        "rid": text,
        "url": f"https://rc.example.com/{text}",
    }
    return job(Done("x", text, text, facts, offers))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("in_channel", [True, False])
def test_hostile_text_does_no_harm(text: str, *, in_channel: bool) -> None:
    message = renderer().final(everywhere(text), Final(in_channel, repeated=True, note=text))

    check(message, own_mention=in_channel)


@given(text=anything, in_channel=st.booleans())
def test_any_text_does_no_harm(text: str, *, in_channel: bool) -> None:
    check(renderer().final(everywhere(text), Final(in_channel, note=text)), own_mention=in_channel)


@given(text=anything)
def test_notices_do_no_harm(text: str) -> None:
    many = [job(Refused("x", text), JobState.REFUSED)] * 40
    infos = {"rocketchat.close_room": ActionInfo(text)}
    for message in (
        notices.help_page(text, [(text, text)] * 30, text),
        notices.denial(text, text),
        notices.mistake(text, text, text),
        notices.job_list(many, infos, text),
        notices.job_list([], infos, text),
        notices.pending(job(Pending("x", text))),
        notices.waiting(job(None), 1.0),
        notices.joined(job(None)),
    ):
        check(message)


@given(text=st.text(), limit=st.integers(0, 60))
def test_a_cut_text_is_a_beginning_of_the_whole(text: str, limit: int) -> None:
    escaped = mrkdwn.escape(text)
    cut = mrkdwn.cut(escaped, limit)

    assert len(cut) <= limit
    assert not ENTITY.search(cut)
    if cut != escaped and cut:
        assert escaped.startswith(cut[:-1])
        assert cut.endswith("…")


@given(text=st.text())
def test_escaping_shows_the_same_text(text: str) -> None:
    assert html.unescape(mrkdwn.escape(text.replace("&", "+"))) == mrkdwn.clean(
        text.replace("&", "+")
    )


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("anna@example.com", "a***@example.com"),
        ("to anna.b+c@mail.example.co.uk, bo@x.de.", "to a***@mail.example.co.uk, b***@x.de."),
        ("<mailto:anna@example.com|Anna>", "<mailto:a***@example.com|Anna>"),
        ("@here and a@b", "@here and a@b"),
        ("ünal@exämple.de", "ü***@exämple.de"),
        ("o'neil@example.com", "o***@example.com"),
    ],
)
def test_addresses_are_masked(text: str, masked: str) -> None:
    assert mrkdwn.mask(text) == masked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://rc.example.com/live/a?b=1&c=2",
            "<https://rc.example.com/live/a?b=1&amp;c=2|rc.example.com>",
        ),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("https://a@evil.example/", "https://a@evil.example/"),
        ("https://x.example/|bank>", "<https://x.example/%7Cbank%3E|x.example>"),
    ],
)
def test_a_link_is_called_by_its_host(url: str, shown: str) -> None:
    assert mrkdwn.link(url) == shown


def test_personal_facts_are_masked_in_the_channel_only() -> None:
    facts = {
        "to": "anna@example.com",
        "visitor": "Anna Agent",
        "pdf_file_id": "abc",
        "verified": True,
    }
    about = ActionInfo("Close", personal=frozenset(("visitor",)))
    made = Renderer(lambda _: about, lambda _f, _j: "x")
    told = job(Done("x", "Sent.", facts=facts))

    public = json.dumps(made.final(told, Final(in_channel=True)).blocks)
    private = json.dumps(made.final(told, Final(in_channel=False)).blocks)

    assert "a***@example.com" in public
    assert "A***" in public
    assert "anna@example.com" not in public
    assert "Anna Agent" not in public
    assert "anna@example.com" in private
    assert "pdf" not in private.lower(), "ids are for programs"


def test_a_fact_that_the_sentence_says_is_not_said_twice() -> None:
    told = job(Done("x", "Closed by anna.", facts={"closed_by": "anna", "tags": ["vip"]}))

    fields = [
        block
        for block in renderer().final(told, Final(in_channel=True)).blocks
        if "fields" in block
    ]

    assert [field["text"] for field in fields[0]["fields"]] == ["*Tags*\nvip"]


def test_a_program_is_named_without_a_mention() -> None:
    told = job(asker=Asker("api", "key:zapier", "zapier <!here>"))

    message = renderer().final(told, Final(in_channel=True))

    check(message)
    assert "asked by the API (zapier &lt;!here&gt;)" in json.dumps(message.blocks)


@pytest.mark.parametrize(
    ("seconds", "said"), [(1, "5 s"), (41, "40 s"), (100, "2 min"), (7200, "2 h")]
)
def test_waits_are_said_roughly(seconds: float, said: str) -> None:
    assert notices.about(seconds) == said
