"""The grammar, form by form, and everything phones and Slack do to a line."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.surfaces.command import (
    Answer,
    Builtin,
    Help,
    Mistake,
    NeedsForm,
    Parsed,
)
from tests.surfaces.shown import CATALOGUE, EXAMPLES, Paint, PaintDoor, parse

ROOM = "8ceKgWvo5qT5TrCRN"
MAIL = {"requestData": {"email": "a@b.cc"}}


def read(line: str, **names: str) -> Answer:
    return parse(line, CATALOGUE, names)


DOCUMENTED: list[tuple[str, str, dict[str, Any]]] = [
    (f"/transcript {ROOM}", "rocketchat.request_pdf_transcript", {"rid": ROOM}),
    (f"/transcript pdf {ROOM}", "rocketchat.request_pdf_transcript", {"rid": ROOM}),
    (f"/transcript PDF {ROOM}", "rocketchat.request_pdf_transcript", {"rid": ROOM}),
    (
        f"/transcript email {ROOM} <mailto:a@b.cc|a@b.cc> Your chat: a & b",
        "rocketchat.email_transcript",
        {"rid": ROOM, "email": "a@b.cc", "subject": "Your chat: a & b"},
    ),
    (f"/transcript cancel {ROOM}", "rocketchat.cancel_email_transcript", {"rid": ROOM}),
    (
        f"/close {ROOM} tags=a,b pdf=yes email=a@b.cc subject=“Hi you” It's done,\nthanks = bye",
        "rocketchat.close_room",
        {
            "rid": ROOM,
            "comment": "It's done,\nthanks = bye",
            "tags": ["a", "b"],
            "generateTranscriptPdf": True,
            "transcriptEmail": {"requestData": {"email": "a@b.cc", "subject": "Hi you"}},
        },
    ),
    (
        f"/export file {ROOM} format=JSON from=2026-01-01 —to=2026–01–31",  # noqa: RUF001 - phones
        "rocketchat.export_room",
        {"rid": ROOM, "format": "json", "dateFrom": "2026-01-01", "dateTo": "2026-01-31"},
    ),
    (
        f"/export email {ROOM} messages=m1,m2 users=bob emails=a@b.cc subject='two words'",
        "rocketchat.export_messages",
        {
            "rid": ROOM,
            "messages": ["m1", "m2"],
            "toUsers": ["bob"],
            "toEmails": ["a@b.cc"],
            "subject": "two words",
        },
    ),
    (
        "/transfer 648 anna",
        "superoffice.transfer_session",
        {"chatSessionId": 648, "toAssociate": "anna"},
    ),
    (
        f"/transfer {ROOM} agent=bob",
        "rocketchat.forward_room",
        {"roomId": ROOM, "userId": "bob"},
    ),
    (
        f"/transfer {ROOM} department=Billing Asks for an invoice",
        "rocketchat.forward_room",
        {"roomId": ROOM, "departmentId": "Billing", "comment": "Asks for an invoice"},
    ),
]


@pytest.mark.parametrize(("line", "action", "args"), DOCUMENTED)
@pytest.mark.parametrize("root", ["", "/bridge ", "bridge "])
def test_each_documented_form(line: str, action: str, args: dict[str, Any], root: str) -> None:
    answer = read(f"{root}{line}" if root else line)
    assert isinstance(answer, Parsed), answer
    assert (answer.action.id, answer.args) == (action, args)


@pytest.mark.parametrize(
    ("typed", "args"),
    [
        ("{room} don't worry, it's 'fine'", {"comment": "don't worry, it's 'fine'"}),
        ("{room} —pdf ok", {"generateTranscriptPdf": True, "comment": "ok"}),
        ("{room} --tags vip ok", {"tags": ["vip"], "comment": "ok"}),
        ("tags=vip {room} ok", {"tags": ["vip"], "comment": "ok"}),
        ("{room} tags=a tags=b", {"tags": ["a", "b"]}),
        ("{room} tags=a, b pdf=no", {"tags": ["a", "b"], "generateTranscriptPdf": False}),
        ('{room} tags="two words",b', {"tags": ["two words", "b"]}),
        ("{room} TAGS=a", {"tags": ["a"]}),
        ("{room}\u00a0tags=a\u00a0ok", {"tags": ["a"], "comment": "ok"}),
        ("\u200b{room}\u200e \u2066ok\u2069", {"comment": "\u2066ok\u2069"}),
        ("{room} a &lt;b&gt; &amp;amp; c", {"comment": "a <b> &amp; c"}),
        ("{room} ask <@U123|anna> in <#C1|help>", {"comment": "ask @anna in #help"}),
        ("{room} ask <@U123>", {"comment": "ask <@U123>"}),
        ("{room} see <http://a.io|a.io> <https://b.io/x>", {"comment": "see a.io https://b.io/x"}),
        ("{room} -- tags=a", {"comment": "tags=a"}),
        ("{room} 1+1=2 and x=y", {"comment": "1+1=2 and x=y"}),
        ("{room} – as agreed", {"comment": "as agreed"}),  # noqa: RUF001 - a dash of a phone
        ("{room} one\n\n  two", {"comment": "one\n\n  two"}),
        ("<https://chat.example.com/live/{room}|x> ok", {"comment": "ok"}),
        ("“{room}” ok", {"comment": "ok"}),
        (
            "{room} email=a@b.cc subject='don't'",
            {"transcriptEmail": {"requestData": {"email": "a@b.cc", "subject": "don't"}}},
        ),
        (
            '{room} email=a@b.cc subject="a \\"b\\" c"',
            {"transcriptEmail": {"requestData": {"email": "a@b.cc", "subject": 'a "b" c'}}},
        ),
        ("{room} payload", {"comment": "payload"}),
    ],
)
def test_what_phones_and_slack_do(typed: str, args: dict[str, Any]) -> None:
    answer = read("/close " + typed.replace("{room}", ROOM))
    assert isinstance(answer, Parsed), answer
    assert answer.args == {"rid": ROOM, **args}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/clsoe abc", "There is no command “clsoe”. Did you mean /close?"),
        ("/bridge jbos", "There is no command “jbos”. Did you mean /bridge jobs?"),
        (
            f"/transcript emial {ROOM}",
            "“emial” is none of its words. Did you mean /transcript email?",
        ),
        (f"/close {ROOM} tag=a done", "There is no option tag=. Did you mean tags=?"),
        (
            f"/close {ROOM} tags= a",
            "tags: tags= has no value. Type it right behind the equals sign, without a space.",
        ),
        (f"/close {ROOM} pdf=maybe", "pdf: Say yes or no."),
        (f"/close {ROOM} pdf=yes pdf=no", "pdf: pdf= is given twice. Keep one of them."),
        (
            f'/close {ROOM} email=a@b.cc subject="Hi',
            "subject: The quote of subject is never closed. Put a closing quote at its end.",
        ),
        (
            f"/close {ROOM} on=",
            "on= has no value. Type it right behind the equals sign, without a space.",
        ),
        (
            f"/transcript {ROOM} and more",
            "“and more” is more than this command takes. Leave it out.",
        ),
        (f"/transcript {ROOM} colour=red", "There is no option colour=. There are: wait=, on=."),
        (f"/export {ROOM} format=pdf", "format: Choose html or json."),
        (
            f"/transcript email {ROOM} nobody",
            "email: Give one e-mail address, such as anna@example.com.",
        ),
    ],
)
def test_a_mistake_says_what_to_type(line: str, sentence: str) -> None:
    answer = read(line)
    assert isinstance(answer, Mistake), answer
    assert sentence in answer.sentences
    assert answer.usage


def test_a_mistake_keeps_what_was_right() -> None:
    answer = read(f"/close {ROOM} tag=a")
    assert isinstance(answer, Mistake)
    assert answer.action is not None
    assert answer.values == {"rid": ROOM}
    assert answer.usage[0].startswith("/close <room> [tags=a,b] ")


@pytest.mark.parametrize(
    ("line", "action", "values", "missing"),
    [
        ("/close", "rocketchat.close_room", {}, ["rid"]),
        ("/close tags=a", "rocketchat.close_room", {"tags": ["a"]}, ["rid"]),
        ("/transcript", "rocketchat.request_pdf_transcript", {}, ["rid"]),
        (f"/transcript email {ROOM}", "rocketchat.email_transcript", {"rid": ROOM}, ["email"]),
        (
            "/transfer 648",
            "superoffice.transfer_session",
            {"chatSessionId": "648"},
            ["toAssociate"],
        ),
        (f"/transfer {ROOM}", "rocketchat.forward_room", {"roomId": ROOM}, []),
        (
            f"/close {ROOM} subject=hi",
            "rocketchat.close_room",
            {"rid": ROOM, "transcriptEmail.requestData.subject": "hi"},
            ["transcriptEmail.requestData.email"],
        ),
    ],
)
def test_what_is_missing_opens_a_form(
    line: str, action: str, values: dict[str, Any], missing: list[str]
) -> None:
    answer = read(line)
    assert isinstance(answer, NeedsForm), answer
    assert (answer.action.id, dict(answer.values)) == (action, values)
    assert [leaf.key for leaf in answer.missing] == missing
    assert answer.missing or answer.sentences


def test_a_form_names_the_other_actions_that_may_be_meant() -> None:
    answer = read("/transfer")
    assert isinstance(answer, NeedsForm)
    assert len(answer.alternatives) == 1


def test_a_mention_is_left_to_the_door() -> None:
    answer = read("/transfer 648 <@U0ANNA|anna>")
    assert isinstance(answer, Parsed)
    assert answer.args["toAssociate"] == "<@U0ANNA>"
    assert answer.mentions == {"toAssociate": ("U0ANNA",)}
    answer = read(f"/transfer {ROOM} agent=<@U0ANNA>")
    assert isinstance(answer, Parsed)
    assert answer.mentions == {"userId": ("U0ANNA",)}
    answer = read(f"/export email {ROOM} messages=m users=<@U1>,bob,<@W2|x>")
    assert isinstance(answer, Parsed)
    assert answer.args["toUsers"] == ["<@U1>", "bob", "<@W2>"]
    assert answer.mentions == {"toUsers": ("U1", "W2")}


def test_every_command_takes_a_connection() -> None:
    answer = read(f"/close {ROOM} on=second bye")
    assert isinstance(answer, Parsed)
    assert (answer.connection, answer.args) == ("second", {"rid": ROOM, "comment": "bye"})


@pytest.mark.parametrize("asked", ["help", "?", "--help", "—help", "HELP", "help me"])
def test_help_works_on_every_command(asked: str) -> None:
    for action in CATALOGUE:
        word = action.command.word
        assert read(f"/{word} {asked}") == Help(word)
        assert read(f"/bridge {word} {asked}") == Help(word)


def test_the_root_command() -> None:
    assert read("/bridge") == read("/bridge help") == read("") == read(" \u200b") == Help()
    assert read("/bridge help export email") == Help("export", "email")
    assert read("/transcript email help") == Help("transcript", "email")
    assert read("/bridge jobs last 5") == Builtin("jobs", "last 5")
    assert read("/bridge LINK") == Builtin("link")
    answer = read(f"/bridge rocketchat.close_room {ROOM}")
    assert isinstance(answer, Parsed)


def test_names_are_configurable() -> None:
    names = {"close": "/end-chat", "root": "/desk"}
    for line in (f"/end-chat {ROOM}", f"/desk close {ROOM}", f"/desk end-chat {ROOM}"):
        assert isinstance(read(line, **names), Parsed)
    missing = read("/end-chat tag=x", **names)
    assert isinstance(missing, Mistake)
    assert missing.usage[0].startswith("/end-chat ")
    assert read("/desk", **names) == Help()
    assert isinstance(read("/bridge", **names), Mistake)


def test_a_sub_word_without_default_must_be_said() -> None:
    answer = parse("/paint 12 colour=red door", EXAMPLES)
    assert isinstance(answer, Parsed)
    assert answer.action is Paint
    answer = parse("/paint door 12 colour=red", EXAMPLES)
    assert isinstance(answer, Parsed)
    assert answer.action is PaintDoor
    answer = parse("/paint 12 colour=red", [PaintDoor])
    assert answer == Mistake(
        ("“12” is none of its words. Type one of: /paint door.",),
        answer.usage if isinstance(answer, Mistake) else (),
    )
    answer = parse("/paint", [PaintDoor])
    assert isinstance(answer, NeedsForm)


def test_a_rule_about_several_values_opens_the_form() -> None:
    answer = parse("/paint 12 colour=red --wet coats=9", EXAMPLES)
    assert isinstance(answer, NeedsForm)
    assert answer.sentences == ("Nine wet coats never dry. Give fewer coats.",)
