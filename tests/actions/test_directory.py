"""Finding an agent or a department: by what it answers to, in whatever the listing holds."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions.rocketchat import directory
from bridge.actions.rocketchat.directory import Entry, Find, NotFound
from bridge.contract import Response
from tests.actions.driving import answer

ANN = {"_id": "a1", "username": "ann", "name": "Ann Lee"}
BOB = {"_id": "b1", "username": "bob", "name": "Bob Ray"}
NAMED = {"_id": "c1", "name": "Cleo"}
BARE = {"_id": "d1"}
UNLISTED_ID = "a" * 17


def found(wanted: str, *pages: tuple[int, Any]) -> Entry | NotFound | Response:
    """Ask for an agent; each page is one answer, and all of them must be asked for."""
    asking: Find = directory.find_agent(wanted)
    left = list(pages)
    request = next(asking)
    try:
        while True:
            assert request.query["count"] == "100"
            assert request.query.get("text", wanted) == wanted
            request = asking.send(answer("rocketchat", request, *left.pop(0)))
    except StopIteration as end:
        assert not left
        result: Entry | NotFound | Response = end.value
        return result


def listing(*users: Any, total: Any = None) -> tuple[int, Any]:
    return 200, {"users": list(users), "total": len(users) if total is None else total}


@pytest.mark.parametrize(
    ("wanted", "entry"),
    [
        ("a1", Entry("a1", "ann", "Ann Lee")),
        ("ANN", Entry("a1", "ann", "Ann Lee")),
        ("ann lee", Entry("a1", "ann", "Ann Lee")),
        ("cleo", Entry("c1", "Cleo", "Cleo")),
        ("d1", Entry("d1", "d1")),
    ],
)
def test_an_entry_answers_to_its_id_its_username_and_its_name(wanted: str, entry: Entry) -> None:
    assert found(wanted, listing("odd", {"name": "No id"}, ANN, BOB, NAMED, BARE)) == entry


def test_an_id_goes_before_a_username_and_that_before_a_name() -> None:
    trap = {"_id": "ann", "username": "zoe", "name": "bob"}
    assert found("ann", listing(ANN, trap)) == Entry("ann", "zoe", "bob")
    assert found("bob", listing(trap, BOB)) == Entry("b1", "bob", "Bob Ray")


def test_a_name_that_two_share_decides_nothing() -> None:
    twin = {"_id": "a2", "username": "anna", "name": "Ann Lee"}
    assert found("Ann Lee", listing(ANN, twin)) == NotFound(("ann", "anna"), several=True)


def test_who_is_near_is_named_three_at_most() -> None:
    many = [{"_id": f"x{number}", "username": f"anna{number}"} for number in range(5)]
    nobody = found("anna", listing(*many))
    assert isinstance(nobody, NotFound)
    assert len(nobody.near) == directory.NEAR == 3
    assert not nobody.several


@pytest.mark.parametrize("odd", [[], {"users": None}, {"agents": []}])
def test_a_listing_that_is_none_holds_nobody(odd: Any) -> None:
    assert found("ann", (200, odd)) == NotFound()


def test_only_a_listing_longer_than_a_page_is_searched() -> None:
    first = listing(BOB, total=101)
    assert found("ann", first, listing(ANN)) == Entry("a1", "ann", "Ann Lee")
    assert found("bbob", first, listing()) == NotFound(("bob",))
    assert found("bbob", first, listing(ANN)) == NotFound(("bob",))
    assert found("ana", first, listing(ANN)) == NotFound(("ann",))
    assert found("ann", listing(BOB, total="many")) == NotFound()


def test_an_account_that_may_not_list_passes_an_id_on() -> None:
    refused = (403, {"success": False, "error": "unauthorized"})
    assert found(UNLISTED_ID, refused) == Entry(UNLISTED_ID, UNLISTED_ID)
    assert found("ann", refused) == NotFound(unlisted=True)
    signed_out = found("ann", (401, {"status": "error", "message": "You must be logged in."}))
    assert isinstance(signed_out, Response)
    assert signed_out.status == 401
