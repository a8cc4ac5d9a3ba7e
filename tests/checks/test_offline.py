"""`bridge check`: each doubtful setting has its row and its advice, and a good set-up has none."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.checks import Report, Row, State, check
from bridge.settings import Settings

GOOD: dict[str, Any] = {
    "database_url": "postgres://bridge:CANARY@db.example/bridge",
    "encryption_key": "CANARY-0123456789-0123456789",
    "server": {"public_url": "https://desk.example", "metrics_token": "CANARY-0123456789-012345"},
    "slack": {"signing_secret": "8f742231b10e8888abcd990123456789", "bot_token": "xoxb-CANARY"},
    "connections": {
        "rocketchat": {"url": "https://chat.example", "user_id": "u", "auth_token": "CANARY-t"},
        "superoffice": {"url": "https://so.example/api", "ticket": "7T:CANARY"},
    },
    "access": {"allow": "usergroup:S0123456789"},
    "api": {"token": "CANARY-0123456789-0123456789"},
    "webhooks": {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
}


def report(environ: dict[str, str] | None = None, **changes: Any) -> Report:
    values = {**GOOD, **changes}
    return check(Settings.model_validate(values), environ or {})


def doubts(found: Report) -> list[Row]:
    return [row for row in found.rows if row.state is not State.OK]


def test_a_good_set_up_has_nothing_to_say() -> None:
    found = report()
    assert doubts(found) == []
    assert not found.failed
    assert found.table().endswith("All is well.")


CASES: list[tuple[dict[str, Any], str, State]] = [
    ({"slack": {}}, "Slack is not set up", State.WARNING),
    ({"slack": {**GOOD["slack"], "signing_secret": "x"}}, "not 32 hex digits", State.WARNING),
    (
        {"slack": {**GOOD["slack"], "bot_token": "xoxp-1"}},
        "does not begin with xoxb-",
        State.WARNING,
    ),
    (
        {"slack": {**GOOD["slack"], "signing_secret_previous": "y"}},
        "Two signing secrets",
        State.WARNING,
    ),
    ({"server": {}}, "PUBLIC_URL is not set", State.WARNING),
    ({"server": {"public_url": "http://desk.example"}}, "PUBLIC_URL is http.", State.WARNING),
    ({"access": {}}, "Nobody may run a command", State.WARNING),
    ({"access": {"allow": "anna"}}, "'anna' is not everyone", State.ERROR),
    (
        {"access": {"rules": [{"who": ["everyone"], "commands": ["clsoe"]}]}},
        "'clsoe' matches none of",
        State.ERROR,
    ),
    ({"connections": {}}, "There is none, so nothing can be done", State.WARNING),
    (
        {"connections": {"superoffice": {"url": "http://so.example/api", "ticket": "7T:x"}}},
        "its credential travels in the clear",
        State.WARNING,
    ),
    (
        {"connections": {"superoffice": {"url": "https://so.example", "ticket": "7T:x"}}},
        "does not end in /api",
        State.WARNING,
    ),
    ({"api": {"token": "short"}}, "BRIDGE_API_TOKEN is short enough", State.WARNING),
    (
        {"api": {"keys": [{"name": "crm", "sha256": "0" * 64, "expires": "2020-01-01"}]}},
        "The key crm has expired",
        State.WARNING,
    ),
    ({"server": {"public_url": "https://d.example"}}, "may read /metrics", State.WARNING),
    (
        {"server": {"public_url": "https://d.example", "metrics_token": "CANARY"}},
        "BRIDGE_METRICS_TOKEN is short",
        State.WARNING,
    ),
    (
        {
            "webhooks": {
                **GOOD["webhooks"],
                "secret_previous": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            }
        },
        "callbacks are signed with both",
        State.WARNING,
    ),
    ({"webhooks": {"secret": "whsec_c2hvcnQ="}}, "short enough to be guessed", State.WARNING),
    ({"webhooks": {"sources": {"crm": {"ruls": []}}}}, "Did you mean rules?", State.ERROR),
    ({"encryption_key": "short"}, "A key is short enough", State.WARNING),
    (
        {
            "encryption_key": None,
            "slack": {**GOOD["slack"], "client_id": "1", "client_secret": "2"},
        },
        "sealed with a key made from other secrets",
        State.WARNING,
    ),
]


@pytest.mark.parametrize(("changes", "said", "state"), CASES)
def test_what_is_doubtful_is_said_with_advice(
    changes: dict[str, Any], said: str, state: State
) -> None:
    found = report(**changes)
    (row,) = [row for row in doubts(found) if said in row.said]
    assert row.state is state
    assert row.todo.strip()
    assert found.failed is (state is State.ERROR)


def test_what_is_well_is_told_as_it_is() -> None:
    rule = {"who": ["user:U1"]}
    tenant = {"tenant": "Cust12345", "ticket": "7T:x"}
    found = report(access={"rules": [rule]}, connections={"superoffice": tenant})
    said = {row.subject: row.said for row in found.rows}
    assert said["Access"] == "1 rule."
    assert said["Connection superoffice"] == "superoffice at Cust12345."
    both = {"allow": "everyone", "rules": [rule]}
    assert [row.said for row in report(access=both).rows if row.subject == "Access"] == [
        "BRIDGE_ALLOW and 1 rule."
    ]


def test_two_doubts_about_one_connection_are_two() -> None:
    found = report(connections={"superoffice": {"url": "http://so.example", "ticket": "7T:x"}})
    assert len(doubts(found)) == 2


EVERYBODY = [
    ["0.0.0.0/0"],
    ["0.0.0.0/1", "128.0.0.0/1"],  # in halves
    ["10.0.0.0/8", "128.0.0.0/2", "192.0.0.0/2"],
    ["::/0"],
    ["2000::/4", "3000::/4"],  # every address that is given out
]


@pytest.mark.parametrize("networks", EVERYBODY, ids=str)
def test_ranges_that_hold_everybody_are_refused_however_they_are_cut(networks: list[str]) -> None:
    found = report(server={**GOOD["server"], "trusted_proxies": networks})
    (row,) = doubts(found)
    assert "anybody could claim any address" in row.said
    source = {
        "checks": [{"kind": "bearer", "secret": "w"}],
        "allow_from": networks,
        "rules": [{"action": "rocketchat.close_room", "args": {"rid": "room"}}],
    }
    found = report(webhooks={**GOOD["webhooks"], "sources": {"crm": source}})
    (row,) = doubts(found)
    assert "sources.crm.allow_from holds" in row.said
    assert "keeps nobody out" in row.said
    assert row.state is State.ERROR


def test_the_widest_ranges_that_belong_to_somebody_may_be_trusted() -> None:
    networks = ["10.0.0.0/8", "172.16.0.0/12", "104.16.0.0/13", "fc00::/7", "2400:cb00::/32"]
    assert doubts(report(server={**GOOD["server"], "trusted_proxies": networks})) == []


def test_a_sqlite_file_on_a_dyno_is_volatile() -> None:
    found = report({"DYNO": "web.1"}, database_url="sqlite:///var/bridge.db")
    (row,) = doubts(found)
    assert row.said.startswith("Volatile: a SQLite file")
    assert "heroku addons:create" in row.todo
    assert not found.failed


def test_a_long_drain_on_a_dyno_is_cut_short() -> None:
    (row,) = doubts(report({"DYNO": "web.1"}, jobs={"drain_s": 60}))
    assert "kills after 30 s" in row.said


def test_connections_are_kept_longer_than_the_router_of_a_dyno_uses_them() -> None:
    assert doubts(report({"DYNO": "web.1"})) == []
    server = {**GOOD["server"], "idle_s": 75}
    (row,) = doubts(report({"DYNO": "web.1"}, server=server))
    assert "H13" in row.said
    assert doubts(report(server=server)) == []


def test_a_shut_source_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRM_TOKEN", raising=False)
    source = {
        "checks": [{"kind": "bearer", "secret_env": "CRM_TOKEN"}],
        "rules": [{"action": "rocketchat.close_room", "args": {"rid": "room.id"}}],
    }
    found = report(webhooks={"secret": GOOD["webhooks"]["secret"], "sources": {"crm": source}})
    (row,) = doubts(found)
    assert row.said == "The source crm has no secret, so it answers 503."


def test_variables_of_other_tools_are_named() -> None:
    found = report({"SLACK_WEBHOOK_URL": "CANARY"})
    assert any("SLACK_WEBHOOK_URL" in row.said for row in found.rows)
    assert "CANARY" not in found.table()


def test_no_secret_is_in_the_table() -> None:
    for changes, _, _ in CASES:
        assert "CANARY" not in report(**changes).table()


def test_the_table_fits_and_keeps_its_columns() -> None:
    lines = report(slack={}, access={}, connections={}).table(80).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].index("ok") == lines[1].index("warning")
