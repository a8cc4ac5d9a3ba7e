"""The validator's texts are AJV's, one failure per schema, after AJV's coercion."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.sandbox.rocketchat import schemas
from bridge.sandbox.rocketchat.ajv import validate

EXTRA = "must NOT have additional properties"
ONE_OF = "must match exactly one schema in oneOf"
RID = "tcbbSmWSLR5uo5PBW"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"rid": RID}, []),
        ({}, ["must have required property 'rid'"]),
        ({"rid": RID, "nope": 1}, [EXTRA]),
        ({"rid": ["x"]}, ["must be string"]),
        ({"rid": RID, "comment": None, "tags": None, "generateTranscriptPdf": None}, []),
        ({"rid": RID, "tags": "a"}, ["must be array"]),
        ({"rid": RID, "tags": [{}]}, ["must be string"]),
        ({"rid": RID, "generateTranscriptPdf": "maybe"}, ["must be boolean"]),
        ({"rid": RID, "transcriptEmail": {}}, ["must have required property 'sendToVisitor'"]),
        ({"rid": RID, "transcriptEmail": {"sendToVisitor": True}}, []),
        (
            {"rid": RID, "transcriptEmail": {"sendToVisitor": True, "requestData": {"email": "a"}}},
            ["must have required property 'subject'"],
        ),
        ({"rid": RID, "transcriptEmail": {"sendToVisitor": True, "to": "a"}}, [EXTRA]),
        ([], ["must be object"]),
    ],
)
def test_a_close_is_checked_as_ajv_does(body: Any, expected: list[str]) -> None:
    assert expected == validate(schemas.close_room("C"), body)


def test_force_close_is_unknown_to_old_servers() -> None:
    body = {"rid": RID, "forceClose": True}

    assert validate(schemas.close_room("A"), body) == [EXTRA]
    assert validate(schemas.close_room("B"), body) == []


def test_values_are_coerced_in_place() -> None:
    body: dict[str, Any] = {
        "rid": 17,
        "comment": 2.0,
        "tags": [1, True, None],
        "generateTranscriptPdf": "true",
    }

    assert validate(schemas.close_room("C"), body) == []
    assert body == {
        "rid": "17",
        "comment": "2",
        "tags": ["1", "true", ""],
        "generateTranscriptPdf": True,
    }


def test_an_address_is_any_string_and_null_becomes_an_empty_one() -> None:
    body = {"email": "nope", "subject": None}

    assert validate(schemas.transcript("C"), body) == []
    assert body == {"email": "nope", "subject": ""}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"rid": RID, "type": "file", "format": "html"}, []),
        ({"rid": RID, "type": "email", "messages": ["m"]}, []),
        (
            {
                "rid": RID,
                "type": "file",
                "format": "json",
                "dateFrom": None,
                "dateTo": "2026-02-28",
            },
            [],
        ),
        (
            {"rid": RID, "type": "file", "format": "html", "dateTo": "2024-02-30"},
            ['must match format "date"', "must have required property 'messages'", ONE_OF],
        ),
        (
            {"rid": RID, "type": "file", "format": "html", "dateTo": "2024-02-01T00:00:00Z"},
            ['must match format "date"', "must have required property 'messages'", ONE_OF],
        ),
        (
            {"rid": RID, "type": "email", "messages": []},
            [
                "must have required property 'format'",
                "must NOT have fewer than 1 items",
                ONE_OF,
            ],
        ),
        (
            {"rid": RID, "type": "file", "format": "pdf"},
            [
                "must be equal to one of the allowed values",
                "must have required property 'messages'",
                ONE_OF,
            ],
        ),
        ({"rid": RID}, ["must have required property 'type'"] * 2 + [ONE_OF]),
    ],
)
def test_an_export_is_one_of_two_bodies(body: Any, expected: list[str]) -> None:
    assert expected == validate(schemas.export_rooms("C"), body)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"count": "5", "open": "true", "agents": ["a"], "departmentId": "d"}, []),
        ({"count": "many"}, ["must be number"]),
        ({"agents": "a"}, ["must be array"]),
        ({"open": ["x"]}, ["must be string", "must be boolean", "must match a schema in anyOf"]),
        ({"page": "1"}, [EXTRA]),
    ],
)
def test_a_query_string_is_checked_too(query: Any, expected: list[str]) -> None:
    assert expected == validate(schemas.livechat_rooms("C"), query)


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("number", True, 1),
        ("number", None, 0),
        ("number", "1.5", 1.5),
        ("boolean", 0, False),
        ("boolean", None, False),
        ("string", False, "false"),
    ],
)
def test_each_type_is_coerced_as_ajv_does(kind: str, given: Any, expected: Any) -> None:
    data = {"x": given}

    assert validate({"type": "object", "properties": {"x": {"type": kind}}}, data) == []
    assert data == {"x": expected}


def test_an_infinite_number_is_none() -> None:
    schema = {"type": "object", "properties": {"x": {"type": "number"}}}

    assert validate(schema, {"x": "Infinity"}) == ["must be number"]
