"""The few kinds of values that settings share: tables, secrets, addresses, networks, names.

Each refusal is a sentence that says what to write, because it is shown to whoever wrote the setting.
Values never appear in a refusal: any of them may be a secret in the wrong place.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


class Section(BaseModel):
    """A table of the TOML file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _blank_is_none(value: Any) -> Any:
    """An empty variable is how many hosts spell "not set"."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, str):
        return value.strip() or None
    return value


def _not_blank(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise ValueError("is empty; set it, or remove its table")
    return value


def _address(value: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or any(char.isspace() for char in value):
        raise ValueError("is no address; write it in full, beginning with https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("carries a user name or password; put those into their own settings")
    if parts.query or parts.fragment:
        raise ValueError("ends in ?… or #…; write only the address itself")
    return value


def _address_or_none(value: str) -> str:
    return _address(value) if value else value


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value.strip(), strict=False)
    except ValueError:
        raise ValueError("is no network; write an address or a range such as 10.0.0.0/8") from None
    return value.strip()


def _database(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in ("sqlite", "postgres", "postgresql", "postgresql+psycopg"):
        raise ValueError("is no database address; write sqlite:///path or postgres://…")
    if scheme == "sqlite" and rest.strip("/") in ("", ":memory:"):
        raise ValueError("names no file to keep jobs in; write sqlite:///var/bridge.db")
    return value


def _standard(value: SecretStr | None) -> SecretStr | None:
    encoded = "" if value is None else value.get_secret_value().removeprefix("whsec_")
    try:
        found = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        found = b""
    if value is not None and not found:
        raise ValueError(
            'is no Standard Webhooks secret; make one with: echo "whsec_$(openssl rand -base64 32)"'
        )
    return value


def _connection_name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError("is no name for a connection; use letters, digits, - and _, at most 40")
    return value


Secret = Annotated[SecretStr | None, BeforeValidator(_blank_is_none)]
StandardSecret = Annotated[Secret, AfterValidator(_standard)]
NeededSecret = Annotated[SecretStr, AfterValidator(_not_blank)]
Address = Annotated[str, AfterValidator(_address)]
AddressOrNone = Annotated[str, AfterValidator(_address_or_none)]
NetworkRange = Annotated[str, AfterValidator(_network)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]
ConnectionName = Annotated[str, AfterValidator(_connection_name)]
