"""The workspace a person finds in the playground: a small desk on an ordinary afternoon.

Ids and tokens are constants, so that a configuration file, a test and a pasted link can name them.
"""

from __future__ import annotations

from bridge.sandbox.rocketchat.transcripts import make_pdf
from bridge.sandbox.rocketchat.workspace import Workspace

# Rooms, by what is special about them.
OPEN_SERVED = "tcbbSmWSLR5uo5PBW"
OPEN_QUEUED = "Qw7eNn4KdRz2TgHbY"
CLOSED_PLAIN = "8ceKgWvo5qT5TrCRN"
CLOSED_WITH_PDF = "gLanBL8wSfXG7AqBo"
ON_HOLD = "H9dPk3ZsXu6mWcEjL"
NEEDS_TAGS = "T4gBx8rYhN5vQoSfM"
NO_EMAIL = "N6mJa2CtWi9yKpDzR"
CHANNEL = "GENERAL"

INTEGRATION = "deskbridge"
INTEGRATION_ID = "rbAXPnMktTFbNpwtJ"
INTEGRATION_TOKEN = "sandbox-deskbridge-9Qv3Lr7Xk2Bn5Tz8Wd4Hy6J"


def plant(rc: Workspace) -> None:
    """Fill an empty workspace."""
    _people(rc)
    rc.add_department("Support", id="dPs5uP4oRtQ8wEzXc", agents=["ines.faro", "tom.okoro"])
    rc.add_department(
        "Billing",
        id="dPb7iL2iNgK9vRmYs",
        agents=["tom.okoro", "yuki.sato"],
        request_tag_before_closing_chat=True,
        chat_closing_tags=["billing"],
    )
    rc.add_department("Night shift", id="dPn3iGh6TsHf5XqWa", agents=["yuki.sato"])
    _conversations(rc)


def _people(rc: Workspace) -> None:
    rc.add_user(
        "admin",
        "admin",
        id="aDm8nS5tRxQ2kWvEj",
        name="Desk Admin",
        email="admin@desk.example",
        token="sandbox-admin-token-4Kp9Xw2Rb7Zt5Nc8Lq3Vy6M",
    )
    # The account the bridge logs in with: a bot that skips the rate limit, may supervise, and may export.
    rc.add_user(
        INTEGRATION,
        "bot",
        "livechat-manager",
        id=INTEGRATION_ID,
        name="Deskbridge",
        email="deskbridge@desk.example",
        token=INTEGRATION_TOKEN,
        permissions={"mail-messages"},
    )
    rc.add_user(
        "mara.lind",
        "livechat-manager",
        id="mLn5dRa7WkQz3XvBt",
        name="Mara Lind",
        email="mara.lind@desk.example",
        token="sandbox-manager-token-7Tg2Yh5Uj8Ik3Lo6Np9Qa",
    )
    rc.add_user(
        "pia.holm",
        "livechat-monitor",
        id="pHm4oLi8NtRw6ScYe",
        name="Pia Holm",
        email="pia.holm@desk.example",
        token="sandbox-monitor-token-3Ed6Rf9Tg2Yh5Uj8Ik4Lo",
    )
    rc.add_user(
        "ines.faro",
        "livechat-agent",
        id="iNf3aRo9SeKq5TzWd",
        name="Ines Faro",
        email="ines.faro@desk.example",
        token="sandbox-ines-token-5Rf8Tg3Yh6Uj9Ik2Lo4Np7Qa",
    )
    rc.add_user(
        "tom.okoro",
        "livechat-agent",
        id="tOk6mRo2LbVx8YcPn",
        name="Tom Okoro",
        email="tom.okoro@desk.example",
        token="sandbox-tom-token-8Ik3Lo6Np9Qa2Ws5Ed4Rf7Tg3",
    )
    # Offline, and without an e-mail: two ways to disappoint a caller.
    rc.add_user(
        "yuki.sato",
        "livechat-agent",
        id="yUk7iSa4ToHj2GmFb",
        name="Yuki Sato",
        token="sandbox-yuki-token-2Ws5Ed8Rf3Tg6Yh9Uj4Ik7Lo",
        status="offline",
        status_livechat="not-available",
    )


def _conversations(rc: Workspace) -> None:
    rc.add_room(
        "Clara Bergström",
        id=OPEN_SERVED,
        served_by="ines.faro",
        department="Support",
        visitor_email="clara.bergstrom@nordlicht.example",
        messages=(
            ("visitor", "Hi! My order 48213 says delivered, but nothing is here."),
            ("ines.faro", "Sorry about that, Clara. I am asking the courier right now."),
            ("visitor", "Thank you. I need it before Friday."),
        ),
    )
    rc.add_room(
        "Jonas Weber",
        id=OPEN_QUEUED,
        department="Support",
        visitor_email="jonas@weberbau.example",
        messages=(("visitor", "Is anybody there? I cannot reset my password."),),
    )
    rc.add_room(
        "Aiko Tanaka",
        id=CLOSED_PLAIN,
        served_by="tom.okoro",
        department="Support",
        visitor_email="aiko.tanaka@hanami.example",
        open=False,
        messages=(
            ("visitor", "Can I change the delivery address?"),
            ("tom.okoro", "Done, it goes to the office now."),
        ),
    )
    with_pdf = rc.add_room(
        "Luis Ortega",
        id=CLOSED_WITH_PDF,
        served_by="ines.faro",
        department="Support",
        visitor_email="luis@ortega.example",
        open=False,
        tags=["refund"],
        messages=(
            ("visitor", "I was charged twice in July."),
            ("ines.faro", "I see it. The second payment is on its way back to you."),
        ),
    )
    make_pdf(rc, with_pdf)
    rc.add_room(
        "Nadia Haddad",
        id=ON_HOLD,
        served_by="tom.okoro",
        visitor_email="nadia@haddad.example",
        on_hold=True,
        messages=(("tom.okoro", "I will come back to you when the part has arrived."),),
    )
    rc.add_room(
        "Peter van Dijk",
        id=NEEDS_TAGS,
        served_by="tom.okoro",
        department="Billing",
        visitor_email="p.vandijk@polder.example",
        messages=(("visitor", "Please send the invoice of May again."),),
    )
    rc.add_room(
        "Guest 3108",
        id=NO_EMAIL,
        served_by="ines.faro",
        visitor_email=None,
        messages=(("visitor", "just a quick question about your opening hours"),),
    )
    rc.add_room(
        "general",
        id=CHANNEL,
        t="c",
        messages=(("mara.lind", "Reminder: tag billing chats before you close them."),),
    )
