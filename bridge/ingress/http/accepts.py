"""The one line that every accept leaves, whichever door the wish came through.

It holds ids and nothing that anybody wrote, and stands on the hot path of every door, after the commit.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from bridge.jobs.auditing import Actor
from bridge.jobs.intake import Accepted

log = structlog.get_logger()


def note(accepted: Sequence[Accepted]) -> None:
    """Say what was stored and for whom; several jobs of one wish share the line."""
    first = accepted[0]
    alone = len(accepted) == 1
    actor = Actor.of(first.job.asker)
    log.info(
        "ingress.accepted",
        door=actor.door,
        who=actor.who,
        action=first.job.action if alone else [one.job.action for one in accepted],
        job_id=first.job.id if alone else [one.job.id for one in accepted],
        jobs=len(accepted),  # the log cuts long lists
        result="repeated" if first.repeated else "joined" if first.joined else "stored",
    )
