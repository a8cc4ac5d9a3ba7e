"""Settings: who wins, what is refused and in which words, and that no value is ever among them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.settings import Settings, SettingsError, foreign_variables, load

SLACK = {"SLACK_SIGNING_SECRET": "s", "SLACK_BOT_TOKEN": "xoxb-1"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no config/bridge.toml there


def write(text: str, name: str = "bridge.toml") -> dict[str, str]:
    Path(name).write_text(text, "utf-8")
    return {"BRIDGE_CONFIG": name}


def refused(environ: Mapping[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(environ)
    return str(caught.value).splitlines()


def test_nothing_set_is_enough_to_start() -> None:
    settings = load({})
    assert settings.server.port == 8080
    assert settings.database_url == "sqlite:///var/bridge.db"
    assert settings == Settings()


def test_the_environment_goes_before_the_file_and_the_file_before_the_default() -> None:
    config = write('[server]\nport = 1\nhost = "127.0.0.1"\n[jobs]\nlease_s = 3\n')
    settings = load({**config, "PORT": "9000", "BRIDGE_JOBS_LEASE_S": "4.5"})
    assert (settings.server.port, settings.server.host) == (9000, "127.0.0.1")
    assert settings.jobs.lease_s == 4.5
    assert settings.jobs.poll_s == 2.0


def test_settings_made_by_hand_are_not_told_anything_by_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORT", "1")
    assert Settings().server.port == 8080
    assert Settings.model_validate({}).server.port == 8080
    assert load().server.port == 1


def test_lists_come_as_commas() -> None:
    settings = load({"BRIDGE_OUTBOUND_ALLOW": "10.0.0.0/8, crm.internal ,"})
    assert settings.outbound.allow == ["10.0.0.0/8", "crm.internal"]


def test_an_empty_variable_is_not_set() -> None:
    settings = load({"SLACK_BOT_TOKEN": "", "PORT": "", "BRIDGE_API_TOKEN": "  "})
    assert settings.slack.bot_token is None
    assert settings.api.token is None


WRONG = [
    ("[server]\nprot = 1", "server.prot: there is no such setting. Did you mean port?"),
    ("[servr]", "servr: there is no such setting. Did you mean server?"),
    ("port = 1", "port: there is no such setting."),
    ('[server]\nport = "x"', "server.port (variable PORT): must be a whole number."),
    ("[server]\nport = 70000", "server.port (variable PORT): must be at most 65535."),
    (
        "[jobs]\nlease_s = 0",
        "jobs.lease_s (variable BRIDGE_JOBS_LEASE_S): must be greater than 0.5.",
    ),
    ('[log]\nlevel = "loud"', "must be one of 'debug', 'info', 'warning' or 'error'."),
    (
        '[server]\npublic_url = "desk.example"',
        "is no address; write it in full, beginning with https",
    ),
    ('[slack]\napi_url = "https://a:b@c/"', "carries a user name or password"),
    ('[server]\ntrusted_proxies = ["lan"]', "server.trusted_proxies[1]: is no network"),
    ('database_url = "mysql://x"', "is no database address; write sqlite:///path or postgres://…"),
    ('database_url = "sqlite://"', "names no file to keep jobs in"),
    ("[server]\nhost = 1", "must be text; put it into quotes."),
    ('[outbound]\nallow = "x"', "outbound.allow (variable BRIDGE_OUTBOUND_ALLOW): must be a list"),
    ("slack = 1", "slack: must be a table."),
    ("[connections.east]", 'connections.east: needs kind = "rocketchat" or kind = "superoffice".'),
    ('[connections.east]\nkind = "jira"', "connections.east: has a kind that does not exist"),
    (
        "[connections.rocketchat]",
        "connections.rocketchat.url (variable ROCKETCHAT_URL): is missing.",
    ),
    (
        '[connections.rocketchat]\nurl = "https://a"\nuser_id = "u"\nauth_token = " "',
        "(variable ROCKETCHAT_AUTH_TOKEN): is empty; set it, or remove its table.",
    ),
    (
        '[connections.rocketchat]\nauth_tokn = "x"',
        "connections.rocketchat.auth_tokn: there is no such setting. Did you mean auth_token?",
    ),
    ('[connections."a:b"]\nkind = "rocketchat"', "is no name for a connection"),
    ("[[access.rules]]\nwho = []", "access.rules[1].who: must name at least one."),
    (
        "[[access.rules]]\nwhom = []",
        "access.rules[1].whom: there is no such setting. Did you mean who?",
    ),
    ('[[routing]]\nconnections = ["eats"]', "routing[1].connections: there is no connection eats."),
    ('[webhooks]\nsecret = "whsec_!"', "is no Standard Webhooks secret; make one with: echo"),
    ("[server\nport = 1", "is no valid TOML (at line 1, column 8). Correct that line."),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_a_mistake_in_the_file_is_named_and_can_be_mended(text: str, said: str) -> None:
    assert any(said in line for line in refused(write(text))), refused(write(text))


def test_the_nearest_connection_is_offered() -> None:
    text = (
        '[connections.east]\nkind = "rocketchat"\nurl = "https://a"\nuser_id = "u"\n'
        'auth_token = "t"\n[[routing]]\nconnections = ["eats"]'
    )
    assert refused(write(text)) == [
        "routing[1].connections: there is no connection eats. Did you mean east?"
    ]


HALVES = [
    (
        {"SLACK_BOT_TOKEN": "x"},
        "slack.signing_secret (variable SLACK_SIGNING_SECRET): Slack is set",
    ),
    ({"SLACK_SIGNING_SECRET": "x"}, "slack.bot_token (variable SLACK_BOT_TOKEN): Slack is set"),
    ({"SLACK_SIGNING_SECRET_PREVIOUS": "x", "SLACK_BOT_TOKEN": "x"}, "without a current one"),
    ({"SLACK_SIGNING_SECRET": "x", "SLACK_CLIENT_ID": "1"}, "slack.client_secret (variable SLACK_"),
    ({"SLACK_SIGNING_SECRET": "x", "SLACK_CLIENT_SECRET": "1"}, "slack.client_id (variable SLACK_"),
    ({"SLACK_APP_TOKEN": "x"}, "slack.bot_token (variable SLACK_BOT_TOKEN)"),
    (
        {"ROCKETCHAT_URL": "https://x"},
        "connections.rocketchat.user_id (variable ROCKETCHAT_USER_ID)",
    ),
    (
        {"ROCKETCHAT_USER_ID": "u"},
        "connections.rocketchat.url (variable ROCKETCHAT_URL): is missing",
    ),
    ({"SUPEROFFICE_URL": "https://x/api"}, "connections.superoffice: needs one complete way"),
    (
        {"SUPEROFFICE_URL": "https://x/api", "SUPEROFFICE_USERNAME": "u"},
        "connections.superoffice: needs one complete way to sign in",
    ),
    (
        {"SUPEROFFICE_TICKET": "7T:x"},
        "connections.superoffice: needs url (up to and including /api)",
    ),
]


@pytest.mark.parametrize(("environ", "said"), HALVES)
def test_a_half_is_refused(environ: dict[str, str], said: str) -> None:
    assert any(said in line for line in refused(environ)), refused(environ)


WHOLES: list[dict[str, str]] = [
    SLACK,
    {"SLACK_SIGNING_SECRET": "s", "SLACK_CLIENT_ID": "1", "SLACK_CLIENT_SECRET": "2"},
    {"SLACK_APP_TOKEN": "xapp-1", "SLACK_BOT_TOKEN": "xoxb-1"},
    {"ROCKETCHAT_URL": "https://x", "ROCKETCHAT_USER_ID": "u", "ROCKETCHAT_AUTH_TOKEN": "t"},
    {"SUPEROFFICE_TENANT": "Cust1", "SUPEROFFICE_ACCESS_TOKEN": "8A:x"},
]


@pytest.mark.parametrize("environ", WHOLES)
def test_a_whole_is_not(environ: dict[str, str]) -> None:
    load(environ)


MISSPELT = [
    ("SLACK_SIGNING_SECERT", "SLACK_SIGNING_SECRET"),
    ("SLACK_TOKEN", "SLACK_BOT_TOKEN"),
    ("BRIDGE_ALOW", "BRIDGE_ALLOW"),
    ("ROCKETCHAT_AUTHTOKEN", "ROCKETCHAT_AUTH_TOKEN"),
    ("SUPEROFFICE_PASWORD_FILE", "SUPEROFFICE_PASSWORD"),
    ("BRIDGE_JOB_LEASE_S", "BRIDGE_JOBS_LEASE_S"),
]


@pytest.mark.parametrize(("variable", "meant"), MISSPELT)
def test_a_misspelt_variable_is_an_error(variable: str, meant: str) -> None:
    (line,) = refused({variable: "x"})
    assert line == (
        f"{variable}: there is no such variable. Did you mean {meant}? Rename or remove it."
    )


def test_an_unknown_variable_of_ours_alone_is_an_error() -> None:
    (line,) = refused({"BRIDGE_XYZZY": "1"})
    assert line.startswith("BRIDGE_XYZZY: there is no such variable.")


def test_variables_of_other_tools_and_of_the_cluster_are_left_alone() -> None:
    environ = {
        "SLACK_WEBHOOK_URL": "x",
        "BRIDGE_SERVICE_HOST": "10.0.0.1",
        "BRIDGE_PORT": "tcp://10.0.0.1:80",
        "BRIDGE_PORT_80_TCP_ADDR": "10.0.0.1",
        "SLACK_SIGNING_SECERT": "",
    }
    load(environ)
    assert foreign_variables(environ) == sorted(set(environ) - {"SLACK_SIGNING_SECERT"})


def test_a_value_of_the_file_may_stand_elsewhere() -> None:
    Path("token").write_text("from-a-file\n")
    east = (
        '[connections.east]\nkind = "rocketchat"\nurl = "https://${HOST_EAST}/x"\nuser_id = "u"\n'
    )
    config = write(f'{east}auth_token = "${{file:token}}"\n[slack.commands]\nclose = "/a$${{b}}"')
    settings = load({**config, "HOST_EAST": "east.example"})
    connection = settings.connections["east"]
    assert connection.kind == "rocketchat"
    assert connection.url == "https://east.example/x"
    assert connection.auth_token.get_secret_value() == "from-a-file"
    assert settings.slack.commands == {"close": "/a${b}"}


PLACES = [
    ("${EAST}", "${EAST} names a variable that is not set. Set EAST, or write the value here."),
    ("${}", "${…} holds no variable's name. Write ${NAME} or ${file:/path}, or $${ for text."),
    ("${a-b}", "${…} holds no variable's name."),
    ("${file:nowhere}", "${file:nowhere} names a file that cannot be read: No such file"),
]


@pytest.mark.parametrize(("text", "said"), PLACES)
def test_a_place_that_stands_for_nothing_is_an_error(text: str, said: str) -> None:
    lines = refused(write(f'[slack.commands]\nclose = "{text}"'))
    assert lines[0].startswith("slack.commands.close: ")
    assert said in lines[0]


def test_variables_that_the_file_names_are_known() -> None:
    config = write('[webhooks.sources.crm]\nsecret_env = "BRIDGE_CRM"\nx = "${SLACK_BOT_TOKENS}"')
    load({**config, "BRIDGE_CRM": "1", "SLACK_BOT_TOKENS": "2"})


def test_a_named_file_must_be_there() -> None:
    assert refused({"BRIDGE_CONFIG": "gone.toml"}) == [
        "BRIDGE_CONFIG names gone.toml, which is no file. Correct the path or remove it."
    ]


def test_everything_wrong_is_listed_at_once() -> None:
    config = write('[server]\nprot = 1\n[connections.east]\nkind = "rocketchat"\nurl = "${NO}"')
    lines = refused({**config, "PORT": "http", "BRIDGE_ALOW": "x", "SLACK_BOT_TOKEN": "x"})
    for said in ("prot", "server.port", "BRIDGE_ALOW", "signing_secret", "${NO}", "east.user_id"):
        assert any(said in line for line in lines), said


ROUTING = """
[connections.rocketchat]
url = "https://a"
user_id = "u"
auth_token = "t"
[connections.east]
kind = "rocketchat"
url = "https://b"
user_id = "u"
auth_token = "t"
[[routing]]
channels = ["C1"]
connections = ["east"]
[[routing]]
channels = ["C1"]
teams = ["T2"]
connections = ["rocketchat"]
[[routing]]
teams = ["T2", "E9"]
connections = ["east", "rocketchat"]
[[routing]]
connections = ["rocketchat"]
"""


@pytest.mark.parametrize(
    ("team", "channel", "enterprise", "expected"),
    [
        ("T1", "C1", "", ("east",)),
        ("T2", "C1", "", ("east", "rocketchat")),
        ("T2", "C5", "", ("east", "rocketchat")),
        ("T7", "C5", "E9", ("east", "rocketchat")),
        ("T1", "C5", "", ("rocketchat",)),
        ("", "", "", ("rocketchat",)),
    ],
)
def test_a_place_stands_for_connections(
    team: str, channel: str, enterprise: str, expected: tuple[str, ...]
) -> None:
    assert load(write(ROUTING)).routed(team, channel, enterprise) == expected
