"""Access in words: what a person is told, what `bridge explain` prints, and what no rule may ever do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.access import decide, decide_key, explain, key_expired, problems
from bridge.contract import Asker
from bridge.settings import Access, AccessRule, ApiKey

ANNA = Asker("slack", "slack:T1", user_id="U1", team_id="T1", enterprise_id="E1", channel_id="C1")
CLOSE = ("rocketchat.close_room", "/close", "rocketchat")
GROUPS = frozenset({"S1"})

_who = st.sampled_from(
    [
        "everyone",
        "user:U1",
        "user:U2",
        "usergroup:S1",
        "channel:C1",
        "team:T1",
        "team:E1",
        "team:T2",
    ]
)
_ids = {
    "commands": ["close", "/close", "rocketchat.*", "export", "superoffice.*"],
    "connections": ["rocketchat", "rocket*", "vip"],
    "channels": ["C1", "C2"],
    "teams": ["T1", "E1", "T2"],
}
_rules = st.builds(
    AccessRule,
    who=st.lists(_who, min_size=1, max_size=2),
    **{name: st.lists(st.sampled_from(ids), max_size=2) for name, ids in _ids.items()},
)
_access = st.builds(
    Access,
    allow=st.lists(_who, max_size=2).map(", ".join),
    rules=st.lists(_rules, max_size=3),
)


@given(_access, _rules, st.sampled_from([GROUPS, frozenset[str]()]))
def test_a_further_rule_never_takes_away_what_was_allowed(
    access: Access, rule: AccessRule, groups: frozenset[str]
) -> None:
    more = Access(allow=access.allow, rules=[rule, *access.rules])
    if decide(access, ANNA, *CLOSE, groups).allowed:
        assert decide(more, ANNA, *CLOSE, groups).allowed


@given(_access, st.sampled_from([GROUPS, frozenset[str]()]))
def test_explain_and_the_verdict_agree(access: Access, groups: frozenset[str]) -> None:
    decision = decide(access, ANNA, *CLOSE, groups)
    first, *others = explain(access, ANNA, *CLOSE, groups)
    assert decision.allowed is any(line.endswith(": matches") for line in others)
    if decision.allowed:
        assert first == f"yes: {decision.rule}"
        assert decision.how == ""
    else:
        assert first == f"no: {decision.reason} {decision.how}"
        assert decision.rule == ""
        assert decision.how.startswith("Ask an admin to ")


@given(_access)
def test_who_is_not_known_is_only_what_everyone_is(access: Access) -> None:
    nobody = Asker("slack", "slack:")
    if decide(access, nobody, *CLOSE).allowed:
        assert decide(access, replace(nobody, user_id="U7"), *CLOSE).allowed
        assert "everyone" in access.allow or any("everyone" in rule.who for rule in access.rules)


def test_an_operator_reads_every_rule_and_what_it_lacks() -> None:
    lacking = AccessRule(
        who=["user:U1", "team:T9"],
        commands=["export", "/transfer"],
        connections=["vip", "main"],
        channels=["C2", "C3"],
        teams=["T2", "T3"],
    )
    other = AccessRule(who=["user:U2", "usergroup:S2"])
    given = Access(allow="team:T2,channel:C7", rules=[lacking, other])
    why = (
        "it covers export, /transfer, not /close; it covers vip, main, not rocketchat; "
        "it holds only in C2, C3; it holds only in the workspaces T2, T3"
    )
    assert explain(given, ANNA, *CLOSE, GROUPS) == [
        (
            f"no: You may not run /close here: rule 1 names you, but {why.replace('; ', ' and ')}."
            " Ask an admin to widen rule 1 in the bridge's settings, or to add user:U1 to BRIDGE_ALLOW."
        ),
        "  BRIDGE_ALLOW=team:T2: does not match",
        "  BRIDGE_ALLOW=channel:C7: does not match",
        f"  access.rules[1] (user:U1, team:T9): does not match: {why}",
        "  access.rules[2] (user:U2, usergroup:S2): does not match: it is for user:U2, usergroup:S2",
    ]
    allowed = Access(allow="team:T2,user:U1", rules=[other, AccessRule(who=["usergroup:S1"])])
    assert explain(allowed, ANNA, *CLOSE, GROUPS) == [
        "yes: BRIDGE_ALLOW=user:U1",
        "  BRIDGE_ALLOW=team:T2: does not match",
        "  BRIDGE_ALLOW=user:U1: matches",
        "  access.rules[1] (user:U2, usergroup:S2): does not match: it is for user:U2, usergroup:S2",
        "  access.rules[2] (usergroup:S1): matches",
    ]


@pytest.mark.parametrize(
    ("access", "asker", "reason", "how"),
    [
        (
            Access(),
            ANNA,
            "Nobody may run /close here yet.",
            (
                "Ask an admin to set BRIDGE_ALLOW=user:U1 (only you) or BRIDGE_ALLOW=channel:C1"
                " (everyone in this channel)."
            ),
        ),
        (
            Access(allow=" "),
            replace(ANNA, channel_id=""),
            "Nobody may run /close here yet.",
            (
                "Ask an admin to set BRIDGE_ALLOW=user:U1 (only you) or BRIDGE_ALLOW=channel:C…"
                " (everyone in this channel)."
            ),
        ),
        (
            Access(allow="user:U2"),
            ANNA,
            "You may not run /close here: no rule names you.",
            (
                "Ask an admin to add user:U1 to BRIDGE_ALLOW, or a rule for rocketchat.close_room on"
                " rocketchat."
            ),
        ),
    ],
)
def test_a_denial_says_why_and_what_to_ask_for(
    access: Access, asker: Asker, reason: str, how: str
) -> None:
    decision = decide(access, asker, *CLOSE)
    assert (decision.reason, decision.how) == (reason, how)


def test_a_group_is_explained_like_it_is_decided() -> None:
    assert explain(Access(allow="usergroup:S1"), ANNA, *CLOSE, GROUPS) == [
        "yes: BRIDGE_ALLOW=usergroup:S1",
        "  BRIDGE_ALLOW=usergroup:S1: matches",
    ]


def test_an_empty_house_is_explained() -> None:
    assert explain(Access(), ANNA, *CLOSE)[1:] == [
        "  there is no BRIDGE_ALLOW and no rule, so nobody may run anything"
    ]


def test_what_allows_is_named() -> None:
    by_allow = decide(Access(allow="everyone"), ANNA, *CLOSE)
    assert by_allow.reason == "BRIDGE_ALLOW names everyone."
    by_rule = decide(Access(rules=[AccessRule(who=["everyone"])]), ANNA, *CLOSE)
    assert by_rule.reason == "Rule 1 allows it."


def test_of_the_rules_that_name_somebody_the_nearest_is_told_and_the_first_of_equals() -> None:
    far = AccessRule(who=["user:U1"], channels=["C2"], teams=["T2"])
    near, also_near = (AccessRule(who=["user:U1"], channels=[one]) for one in ("C3", "C4"))
    for made in ([far, near, also_near], [near, also_near, far]):
        told = decide(Access(rules=made), ANNA, *CLOSE)
        number = made.index(near) + 1
        words = f"rule {number} names you, but it holds only in C3."
        assert told.reason == f"You may not run /close here: {words}"


@pytest.mark.parametrize("team", ["T1", "E1"])
def test_a_workspace_or_its_organisation_is_enough(team: str) -> None:
    only = Access(rules=[AccessRule(who=["user:U1"], teams=[team])])
    assert decide(only, ANNA, *CLOSE).allowed


def test_a_key_says_what_it_covers() -> None:
    key = ApiKey(
        name="ci",
        sha256="0" * 64,
        actions=["rocketchat.*", "superoffice.x"],
        connections=["main", "vip"],
    )
    covered = decide_key(key, "rocketchat.close_room", "vip")
    assert (covered.allowed, covered.rule) == (True, "api.keys.ci")
    assert covered.reason == "The key ci covers it."
    other_action = decide_key(key, "superoffice.y", "main")
    assert (other_action.allowed, other_action.rule) == (False, "api.keys.ci")
    assert (
        other_action.reason == "The key ci covers rocketchat.*, superoffice.x, not superoffice.y."
    )
    elsewhere = decide_key(key, "superoffice.x", "other")
    assert (elsewhere.allowed, elsewhere.rule) == (False, "api.keys.ci")
    assert elsewhere.reason == "The key ci covers the connections main, vip, not other."
    assert decide_key(ApiKey(name="all", sha256="0" * 64), "any.thing", "anywhere").allowed


def test_a_key_ends_by_the_clock_of_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Pacific/Kiritimati")  # it is tomorrow there for fourteen hours
    time.tzset()
    try:
        key = ApiKey(name="ci", sha256="0" * 64, expires="2026-01-31")
        last_second = 1_769_903_999  # 2026-01-31T23:59:59Z
        assert not key_expired(key, last_second)
        assert key_expired(key, last_second + 1)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_each_entry_that_can_never_match_is_named_with_its_place() -> None:
    given = Access(
        allow="everyone, user:x:U1, U1",
        rules=[
            AccessRule(who=["everyone"]),
            AccessRule(
                who=["team:acme"],
                commands=["clsoe", "close"],
                connections=["mian"],
                channels=["#support"],
                teams=["T1", "acme"],
            ),
        ],
    )
    assert problems(given, ["close", "export"], ["main", "vip"]) == [
        "BRIDGE_ALLOW: 'user:x:U1' is no user id; write user:U….",
        "BRIDGE_ALLOW: 'U1' is not everyone, user:U…, usergroup:S…, channel:C… or team:T….",
        "access.rules[2].who: 'team:acme' is no team id; write team:T….",
        "access.rules[2].channels: '#support' is no channel id; write C….",
        "access.rules[2].teams: 'acme' is no team id; write T….",
        "access.rules[2].commands: 'clsoe' matches none of close, export.",
        "access.rules[2].connections: 'mian' matches none of main, vip.",
    ]
    assert len(problems(given)) == 5  # what is known is not checked against nothing
