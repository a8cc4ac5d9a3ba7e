"""Telling a program: its callback address gets the job's JSON, signed by Standard Webhooks.

Any 2xx means told, 410 means never again, and every other answer is a failure to be tried later, as
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md asks. The
message id stays the same for the same job and outcome, so a receiver can drop what it already has; that
is why a lost answer is tried again here and not told as unclear. The address is a stranger's and a
secret: it is reached through the guard only, and never logged.
"""

from __future__ import annotations

import base64
import email.utils
import hashlib
import json
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import structlog

from bridge.contract import Job, Lost, Unsent
from bridge.delivery.results import File, NotTold, Told, TryLater
from bridge.delivery.view import view
from bridge.outbound import Malformed, NotAllowed, Outbound
from bridge.signatures import Secret, sign_standard

log = structlog.get_logger(__name__)

LARGEST_FILE = 1_000_000  # bytes; larger files are fetched from their own address
LARGEST_ANSWER = 10_000  # of a callback nothing is read but its status
LONGEST_RETRY_AFTER_S = 24 * 3600.0

CallbackTelling = Told | TryLater | NotTold


class CallbackDelivery:
    """Posts jobs to callback addresses; `personal_fields` names what is masked in an action's job."""

    def __init__(
        self,
        outbound: Outbound,
        secrets: Sequence[Secret],
        personal_fields: Callable[[str], Collection[str]],
        *,
        public_url: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._outbound = outbound
        self._secrets = secrets
        self._personal_fields = personal_fields
        self._public_url = public_url.rstrip("/")
        self._clock = clock

    async def tell(self, job: Job, url: str, *, file: File | None = None) -> CallbackTelling:
        """Post once. `TryLater.after_s` is what the receiver asked for, if it did."""
        told = await self._post(job, url, file)
        how = "told" if isinstance(told, Told) else told.reason
        log.info("delivery.called_back", job_id=job.id, how=how)
        return told

    async def _post(self, job: Job, url: str, file: File | None) -> CallbackTelling:
        now = self._clock()
        body = json.dumps(self.content(job, file)).encode()
        if all(secret.ended(now) for secret in self._secrets):
            return NotTold("no_webhook_secret")  # an unsigned callback would teach not to check
        headers = {
            "Content-Type": "application/json",
            **sign_standard(self._secrets, message_id(job), now, body),
        }
        try:
            answer = await self._outbound.send(
                "POST",
                url,
                headers=headers,
                body=body,
                route="POST callback",
                guarded=True,
                max_bytes=LARGEST_ANSWER,
                trace=job.trace,
            )
        except (NotAllowed, Malformed) as error:
            return NotTold(str(error))
        except (Unsent, Lost) as error:
            return TryLater(None, str(error))
        if 200 <= answer.status < 300:
            return Told("callback")
        if answer.status == 410:
            return NotTold("gone")
        wait = retry_after(answer.headers.get("retry-after", ""), now)
        return TryLater(wait, f"http_{answer.status}")

    def content(self, job: Job, file: File | None) -> dict[str, Any]:
        """The job as JSON; a small file travels inside, a large one says where to fetch it."""
        content = view(job, self._personal_fields(job.action))
        if file is None:
            return content
        about: dict[str, Any] = {
            "name": file.name,
            "media_type": file.media_type,
            "size": len(file.content),
        }
        if len(file.content) <= LARGEST_FILE:
            about["content_base64"] = base64.b64encode(file.content).decode()
        elif self._public_url:
            about["url"] = f"{self._public_url}/api/v1/jobs/{job.id}/file"
        return {**content, "file": about}


def message_id(job: Job) -> str:
    """The same for each try to tell this end of this job, another one for another end."""
    outcome = json.dumps(job.outcome.as_json() if job.outcome else None, sort_keys=True)
    digest = hashlib.sha256(f"{job.state.value}\n{outcome}".encode()).hexdigest()
    return f"msg_{job.id.replace('.', '_')}_{digest[:16]}"


def retry_after(value: str, now: float) -> float | None:
    """Seconds to wait: a number or a date (RFC 9110, section 10.2.3), within reason."""
    seconds: float | None = None
    if value.isascii() and value.isdigit():
        seconds = float(value[:9])
    elif (parsed := email.utils.parsedate_tz(value)) is not None:
        try:
            seconds = email.utils.mktime_tz(parsed) - now
        except (OverflowError, ValueError):
            return None
    return None if seconds is None else min(max(0.0, seconds), LONGEST_RETRY_AFTER_S)
