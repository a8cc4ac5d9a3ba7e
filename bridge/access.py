"""Who may run what, where: pure, deny by default, and able to explain itself.

A permission is an entry of `BRIDGE_ALLOW` (every command, everywhere) or a rule of the TOML file (who, on
commands, connections, channels and teams). An empty list in a rule means any; an entry that cannot be
read matches nobody, and `problems()` names it at start. Only ids of the signed request are compared,
never names: Slack lets people change those. Membership of user groups is looked up elsewhere and
passed in, so the same answer can be had by a test, by the door and by `bridge explain`.

May import: contract, settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase

from bridge.contract import Asker
from bridge.settings import Access, AccessRule, ApiKey

EVERYONE = "everyone"
_IDS = {
    "user": re.compile(r"[UW][A-Z0-9_]{1,30}"),
    "usergroup": re.compile(r"S[A-Z0-9_]{1,30}"),
    "channel": re.compile(r"[CGD][A-Z0-9_]{1,30}"),
    "team": re.compile(r"[TE][A-Z0-9_]{1,30}"),
}
_EXAMPLES = {"user": "U…", "usergroup": "S…", "channel": "C…", "team": "T…"}


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no; `rule` names what allowed it, `reason` and `how` are sentences for the person."""

    allowed: bool
    rule: str
    reason: str
    how: str = ""  # a denial: what to ask an admin for


@dataclass(frozen=True, slots=True)
class Question:
    """May this asker run this command on this connection? `command` has no slash."""

    asker: Asker
    action_id: str
    command: str
    connection: str
    usergroups: frozenset[str] = frozenset()


def decide(
    access: Access,
    asker: Asker,
    action_id: str,
    command_word: str,
    connection: str,
    usergroups: frozenset[str] = frozenset(),
) -> Decision:
    """Whether the asker may, and the rule that says so or the one that is missing."""
    word = command_word.removeprefix("/")
    question = Question(asker, action_id, word, connection, usergroups)
    for entry in _entries(access.allow):
        if _is_among((entry,), question):
            return Decision(
                allowed=True, rule=f"BRIDGE_ALLOW={entry}", reason=f"BRIDGE_ALLOW names {entry}."
            )
    nearest: tuple[int, list[str]] | None = None
    for number, rule in enumerate(access.rules, start=1):
        missing = _missing(rule, question)
        if not missing:
            return Decision(
                allowed=True, rule=f"access.rules[{number}]", reason=f"Rule {number} allows it."
            )
        named = _is_among(rule.who, question)
        if named and (nearest is None or len(missing) < len(nearest[1])):
            nearest = (number, missing)
    return _denial(access, question, nearest)


def explain(
    access: Access,
    asker: Asker,
    action_id: str,
    command_word: str,
    connection: str,
    usergroups: frozenset[str] = frozenset(),
) -> list[str]:
    """Yes or no with the rule, then every rule that was read and what it lacked; for an operator."""
    decision = decide(access, asker, action_id, command_word, connection, usergroups)
    word = command_word.removeprefix("/")
    question = Question(asker, action_id, word, connection, usergroups)
    lines = [
        f"yes: {decision.rule}" if decision.allowed else f"no: {decision.reason} {decision.how}"
    ]
    for entry in _entries(access.allow):
        verdict = "matches" if _is_among((entry,), question) else "does not match"
        lines.append(f"  BRIDGE_ALLOW={entry}: {verdict}")
    for number, rule in enumerate(access.rules, start=1):
        missing = _missing(rule, question)
        verdict = "does not match: " + "; ".join(missing) if missing else "matches"
        lines.append(f"  access.rules[{number}] ({', '.join(rule.who)}): {verdict}")
    if len(lines) == 1:
        lines.append("  there is no BRIDGE_ALLOW and no rule, so nobody may run anything")
    return lines


def named_usergroups(access: Access) -> list[str]:
    """The user groups that BRIDGE_ALLOW or a rule names."""
    who = [*_entries(access.allow), *(entry for rule in access.rules for entry in rule.who)]
    found = [entry.partition(":")[2] for entry in who if entry.startswith("usergroup:")]
    return list(dict.fromkeys(found))


def decide_key(key: ApiKey, action_id: str, connection: str) -> Decision:
    """Whether an API key's scopes cover this action on this connection."""
    rule = f"api.keys.{key.name}"
    if not _matches(key.actions, action_id):
        covers = ", ".join(key.actions)
        return Decision(
            allowed=False, rule=rule, reason=f"The key {key.name} covers {covers}, not {action_id}."
        )
    if not _matches(key.connections, connection):
        covers = ", ".join(key.connections)
        reason = f"The key {key.name} covers the connections {covers}, not {connection}."
        return Decision(allowed=False, rule=rule, reason=reason)
    return Decision(allowed=True, rule=rule, reason=f"The key {key.name} covers it.")


def key_expired(key: ApiKey, now: float) -> bool:
    """Whether the key's last day is over (UTC). A date that cannot be read counts as over."""
    if not key.expires:
        return False
    try:
        return datetime.fromtimestamp(now, UTC).date() > date.fromisoformat(key.expires)
    except ValueError:
        return True


def problems(
    access: Access, commands: Sequence[str] = (), connections: Sequence[str] = ()
) -> list[str]:
    """Everything in the settings that can never match, one sentence each. Empty when all is well.

    `commands` are the known action ids and command words, `connections` the configured ones; an
    empty list means that they are not known and are not checked.
    """
    found = [f"BRIDGE_ALLOW: {text}" for text in _bad_entries(_entries(access.allow))]
    for number, rule in enumerate(access.rules, start=1):
        where = f"access.rules[{number}]"
        found += [f"{where}.who: {text}" for text in _bad_entries(rule.who)]
        for kind, entries in (("channel", rule.channels), ("team", rule.teams)):
            found += [
                f"{where}.{kind}s: {entry!r} is no {kind} id; write {_EXAMPLES[kind]}."
                for entry in entries
                if not _IDS[kind].fullmatch(entry)
            ]
        for name, entries, known in (
            ("commands", rule.commands, commands),
            ("connections", rule.connections, connections),
        ):
            found += [
                f"{where}.{name}: {entry!r} matches none of {', '.join(known)}."
                for entry in entries
                if known and not any(_matches((entry,), one) for one in known)
            ]
    return found


def _entries(allow: str) -> list[str]:
    return [entry for part in allow.split(",") if (entry := part.strip())]


def _bad_entries(entries: Sequence[str]) -> Iterator[str]:
    for entry in entries:
        kind, separator, value = entry.partition(":")
        if entry == EVERYONE:
            continue
        if not separator or kind not in _IDS:
            yield f"{entry!r} is not everyone, user:U…, usergroup:S…, channel:C… or team:T…."
        elif not _IDS[kind].fullmatch(value):
            yield f"{entry!r} is no {kind} id; write {kind}:{_EXAMPLES[kind]}."


def _is_among(who: Sequence[str], question: Question) -> bool:
    asker = question.asker
    ids = [
        ("user", asker.user_id),
        ("channel", asker.channel_id),
        ("team", asker.team_id),
        ("team", asker.enterprise_id),
        *(("usergroup", group) for group in question.usergroups),
    ]
    mine = {EVERYONE, *(f"{kind}:{value}" for kind, value in ids if value)}
    return not mine.isdisjoint(who)


def _missing(rule: AccessRule, question: Question) -> list[str]:
    """What keeps the rule from allowing it, in words; empty when it allows it."""
    asker = question.asker
    checks: list[tuple[bool, Callable[[], str]]] = [
        (_is_among(rule.who, question), lambda: f"it is for {', '.join(rule.who)}"),
        (
            _matches(rule.commands, question.action_id)
            or _matches(rule.commands, question.command),
            lambda: f"it covers {', '.join(rule.commands)}, not /{question.command}",
        ),
        (
            _matches(rule.connections, question.connection),
            lambda: f"it covers {', '.join(rule.connections)}, not {question.connection}",
        ),
        (
            not rule.channels or asker.channel_id in rule.channels,
            lambda: "it holds only in " + ", ".join(rule.channels),
        ),
        (
            not rule.teams or asker.team_id in rule.teams or asker.enterprise_id in rule.teams,
            lambda: f"it holds only in the workspaces {', '.join(rule.teams)}",
        ),
    ]
    return [words() for holds, words in checks if not holds]


def _matches(globs: Sequence[str], value: str) -> bool:
    return not globs or any(fnmatchcase(value, one.removeprefix("/")) for one in globs)


def _denial(access: Access, question: Question, nearest: tuple[int, list[str]] | None) -> Decision:
    command, user = question.command, question.asker.user_id
    if nearest is not None:
        number, missing = nearest
        return _no(
            f"You may not run /{command} here: rule {number} names you, but {' and '.join(missing)}.",
            f"Ask an admin to widen rule {number} in the bridge's settings, or to add user:{user} to"
            " BRIDGE_ALLOW.",
        )
    if not access.allow.strip() and not access.rules:
        here = question.asker.channel_id or "C…"
        return _no(
            f"Nobody may run /{command} here yet.",
            f"Ask an admin to set BRIDGE_ALLOW=user:{user} (only you) or BRIDGE_ALLOW=channel:{here}"
            " (everyone in this channel).",
        )
    return _no(
        f"You may not run /{command} here: no rule names you.",
        f"Ask an admin to add user:{user} to BRIDGE_ALLOW, or a rule for {question.action_id} on"
        f" {question.connection}.",
    )


def _no(reason: str, how: str) -> Decision:
    return Decision(allowed=False, rule="", reason=reason, how=how)
