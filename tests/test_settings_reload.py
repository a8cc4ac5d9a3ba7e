"""A reload takes the new settings as a whole, or keeps the last good ones and says why."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from bridge.settings import Reloader, Settings, SettingsError


def reader(*found: Settings | SettingsError) -> Iterator[Settings | SettingsError]:
    yield from found


def reloader(start: Settings, *found: Settings | SettingsError) -> Reloader:
    coming = reader(*found)

    def read() -> Settings:
        one = next(coming)
        if isinstance(one, SettingsError):
            raise one
        return one

    return Reloader(start, read=read)


def with_values(**values: object) -> Settings:
    return Settings.model_validate(values)


def test_the_last_good_settings_stay_until_the_new_ones_are_good() -> None:
    start, good = Settings(), with_values(jobs={"lease_s": 3}, access={"allow": "everyone"})
    reloads = reloader(start, SettingsError("server.prot: there is no such setting."), good)
    assert reloads.reload() is None
    assert reloads.current is start
    assert reloads.error == "server.prot: there is no such setting."
    change = reloads.reload()
    assert change is not None
    assert change.changed == ("access.allow", "jobs.lease_s")
    assert change.needs_restart == ("jobs.lease_s",)
    assert (reloads.current, reloads.error) == (good, "")


def test_nothing_new_is_no_change() -> None:
    change = reloader(Settings(), Settings()).reload()
    assert change is not None
    assert change.changed == ()


def test_a_new_secret_is_a_change_and_is_not_told() -> None:
    old = with_values(api={"token": "CANARY-1"})
    change = reloader(old, with_values(api={"token": "CANARY-2"})).reload()
    assert change is not None
    assert change.changed == ("api.token",)
    assert "CANARY" not in repr(change)


def test_another_room_may_refuse_too() -> None:
    def also(settings: Settings) -> None:
        if settings.webhooks.sources:
            raise SettingsError("webhooks.sources.crm: declare a rule.")

    reloads = Reloader(
        Settings(), read=lambda: with_values(webhooks={"sources": {"crm": {}}}), also=also
    )
    assert reloads.reload() is None
    assert reloads.error == "webhooks.sources.crm: declare a rule."
    assert reloads.current == Settings()


def test_what_a_running_process_took_at_its_start_waits_for_the_next_one() -> None:
    values = {
        "jobs": {"poll_s": 1, "drain_s": 1},
        "outbound": {"allow": ["10.0.0.1"]},
        "log": {"level": "debug"},
        "access": {"allow": "everyone"},
        "slack": {"app_token": "xapp-1"},
    }
    change = reloader(Settings(), with_values(**values)).reload()
    assert change is not None
    assert change.needs_restart == ("jobs.poll_s", "log.level", "outbound.allow")


@pytest.mark.parametrize("name", ["rocketchat", "superoffice"])
def test_a_connection_that_comes_is_a_change(name: str) -> None:
    values = {
        "rocketchat": {"url": "https://a", "user_id": "u", "auth_token": SecretStr("t")},
        "superoffice": {"url": "https://a/api", "ticket": SecretStr("7T:x")},
    }
    change = reloader(Settings(), with_values(connections={name: values[name]})).reload()
    assert change is not None
    assert f"connections.{name}.url" in change.changed
