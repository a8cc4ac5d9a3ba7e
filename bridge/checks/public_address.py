"""Whether the outside reaches us, and whether our clock is right."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bridge.checks.asking import SKEW_ERROR_S, SKEW_WARNING_S, Clocks, Silence, as_json, ask
from bridge.checks.report import Row, error, ok, unknown, warning
from bridge.outbound import Outbound
from bridge.settings import Settings

ADDRESS, CLOCK = "Address", "Clock"


async def look(settings: Settings, outbound: Outbound, now: float) -> AsyncIterator[Row]:
    """Rows about PUBLIC_URL: a running bridge, and Slack's path to it."""
    base = settings.server.public_url.rstrip("/")
    if not base:
        yield unknown(ADDRESS, "PUBLIC_URL is not set.", "`bridge check` says how to set it.")
        return
    answer = await ask(outbound.send("GET", f"{base}/healthz", route="GET /healthz"))
    if isinstance(answer, Silence):
        yield error(
            ADDRESS,
            f"Nothing answers at PUBLIC_URL: {answer.why}.",
            "Start the bridge (`bridge serve`), then check name, TLS and proxy.",
        )
        return
    if answer.status != 200 or as_json(answer.body).get("ok") is not True:
        yield error(
            ADDRESS,
            f"What answers at PUBLIC_URL (status {answer.status}) is not the bridge.",
            "Correct PUBLIC_URL, or let the proxy send every path to the bridge unchanged.",
        )
        return
    yield ok(ADDRESS, f"The bridge answers at {base}.")
    headers = {  # well formed, so that what answers is the secret or its absence
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": str(int(now)),
        "X-Slack-Signature": f"v0={'0' * 64}",
    }
    knock = await ask(
        outbound.send(
            "POST",
            f"{base}/slack/events",
            headers=headers,
            body=b"a=b",
            route="POST /slack/events",
        )
    )
    if isinstance(knock, Silence):
        yield error(
            ADDRESS,
            f"/slack/events does not answer: {knock.why}.",
            "Let the proxy send POST requests on.",
        )
    elif knock.status == 401:
        yield ok(ADDRESS, "/slack/events refuses what Slack did not sign, as it should.")
    elif knock.status == 503 and settings.slack.app_token and not settings.slack.signing_secret:
        yield ok(ADDRESS, "/slack/events is shut: Slack comes by Socket Mode instead.")
    elif knock.status == 503:
        yield warning(
            ADDRESS,
            "/slack/events has no signing secret, so it refuses everybody.",
            "Set SLACK_SIGNING_SECRET and restart.",
        )
    else:
        yield error(
            ADDRESS,
            f"/slack/events answers {knock.status} to an unsigned request; 401 is right.",
            "Something before the bridge answers for it: correct the proxy's paths.",
        )


def tell_time(clocks: Clocks) -> Row:
    """One row about our clock, by those of all who answered. The median, so that one may be wrong."""
    if not clocks.ahead_s:
        return unknown(CLOCK, "Nobody told the time.")
    sorted_s = sorted(clocks.ahead_s.values(), key=abs)
    ahead = sorted_s[len(sorted_s) // 2]
    said = f"It differs by {abs(ahead):.0f} s from {', '.join(sorted(clocks.ahead_s))}."
    if abs(ahead) >= SKEW_ERROR_S:
        return error(
            CLOCK, f"{said} Signatures will be refused.", "Synchronise it: chronyc makestep"
        )
    if abs(ahead) >= SKEW_WARNING_S:
        return warning(CLOCK, said, "Synchronise it before it is off by five minutes: use NTP.")
    return ok(CLOCK, "It is right to within a few seconds.")
