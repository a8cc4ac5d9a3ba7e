"""What is left of settings that cannot be read: all that is right in them, so that the rest is looked at too."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.settings import Settings, SettingsError, load


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no config/bridge.toml there


def rest_of(text: str = "", **environ: str) -> Settings:
    Path("bridge.toml").write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load({"BRIDGE_CONFIG": "bridge.toml", **environ})
    assert caught.value.rest is not None
    return caught.value.rest


def test_a_wrong_value_gives_way_to_its_default_and_its_neighbours_stay() -> None:
    text = '[server]\nhost = "127.0.0.1"\ntrusted_proxies = ["10.0.0.0/8"]\nprot = 1\n'
    rest = rest_of(text, PORT="x", BRIDGE_ALLOW="everyone")
    assert (rest.server.port, rest.server.host) == (8080, "127.0.0.1")
    assert rest.server.trusted_proxies == ["10.0.0.0/8"]
    assert rest.access.allow == "everyone"


def test_a_misspelt_variable_takes_nothing_away() -> None:
    rest = rest_of(BRIDGE_ALOW="everyone", PORT="9000")
    assert (rest.server.port, rest.access.allow) == (9000, "")


def test_a_list_with_a_wrong_entry_is_empty_and_a_table_that_is_none_is_as_by_default() -> None:
    text = 'slack = 1\naccess.allow = "everyone"\n[[access.rules]]\nwho = []\n[[access.rules]]\nx = 1\n'
    rest = rest_of(text)
    assert (rest.access.rules, rest.access.allow) == ([], "everyone")
    assert rest.slack == Settings().slack


BROKEN = [
    ('[connections.east]\nkind = "rocketchat"\nurl = "nowhere"', "", {"east": "rocketchat"}),
    ('[connections.west]\nkind = "superoffice"', "", {"west": "superoffice"}),
    ("[connections.rocketchat]\npace_limit = 1", "https://chat", {"rocketchat": "rocketchat"}),
    ('[connections.east]\nkind = "jira"', "", {}),
    ("[connections]\neast = 1", "", {}),
    ('[connections."a:b"]\nkind = "rocketchat"', "", {}),
]


@pytest.mark.parametrize(("text", "url", "kinds"), BROKEN)
def test_of_a_broken_connection_name_and_kind_stay(
    text: str, url: str, kinds: dict[str, str]
) -> None:
    rest = rest_of(text, ROCKETCHAT_URL=url)
    found = {name: one.kind for name, one in rest.connections.items()}
    assert found == kinds


def test_a_whole_connection_beside_a_broken_one_stays_as_it_is() -> None:
    text = (
        '[connections.east]\nkind = "rocketchat"\n'
        '[connections.west]\nkind = "rocketchat"\nurl = "https://w"\nuser_id = "u"\nauth_token = "t"'
    )
    assert rest_of(text).connections["west"].url == "https://w"


def test_nothing_of_the_settings_is_in_the_error() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"BRIDGE_API_TOKEN": "CANARY-0123456789", "PORT": "x"})
    assert "CANARY" not in f"{caught.value!r} {caught.value} {caught.value.rest!r}"
