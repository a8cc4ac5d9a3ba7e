"""What every upstream's answer is checked for before its own error shape is read.

A redirect is never followed: it would carry `X-Auth-Token` to another host. A success that cannot be
read is no success: a proxy's page with status 200 says nothing about the write behind it, so it is
`Lost`, and the action's repeat class decides. Some writes are documented to answer nothing (204, or
200 without a body); what was asked in order to know something and says nothing is lost, too.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bridge.contract import Lost, Request, Response, decode_json
from bridge.outbound import Answer
from bridge.upstreams.credential import Credential, NoCredential

TAG = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
MAX_TEXT = 1000
STATUS_CODES = {
    400: "bad-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "not-found",
    413: "too-large",
    429: "error-too-many-requests",
}


def respond(answer: Answer, code: str = "", text: str = "") -> Response:
    """The answer as the flow sees it."""
    return Response(answer.status, answer.headers, answer.body, code, text[:MAX_TEXT])


def invalid_path(text: str) -> Response:
    """What a flow gets for a value that may not enter a path: refused here, never sent."""
    return Response(status=400, error_code="invalid-path", error_text=text, sent=False)


def no_credential(reason: NoCredential) -> Response:
    """What a flow gets when it may act only as the person and cannot: refused here, never sent."""
    text = "No account of your own to use."
    return Response(status=401, error_code=reason.code, error_text=text, sent=False)


def as_person(response: Response, own: Credential | None) -> Response:
    """The response, with whose account made the request; a 401 then speaks of that account."""
    if own is None:
        return response
    code = "link-refused" if response.status == 401 else response.error_code
    return replace(response, acted_as=own.name or "linked account", error_code=code)


def redirected(answer: Answer) -> Response:
    """A 3xx: an answer, and never a place to go."""
    return respond(answer, "redirected", "It answered with a redirect, which is not followed.")


def check_readable(request: Request, answer: Answer) -> None:
    """Raise `Lost` for a success whose body cannot be read; only a write may say nothing."""
    if request.expects == "file":
        return
    if not answer.body.strip():
        if request.write:
            return
        raise Lost(f"status {answer.status}, but the answer is empty")
    if decode_json(answer.body) is None and answer.body.strip() != b"null":
        kind = answer.headers.get("content-type", "").partition(";")[0] or "unknown"
        raise Lost(f"status {answer.status}, but the answer is not readable ({kind[:60]})")


def status_code(status: int) -> str:
    """The error code when nothing but the status tells."""
    if status >= 500:
        return "server-error"
    return STATUS_CODES.get(status, f"http-{status}")


def plain_text(answer: Answer) -> str:
    """What a page or a text says, without its markup."""
    text = answer.body[:20_000].decode("utf-8", "replace")
    return " ".join(TAG.sub(" ", text).split())[:MAX_TEXT]
