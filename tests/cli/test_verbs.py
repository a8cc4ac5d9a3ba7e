"""The operator's verbs, as typed: what they print, and what they say when they cannot."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.actions import catalogue
from bridge.app import attached_store
from bridge.cli import main
from bridge.contract import Asker, ReplyTo
from bridge.jobs.intake import Launch
from bridge.jobs.operating import BULK
from bridge.settings import load

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a verb in an empty folder with one Rocket.Chat connection."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'bridge.db'}",
        "ROCKETCHAT_URL": "http://127.0.0.1:9",
        "ROCKETCHAT_USER_ID": "u",
        "ROCKETCHAT_AUTH_TOKEN": "token-that-is-never-shown",
        "BRIDGE_ALLOW": "user:U1ALLOWED",
        "BRIDGE_ENCRYPTION_KEY": "a-test-key-0123456789",
        "BRIDGE_LOG_LEVEL": "error",
    }.items():
        monkeypatch.setenv(name, value)

    def go(*words: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, list(words), input=typed)

    return go


def launch(run: Run, rid: str = "abc") -> str:
    result = run("call", "rocketchat.close_room", "--rid", rid, "--comment", "x", "--wait", "0")
    assert result.exit_code == 0, result.output
    return str(json.loads(result.stdout)["id"])


def test_a_dry_run_shows_the_first_request_and_stores_nothing(run: Run) -> None:
    result = run("call", "rocketchat.close_room", "--rid", "abc", "--comment", "hi", "--dry-run")
    assert "POST /api/v1/livechat/room.closeByUser" in result.stdout
    assert '"comment": "hi"' in result.stdout
    assert run("jobs", "list", "--json").stdout == ""


def test_a_launched_job_is_listed_shown_cancelled_retried_and_erased(run: Run) -> None:
    job_id = launch(run)
    assert job_id in run("jobs", "list").stdout
    assert json.loads(run("jobs", "show", job_id).stdout)["job"]["state"] == "queued"
    assert "cancelled" in run("jobs", "cancel", job_id).stdout

    refused = run("jobs", "retry", job_id)
    assert refused.exit_code == 1
    assert "retry with force" in refused.output
    assert "retried" in run("jobs", "retry", job_id, "--force").stdout

    assert "1 jobs erased" in run("erase", "abc", typed="y\n").stdout
    for verb in ("show", "retry", "cancel"):
        said = run("jobs", verb, job_id).output
        assert f"There is no job {job_id}" in said
        assert "`bridge jobs list`" in said


def test_a_person_is_erased_with_every_room_that_names_them(run: Run) -> None:
    for rid in ("one", "two"):
        mail = ("--email", "Anna@example.org", "--subject", "x", "--wait", "0")
        assert run("call", "rocketchat.email_transcript", "--rid", rid, *mail).exit_code == 0
    launch(run, "two")
    launch(run, "three")
    asked = run("erase", "--email", "anna@example.org", typed="n\n")
    assert "every job about one, two," in asked.output
    assert asked.exit_code == 1
    assert "3 jobs erased" in run("erase", "--email", "anna@example.org", "--yes").stdout
    assert "nothing is left" in run("erase", "--email", "anna@example.org", "--yes").stdout
    assert len(run("jobs", "list", "--json").stdout.splitlines()) == 1
    for wrong in ((), ("one", "--email", "anna@example.org")):
        assert run("erase", *wrong, "--yes").exit_code == 2


def test_what_a_program_asked_for_is_cancelled_by_its_scope(run: Run) -> None:
    launch(run)
    assert "0 jobs cancelled" in run("jobs", "cancel", "--scope", "key:shop").stdout
    assert "1 jobs cancelled" in run("jobs", "cancel", "--scope", "cli").stdout


def test_many_are_mended_by_filter_and_never_without_one(run: Run) -> None:
    for rid in ("one", "two", "three"):
        launch(run, rid)
    assert "2 jobs" not in run("jobs", "cancel", "--room", "one").stdout
    assert "2 jobs cancelled" in run("jobs", "cancel", "--state", "queued").stdout
    bare = run("jobs", "cancel")
    assert bare.exit_code == 2
    assert "--state parked" in bare.output
    assert "Known states" in run("jobs", "list", "--state", "stuck").output


def test_that_more_jobs_match_than_one_go_takes_is_said(run: Run) -> None:
    launch(run)

    async def put(count: int) -> None:
        async with attached_store(load()) as store:
            action = catalogue()["rocketchat.close_room"].model_validate({"rid": "abc"})
            wish = Launch(action, "rocketchat", Asker("cli", "cli"), ReplyTo())
            await store.accept([wish] * count)

    asyncio.run(put(BULK))
    said = run("jobs", "cancel", "--state", "queued").stdout
    assert said == f"{BULK} jobs cancelled; more match, run it again.\n"
    assert run("jobs", "cancel", "--connection", "rocketchat").stdout == "1 jobs cancelled.\n"


def test_a_field_that_is_wrong_is_named(run: Run) -> None:
    result = run("call", "rocketchat.close_room", "--rid", "../users.delete")
    assert result.exit_code == 2
    assert "rid" in result.output


def test_the_nearest_action_is_offered(run: Run) -> None:
    result = run("call", "rocketchat.clos_room")
    assert result.exit_code == 2
    assert "Did you mean rocketchat.close_room?" in result.output
    assert "superoffice.transfer_session" in run("call", "--help").stdout


@pytest.mark.parametrize("verb", [("serve",), ("worker",), ("check",)])
def test_what_check_calls_an_error_does_not_start_either(
    run: Run, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    monkeypatch.setenv("BRIDGE_ALLOW", "usergruop:S1")
    Path("bridge.toml").write_text('[server]\ntrusted_proxies = ["0.0.0.0/0"]\n', "utf-8")
    monkeypatch.setenv("BRIDGE_CONFIG", "bridge.toml")
    result = run(*verb)
    assert result.exit_code == 1
    for said in ("'usergruop:S1' is not everyone", "server.trusted_proxies holds 0.0.0.0/0"):
        assert said in " ".join(result.output.split())
    assert not Path("bridge.db").exists()


def test_check_says_what_is_wrong_beside_what_cannot_be_read(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_ALLOW", "usergruop:S1")
    monkeypatch.setenv("PORT", "x")
    result = run("check")
    assert result.exit_code == 1
    for said in ("(variable PORT): must be a whole number", "'usergruop:S1' is not everyone"):
        assert said in result.output


def test_why_somebody_may_or_may_not(run: Run) -> None:
    assert "yes: BRIDGE_ALLOW=user:U1ALLOWED" in run("explain", "@U1ALLOWED", "/close").stdout
    assert "no:" in run("explain", "@U2", "/close", "#C1").stdout
    assert "There is no command /clsoe" in run("explain", "@U2", "/clsoe").output


def test_why_a_member_of_a_user_group_may_and_that_membership_is_not_known_here(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_ALLOW", "usergroup:S0SUPPORT")
    unknown = run("explain", "@U2", "/close", "#C1").output
    assert "no: You may not run /close here" in unknown
    assert "not known here whether U2 is in S0SUPPORT. Add S0SUPPORT to ask as a member" in unknown
    member = run("explain", "@U2", "/close", "#C1", "S0SUPPORT").output
    assert "yes: BRIDGE_ALLOW=usergroup:S0SUPPORT" in member
    assert "not known" not in member


def test_what_a_payload_would_lead_to(run: Run, tmp_path: Path) -> None:
    payload = tmp_path / "payload.json"
    payload.write_text(json.dumps({"action": "rocketchat.close_room", "args": {"rid": "abc"}}))
    secret = {"BRIDGE_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    result = CliRunner().invoke(
        main, ["explain", "--source", "actions", "--payload", str(payload)], env=secret
    )
    assert "rocketchat.close_room" in result.stdout, result.output
    assert "nothing like it" not in result.stdout
    assert run("jobs", "list", "--json").stdout == ""


@pytest.mark.parametrize("verb", ["openapi", "manifest", "config", "schema", "check"])
def test_what_is_generated_is_printed(run: Run, verb: str) -> None:
    result = run(verb)
    assert result.exit_code == 0, result.output
    assert len(result.stdout) > 300
    assert "token-that-is-never-shown" not in result.output
