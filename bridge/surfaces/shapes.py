"""The parts of the OpenAPI document that every route shares: schemas, headers, parameters, problems.

A problem is RFC 9457 (https://www.rfc-editor.org/rfc/rfc9457); rate limits are told as in
https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from bridge.contract import JobState, OutcomeKind

Json = dict[str, Any]
MOMENT: Json = {"type": "string", "format": "date-time"}
KEY_PATTERN = r"^[\x21-\x7e]{1,255}$"

PROBLEMS: Mapping[int, str] = MappingProxyType(
    {
        400: "The request is not usable: broken JSON, a bad header or parameter.",
        401: "Nobody is known by this key, or the sender's proof does not hold.",
        403: "The key does not cover this action or connection.",
        404: "There is nothing of this name for you.",
        405: "The method is not allowed here; `Allow` says which is.",
        408: "The body took too long to arrive.",
        409: "The Idempotency-Key belongs to another request, or the job's state forbids it.",
        410: "What was there is there no more.",
        413: "The body is too large.",
        415: "The body is not declared as JSON.",
        422: "Some fields are not usable; `errors` names each with a pointer.",
        429: "Too many requests; `Retry-After` says when to come again.",
        500: "The bridge failed; nothing was accepted.",
        502: "The upstream did not give it; `Retry-After` says when to come again.",
        503: "Nothing was accepted now: busy, or not set up; `Retry-After` says when to come again."
        " Only `maybe-stored` is not sure of that: send it again with the same Idempotency-Key.",
    }
)

HEADERS: Mapping[str, Json] = MappingProxyType(
    {
        "Location": {
            "description": "Where the job is.",
            "schema": {"type": "string", "format": "uri-reference"},
        },
        "Retry-After": {
            "description": "Seconds after which to ask again.",
            "schema": {"type": "integer", "minimum": 0},
        },
        "RateLimit": {
            "description": "What is left of the key's window, and for how many seconds.",
            "schema": {"type": "string", "examples": ['"minute";r=599;t=60']},
        },
        "RateLimit-Policy": {
            "description": "The key's limit and its window in seconds.",
            "schema": {"type": "string", "examples": ['"minute";q=600;w=60']},
        },
        "Preference-Applied": {
            "description": "The wait that was kept to.",
            "schema": {"type": "string", "examples": ["wait=10"]},
        },
        "Idempotency-Replayed": {
            "description": "Present when this key had been used: the job is that of the first time.",
            "schema": {"const": "true"},
        },
        "WWW-Authenticate": {
            "description": "How to sign in.",
            "schema": {"type": "string", "examples": ['Bearer realm="bridge"']},
        },
    }
)

PARAMETERS: Mapping[str, Json] = MappingProxyType(
    {
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same key with the same body is one job, however often it is sent.",
            "schema": {"type": "string", "pattern": KEY_PATTERN},
        },
        "Prefer": {
            "name": "Prefer",
            "in": "header",
            "description": "`wait=N`: answer when the job has ended, after N seconds at the latest.",
            "schema": {"type": "string", "examples": ["wait=10"]},
        },
        "JobId": {
            "name": "id",
            "in": "path",
            "required": True,
            "description": "The job's id.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9]{1,40}$"},
        },
    }
)

REPLY_TO: Json = {
    "type": "object",
    "description": "Where to tell the end: a Slack channel, a callback address, or both.",
    "additionalProperties": False,
    "properties": {
        "slack_channel": {
            "type": "string",
            "pattern": "^([CGD][A-Z0-9]{1,30})?$",
            "description": "A channel's id, not its name.",
        },
        "slack_team": {
            "type": "string",
            "pattern": "^([TE][A-Z0-9]{1,30})?$",
            "description": "The workspace, if there are several.",
        },
        "thread_ts": {
            "type": "string",
            "pattern": r"^(\d{1,12}\.\d{1,8})?$",
            "description": "The thread to answer in.",
        },
        "callback_url": {
            "type": "string",
            "maxLength": 2048,
            "description": "An https address; it gets the job, signed by Standard Webhooks.",
        },
    },
}

OUTCOME: Json = {
    "type": "object",
    "description": "What really happened.",
    "required": ["kind", "code", "message", "next_step", "facts"],
    "properties": {
        "kind": {"enum": [kind.value for kind in OutcomeKind]},
        "code": {"type": "string", "description": "Stable; for programs."},
        "message": {"type": "string", "description": "A sentence for a person."},
        "next_step": {"type": "string", "description": "What to do now; may be empty."},
        "facts": {"type": "object", "description": "Documented with each action."},
    },
}

JOB: Json = {
    "type": "object",
    "description": "One accepted launch of an action.",
    "required": [
        *("id", "action", "args", "connection", "state", "outcome"),
        *("attempts", "created_at", "finished_at", "run_at"),
    ],
    "properties": {
        "id": {"type": "string"},
        "action": {"type": "string"},
        "args": {"type": "object", "description": "As given; personal data is masked."},
        "connection": {"type": "string"},
        "state": {"enum": [state.value for state in JobState]},
        "outcome": {"anyOf": [{"$ref": "#/components/schemas/Outcome"}, {"type": "null"}]},
        "attempts": {"type": "integer", "minimum": 0},
        "created_at": MOMENT,
        "finished_at": {"anyOf": [MOMENT, {"type": "null"}]},
        "run_at": {
            "anyOf": [MOMENT, {"type": "null"}],
            "description": "When it is tried or looked at next; null when it has ended.",
        },
    },
}

PROBLEM: Json = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to do about it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901, as a URI fragment."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

SCHEMAS: Mapping[str, Json] = MappingProxyType(
    {"Job": JOB, "Outcome": OUTCOME, "Problem": PROBLEM, "ReplyTo": REPLY_TO}
)

SECURITY: Mapping[str, Json] = MappingProxyType(
    {
        "bearer": {"type": "http", "scheme": "bearer", "description": "BRIDGE_API_TOKEN or a key."},
        "standardWebhooks": {
            "type": "apiKey",
            "in": "header",
            "name": "webhook-signature",
            "description": "With webhook-id and webhook-timestamp: https://www.standardwebhooks.com",
        },
    }
)


def ref(kind: str, name: str) -> Json:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def headers(*names: str) -> Json:
    """References to headers, by their names."""
    return {name: ref("headers", name) for name in names}


def answer(description: str, schema: Json, *names: str) -> Json:
    """A response with a JSON body and headers."""
    return {
        "description": description,
        "headers": headers("RateLimit", "RateLimit-Policy", *names),
        "content": {"application/json": {"schema": schema}},
    }


def refusals(*statuses: int) -> Json:
    """References to the problem documents of these statuses."""
    return {str(status): ref("responses", f"Problem{status}") for status in statuses}


def problem_responses() -> Iterable[tuple[str, Json]]:
    """The component of each problem."""
    for status, description in PROBLEMS.items():
        names = {401: ["WWW-Authenticate"], 429: ["Retry-After", "RateLimit", "RateLimit-Policy"]}
        told = names.get(status, ["Retry-After"] if status in (502, 503) else [])
        yield (
            f"Problem{status}",
            {
                "description": description,
                "headers": headers(*told),
                "content": {"application/problem+json": {"schema": ref("schemas", "Problem")}},
            },
        )
