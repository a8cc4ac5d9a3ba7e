"""Requests and responses as values, and the two ways in which an answer can be missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, Protocol

from bridge.contract.encoding import decode_json

UPSTREAM_NAMES: Final[Mapping[str, str]] = {
    "rocketchat": "Rocket.Chat",
    "superoffice": "SuperOffice",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One documented HTTP exchange, as a value.

    `route` is the documented pattern with `{name}` placeholders and is also the key of the pace;
    `path` holds the raw values, which the upstream client checks and percent-encodes one segment each.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    route: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    write: bool = False  # it may change something: an intent is stored before it is sent
    expects: Literal["json", "file"] = "json"


@dataclass(frozen=True)
class Response:
    """An upstream's answer; `error_code` and `error_text` are read by the upstream's client."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    error_code: str = ""
    error_text: str = ""
    acted_as: str = ""  # the person's own account there, when the request was made with it
    sent: bool = True  # False: the bridge refused it itself, so it says nothing about the upstream

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300 and not self.error_code

    @cached_property
    def json(self) -> Any:
        """The parsed body; None when it is empty or no usable JSON."""
        return decode_json(self.body)


class Unsent(Exception):
    """The request surely never reached the upstream, so it may be sent again whatever it does."""


class Lost(Exception):
    """The request may have reached the upstream, but no usable answer came back."""


class Upstream(Protocol):
    """A connection's client: sends one request as documented and reads the answer's error shape."""

    kind: str
    connection: str

    async def send(
        self, request: Request, *, person: str = "", trace: str = "", language: str = ""
    ) -> Response:
        """Send once. Raises `Unsent` or `Lost`; retries nothing but a refreshed credential.

        `person` is `Asker.person`: with an account linked, the request is made with it. `language` is
        the asker's, for upstreams that answer in it.
        """
        ...


def upstream_name(kind: str) -> str:
    """What people call this kind of upstream."""
    return UPSTREAM_NAMES.get(kind, kind)
