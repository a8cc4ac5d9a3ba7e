"""The pages of the actions: what each asks for, does, looks at, says, and refuses with."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

from bridge.contract import Action, Repeat
from bridge.surfaces.command import Actions
from bridge.surfaces.leaves import Leaf, leaves
from bridge.surfaces.schema import full_example
from bridge.surfaces.table import REPEATS, table
from bridge.surfaces.usage import summary, usage
from bridge.surfaces.writing import command_line
from docs.writing.markdown import code, fence, generated
from docs.writing.markdown import table as rows

REPEAT_MEANS: Mapping[Repeat, str] = {
    Repeat.IDEMPOTENT: "Sending it twice has the effect of sending it once, so it is sent again.",
    Repeat.CHECK_FIRST: "The bridge reads the upstream's state first and sends only what is missing.",
    Repeat.NEVER_REPEAT: "It is never sent again by itself: the outcome is `unknown`, with a button"
    " for a person.",
}


def index(actions: Actions) -> str:
    """All actions in one table."""
    found = table(actions)
    for action in actions:
        found = found.replace(f"| `{action.id}`", f"| [`{action.id}`]({action.id}.md)")
    return f"""# Actions

An action is one documented call, declared as one class in one file. Its page here, its slash command, its form,
its row in the API and its verb on the command line are all made from that file.

{found}
{generated("`bridge/actions/`")}
"""


def page(action: type[Action]) -> str:
    """Everything that one action declares."""
    path = f"bridge/actions/{action.id.replace('.', '/')}.py"
    return f"""# {action.title}

{summary(action)} Declared in `{path}`.

{_facts(action)}
## Fields

{_fields(action)}
## Examples

In Slack:

{fence(command_line(action, full_example(action)))}
Over HTTP:

{fence(_curl(action), "sh")}
From a shell beside the bridge:

{fence(f"bridge call {action.id} --help", "sh")}
## What it says

A 200 of the upstream means: {action.a_200_means}

The bridge verifies: {action.verifies}

{rows(("code", "sentence"), ((code(name), said) for name, said in action.says.items()))}
## Facts

What `outcome.facts` may hold. Each may be absent.

{_example_facts(action)}
## Errors

What the upstream may refuse with, and what the person is told. What no row lists is shown as the upstream worded it.

{_errors(action)}
{generated(f"`{path}`")}
"""


def _facts(action: type[Action]) -> str:
    lost = REPEAT_MEANS[action.repeat]
    found = [
        ("Name", code(action.id)),
        ("Documented call", f"[`{action.write_route}`]({action.docs})"),
        ("Slash command", code(usage(action))),
        ("Repeat class", f"`{action.repeat.value}` ({REPEATS[action.repeat]}). {lost}"),
        ("If the answer is lost", action.if_lost),
        ("Lane", f"One at a time, in order, for the same connection and the same `{action.lane}`."),
        ("Asked before a button runs it", action.confirm),
        ("A `done` is shown to", "the channel" if action.in_channel else "the asker alone"),
    ]
    return rows(("", ""), ((f"**{name}**", text) for name, text in found if text))


def _fields(action: type[Action]) -> str:
    return rows(
        ("field", "type", "in Slack", "meaning", "example"),
        (
            (
                f"`{leaf.key}`{' **needed**' if leaf.required else ''}",
                " or ".join(code(one) for one in leaf.choices) or leaf.kind.value,
                code(_typed(leaf)) if not leaf.implied else "-",
                leaf.description
                + (" Personal: masked in lists and logs." if leaf.personal else ""),
                code(leaf.example if leaf.example is not None else ""),
            )
            for leaf in leaves(action)
        ),
    )


def _typed(leaf: Leaf) -> str:
    if leaf.rest:
        return f"{leaf.name}…"
    return f"<{leaf.name}>" if leaf.positional else f"{leaf.name}=…"


def _curl(action: type[Action]) -> str:
    body = shlex.quote(json.dumps(full_example(action), ensure_ascii=False))
    return f"""curl "$BRIDGE_URL/api/v1/actions/{action.id}" \\
  -H "Authorization: Bearer $BRIDGE_API_TOKEN" -H "Content-Type: application/json" \\
  -H "Prefer: wait=20" -d {body}"""


def _example_facts(action: type[Action]) -> str:
    return rows(
        ("fact", "type", "meaning"),
        (
            (code(name), fact.type, fact.meaning + _values(fact.values))
            for name, fact in action.example_facts.items()
        ),
    )


def _values(values: tuple[str, ...]) -> str:
    shown = ", ".join(code(one) for one in values if one)
    return f" One of {shown}{' or empty' if '' in values else ''}." if values else ""


def _errors(action: type[Action]) -> str:
    return rows(
        ("upstream's code", "outcome", "what happened", "next step"),
        (
            (code(name), code(problem.kind.kind.value), problem.message, problem.next_step or "-")
            for name, problem in action.errors.items()
        ),
    )
