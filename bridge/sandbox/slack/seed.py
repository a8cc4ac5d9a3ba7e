"""The people and places every test and the playground start with.

Two workspaces with the app installed in both: Deskbridge Demo, where Anna and Mia do the work and Sam is a
stranger, and Other Desk, which must never see anything of the first.
"""

from __future__ import annotations

from bridge.sandbox.slack.model import Channel, Team, Token, User, Usergroup

TEAM, OTHER_TEAM = "T0DESK0001", "T0OTHER001"
APP_ID, CLIENT_ID, CLIENT_SECRET = "A0BRIDGE01", "1001.2002", "sandbox-client-secret"
SIGNING_SECRET = "73616e64626f782d7369676e696e6731"  # 32 hex digits, as Slack's are
VERIFICATION_TOKEN = "sandbox-verification-token"
BOT, OTHER_BOT = "U0BRIDGE01", "U0BRIDGE02"
ANNA, MIA, SAM, ADMIN, OLGA = "U0ANNA0001", "U0MIA00001", "U0SAM00001", "U0ADMIN001", "U0OLGA0001"
SUPPORT, VIP, RANDOM, OLD = "C0SUPPORT1", "C0VIP00001", "C0RANDOM01", "C0OLD00001"
DM, PEOPLE_DM, OTHER_CHANNEL = "D0ANNABOT1", "D0ANNAMIA1", "C0OTHER001"
LEADS = "S0LEADS001"
BOT_TOKEN, OTHER_BOT_TOKEN = "xoxb-desk-bot", "xoxb-other-bot"
APP_TOKEN, CONFIG_TOKEN = "xapp-desk-app", "xoxe.xoxp-desk-config"

SCOPES = [
    "app_mentions:read",
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "files:read",
    "files:write",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:read",
    "usergroups:read",
    "users:read",
    "users:read.email",
]


def teams() -> list[Team]:
    """Two workspaces, the app installed in both."""
    return [
        Team(TEAM, "deskbridge-demo", "Deskbridge Demo", BOT, "B0BRIDGE01"),
        Team(OTHER_TEAM, "other-desk", "Other Desk", OTHER_BOT, "B0BRIDGE02"),
    ]


def users() -> list[User]:
    """Agent, manager, stranger, administrator, somebody elsewhere, and the bots."""
    return [
        User(ANNA, TEAM, "anna", "Anna Agent", "anna@example.com", locale="de-DE"),
        User(MIA, TEAM, "mia", "Mia Manager", "mia@example.com"),
        User(
            SAM,
            TEAM,
            "sam",
            "Sam Stranger",
            "sam@example.org",
            tz="America/Denver",
            tz_offset=-25200,
        ),
        User(ADMIN, TEAM, "admin", "Ada Admin", "admin@example.com", is_admin=True),
        User(BOT, TEAM, "bridge", "Deskbridge", is_bot=True),
        User(OLGA, OTHER_TEAM, "olga", "Olga Other", "olga@other.example"),
        User(OTHER_BOT, OTHER_TEAM, "bridge", "Deskbridge", is_bot=True),
    ]


def channels() -> list[Channel]:
    """One channel of each kind that answers differently to a bot."""
    return [
        Channel(SUPPORT, TEAM, "support", "public", [ANNA, MIA, SAM, ADMIN, BOT]),
        Channel(VIP, TEAM, "vip", "private", [ANNA, MIA]),
        Channel(RANDOM, TEAM, "random", "public", [ANNA, MIA, SAM]),
        Channel(OLD, TEAM, "old", "public", [ANNA, BOT], archived=True),
        Channel(DM, TEAM, "", "im", [ANNA, BOT]),
        Channel(PEOPLE_DM, TEAM, "", "im", [ANNA, MIA]),
        Channel(OTHER_CHANNEL, OTHER_TEAM, "support", "public", [OLGA, OTHER_BOT]),
    ]


def usergroups() -> list[Usergroup]:
    """The group that access rules and mentions are tried with."""
    return [Usergroup(LEADS, TEAM, "leads", "Support leads", [MIA])]


def tokens() -> list[Token]:
    """A bot token for each workspace, one for sockets, one for manifests."""
    return [
        Token(BOT_TOKEN, TEAM, "bot", list(SCOPES), BOT),
        Token(OTHER_BOT_TOKEN, OTHER_TEAM, "bot", list(SCOPES), OTHER_BOT),
        Token(APP_TOKEN, TEAM, "app", ["connections:write"]),
        Token(CONFIG_TOKEN, TEAM, "config", ["app_configurations:write"], ADMIN),
    ]
