"""The nouns of the bridge as types: action, request, response, outcome, job, asker, reply_to.

Ground floor: every room may import it. A word means one thing everywhere: in code, settings, logs and
answers. An action's flow speaks only in `Request`, `Response` and `Outcome`, so it can be run by the
worker, by a dry run and by a test alike.

May import: no other room.
"""

from bridge.contract.action import (
    Action,
    Command,
    Context,
    Fact,
    Flow,
    Option,
    Personal,
    Picker,
    Positional,
    Problem,
    Repeat,
    Rest,
)
from bridge.contract.encoding import decode_json, encode_json
from bridge.contract.exchange import (
    UPSTREAM_NAMES,
    Lost,
    Request,
    Response,
    Unsent,
    Upstream,
    upstream_name,
)
from bridge.contract.foreign import json_part, json_text
from bridge.contract.job import FINAL_STATES, NOWHERE, Asker, Job, JobState, ReplyTo
from bridge.contract.outcome import (
    LINK_ACCOUNT,
    OUTCOMES,
    Done,
    FileRef,
    FollowUp,
    Outcome,
    OutcomeKind,
    Pending,
    Refused,
    Retry,
    Unknown,
    outcome_from_json,
)

__all__ = [
    "FINAL_STATES",
    "LINK_ACCOUNT",
    "NOWHERE",
    "OUTCOMES",
    "UPSTREAM_NAMES",
    "Action",
    "Asker",
    "Command",
    "Context",
    "Done",
    "Fact",
    "FileRef",
    "Flow",
    "FollowUp",
    "Job",
    "JobState",
    "Lost",
    "Option",
    "Outcome",
    "OutcomeKind",
    "Pending",
    "Personal",
    "Picker",
    "Positional",
    "Problem",
    "Refused",
    "Repeat",
    "ReplyTo",
    "Request",
    "Response",
    "Rest",
    "Retry",
    "Unknown",
    "Unsent",
    "Upstream",
    "decode_json",
    "encode_json",
    "json_part",
    "json_text",
    "outcome_from_json",
    "upstream_name",
]
