from __future__ import annotations

import re

import jsonschema

from bridge.actions import catalogue
from bridge.ingress.http.problems import PROBLEMS
from tests.ingress.api.house import Client


async def test_the_document_has_every_action(client: Client) -> None:
    response = await client.get("/openapi.json")
    document = await response.json()

    assert response.status == 200
    assert document["openapi"].startswith("3.1")
    assert {f"/api/v1/actions/{name}" for name in catalogue()} <= set(document["paths"])
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


async def test_the_page_shows_everything_and_asks_nobody(client: Client) -> None:
    response = await client.get("/docs")
    page = await response.text()

    assert response.status == 200
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for action in catalogue():
        assert f'id="{action}"' in page
    for slug in PROBLEMS:
        assert f'id="problem-{slug}"' in page
    assert not re.search(r"<(script|img|link|iframe)\b|\bsrc=|url\(|@import|style=", page)
    assert "Authorization: Bearer $BRIDGE_API_TOKEN" in page.replace("&#34;", '"')


async def test_an_unchanged_page_is_not_sent_again(client: Client) -> None:
    first = await client.get("/docs")
    again = await client.get("/docs", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status == 304
    assert (await client.post("/docs")).status == 405
