"""Who is refused how, in which order, by which family of versions."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.sandbox.rocketchat import Profile, seed
from tests.sandbox.rocketchat_desk import ALL, Start

LOGIN = "You must be logged in to do this."
FORBIDDEN = "User does not have the permissions required for this action [error-unauthorized]"
REQUIRED = "must have required property 'email'"
NEW_401 = {"success": False, "error": LOGIN, "status": "error", "message": LOGIN}


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("A", {"status": "error", "message": LOGIN}),
        ("B", NEW_401),
        ("C", NEW_401),
        ("D", NEW_401),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"X-User-Id": seed.INTEGRATION_ID, "X-Auth-Token": "no"}])
async def test_no_login_is_told_by_version(
    start: Start, profile: Profile, expected: dict[str, Any], headers: dict[str, str]
) -> None:
    desk = await start(profile)

    assert await desk.call("GET", "me", None, headers=headers) == (401, expected)


async def test_nine_drops_the_old_keys_and_renames_the_inner_403(start: Start) -> None:
    desk = await start("D")
    desk.rc.configure(breaking_changes_9_0=True)

    assert await desk.call("GET", "me", None) == (401, {"success": False, "error": LOGIN})
    status, body = await desk.call("GET", "livechat/rooms", "ines.faro")
    assert (status, body["error"]) == (403, "forbidden")


@pytest.mark.parametrize("profile", ALL)
async def test_headers_are_exactly_those(start: Start, profile: Profile) -> None:
    desk = await start(profile)

    async with desk.http.get("/api/v1/me", headers=desk.rc.credentials("mara.lind")) as response:
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Pragma"] == "no-cache"


@pytest.mark.parametrize(
    ("profile", "kind", "text"),
    [("A", "text/html", None), ("B", "text/plain", b"404 Not Found"), ("C", "text/plain", b"404")],
)
async def test_an_unknown_path_is_no_json(
    start: Start, profile: Profile, kind: str, text: bytes | None
) -> None:
    desk = await start(profile)

    async with desk.http.get("/api/v1/nope") as response:
        assert (response.status, response.content_type) == (404, kind)
        assert (await response.read()).startswith(text or b"<!DOCTYPE")


async def test_a_wrong_method_is_405_only_on_restivus(start: Start) -> None:
    old, new = await start("A"), await start("C")

    async with old.http.put("/api/v1/livechat/transcript/x") as response:
        assert response.status == 405
        assert response.headers["Allow"] == "DELETE, POST"
        assert await response.json() == {
            "status": "error",
            "message": "API endpoint does not exist",
        }
    assert await new.call("PUT", "livechat/transcript/x") == (404, b"404 Not Found")


@pytest.mark.parametrize(
    ("profile", "kind", "text"),
    [("A", "text/html", b"Server error."), ("C", "text/plain", b"Internal Server Error")],
)
async def test_a_crash_is_no_json(start: Start, profile: Profile, kind: str, text: bytes) -> None:
    desk = await start(profile)
    desk.rc.crash("GET */me")

    async with desk.http.get("/api/v1/me") as response:
        assert (response.status, response.content_type) == (500, kind)
        assert await response.read() == text
    assert (await desk.call("GET", "me"))[0] == 200


# Two faults at once tell the order of the checks.

SCHEDULE = f"livechat/transcript/{seed.OPEN_SERVED}"


@pytest.mark.parametrize(("profile", "expected"), [("A", 400), ("B", 400), ("C", 403), ("D", 403)])
async def test_schema_or_permission_first(start: Start, profile: Profile, expected: int) -> None:
    desk = await start(profile)

    status, body = await desk.call("POST", SCHEDULE, "ines.faro", json={})

    assert status == expected
    assert body["error"] == (FORBIDDEN if expected == 403 else f"{REQUIRED} [invalid-params]")
    assert "errorType" not in body or expected == 400


@pytest.mark.parametrize(("profile", "expected"), [("A", 401), ("B", 400), ("C", 401), ("D", 401)])
async def test_a_typed_route_of_b_checks_the_body_of_anybody(
    start: Start, profile: Profile, expected: int
) -> None:
    desk = await start(profile)

    assert (await desk.call("POST", "rooms.export", None, json={}))[0] == expected


@pytest.mark.parametrize("profile", ["A", "B", "C"])
async def test_a_refused_body_uses_up_the_limit_on_the_old_router(
    start: Start, profile: Profile
) -> None:
    desk = await start(profile)
    for _ in range(10):
        assert (await desk.call("POST", SCHEDULE, "mara.lind", json={}))[0] == 400

    assert (await desk.call("POST", SCHEDULE, "mara.lind", json={}))[0] == 429


@pytest.mark.parametrize(("profile", "path"), [("C", "rooms.export"), ("D", SCHEDULE)])
async def test_a_refused_body_is_free_on_the_typed_router(
    start: Start, profile: Profile, path: str
) -> None:
    desk = await start(profile)

    for _ in range(12):
        assert (await desk.call("POST", path, "mara.lind", json={}))[0] == 400


@pytest.mark.parametrize(("profile", "expected"), [("A", 429), ("B", 429), ("C", 403), ("D", 403)])
async def test_a_forbidden_call_counts_on_old_versions_only(
    start: Start, profile: Profile, expected: int
) -> None:
    desk = await start(profile)
    good = {"email": "a@b.example", "subject": "s"}
    for _ in range(10):
        assert (await desk.call("POST", SCHEDULE, "ines.faro", json=good))[0] == 403

    assert (await desk.call("POST", SCHEDULE, "ines.faro", json=good))[0] == expected


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("A", {"error": f"{REQUIRED} [invalid-params]", "errorType": "invalid-params"}),
        ("B", {"error": f"{REQUIRED} [invalid-params]", "errorType": "invalid-params"}),
        ("C", {"error": f"{REQUIRED} [invalid-params]", "errorType": "invalid-params"}),
        ("D", {"error": REQUIRED, "errorType": "invalid-params"}),
    ],
)
async def test_the_transcript_route_is_typed_on_develop(
    start: Start, profile: Profile, expected: dict[str, str]
) -> None:
    desk = await start(profile)

    answer = await desk.call("POST", SCHEDULE, "mara.lind", json={})

    assert answer == (400, {"success": False} | expected)


@pytest.mark.parametrize(
    ("profile", "code", "glue", "suffix"),
    [
        ("A", "invalid-params", "\n ", " [invalid-params]"),
        ("B", "error-invalid-params", "\n ", ""),
        ("C", "invalid-params", "\n", ""),
        ("D", "invalid-params", "\n", ""),
    ],
)
async def test_the_seeds_own_export_example_is_refused(
    start: Start, profile: Profile, code: str, glue: str, suffix: str
) -> None:
    desk = await start(profile)
    example = {
        "rid": "iu7jtPAhvEeAS5tNq",
        "type": "file",
        "dateFrom": "2000-01-01",
        "dateTo": "2021-11-25",
        "format": "html",
        "toUsers": ["test.user"],
        "toEmails": ["x@example.org"],
        "messages": ["yd6NBgNoiWATgDoFt"],
        "subject": "Test Subject ",
    }

    status, body = await desk.call("POST", "rooms.export", "admin", json=example)

    extra = "must NOT have additional properties"
    text = glue.join([extra, extra, "must match exactly one schema in oneOf"]) + suffix
    assert (status, body) == (400, {"success": False, "error": text, "errorType": code})


async def test_rooms_export_may_be_legacy_on_any_profile(start: Start) -> None:
    desk = await start("B")
    desk.rc.configure(rooms_typed=False)

    _, body = await desk.call("POST", "rooms.export", json={})

    assert body["errorType"] == "invalid-params"
    assert body["error"].endswith(" [invalid-params]")


PDF = f"omnichannel/{seed.CLOSED_PLAIN}/request-transcript"
NO_LICENCE = "This is an enterprise feature [error-action-not-allowed]"


@pytest.mark.parametrize(
    ("profile", "who", "expected"),
    [
        ("A", "admin", (404, None)),
        ("A", None, (404, None)),
        ("B", "admin", (400, NO_LICENCE)),
        ("B", None, (400, NO_LICENCE)),
        ("C", None, (401, LOGIN)),
        ("C", "nobody", (403, FORBIDDEN)),
        ("C", "admin", (400, NO_LICENCE)),
        ("D", None, (401, LOGIN)),
        ("D", "admin", (400, NO_LICENCE)),
    ],
)
async def test_the_licence_is_checked_when_the_version_does(
    start: Start, profile: Profile, who: str | None, expected: tuple[int, str | None]
) -> None:
    desk = await start(profile)
    desk.rc.configure(licence=False)
    desk.rc.add_user("nobody", "guest")

    status, body = await desk.call("POST", PDF, who)

    assert (status, body["error"] if isinstance(body, dict) else None) == expected
    assert desk.rc.effects == []


@pytest.mark.parametrize(("profile", "expected"), [("A", 400), ("B", 200), ("C", 200), ("D", 200)])
async def test_broken_json_is_swallowed_by_later_versions(
    start: Start, profile: Profile, expected: int
) -> None:
    desk = await start(profile)
    headers = {"Content-Type": "application/json"}

    status, body = await desk.call("POST", PDF, data="{oops", headers=headers)

    assert status == expected
    assert isinstance(body, bytes) is (profile == "A")


@pytest.mark.parametrize("profile", ["B", "C"])
async def test_broken_json_becomes_an_empty_body(start: Start, profile: Profile) -> None:
    desk = await start(profile)
    headers = {"Content-Type": "application/json"}

    _, body = await desk.call("POST", SCHEDULE, data='{"email": ', headers=headers)

    assert body["error"] == f"{REQUIRED} [invalid-params]"


async def test_without_a_content_type_the_text_is_spread_into_keys(start: Start) -> None:
    desk = await start("D")

    _, body = await desk.call("POST", PDF, data="{}", headers={"Content-Type": "text/plain"})

    assert body["error"] == "must NOT have additional properties"


@pytest.mark.parametrize(("profile", "expected"), [("A", 200), ("B", 400), ("C", 200)])
async def test_forms_broke_and_came_back(start: Start, profile: Profile, expected: int) -> None:
    desk = await start(profile)
    form = {"email": "a@b.example", "subject": "s"}

    assert (await desk.call("POST", SCHEDULE, data=form))[0] == expected


@pytest.mark.parametrize(
    ("profile", "text", "expected"),
    [("A", "5", 400), ("A", "", 200), ("B", "null", 200), ("C", "", 200), ("D", "[]", 400)],
)
async def test_bodies_that_are_no_object(
    start: Start, profile: Profile, text: str, expected: int
) -> None:
    desk = await start(profile)
    headers = {"Content-Type": "application/json"}

    assert (await desk.call("POST", PDF, data=text, headers=headers))[0] == expected


async def test_old_versions_may_take_their_time_to_refuse(start: Start) -> None:
    desk = await start("A")
    desk.rc.configure(denial_delay_s=0.001)

    assert (await desk.call("GET", "me", None))[0] == 401
