"""The OpenAPI paths that do not depend on the actions: jobs, hooks, health and the documents."""

from __future__ import annotations

from typing import Any

from bridge.contract import JobState
from bridge.surfaces.shapes import MOMENT, Json, answer, headers, ref, refusals

_WORD: Json = {"type": "string", "maxLength": 120}
_STATE: Json = {"enum": [state.value for state in JobState]}
_BODY = (400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503)
_LOOK = (400, 401, 404, 429, 500, 503)
_TRAIL = (*_LOOK, 403)
AUDIT_COLUMNS = (
    *("at", "door", "who", "scope", "what", "target"),
    *("connection", "job_id", "outcome", "detail"),
)
CURSOR = r"^(\d{1,12}(?:\.\d{1,9})?_\d{1,18}_\d{1,18})?$"
_FILTERS: dict[str, tuple[Json, str]] = {
    "action": (_WORD, "An action's name."),
    "connection": (_WORD, "A connection's name."),
    "room": (_WORD, "A room or session id."),
    "since": (MOMENT, "Created at or after this time."),
    "until": (MOMENT, "Created before this time."),
    "asker": (_WORD, "Who asked: a Slack user's id, or a scope such as key:ci."),
}
_IDS: Json = {
    "type": "object",
    "required": ["jobs", "count", "more"],
    "properties": {
        "jobs": {"type": "array", "items": {"type": "string"}},
        "count": {"type": "integer", "minimum": 0},
        "more": {
            "type": "boolean",
            "description": "More match than one request takes: send it again for the rest.",
        },
    },
}
_FORCE: Json = {
    "type": "boolean",
    "description": "Also when it is done or refused already: it may happen twice.",
}


def job_paths() -> dict[str, Json]:
    """List, look, follow, fetch, retry, cancel."""
    at = {"parameters": [ref("parameters", "JobId")]}
    job = ref("schemas", "Job")
    retry = answer("Accepted: it gets another chance.", job, "Location")
    return {
        "/api/v1/jobs": {"get": _list()},
        "/api/v1/jobs/retry": {"post": _bulk("retryJobs", "Retry all jobs that match.")},
        "/api/v1/jobs/cancel": {"post": _bulk("cancelJobs", "Cancel all jobs that match.")},
        "/api/v1/jobs/{id}": {
            **at,
            "get": _operation("getJob", "One job.", {"200": answer("The job.", job)}, _LOOK),
        },
        "/api/v1/audit": {"get": _audit()},
        "/api/v1/jobs/{id}/events": {**at, "get": _events()},
        "/api/v1/jobs/{id}/file": {**at, "get": _file()},
        "/api/v1/jobs/{id}/retry": {
            **at,
            "post": {
                **_operation("retryJob", "Try again.", {"202": retry}, (*_BODY, 409)),
                "requestBody": _body({"force": _FORCE}, required=False),
            },
        },
        "/api/v1/jobs/{id}/cancel": {
            **at,
            "post": _operation(
                "cancelJob",
                "Cancel a job that has not ended.",
                {"200": answer("The job.", job)},
                (*_LOOK, 403, 409),
            ),
        },
    }


def open_paths() -> dict[str, Json]:
    """What needs no key: hooks prove themselves, the rest tells nothing secret."""
    return {
        "/hooks/{source}": {"post": _hook()},
        "/healthz": {"get": _plain("healthz", "Is the process alive?", "application/json", 200)},
        "/readyz": {"get": _plain("readyz", "What fails, if anything.", "application/json", 503)},
        "/metrics": {"get": _plain("metrics", "For Prometheus.", "text/plain", 401)},
        "/openapi.json": {"get": _plain("openapi", "This document.", "application/json", 200)},
        "/docs": {"get": _plain("docs", "This document for people.", "text/html", 200)},
    }


def _operation(operation_id: str, summary: str, good: Json, bad: tuple[int, ...]) -> Json:
    return {
        "operationId": operation_id,
        "tags": ["jobs"],
        "summary": summary,
        "security": [{"bearer": []}],
        "responses": {**good, **refusals(*sorted(set(bad)))},
    }


def _list() -> Json:
    page: Json = {
        "type": "object",
        "required": ["jobs", "cursor"],
        "properties": {
            "jobs": {"type": "array", "items": ref("schemas", "Job")},
            "cursor": {"type": ["string", "null"], "description": "Of the next page, if any."},
        },
    }
    states = {"type": "array", "items": _STATE, "maxItems": 20}
    parameters = [
        {**_query("state", states, "One or several."), "style": "form", "explode": False},
        *(_query(name, schema, told) for name, (schema, told) in _FILTERS.items()),
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 100}, "Jobs per page."),
        _query("cursor", {"type": "string", "pattern": r"^\d{0,18}$"}, "From the page before."),
    ]
    good = {"200": answer("A page of jobs, newest first.", page)}
    return {**_operation("listJobs", "List jobs.", good, _LOOK), "parameters": parameters}


def _audit() -> Json:
    word: Json = {"type": "string"}
    line: Json = {
        "type": "object",
        "required": list(AUDIT_COLUMNS),
        "properties": dict.fromkeys(AUDIT_COLUMNS, word) | {"at": MOMENT},
    }
    page: Json = {
        "type": "object",
        "required": ["events", "cursor"],
        "properties": {
            "events": {"type": "array", "items": line},
            "cursor": {"type": ["string", "null"], "description": "Of the next page, if any."},
        },
    }
    parameters = [
        _query("who", _WORD, "A person's id, or a scope such as key:ci."),
        _query("what", _WORD, "An action's name, or a deed such as job.retry."),
        _query("since", MOMENT, "At or after this time."),
        _query("until", MOMENT, "Before this time."),
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 1000}, "Lines per page."),
        _query("cursor", {"type": "string", "pattern": CURSOR}, "From the page before."),
    ]
    good = {"200": answer("Who did what, on what, with what outcome; newest first.", page)}
    operation = _operation("listAudit", "The audit trail; for the operator's token.", good, _TRAIL)
    return {**operation, "parameters": parameters}


def _events() -> Json:
    stream = {
        "description": "An event `job` for each change, until the job has ended.",
        "headers": headers(),
        "content": {"text/event-stream": {"schema": {}}},
    }
    return _operation("followJob", "Follow a job (server-sent events).", {"200": stream}, _LOOK)


def _file() -> Json:
    told: Json = {
        "schema": {"type": "string"},
        "description": "`attachment`, with the file's name.",
    }
    content = {
        "description": "The file, fetched from the upstream now.",
        "headers": {**headers(), "Content-Disposition": told},
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
    bad = (*_LOOK, 403, 409, 410, 502)
    return _operation("getJobFile", "The file of an ended job.", {"200": content}, bad)


def _bulk(operation_id: str, summary: str) -> Json:
    good = {"200": answer("The ids of those it happened to.", _IDS)}
    fields = {
        "state": {"type": "array", "items": _STATE, "maxItems": 20},
        **{name: {**schema, "description": told} for name, (schema, told) in _FILTERS.items()},
        "force": _FORCE,
    }
    body = _body(fields, required=True)
    body["description"] = "A filter; at least one field besides `force`."
    return {**_operation(operation_id, summary, good, _BODY), "requestBody": body}


def _hook() -> Json:
    accepted: Json = {
        "description": "Everything that follows from the payload is stored.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
    source = {
        "name": "source",
        "in": "path",
        "required": True,
        "description": "A configured source; `actions` takes {action, args, reply_to}.",
        "schema": {"type": "string", "maxLength": 120},
    }
    return {
        "operationId": "receiveHook",
        "tags": ["hooks"],
        "summary": "A payload of a configured sender, verified and mapped.",
        "description": "How a sender proves itself is configured per source.",
        "security": [{"standardWebhooks": []}, {"bearer": []}, {}],
        "parameters": [source],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
        "responses": {
            "200": accepted,
            "202": accepted,
            **refusals(400, 401, 404, 408, 409, 413, 415, 422, 429, 500, 503),
        },
    }


def _plain(operation_id: str, summary: str, media_type: str, also: int) -> Json:
    good = {"description": summary, "content": {media_type: {"schema": {}}}}
    return {
        "operationId": operation_id,
        "tags": ["service"],
        "summary": summary,
        "security": [],
        "responses": {str(status): good for status in {200, also}},
    }


def _query(name: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _body(properties: dict[str, Any], *, required: bool) -> Json:
    schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return {"required": required, "content": {"application/json": {"schema": schema}}}
