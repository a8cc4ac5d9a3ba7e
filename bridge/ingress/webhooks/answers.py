"""What a sender gets to hear, and how its body is read: JSON, or a form as an object of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from bridge.delivery.view import view
from bridge.ingress.http import bodies
from bridge.ingress.http.answers import json_response
from bridge.ingress.http.problems import Problem
from bridge.ingress.webhooks.declared import BUILT_IN, Source
from bridge.ingress.webhooks.launching import Launching
from bridge.jobs.intake import Accepted
from bridge.surfaces.personal import personal_fields

MAX_FIELDS = 200


def read_payload(raw: bytes, content_type: str) -> Any:
    """The payload as a JSON value. Raises `Problem`."""
    if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return bodies.parse(raw)  # whatever it is called: senders name JSON in many ways
    try:
        pairs = parse_qsl(
            raw.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except ValueError:
        detail = f"The form is no UTF-8, or has more than {MAX_FIELDS} fields."
        raise Problem("malformed-json", detail) from None
    return dict(pairs)


def taken(
    source: Source, accepted: Sequence[Accepted], launching: Launching, headers: Mapping[str, str]
) -> web.Response:
    """The answer of a payload that was taken; a preset's sender gets two letters and 200."""
    if source.preset:
        return web.Response(status=source.answer_status, text="ok")
    more = dict(headers)
    if any(one.repeated for one in accepted):
        more["Idempotency-Replayed"] = "true"
    if source.name == BUILT_IN and accepted:
        job = accepted[0].job
        more["Location"] = f"/api/v1/jobs/{job.id}"
        fields = personal_fields(launching.catalogue[job.action])
        return json_response(view(job, fields), status=source.answer_status, headers=more)
    jobs = [
        {
            "id": one.job.id,
            "action": one.job.action,
            "state": one.job.state.value,
            "url": f"/api/v1/jobs/{one.job.id}",
        }
        for one in accepted
    ]
    return json_response({"jobs": jobs}, status=source.answer_status, headers=more)
