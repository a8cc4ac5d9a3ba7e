"""Mappings: what they make of payloads, and that no payload crashes, escapes or outlasts them."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bridge.actions import catalogue
from bridge.ingress.webhooks import read_sources
from bridge.ingress.webhooks.budget import MAX_TEXT, SECONDS, Budget, TooMuch
from bridge.ingress.webhooks.declared import Source
from bridge.ingress.webhooks.expressions import Expression, Unusable
from bridge.ingress.webhooks.mapping import apply
from bridge.ingress.webhooks.presets import PRESETS
from bridge.ingress.webhooks.templates import Template
from bridge.jobs.store import Store
from tests.ingress.webhooks.conftest import Serve
from tests.ingress.webhooks.senders import CLOSE_RULE, ROOM, declared, raw, stored

CHECK = {"kind": "bearer", "secret": "w"}
WORD = {"Authorization": "Bearer w"}
SLACK_S = 0.4  # beyond the limit: one step is not interrupted, and the machine is shared


def made(rules: list[dict[str, Any]], **more: Any) -> Source:
    sources = {"s": {"checks": [CHECK], "rules": rules, **more}}
    return read_sources(declared(sources), catalogue()).by_name["s"]


GREEDY = made(
    [
        {
            "name": "greedy",
            "when": "a || items[?contains(to_string(@), 'x')] || join(a, items) || sort_by(items, &a)",
            "action": "rocketchat.close_room",
            "args": {
                "rid": "not_null(room, items[0].id, a)",
                "comment": "{% for m in payload %}{% for n in payload.items %}{{ m }}{{ n.a.b.c }}"
                "{{ n|string|upper|truncate(9) }}{% endfor %}{% endfor %}{{ payload.a + payload.b }}"
                "{{ payload.items|join(payload.a) }}{{ payload.a|replace(payload.b, payload.a) }}",
                "tags": "items[].tags[] | sort(@)",
            },
            "reply_to": {"slack_channel": "channel", "callback_url": "{{ payload.url }}"},
        },
        {
            "name": "each",
            "for_each": "items[].{id: id, all: @}",
            "when_headers": {"X-Event": "x"},
            "action": "rocketchat.request_pdf_transcript",
            "args": {"rid": "item.id"},
        },
        {
            "name": "sums",
            "when": "sum(items) > avg(items) && ceil(a) < floor(b) && max_by(items, &a) == max(items)",
            "action": "superoffice.transfer_session",
            "args": {"chatSessionId": "to_number(a)", "toAssociate": "{{ payload.b|int + 1 }}"},
        },
    ]
)
names = st.sampled_from(["a", "b", "items", "id", "room", "tags", "channel", "url", "__class__"])
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | st.sampled_from(["x" * 2000, "{{ 7*7 }}", "%s%n", "\x00", "../..", "https://[::1"])
)
payloads = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(names, inner, max_size=8),
    max_leaves=60,
)
SOURCES = [GREEDY, made([CLOSE_RULE])]
for preset in PRESETS:
    rules = {"rules": [CLOSE_RULE]} if preset == "superoffice" else {}
    SOURCES.append(
        read_sources(
            declared({"s": {"preset": preset, "secret": "w", **rules}}), catalogue()
        ).by_name["s"]
    )


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(payload=payloads, source=st.sampled_from(SOURCES))
def test_no_payload_crashes_a_mapping_or_outlasts_it(payload: Any, source: Source) -> None:
    began = time.perf_counter()

    mapped = apply(source, payload, {"X-Event": "x"}, Budget())

    assert time.perf_counter() - began < SECONDS + SLACK_S
    assert len(mapped.wishes) <= source.max_jobs
    json.dumps([wish.args for wish in mapped.wishes])
    assert "<class" not in str(mapped.wishes)


FILTERS = "upper lower trim title default first last length string int round truncate join items"
pieces = st.sampled_from(
    [
        *("{{ payload }}", "{{ payload.a }}", "{{ item['a'] }}", "{{ payload['__class__'] }}"),
        *("{{ payload.__init__.__globals__ }}", "{{ ''.__class__.__mro__ }}", "{{ loop.index }}"),
        *(
            "{{ payload.a.format }}",
            "{{ payload['a'].join }}",
            "{{ item|attr('x') }}",
            "{{ self }}",
        ),
        *(
            "{% for a in payload %}",
            "{% endfor %}",
            "{% if payload %}",
            "{% endif %}",
            "{% set x=1 %}",
        ),
        *("{{ cycler }}", "{{ lipsum() }}", "{{ range(10**9) }}", "{{ 'a' * 10**9 }}", "{{ [] }}"),
        *("{% raw %}", "{% endraw %}", "{% macro m() %}", "{{ payload() }}", "{{ '%9d' % 1 }}"),
        *(f"{{{{ payload.a|{name} }}}}" for name in FILTERS.split()),
        *("{{ payload.a[0:5] }}", "{{ payload.a ~ payload.b }}", "{{ -payload.a }}", "text", "{{"),
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=st.lists(pieces, max_size=6).map("".join), payload=payloads)
def test_no_template_reaches_beyond_the_payload(source: str, payload: Any) -> None:
    began = time.perf_counter()
    try:
        template = Template(source)
    except ValueError:
        return
    try:
        text = template.render({"payload": payload, "item": payload, "index": 0}, Budget())
    except (Unusable, TooMuch):
        text = ""

    assert time.perf_counter() - began < SECONDS + SLACK_S
    assert len(text) <= MAX_TEXT
    for inside in ("<class", "<function", "<built-in", "<bound method", "<module", " object at 0x"):
        assert inside not in text


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in payload.a %}{% for b in payload.a %}{% endfor %}{% endfor %}",
        "{% for a in payload.a %}{{ payload.a }}{% endfor %}",
        "{% for a in payload.a %}{% if payload.a|string == '1' %}{% endif %}{% endfor %}",
        "{{ payload.a|join(payload.text) }}",
        "{{ payload.text|replace('x', payload.text) }}",
        "{{ payload.text|replace('', payload.text) }}",
        "{{ payload.text ~ payload.text }}",
    ],
)
def test_a_text_has_an_end(source: str) -> None:
    payload = {"a": list(range(100_000)), "text": "x" * 500_000}
    began = time.perf_counter()

    with pytest.raises((TooMuch, Unusable)):
        Template(source).render({"payload": payload, "item": None, "index": 0}, Budget())

    assert time.perf_counter() - began < SECONDS + SLACK_S


@pytest.mark.parametrize(
    "source",
    [
        "a[?contains(to_string($), '9')]",
        "a[].[a[], a[]]",
        "a[*].b[*].c[*]",
        "join(text, texts)",
        "a[?contains(to_string(@), '9')] | [?contains(to_string(@), '8')]",
    ],
)
def test_a_search_has_an_end(source: str) -> None:
    many = {"b": [{"c": list(range(30))}] * 30}
    payload = {"a": [many] * 1000, "text": "x" * 100_000, "texts": ["x"] * 100_000}
    began = time.perf_counter()
    with contextlib.suppress(TooMuch, Unusable, ValueError):
        Expression(source).search(payload, Budget())

    assert time.perf_counter() - began < SECONDS + SLACK_S


async def test_one_payload_leads_to_several_jobs(serve: Serve, store: Store) -> None:
    rules = [
        {
            "name": "close all",
            "when": "event == 'batch'",
            "for_each": "rooms[?open]",
            "action": "rocketchat.close_room",
            "args": {
                "rid": "item.id",
                "comment": "{{ payload.by }} closed {{ item.id }} ({{ index }})",
                "tags": ["'batch'", "item.tag"],
                "generateTranscriptPdf": True,
            },
            "reply_to": {"slack_channel": "'C0DE'"},
        },
        {
            "name": "one transfer",
            "when": "transfer",
            "action": "superoffice.transfer_session",
            "args": {"chatSessionId": "transfer.session", "toAssociate": "transfer.to"},
        },
    ]
    client = await serve({"s": {"checks": [CHECK], "rules": rules}})
    payload = {
        "event": "batch",
        "by": "Ann & Bob",
        "rooms": [
            {"id": "r1", "open": True, "tag": "vip"},
            {"id": "r2", "open": False},
            {"id": "r3", "open": True},
        ],
        "transfer": {"session": 7, "to": "anna@example.com"},
    }

    response = await client.post("/hooks/s", data=raw(payload), headers=WORD)

    assert response.status == 202
    assert len((await response.json())["jobs"]) == 3
    rows = await stored(store)
    assert [json.loads(row["args"]) for row in rows] == [
        {
            "rid": "r1",
            "comment": "Ann & Bob closed r1 (0)",
            "tags": ["batch", "vip"],
            "generateTranscriptPdf": True,
        },
        {
            "rid": "r3",
            "comment": "Ann & Bob closed r3 (1)",
            "tags": ["batch"],
            "generateTranscriptPdf": True,
        },
        {"chatSessionId": 7, "toAssociate": "anna@example.com"},
    ]


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"state": "solved"}, "rule 1: rid"),
        ({"state": "solved", "room": "no room!"}, "rule 1: rid: Give the room's id"),
    ],
)
async def test_what_cannot_be_mapped_is_refused_whole(
    serve: Serve, store: Store, payload: Any, words: str
) -> None:
    also = {"action": "rocketchat.request_pdf_transcript", "args": {"rid": f"'{ROOM}'"}}
    client = await serve({"s": {"checks": [CHECK], "rules": [CLOSE_RULE, also]}})

    response = await client.post("/hooks/s", data=raw(payload), headers=WORD)

    assert response.status == 422
    assert words in await response.text()
    assert await stored(store) == []


async def test_a_fan_out_is_bounded(serve: Serve, store: Store) -> None:
    rule = {"for_each": "@", "action": "rocketchat.close_room", "args": {"rid": "item"}}
    client = await serve({"s": {"checks": [CHECK], "rules": [rule], "max_jobs": 3}})

    with capture_logs() as lines:
        few = await client.post("/hooks/s", data=raw(["a", "b", "c"]), headers=WORD)
    (line,) = (line for line in lines if line["event"] == "ingress.accepted")
    assert line["job_id"] == [row["id"] for row in await stored(store)]
    assert line["action"] == ["rocketchat.close_room"] * 3
    assert (line["jobs"], line["who"]) == (3, "source:s")
    many = await client.post("/hooks/s", data=raw(["a", "b", "c", "d"]), headers=WORD)
    none = await client.post("/hooks/s", data=raw([]), headers=WORD)
    odd = await client.post("/hooks/s", data=raw({"a": 1}), headers=WORD)

    assert (few.status, many.status, none.status, odd.status) == (202, 422, 202, 422)
    assert "max_jobs" in await many.text()
    assert len(await stored(store)) == 3


async def test_headers_can_choose_the_rule(serve: Serve, store: Store) -> None:
    rule = {**CLOSE_RULE, "when_headers": {"X-GitHub-Event": "issues"}}
    client = await serve({"s": {"checks": [CHECK], "rules": [rule]}})
    body = raw({"state": "solved", "room": ROOM})

    await client.post("/hooks/s", data=body, headers={**WORD, "X-GitHub-Event": "push"})
    assert await stored(store) == []
    await client.post("/hooks/s", data=body, headers={**WORD, "X-GitHub-Event": "issues"})
    assert len(await stored(store)) == 1
