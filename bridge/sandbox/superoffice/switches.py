"""Every behaviour a caller can choose: what the documents leave open, what changes with time, and the clock of answers.

Each field of `Switches` is a constructor argument of `SuperOffice`, an attribute of `so.switches`, and a
key of `POST /_sandbox/settings`. A wrong name or value is refused in all three places.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Treatment = Literal["effect", "noop", "error"]
TenantState = Literal[
    "Unknown",
    "Provisioning",
    "Running",
    "Deleted",
    "Suspended",
    "OnlineMaintenance",
    "OfflineMaintenance",
    "ProvisioningFailed",
    "Deleting",
    "DeleteFailed",
    "MigrationPending",
]


class Switches(BaseModel):
    """How this SuperOffice behaves where its documents say "nothing happens", disagree, or are silent."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    # The transfer: v1ChatSessionEntity_TransferChatSession documents one sentence and 200 OK.
    noop_body: Literal["entity", "null", "empty", "204"] = Field(
        default="entity", description="What a call answers when nothing happened."
    )
    unknown_target: Literal["noop", "error"] = Field(
        default="noop", description="A target that is unknown, retired or no chat user."
    )
    self_transfer: Treatment = Field(default="noop", description="A transfer to its own agent.")
    closed_session: Treatment = Field(
        default="noop", description="A transfer of a session that is not live."
    )
    absent_target: Treatment = Field(
        default="effect", description="A target whose chat presence is off; the UI hides those."
    )
    manager_may_transfer: bool = Field(
        default=False,
        description="The UI text lets a topic's manager transfer; the API's does not.",
    )
    name_matches: Literal["both", "Name", "UserName"] = Field(
        default="both", description="Which of an associate's two names `toAssociate` means."
    )
    missing_session: Literal["404", "null"] = Field(
        default="404", description="What the POST calls answer for a session that does not exist."
    )
    auto_response: Literal["accept", "reject"] | None = Field(
        default=None, description="What the target agent does with a pending transfer, unasked."
    )
    auto_response_after_s: float = Field(
        default=5.0, ge=0, description="Seconds on the emulator's clock until that happens."
    )

    # Answers and their shapes: rest-webapi/index.md and so-timezone.md.
    error_key: Literal["ErrorMessage", "Message"] = Field(
        default="ErrorMessage", description="The key that holds an error's sentence."
    )
    unauthorized_body: Literal["error", "empty", "html"] = Field(
        default="error", description="The body of a 401."
    )
    encoded_slash: Literal["accept", "split"] = Field(
        default="accept",
        description="%2F in a path: kept inside its segment, or split as IIS does (then 404).",
    )
    date_style: Literal["plain", "generated"] = Field(
        default="plain",
        description="Seconds without an offset, or the samples' seven digits with one.",
    )
    base_time_zone: str = Field(default="Europe/Oslo", description="The tenant's own time zone.")

    # Sign-in and tenant.
    expired_token_status: Literal[401, 403] = Field(
        default=403, description="The status for an access token that has expired."
    )
    expires_in: int = Field(
        default=3600,
        gt=0,
        description="An access token's life; the documents say 3600 s and 20 min.",
    )
    consent: Literal["auto", "page", "denied"] = Field(
        default="auto", description="What the sign-in page does."
    )
    tenant_state: TenantState = Field(default="Running", description="GET /api/state says this.")
    state_valid_s: int = Field(default=3600, description="Seconds until ValidUntil.")

    # Webhooks from SuperOffice.
    webhook_url: str | None = Field(
        default=None, description="Where events go: https, or a loopback address."
    )
    webhook_secret: str | None = Field(default=None, description="Signs them when set.")
    webhook_name: str = Field(default="Deskbridge", description="WebhookName in the body.")
    webhook_field_values: Literal["created", "always"] = Field(
        default="created", description="The samples show FieldValues in `created` only."
    )
    webhook_header_event_id: Literal["same", "different"] = Field(
        default="same", description="In some samples header and body disagree."
    )
