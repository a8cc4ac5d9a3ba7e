"""A check's secrets as they are declared: inline, in a variable, in a file, one or several with an end.

`secret`, `secret_env` or `secret_file` name a single one; `secrets` is a list of such, each with an
`id` for logs and metrics and an optional `not_after`. A variable or file that is not there leaves the
check without that secret; without any, the check believes nobody and the source answers 503.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from bridge.settings import secret_from
from bridge.signatures import Secret

PLACES: Final = ("secret", "secret_env", "secret_file")


class DeclaredSecret(BaseModel):
    """One entry of `secrets`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: str = Field("default", min_length=1, max_length=40, description="For logs and metrics.")
    secret: SecretStr | None = Field(None, description="The secret itself.")
    secret_env: str = Field("", description="The variable that holds it.")
    secret_file: str = Field("", description="The file that holds it.")
    not_after: datetime | None = Field(None, description="It is refused from then on.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = [name for name in PLACES if getattr(self, name)]
        if len(given) != 1:
            raise ValueError("give exactly one of secret, secret_env and secret_file")
        return self

    def resolve(self) -> Secret | None:
        """The secret; None when its variable or file is not there."""
        value = self.secret or secret_from(self.secret_env, self.secret_file)
        if value is None or not value.get_secret_value().strip():
            return None
        return Secret(id=self.id, value=value, not_after=self.not_after)


def take_secrets(declared: Mapping[str, Any]) -> tuple[dict[str, Any], list[Secret]]:
    """The declaration without its secrets, and those that are there. Raises `ValidationError`."""
    rest = {name: value for name, value in declared.items() if name not in {*PLACES, "secrets"}}
    single = {name: declared[name] for name in PLACES if declared.get(name)}
    several = declared.get("secrets") or []
    if not isinstance(several, list):
        raise ValueError("secrets is a list of tables, each with secret, secret_env or secret_file")  # noqa: TRY004 - pydantic wants it
    if single and several:
        raise ValueError("give secrets, or a single secret, not both")
    if not single and not several:
        return rest, []
    entries = [DeclaredSecret.model_validate(one) for one in (several or [single])]
    ids = [entry.id for entry in entries]
    if len(set(ids)) < len(ids):
        raise ValueError("several secrets need an id each, so that it shows which one is in use")
    return rest, [found for entry in entries if (found := entry.resolve())]
