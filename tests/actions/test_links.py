"""Which pasted text is a link, and which room or session it names."""

from __future__ import annotations

import pytest

from bridge.actions.links import LINK_LIMIT, is_link, is_mention, room_in, session_in

RID = "8ceKgWvo5qT5TrCRN"


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://a.io/x", True),
        ("/live/x", True),
        ("<https://a.io/x|two words>", True),
        ("https://a.io/two words", False),
        ("plain", False),
        ("a/" + "b" * (LINK_LIMIT - 2), True),
        ("a/" + "b" * (LINK_LIMIT - 1), False),
    ],
)
def test_a_link_has_a_slash_and_no_blank_and_an_end(text: str, *, link: bool) -> None:
    assert is_link(text) is link


def test_a_mention_is_slacks_own_reference() -> None:
    for text in ("<@U1>", "<@U1|anna>", "<#C1|help>", "<!here>"):
        assert is_mention(text)
    for text in ("@anna", "<https://a.io>", "anna", " <@U1>"):
        assert not is_mention(text)


@pytest.mark.parametrize(
    ("text", "room"),
    [
        (f"https://a.io/direct/{RID}", RID),
        (f"https://a.io/direct/{RID}/thread/x", RID),
        (f"https://a.io/x?rid={RID}", RID),
        (f"https://a.io/x?roomId={RID}", RID),
        (f"https://a.io/x?ROOMID={RID}", RID),
        (f"https://a.io/x?rid=a-b&rid={RID}", RID),
        (f"https://a.io/x?other={RID}", None),
        ("https://a.io/x?rid=a-b", None),
        (f"https://a.io/live/%38{RID[1:]}", RID),
        ("https://a.io/live/a-b", None),
        ("https://a.io/live", None),
        (f"https://a.io/live/a-b/live/{RID}", None),
        ("https://a.io/omnichannel/current", None),
        ("https://a.io/omnichannel/current/a-b", None),
        (f"https://a.io/omnichannel/{RID}", None),
        (f"https://a.io/omnichannel/live/{RID}", RID),
        (f"https://a.io/omnichannel-directory/chats/{RID}", RID),
        (f"https://a.io/omnichannel-directory/chats/a-b/{RID}/x", RID),
        ("https://a.io/omnichannel-directory", None),
        ("https://a.io/omnichannel-directory/chats/info", None),
        (f"https://a.io/omnichannel-directory/contacts/{RID}", None),
        (f"https://a.io/omnichannel-directory/chats/contacts/{RID}", RID),
        (f"https://a.io//live//{RID}", RID),
        (f"//a.io/live/{RID}", RID),
        (f"http://a.io/live/{RID}", RID),
        (f"<https://a.io/x?a=1&amp;rid={RID}|x>", RID),
        (f"a.io/live/{RID}", RID),
        ("live.example/x", None),
        ("https://[/live/x", None),
    ],
)
def test_the_room_in_a_link(text: str, room: str | None) -> None:
    assert room_in(text) == room


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("https://a.io/x?sessionid=12", 12),
        ("https://a.io/x?ChatSession=12&id=3", 12),
        ("https://a.io/x?session=a&chat_session=12", 12),
        ("https://a.io/7/x?id=12", 7),
        ("https://a.io/7/x?session=x", 7),
        ("https://a.io/7/8", 8),
        ("https://a.io/7/8/", 8),
        ("https://a.io/7/#/chat/9", 9),
        ("https://a.io/7/#/chat?session=9", 9),
        ("https://a.io/7/#/x?session=9?y", 7),
        ("https://a.io/7/#/x?y?session=9", 9),
        ("https://a.io/7/٦", 7),
        ("https://a.io/12345678901", None),
        ("https://a.io/x", None),
        ("https://[/8", None),
        ("8", None),
        ("https://a.io/ 8", None),
    ],
)
def test_the_session_in_a_link(text: str, number: int | None) -> None:
    assert session_in(text) == number
