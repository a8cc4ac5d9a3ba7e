"""Who sent this? Checks declared as data, fed with raw bytes and a clock, answering with a verdict.

Nothing here does I/O and nothing here raises on input from outside: whatever arrives, the verdict is
`Verified` or `Rejected`. A check without a live secret rejects everything (fail closed). A source
names its checks, so nobody can choose a weaker one by sending other headers; each check is a pydantic
model, and `Check` is their union, told apart by `kind`, ready to be read from TOML.

May import: no other room.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter

from bridge.signatures.digests import (
    GitHubCheck,
    HmacCheck,
    SlackCheck,
    StandardCheck,
    SuperOfficeCheck,
    sign_standard,
)
from bridge.signatures.tokens import BasicCheck, BearerCheck, RocketChatCheck, TokenCheck
from bridge.signatures.verdict import WINDOW_S, Reason, Rejected, Secret, Verdict, Verified

Check = Annotated[
    StandardCheck
    | SlackCheck
    | GitHubCheck
    | SuperOfficeCheck
    | HmacCheck
    | BearerCheck
    | BasicCheck
    | RocketChatCheck
    | TokenCheck,
    Field(discriminator="kind"),
]
# Read declarations through this one: a secret that is written wrongly stays out of the error's text.
CHECK: TypeAdapter[Check] = TypeAdapter(Check, config=ConfigDict(hide_input_in_errors=True))

__all__ = [
    "CHECK",
    "WINDOW_S",
    "BasicCheck",
    "BearerCheck",
    "Check",
    "GitHubCheck",
    "HmacCheck",
    "Reason",
    "Rejected",
    "RocketChatCheck",
    "Secret",
    "SlackCheck",
    "StandardCheck",
    "SuperOfficeCheck",
    "TokenCheck",
    "Verdict",
    "Verified",
    "sign_standard",
]
