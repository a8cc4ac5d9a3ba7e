"""Words, values and lists as they are read off a line, one piece of Slack's and the phones' making at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.surfaces.command import Builtin, Help, Mistake, Parsed
from bridge.surfaces.line import Line, Typed, Unclosed, as_typed, dashed, plain, split_list
from bridge.surfaces.sentences import cut
from bridge.surfaces.usage import usage
from tests.surfaces.shown import CATALOGUE, parse

ROOM = "8ceKgWvo5qT5TrCRN"


@pytest.mark.parametrize(
    ("raw", "cleaned", "shown"),
    [
        ("<mailto:a@b.cc|a@b.cc>", "a@b.cc", "a@b.cc"),
        ("<mailto:a@b.cc>", "a@b.cc", "a@b.cc"),
        ("<mailto:a@b.cc|Anna>", "a@b.cc", "a@b.cc"),
        ("<tel:+4712345678|12345678>", "+4712345678", "12345678"),
        ("<tel:+4712345678>", "+4712345678", "+4712345678"),
        ("<https://a.io>", "https://a.io", "https://a.io"),
        ("<https://a.io/|a.io>", "https://a.io/", "a.io"),
        ("<https://a.io|a.io/>", "https://a.io", "a.io/"),
        ("<https://a.io/x|click here>", "https://a.io/x", "https://a.io/x"),
        ("<https://a.io/?a|b|c>", "https://a.io/?a", "https://a.io/?a"),
        ("<https://a.io/?a&amp;b>", "https://a.io/?a&b", "https://a.io/?a&b"),
        ("<@U12|anna>", "<@U12>", "@anna"),
        ("<@U12|@anna>", "<@U12>", "@anna"),
        ("<@U12>", "<@U12>", "<@U12>"),
        ("<#C12|help>", "<#C12>", "#help"),
        ("<#C12|#help#>", "<#C12>", "#help#"),
        ("<#C12|>", "<#C12>", "<#C12>"),
        ("<!here|@here>", "<!here>", "@here"),
        ("<!subteam^S1|@team>", "<!subteam^S1>", "@team"),
        ("<!here>", "<!here>", "<!here>"),
        ("&lt;b&gt; &amp;amp;", "<b> &amp;", "<b> &amp;"),
        ("<none>", "<none>", "<none>"),
        ("\u200ba\u202eb ", "ab", "\u200ba\u202eb "),
    ],
)
def test_what_slack_marked_up_is_undone(raw: str, cleaned: str, shown: str) -> None:
    assert plain(raw) == cleaned
    assert as_typed(raw) == shown


@pytest.mark.parametrize(
    ("text", "value", "left"),
    [
        ("a b", "a", " b"),
        ("\u200b a b", "a", " b"),
        ('"a b" c', "a b", " c"),
        ("„a b“ c", "a b", " c"),
        ("‚a b’ c", "a b", " c"),  # noqa: RUF001 - phones
        ("'don't' c", "don't", " c"),
        ('"a \\"b\\" c" d', 'a "b" c', " d"),
        ('"a\\\\" d', "a\\", " d"),
        ('"a"\u200b d', "a", "\u200b d"),
        ('"" d', "", " d"),
        ('"it\'s" d', "it's", " d"),
        ("", "", ""),
    ],
)
def test_a_value_ends_where_its_quote_or_word_ends(text: str, value: str, left: str) -> None:
    line = Line(text)
    assert line.value().text == value
    assert text[line.at :] == left


@pytest.mark.parametrize("text", ['"a', "'a", '"a\\"', '"a\u201d?', '"'])
def test_an_open_quote_is_told(text: str) -> None:
    with pytest.raises(Unclosed):
        Line(text).value()


@pytest.mark.parametrize(
    ("text", "values", "left"),
    [
        ("a,b c", ["a", "b"], " c"),
        ("a, b c", ["a", "b"], " c"),
        ("a ,b", ["a"], " ,b"),
        ("a,,b", ["a", "b"], ""),
        (",a", ["a"], ""),
        ("a,", ["a"], ""),
        ("a,\nb", ["a"], "\nb"),
        ("a, pdf=yes", ["a"], " pdf=yes"),
        ("a, --pdf", ["a"], " --pdf"),
        ('"a b",c d', ["a b", "c"], " d"),
        ('"a, b" d', ["a", "b"], " d"),
        ('"a\\, b",c', ["a, b", "c"], ""),
        ('"a"', ["a"], ""),
        ("<https://a.io/x,y|z>,b", ["https://a.io/x,y", "b"], ""),
        ('"a"\u200b,b', ["a"], "\u200b,b"),
    ],
)
def test_a_list_ends_where_no_comma_goes_on(text: str, values: list[str], left: str) -> None:
    line = Line(text)
    assert [value.text for value in line.values()] == values
    assert text[line.at :] == left


def test_a_mention_in_a_list_keeps_its_user() -> None:
    found = Line("<@U1|a>,\u200b<@W2>,<#C3|x>").values()
    assert found == [Typed("<@U1>", "U1"), Typed("<@W2>", "W2"), Typed("<#C3>")]


@pytest.mark.parametrize(
    ("text", "name", "is_long", "equals"),
    [
        ("tags=a", "tags", False, True),
        ("TAGS=a", "TAGS", False, True),
        ("to-emails=a", "to-emails", False, True),
        ("--pdf", "pdf", True, False),
        ("--pdf x", "pdf", True, False),
        ("—pdf", "pdf", True, False),
        ("—pdf=no", "pdf", True, True),
        ("-pdf=no", "pdf", False, True),
        ("\u200bta\u200bgs=a", "ta", False, False),
        ("tags\u200b=a", "tags", False, True),
        ("tags＝a", "tags", False, True),  # noqa: RUF001 - a wide equals sign
    ],
)
def test_an_option_is_known_by_its_dashes_or_its_sign(
    text: str, name: str, *, is_long: bool, equals: bool
) -> None:
    key = Line(text).key()
    if not (is_long or equals):
        assert key is None
        return
    assert key is not None
    assert (key.name, key.dashed, key.equals) == (name, is_long, equals)


@pytest.mark.parametrize("text", ["-pdf", "pdf", "--pdf,x", "1=2", "_a=b", "=a", "-- a", "--"])
def test_what_only_looks_like_an_option(text: str) -> None:
    assert Line(text).key() is None


@given(st.text(alphabet="ab,\\\"' ", max_size=12))
def test_a_list_in_one_text_is_split_at_its_bare_commas(text: str) -> None:
    assert split_list(text.replace("\\", "").replace(",", "\\,")) == (
        [text.replace("\\", "").strip()] if text.replace("\\", "").strip() else []
    )
    bare = text.replace("\\", "")
    assert split_list(bare) == [item.strip() for item in bare.split(",") if item.strip()]


def test_every_dash_is_one_dash() -> None:
    assert dashed("a‐b‑c‒d–e—f―g−h-i") == "a-b-c-d-e-f-g-h-i"  # noqa: RUF001 - phones


@pytest.mark.parametrize("length", [59, 60, 61, 90])
def test_what_is_repeated_to_a_person_is_short(length: int) -> None:
    said = cut("a\n " + "b" * (length - 2))
    assert said == "a " + "b" * (length - 2) if length <= 60 else said == f"a {'b' * 57}…"
    assert len(said) <= 60


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/bridge help /export EMAIL", Help("export", "email")),
        ("/bridge help Xexport", Help()),
        ("/bridge help export/ email", Help()),
        ("/bridge help export cancel", Help("export")),
        ("/bridge help nonsense email", Help()),
        ("/bridge /close help", Help("close")),
        ("/bridge Xjobs", None),
        ("Xclose help", None),
        ("/bridge jobs   two  words", Builtin("jobs", "two  words")),
    ],
)
def test_where_help_leads(line: str, expected: Help | Builtin | None) -> None:
    answer = parse(line, CATALOGUE)
    assert answer == expected if expected else isinstance(answer, Mistake)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/bridge zzzz", "There is no command “zzzz”."),
        ("/bridge colse", "There is no command “colse”. Did you mean /close?"),
        ("/bridge lniks", "There is no command “lniks”. Did you mean /bridge link?"),
        ("/bridge cl", "There is no command “cl”."),
        ("/" + "z" * 99, f"There is no command “{'z' * 59}…”."),
    ],
)
def test_an_unknown_command_is_told_with_the_nearest(line: str, sentence: str) -> None:
    assert parse(line, CATALOGUE) == Mistake((sentence,), ("/bridge help",))


def test_an_unknown_sub_word_is_told_with_all() -> None:
    by_mail = [one for one in CATALOGUE if one.id.endswith("email_transcript")]
    assert parse("/transcript 123 b", by_mail) == Mistake(
        ("“123” is none of its words. Type one of: /transcript cancel, /transcript email.",),
        tuple(usage(one) for one in by_mail),
    )


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ('on="x', "The quote of on is never closed. Put a closing quote at its end."),
        ("on=a on=", "on= has no value. Type it right behind the equals sign, without a space."),
    ],
)
def test_the_connection_is_read_like_any_option(typed: str, sentence: str) -> None:
    answer = parse(f"/close {ROOM} {typed}", CATALOGUE)
    assert isinstance(answer, Mistake)
    assert answer.sentences == (sentence,)


def test_two_dashes_end_the_options_once() -> None:
    answer = parse(f"/close {ROOM} -- -- on=x", CATALOGUE)
    assert isinstance(answer, Parsed)
    assert (answer.args["comment"], answer.connection) == ("-- on=x", "")


def test_free_text_begins_only_when_all_places_are_filled() -> None:
    early = parse("/transfer agent=bob who=cares", CATALOGUE)
    assert isinstance(early, Mistake)
    assert early.sentences[0].startswith("There is no option who=. ")
    late = parse(f"/transfer {ROOM} agent=bob who=cares", CATALOGUE)
    assert isinstance(late, Parsed)
    assert late.args["comment"] == "who=cares"
