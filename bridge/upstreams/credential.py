"""Who a request is made as: the headers of a sign-in, kept secret, and where a person's own comes from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Credential:
    """The headers that sign a request in, e.g. `Authorization`, or `X-User-Id` with `X-Auth-Token`.

    `renew` is for credentials that run out: asked once after a 401 or 403, it gives the next one, or
    None when there is none. `name` is the account's, when it is a person's own.
    """

    headers: Mapping[str, SecretStr]
    renew: Callable[[], Awaitable[Credential | None]] | None = None
    name: str = ""

    def reveal(self) -> dict[str, str]:
        """The headers in the clear, for the request itself and nothing else."""
        return {name: value.get_secret_value() for name, value in self.headers.items()}


class NoCredential(Exception):
    """A request may only be made as the person, and that is not possible; nothing was sent.

    `code` is `not-linked`, or `link-refused` when the linked account is no longer accepted.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


Credentials = Callable[[str, str], Awaitable[Credential | None]]
"""(connection, person) -> that person's own credential, or None for the service account's.

Raises `NoCredential`, or `Unsent` when it cannot be told now: then nobody else's is taken instead.
"""


async def nobodys(connection: str, person: str) -> Credential | None:
    """No person has a credential of their own: everything is done as the service account."""
    del connection, person
    return None
