"""The page of the HTTP API, from its OpenAPI document: routes, answers, problems, the job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.app import version
from bridge.ingress.http.problems import PROBLEMS
from bridge.surfaces.command import Actions
from bridge.surfaces.openapi import document
from docs.writing.markdown import code, generated, lines, table

Json = Mapping[str, Any]


def page(actions: Actions) -> str:
    """The document for people; a running bridge serves it at /docs and /openapi.json."""
    made = document(actions, version=version())
    schemas = made["components"]["schemas"]
    return f"""# HTTP API

{made["info"]["description"]} The same document for programs: `bridge openapi`, or `GET /openapi.json` of a running bridge.

- `Authorization: Bearer …` with `BRIDGE_API_TOKEN` or a key of `[[api.keys]]`.
- A body is the action's fields, or an envelope: `{{"args": {{…}}, "connection": "…", "reply_to": {{…}}}}`.
- `Idempotency-Key`: {made["components"]["parameters"]["IdempotencyKey"]["description"]}
- `Prefer`: {made["components"]["parameters"]["Prefer"]["description"]}
- Every refusal is `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)).

## Actions

{table(("route", "what it does", "repeat class"), _launches(made))}
## Routes

{lines(_operations(made))}
## The job

{table(("member", "type", "meaning"), _members(schemas["Job"]))}
### outcome

{table(("member", "type", "meaning"), _members(schemas["Outcome"]))}
### reply_to

{table(("member", "type", "meaning"), _members(schemas["ReplyTo"]))}
## Problems

`type` ends in the word below. `detail` says what happened and what to do; `errors` points at each unusable field.

{table(("type", "status", "title"), _problems())}
{generated("`bridge/surfaces/openapi.py` and `bridge/ingress/http/problems.py`")}
"""


def _launches(made: Json) -> Iterator[tuple[str, ...]]:
    for path, methods in made["paths"].items():
        told = methods.get("post", {})
        if "x-repeat" in told:
            name = told["operationId"]
            yield f"[`POST {path}`](actions/{name}.md)", told["summary"], code(told["x-repeat"])


def _operations(made: Json) -> Iterator[str]:
    for path, methods in made["paths"].items():
        for method, told in methods.items():
            if method == "parameters" or "x-repeat" in told:
                continue
            shared = methods.get("parameters", [])
            given = [_resolved(one, made) for one in (*shared, *told.get("parameters", []))]
            parameters = table(
                ("parameter", "in", "meaning"),
                ((code(one["name"]), one["in"], one.get("description", "")) for one in given),
            )
            answers = ", ".join(f"`{status}`" for status in told["responses"])
            yield "\n".join(
                (
                    f"### `{method.upper()} {path}`\n",
                    f"{told['summary']} Answers: {answers}.\n",
                    parameters if given else "",
                )
            )


def _resolved(one: Json, made: Json) -> Json:
    if "$ref" not in one:
        return one
    found: Json = made["components"]["parameters"][one["$ref"].rpartition("/")[2]]
    return found


def _members(schema: Json) -> Iterator[tuple[str, ...]]:
    for name, told in schema["properties"].items():
        yield code(name), _type(told), told.get("description", "-")


def _type(told: Json) -> str:
    if "$ref" in told:
        return str(told["$ref"].rpartition("/")[2]).lower()
    if "anyOf" in told:
        return " or ".join(_type(one) for one in told["anyOf"])
    if "enum" in told:
        return ", ".join(code(one) for one in told["enum"])
    kind = told.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(told.get("format", kind))


def _problems() -> Iterator[tuple[str, ...]]:
    for slug, (status, title) in PROBLEMS.items():
        yield code(slug), str(status), title
