"""Connections: one configured upstream account each, told apart by `kind`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bridge.settings.kinds import Address, AddressOrNone, NeededSecret, Secret, Section

KINDS = ("rocketchat", "superoffice")
ActAs = Literal["person_or_service", "person", "service"]
ACT_AS = (
    "Whose account acts for people: their linked one if any, only that, or the service account."
)
SAME_EMAIL = "Link only accounts with the e-mail address that Slack knows of the person."


class RocketChat(Section):
    """A Rocket.Chat workspace."""

    kind: Literal["rocketchat"] = "rocketchat"
    url: Address = Field(description="Base address of the workspace.")
    user_id: str = Field(min_length=1, description="X-User-Id of the service account.")
    auth_token: NeededSecret = Field(description="X-Auth-Token: a personal access token.")
    pace_limit: int = Field(
        10, ge=0, description="Most calls per window and route; unset: 10 until learnt; 0: none."
    )
    pace_window_s: float = Field(60.0, gt=0, description="Length of that window in seconds.")
    default_comment: str = Field(
        "Closed by the support team",
        description="Closing comment when none is given; may be empty.",
    )
    sign_comments: bool = Field(
        default=False, description="Add the asker's name to a closing comment."
    )
    act_as: ActAs = Field("person_or_service", description=ACT_AS)
    link_same_email: bool = Field(default=True, description=SAME_EMAIL)


class SuperOffice(Section):
    """A SuperOffice tenant. One way of signing in must be complete."""

    kind: Literal["superoffice"] = "superoffice"
    url: AddressOrNone = Field("", description="The API base up to and including /api.")
    username: str = Field("", description="Basic (onsite).")
    password: Secret = Field(None, description="Basic (onsite).")
    ticket: Secret = Field(None, description="SOTicket.")
    app_token: Secret = Field(None, description="SO-AppToken; online needs it with a ticket.")
    access_token: Secret = Field(None, description="Bearer.")
    client_id: str = Field("", description="OAuth: refreshes the access token.")
    client_secret: Secret = Field(None, description="OAuth client secret.")
    refresh_token: Secret = Field(None, description="OAuth refresh token.")
    system_token: Secret = Field(None, description="System user token.")
    private_key: Secret = Field(None, description="PEM key that signs the system token.")
    tenant: str = Field("", description="Cust12345; its address is then looked up, not configured.")
    environment: Literal["sod", "qaonline", "online"] = Field(
        "online", description="Of the tenant: sod, qaonline or online."
    )
    login_url: AddressOrNone = Field(
        "", description="Base of SuperID; default https://{environment}.superoffice.com."
    )
    xsrf_token: Secret = Field(None, description="X-XSRF-TOKEN of a browser session.")
    cookie: Secret = Field(None, description="Cookie of that session.")
    accept: str = Field("application/json", description="Accept.")
    accept_language: str = Field("en", description="Accept-Language.")
    language: str = Field("", description="SO-Language; overrides Accept-Language.")
    culture: str = Field("", description="SO-Culture.")
    timezone: str = Field("", description="SO-TimeZone.")
    pace_limit: int = Field(0, ge=0, description="Calls per window and route; 0: none known.")
    pace_window_s: float = Field(1.0, gt=0, description="Length of that window in seconds.")
    act_as: ActAs = Field("person_or_service", description=ACT_AS)
    link_same_email: bool = Field(default=True, description=SAME_EMAIL)

    @model_validator(mode="after")
    def _complete(self) -> SuperOffice:
        if not self.url and not self.tenant:
            raise ValueError("needs url (up to and including /api) or tenant")
        ways = (
            bool(self.username and self.password),
            bool(self.ticket),
            bool(self.access_token),
            bool(self.client_id and self.client_secret and self.refresh_token),
            bool(self.system_token and self.private_key and self.client_secret and self.tenant),
            bool(self.xsrf_token and self.cookie),
        )
        if not any(ways):
            raise ValueError(
                "needs one complete way to sign in: username + password, ticket, access_token,"
                " client_id + client_secret + refresh_token, system_token + private_key +"
                " client_secret + tenant, or xsrf_token + cookie"
            )
        return self


Connection = Annotated[RocketChat | SuperOffice, Field(discriminator="kind")]
