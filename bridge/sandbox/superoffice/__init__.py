"""The emulated SuperOffice: chat sessions, transfers, agents, sign-in and tenant state, odd parts included.

`SuperOffice` is the whole of it. What SuperOffice's documents leave open is a field of `Switches`, so a
test can hold the product to its promise under each reading; INFER marks what no document says. The API is
mounted three times over one state:

- `/SuperOffice/api/v1/…`: an onsite installation (Basic, SOTicket, browser session);
- `/Cust12345/api/v1/…`: an online tenant (Bearer, SOTicket with SO-AppToken, browser session);
- `/{host}/Cust12345/api/v1/…`: where the tenant answers after `move_tenant("{host}")`.

Beside the API stand SuperID's `/login/…` and the tenant state at `/api/state/Cust12345`.
"""

from __future__ import annotations

from bridge.sandbox.superoffice.emulator import SuperOffice
from bridge.sandbox.superoffice.entities import Associate, ChatSession, Topic
from bridge.sandbox.superoffice.seed import (
    CLIENT_ID,
    CLIENT_SECRET,
    SESSION_KEY,
    SYSTEM_TOKEN,
    TENANT,
    Login,
    login_of,
)
from bridge.sandbox.superoffice.switches import Switches

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "SESSION_KEY",
    "SYSTEM_TOKEN",
    "TENANT",
    "Associate",
    "ChatSession",
    "Login",
    "SuperOffice",
    "Switches",
    "Topic",
    "login_of",
]
