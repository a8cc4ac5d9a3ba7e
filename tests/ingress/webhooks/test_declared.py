"""What an operator may write wrongly, and the words that help."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.actions import catalogue
from bridge.ingress.webhooks import read_sources
from bridge.settings import SettingsError
from tests.ingress.webhooks.senders import CLOSE_RULE, declared

CHECK = {"kind": "bearer", "secret": "hush-hush"}


def source(**more: Any) -> dict[str, Any]:
    return {"s": {"checks": [CHECK], "rules": [CLOSE_RULE], **more}}


def rule(**more: Any) -> dict[str, Any]:
    return source(rules=[{**CLOSE_RULE, **more}])


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (
            source(chekcs=[]),
            "webhooks.sources.s.chekcs: there is no such setting. Did you mean checks?",
        ),
        (rule(wen="x"), "wen: there is no such setting. Did you mean when?"),
        (rule(action="rocketchat.close"), "Did you mean rocketchat.close_room?"),
        (
            rule(args={"rid": "room", "coment": "x"}),
            "args.coment: rocketchat.close_room has no such field. Did you mean comment?",
        ),
        (rule(args={"comment": "x"}), "rules[1].args: rocketchat.close_room needs rid."),
        (rule(when="state = 'x'"), "is no JMESPath expression"),
        (rule(args={"rid": "room", "comment": "Closed by us"}), "single quotes"),
        (rule(args={"rid": "{{ payload.__class__() }}"}), "may not use Call"),
        (rule(args={"rid": "{{ room }}"}), "There is no room in a template"),
        (rule(reply_to={"slack_chanel": "'C1'"}), "Did you mean slack_channel?"),
        (rule(connection="nowhere"), "nowhere is no Rocket.Chat connection; there are: desk."),
        (source(rules=[]), "declare at least one"),
        (source(preset="rocket"), "preset"),
        (source(allow_from=["everywhere"]), "is no network"),
        (source(max_jobs=1000), "max_jobs"),
        (source(use=["pdf_on_close"]), "use needs a preset"),
        (source(preset="rocketchat", use=["pdf"]), "it has pdf_on_close, email_on_close"),
        (source(secret="x"), "not both"),
        (source(checks=[{"kind": "bearer", "secret": "a", "secret_env": "B"}]), "exactly one"),
        (
            source(checks=[{"kind": "bearer", "secrets": [{"secret": "a"}, {"secret": "b"}]}]),
            "an id each",
        ),
        (source(checks=[{"kind": "standard", "secret": "hush-hush%"}]), "whsec_"),
        (source(checks=[{"kind": "barer", "secret": "hush-hush"}]), "barer"),
        (source(checks="bearer"), "checks is a list"),
        ({"actions": {}}, "built-in"),
        ({"Bad Name": {"checks": [CHECK], "rules": [CLOSE_RULE]}}, "name"),
    ],
)
def test_a_fault_is_named_with_what_helps(sources: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_sources(declared(sources), catalogue())

    assert words in str(caught.value)
    assert "hush-hush" not in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    sources = {**source(chekcs=[]), "t": {"checks": [CHECK], "rules": [{**CLOSE_RULE, "wen": ""}]}}

    with pytest.raises(SettingsError) as caught:
        read_sources(declared(sources), catalogue())

    assert len(str(caught.value).splitlines()) == 2


def test_secrets_come_from_variables_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("from-file\n")
    monkeypatch.setenv("HOOK_SECRET", "from-env")
    secrets = [
        {"id": "a", "secret_env": "HOOK_SECRET"},
        {"id": "b", "secret_file": str(file)},
        {"id": "c", "secret_file": str(tmp_path / "absent")},
    ]

    found = read_sources(
        declared(source(checks=[{"kind": "bearer", "secrets": secrets}])), catalogue()
    ).by_name["s"]

    values = [one.value.get_secret_value() for one in found.checks[0].secrets]
    assert values == ["from-env", "from-file"]
    assert found.is_open


def test_a_source_without_its_secret_is_shut_and_says_so() -> None:
    sources = read_sources(
        declared(source(checks=[{"kind": "bearer", "secret_env": "NO_SUCH_VARIABLE"}])), catalogue()
    )

    assert not sources.by_name["s"].is_open
    assert "503" in sources.shut["s"]
