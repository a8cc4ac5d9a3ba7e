"""Access: deny by default, every denial names the missing rule, and a bad entry is reported."""

from __future__ import annotations

import pytest

from bridge import access
from bridge.access import decide, decide_key, explain, key_expired, problems
from bridge.contract import Asker
from bridge.settings import Access, AccessRule, ApiKey

ANNA = Asker("slack", "slack:T1", user_id="U1", team_id="T1", enterprise_id="E1", channel_id="C1")
CLOSE = ("rocketchat.close_room", "close", "rocketchat")


def rules(*made: AccessRule, allow: str = "") -> Access:
    return Access(allow=allow, rules=list(made))


def test_nobody_may_by_default_and_the_reply_says_how_to_change_it() -> None:
    decision = decide(Access(), ANNA, *CLOSE)
    assert not decision.allowed
    assert decision.reason.startswith("Nobody may run /close here yet.")
    assert "BRIDGE_ALLOW=user:U1" in decision.how
    assert "BRIDGE_ALLOW=channel:C1" in decision.how


@pytest.mark.parametrize(
    "allow",
    ["everyone", "user:U1", "usergroup:S1", "channel:C1", "team:T1", "team:E1", "user:U9, user:U1"],
)
def test_allow_names_the_asker(allow: str) -> None:
    decision = decide(rules(allow=allow), ANNA, *CLOSE, frozenset({"S1"}))
    assert decision.allowed
    assert decision.rule == f"BRIDGE_ALLOW={allow.rpartition(', ')[2]}"


@pytest.mark.parametrize(
    "allow",
    ["user:U2", "usergroup:S1", "channel:C2", "team:T2", "user:", "Everyone", "U1", "user:*"],
)
def test_allow_names_somebody_else(allow: str) -> None:
    decision = decide(rules(allow=allow), ANNA, *CLOSE)
    assert not decision.allowed
    assert "add user:U1 to BRIDGE_ALLOW" in decision.how


def test_an_empty_id_matches_nothing() -> None:
    nobody = Asker("slack", "slack:")
    for entry in ("user:", "channel:", "team:"):
        assert not decide(rules(allow=entry), nobody, *CLOSE).allowed


@pytest.mark.parametrize("commands", [["close"], ["/close"], ["rocketchat.*"], ["*"], []])
def test_a_rule_covers_commands_by_word_id_or_glob(commands: list[str]) -> None:
    decision = decide(rules(AccessRule(who=["user:U1"], commands=commands)), ANNA, *CLOSE)
    assert (decision.allowed, decision.rule) == (True, "access.rules[1]")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (AccessRule(who=["user:U1"], commands=["export"]), "it covers export, not /close"),
        (AccessRule(who=["user:U1"], connections=["vip-*"]), "it covers vip-*, not rocketchat"),
        (AccessRule(who=["user:U1"], channels=["C2"]), "it holds only in C2"),
        (AccessRule(who=["user:U1"], teams=["T2"]), "it holds only in the workspaces T2"),
    ],
)
def test_the_nearest_rule_says_what_it_lacks(rule: AccessRule, words: str) -> None:
    decision = decide(rules(AccessRule(who=["user:U2"]), rule), ANNA, *CLOSE)
    assert not decision.allowed
    assert f"rule 2 names you, but {words}." in decision.reason


def test_explain_gives_the_verdict_and_every_rule() -> None:
    given = rules(AccessRule(who=["user:U1"], channels=["C2"]), allow="team:T2")
    no = explain(given, ANNA, *CLOSE)
    assert no[0].startswith("no: You may not run /close here")
    assert no[1:] == [
        "  BRIDGE_ALLOW=team:T2: does not match",
        "  access.rules[1] (user:U1): does not match: it holds only in C2",
    ]
    assert explain(rules(allow="everyone"), ANNA, *CLOSE)[0] == "yes: BRIDGE_ALLOW=everyone"
    assert "nobody may run anything" in explain(Access(), ANNA, *CLOSE)[-1]


def test_a_keys_scopes() -> None:
    key = ApiKey(name="ci", sha256="0" * 64, actions=["rocketchat.*"], connections=["main"])
    assert decide_key(key, "rocketchat.close_room", "main").allowed
    assert "not superoffice.x" in decide_key(key, "superoffice.x", "main").reason
    assert "not other" in decide_key(key, "rocketchat.close_room", "other").reason


def test_a_key_ends_with_its_last_day() -> None:
    def key(expires: str) -> ApiKey:
        return ApiKey(name="ci", sha256="0" * 64, expires=expires)

    assert not key_expired(key(""), 9e9)
    assert not key_expired(key("1970-01-02"), 86_400 + 86_399)
    assert key_expired(key("1970-01-02"), 2 * 86_400)
    assert key_expired(key("soon"), 0)


def test_malformed_entries_are_listed() -> None:
    given = rules(
        AccessRule(
            who=["user:anna", "role:x"],
            commands=["clsoe"],
            connections=["main"],
            channels=["#support"],
            teams=["acme"],
        ),
        allow="Everyone, user:U1, channel:support",
    )
    found = "\n".join(problems(given, ["close"], ["main"]))
    for entry in ("'Everyone'", "'channel:support'", "'user:anna'", "'role:x'", "'#support'"):
        assert entry in found
    assert "'acme'" in found
    assert "'clsoe' matches none of close" in found
    assert "main'" not in found
    assert problems(rules(allow="everyone,user:U1")) == []
    assert access.EVERYONE == "everyone"
