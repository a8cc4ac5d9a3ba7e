"""Who a request is made as: the headers of a sign-in, kept secret, and where a person's own comes from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Credential:
    """The headers that sign a request in, e.g. `Authorization`, or `X-User-Id` with `X-Auth-Token`.

    `renew` is for credentials that run out: asked once after a 401 or 403, it gives the next one, or
    None when there is none.
    """

    headers: Mapping[str, SecretStr]
    renew: Callable[[], Awaitable[Credential | None]] | None = None

    def reveal(self) -> dict[str, str]:
        """The headers in the clear, for the request itself and nothing else."""
        return {name: value.get_secret_value() for name, value in self.headers.items()}


Credentials = Callable[[str, str], Awaitable[Credential | None]]
"""(connection, person) -> that person's own credential, or None for the service account's."""


async def nobodys(connection: str, person: str) -> Credential | None:
    """No person has a credential of their own: everything is done as the service account."""
    del connection, person
    return None
