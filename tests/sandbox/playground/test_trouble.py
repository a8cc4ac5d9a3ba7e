"""The switches: each does in the emulator what it says on the page, and the promises hold through them."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from bridge.sandbox.playground.switches import FEW_CALLS, Switches
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.stack import Sandbox
from tests.sandbox.playground.conftest import Stage


async def test_every_position_of_every_switch_can_be_taken_and_left(sandbox: Sandbox) -> None:
    assert sandbox.playground is not None
    switches = sandbox.playground.switches
    for switch in switches.as_json():
        for position in switch["positions"]:
            switches.turn(switch["id"], position["value"])
            shown = {one["id"]: one["value"] for one in switches.as_json()}
            assert shown[switch["id"]] == position["value"]
        switches.all_normal()

    assert all(one["value"] == one["positions"][0]["value"] for one in switches.as_json())
    assert [emulator.faults for emulator in sandbox.emulators] == [[], [], []]


def test_a_switch_without_such_a_position_is_refused() -> None:
    switches = Switches(Sandbox(playground=False))

    with pytest.raises(LookupError):
        switches.turn("rocketchat.weather", "purple")
    with pytest.raises(LookupError):
        switches.turn("nothing", "on")


async def test_a_lost_answer_is_looked_up_and_not_sent_again(stage: Stage) -> None:
    await stage.turn("rocketchat.weather", "Answer lost, once")
    await expect(stage.page.locator("#tab-switches .badge")).to_have_text("1")
    await stage.type(f"/close {rooms.NO_EMAIL} done")

    await stage.reads("Done")
    assert len(stage.sandbox.rocketchat.effects_of("close_room", rooms.NO_EMAIL)) == 1
    await stage.open("requests")
    lost = stage.page.locator(".hop .status", has_text="no answer")
    await expect(lost).to_have_count(1)
    # The switch has gone back by itself, and the page knows.
    await expect(stage.page.locator("#tab-switches .badge")).to_be_hidden()


async def test_what_is_asked_while_rocketchat_is_down_is_done_when_it_is_back(stage: Stage) -> None:
    await stage.turn("rocketchat.weather", "Down (503)")
    await stage.type(f"/close {rooms.OPEN_SERVED} later")
    await stage.reads("keep trying")

    await stage.page.get_by_role("button", name="All back to normal").click()

    await stage.reads("Done", within_s=30)
    assert len(stage.sandbox.rocketchat.effects_of("close_room", rooms.OPEN_SERVED)) == 1


async def test_a_hanging_request_is_seen_waiting_and_the_command_is_acknowledged(
    stage: Stage,
) -> None:
    await stage.turn("rocketchat.weather", "Hangs")
    await stage.type(f"/close {rooms.OPEN_SERVED} bye")

    await expect(stage.page.locator(".typed .ack")).to_contain_text("acknowledged in")
    await stage.open("requests")
    await expect(stage.page.locator(".hop .status.open").first).to_have_text("waiting")


async def test_the_rate_limit_is_told_and_not_run_into(stage: Stage) -> None:
    await stage.turn("rocketchat.limit", "On")
    asked = (rooms.OPEN_SERVED, rooms.OPEN_QUEUED, rooms.NO_EMAIL, rooms.ON_HOLD)
    for count, room in enumerate(asked, start=1):
        await stage.type(f"/close {room} bye")
        if count <= FEW_CALLS:
            await stage.until(lambda: stage.sandbox.rocketchat.effects_of("close_room", room))  # noqa: B023

    await stage.reads("Queued, about")
    assert 429 not in [one.status for one in stage.sandbox.rocketchat.exchanges]


async def test_an_expired_reply_address_costs_nobody_the_answer(stage: Stage) -> None:
    await stage.turn("slack.expired", "Expired")
    await stage.type(f"/close {rooms.OPEN_SERVED} bye")

    await stage.reads("Done")


async def test_slack_saying_429_delays_the_answer_only(stage: Stage) -> None:
    await stage.turn("slack.expired", "Expired")
    await stage.turn("slack.weather", "429, twice")
    await stage.type(f"/close {rooms.OPEN_SERVED} bye")

    await stage.reads("Done", within_s=25)


async def test_every_server_version_closes(stage: Stage) -> None:
    versions = {
        "7.0": rooms.OPEN_SERVED,
        "7.10": rooms.OPEN_QUEUED,
        "develop": rooms.NO_EMAIL,
        "8.7": rooms.ON_HOLD,
    }
    for version, room in versions.items():
        await stage.turn("rocketchat.profile", version)
        await stage.type(f"/close {room} bye")
        await stage.until(lambda: stage.sandbox.rocketchat.effects_of("close_room", room))  # noqa: B023


async def test_a_declined_transfer_is_told(stage: Stage) -> None:
    await stage.type("/transfer 648 anna@example.com")
    await stage.open("sessions")
    card = stage.page.locator("#panel-sessions .card", has_text="Pietro")
    await card.get_by_role("button", name="Decline").click(timeout=10_000)

    await stage.reads("rejected", within_s=20)
