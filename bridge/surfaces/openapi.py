"""The OpenAPI 3.1 document: one path per action, and the routes that are the same for all of them.

A body is either the bare arguments or the envelope; both are given as examples. Each action's answer
names the facts that its outcome may hold, so a program can rely on them without reading the code.
"""

from __future__ import annotations

from typing import Any

from bridge.contract import Action
from bridge.surfaces.command import Actions
from bridge.surfaces.paths import job_paths, open_paths
from bridge.surfaces.schema import schema
from bridge.surfaces.shapes import (
    HEADERS,
    PARAMETERS,
    SCHEMAS,
    SECURITY,
    Json,
    answer,
    problem_responses,
    ref,
    refusals,
)
from bridge.surfaces.usage import summary, usage

VERSION = "3.1.0"
ABOUT = (
    "Programs launch the documented calls as jobs and follow them to what really happened. A 2xx"
    " means the job is stored; its `outcome` tells done, pending, refused and unknown apart."
)
BARE = "The fields alone"
WRAPPED = "With connection and reply_to"
_REFUSALS = (400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 500, 503)


def document(actions: Actions, *, version: str, public_url: str = "") -> Json:
    """The whole document, as JSON."""
    schemas: dict[str, Any] = dict(SCHEMAS)
    paths: dict[str, Json] = {}
    for action in actions:
        schemas |= _schemas(action)
        paths[f"/api/v1/actions/{action.id}"] = {"post": _launch(action)}
    return {
        "openapi": VERSION,
        "info": {"title": "Deskbridge", "version": version, "description": ABOUT},
        "servers": [{"url": public_url.rstrip("/") or "/"}],
        "security": [{"bearer": []}],
        "tags": [{"name": name} for name in ("actions", "jobs", "hooks", "service")],
        "paths": {**paths, **job_paths(), **open_paths()},
        "components": {
            "schemas": schemas,
            "headers": dict(HEADERS),
            "parameters": dict(PARAMETERS),
            "responses": dict(problem_responses()),
            "securitySchemes": dict(SECURITY),
        },
    }


def _schemas(action: type[Action]) -> dict[str, Json]:
    """The action's arguments, what they refer to, its facts and its job; names cannot collide."""
    found = schema(action, f"#/components/schemas/{action.id}.{{model}}")
    found.pop("$schema")  # the document's own dialect is the same
    inner = {f"{action.id}.{name}": part for name, part in found.pop("$defs", {}).items()}
    facts = {
        "type": "object",
        "description": "What the outcome may state; each fact may be absent.",
        "properties": {name: told.schema() for name, told in action.example_facts.items()},
    }
    told = {"outcome": {"properties": {"facts": ref("schemas", f"{action.id}.facts")}}}
    job = {
        "allOf": [
            ref("schemas", "Job"),
            {"properties": {"action": {"const": action.id}, **told}},
        ]
    }
    return {
        f"{action.id}.args": found,
        **inner,
        f"{action.id}.facts": facts,
        f"{action.id}.job": job,
    }


def _launch(action: type[Action]) -> Json:
    job = ref("schemas", f"{action.id}.job")
    headers = ("Location", "Preference-Applied", "Idempotency-Replayed")
    return {
        "operationId": action.id,
        "tags": ["actions"],
        "summary": summary(action),
        "description": f"Makes the documented call `{action.write_route}`. In Slack: `{usage(action)}`",
        "externalDocs": {"url": action.docs},
        "parameters": [ref("parameters", "IdempotencyKey"), ref("parameters", "Prefer")],
        "requestBody": {"required": True, "content": {"application/json": _body(action)}},
        "responses": {
            "200": answer("The job, which ended within the wait.", job, *headers),
            "202": answer("The job is stored.", job, *headers, "Retry-After"),
            **refusals(*_REFUSALS),
        },
        "callbacks": {
            "ended": {"{$request.body#/reply_to/callback_url}": {"post": _callback(job)}}
        },
        "x-repeat": action.repeat.value,
    }


def _body(action: type[Action]) -> Json:
    args = ref("schemas", f"{action.id}.args")
    envelope = {
        "type": "object",
        "required": ["args"],
        "additionalProperties": False,
        "properties": {
            "args": args,
            "connection": {"type": "string", "description": "Needed if there are several."},
            "reply_to": {"anyOf": [ref("schemas", "ReplyTo"), {"type": "null"}]},
        },
    }
    given = schema(action)["examples"][-1]
    wrapped = {"args": given, "reply_to": {"slack_channel": "C0123456789"}}
    return {
        "schema": {"anyOf": [args, envelope]},
        "examples": {
            "bare": {"summary": BARE, "value": given},
            "envelope": {"summary": WRAPPED, "value": wrapped},
        },
    }


def _callback(job: Json) -> Json:
    return {
        "summary": "The job, when it has ended.",
        "security": [{"standardWebhooks": []}],
        "requestBody": {"content": {"application/json": {"schema": job}}},
        "responses": {
            "2XX": {"description": "Told."},
            "410": {"description": "Never call this address again."},
            "default": {"description": "Told again later."},
        },
    }
