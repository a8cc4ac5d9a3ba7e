"""Payloads to send through the bridge's webhook doors: what each sender writes, and how it proves itself.

The page edits a payload and this module signs and sends it, so no secret ever reaches the browser. With
`forged` the proof is made with a wrong secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import SecretStr

from bridge.sandbox import stack
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from bridge.sandbox.superoffice import TENANT
from bridge.signatures import Secret, sign_standard

Prove = Callable[[bytes, bool], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One sender: where it posts, what it sends, how it is believed."""

    id: str
    label: str
    about: str
    proof: str
    path: str
    payload: dict[str, Any]
    prove: Prove

    @property
    def source(self) -> str:
        """The bridge's name for this sender; empty when it is no webhook source."""
        return self.path.removeprefix("/hooks/") if self.path.startswith("/hooks/") else ""

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "label": self.label,
            "about": self.about,
            "proof": self.proof,
            "path": self.path,
            "source": self.source,
            "payload": json.dumps(self.payload, indent=2, ensure_ascii=False),
        }


def _standard(raw: bytes, forged: bool) -> dict[str, str]:  # noqa: FBT001 - the signature of `Prove`
    value = "whsec_d3Jvbmctd3Jvbmctd3Jvbmc=" if forged else stack.WEBHOOK_SECRET
    secret = Secret(id="sandbox", value=SecretStr(value))
    return sign_standard([secret], f"msg_{secrets.token_hex(8)}", time.time(), raw)


def _bearer(_: bytes, forged: bool) -> dict[str, str]:  # noqa: FBT001 - as above
    return {"Authorization": f"Bearer {'wrong' if forged else stack.API_TOKEN}"}


def _livechat(_: bytes, forged: bool) -> dict[str, str]:  # noqa: FBT001 - as above
    token = "wrong" if forged else stack.ROCKETCHAT_WEBHOOK_TOKEN
    return {"X-RocketChat-Livechat-Token": token}


def _superoffice(raw: bytes, forged: bool) -> dict[str, str]:  # noqa: FBT001 - as above
    secret = "wrong" if forged else stack.SUPEROFFICE_WEBHOOK_SECRET
    digest = hmac.digest(secret.encode(), raw, hashlib.sha256)
    return {"X-SuperOffice-Signature": base64.b64encode(digest).decode()}


def _github(raw: bytes, forged: bool) -> dict[str, str]:  # noqa: FBT001 - as above
    secret = "wrong" if forged else stack.HELPDESK_SECRET
    return {"X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), raw, 'sha256').hexdigest()}"}


SAMPLES: Final = (
    Sample(
        "actions",
        "Any automation",
        "The built-in source takes an action by name. Whatever can post JSON can use it.",
        "Standard Webhooks signature",
        "/hooks/actions",
        {
            "action": "rocketchat.request_pdf_transcript",
            "args": {"rid": rooms.CLOSED_WITH_PDF},
            "reply_to": {"slack_channel": slack.SUPPORT},
        },
        _standard,
    ),
    Sample(
        "api",
        "The HTTP API",
        "Not a webhook but its sibling: one route for each action, and a job to ask about.",
        "Bearer token",
        "/api/v1/actions/rocketchat.close_room",
        {
            "args": {
                "rid": rooms.NEEDS_TAGS,
                "comment": "Invoice of May sent.",
                "tags": ["billing"],
            },
            "reply_to": {"slack_channel": slack.SUPPORT},
        },
        _bearer,
    ),
    Sample(
        "rocketchat",
        "Rocket.Chat preset",
        "Omnichannel tells that a chat ended. When the visitor left, the rule asks for the PDF.",
        "Token in a header",
        "/hooks/rocketchat",
        {
            "_id": rooms.CLOSED_PLAIN,
            "label": "Aiko Tanaka",
            "type": "LivechatSession",
            "closer": "visitor",
            "closedAt": "2026-08-01T14:03:22.000Z",
            "visitor": {
                "name": "Aiko Tanaka",
                "email": [{"address": "aiko.tanaka@hanami.example"}],
            },
            "messages": [
                {"_id": "wF8kPq2Zc", "username": "guest-3", "msg": "Can I change the address?"}
            ],
        },
        _livechat,
    ),
    Sample(
        "superoffice",
        "SuperOffice preset",
        "A chat came in. Arne is out today, so the rule asks Anna to take what lands with him.",
        "HMAC of the body",
        "/hooks/superoffice",
        {
            "EventId": "2b7d1c0e-6f51-4c8e-9f54-0b9d5f1f7a11",
            "Timestamp": "2026-08-01T14:03:22.120000Z",
            "Changes": [],
            "Event": "chatsession.created",
            "PrimaryKey": 648,
            "Entity": "chatsession",
            "ContextIdentifier": TENANT,
            "ChangedByAssociateId": 2,
            "WebhookName": "Deskbridge",
            "FieldValues": {"Status": 5, "TopicId": 458, "UserId": 14, "CustomerId": "648"},
        },
        _superoffice,
    ),
    Sample(
        "helpdesk",
        "Your own sender",
        "A ticket system nobody has heard of. Ten lines in the configuration say what its words mean.",
        "HMAC like GitHub's",
        "/hooks/helpdesk",
        {
            "event": "tickets.solved",
            "by": "Mia",
            "tickets": [
                {
                    "conversation": rooms.ON_HOLD,
                    "solution": "The part has arrived.",
                    "labels": ["parts"],
                }
            ],
        },
        _github,
    ),
)
BY_ID: Final = {sample.id: sample for sample in SAMPLES}
