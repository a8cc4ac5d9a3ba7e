"""The pages about Slack: help on every command as Slack shows it, and the app's manifest."""

from __future__ import annotations

import yaml

from bridge.ingress.slack.install import SCOPES
from bridge.surfaces.command import BUILTINS, Actions, Help
from bridge.surfaces.help import commands
from bridge.surfaces.help import page as help_page
from bridge.surfaces.manifest import manifest_of
from docs.writing.markdown import code, fence, generated, lines, table

ADDRESS = "https://bridge.example.org"


def commands_page(actions: Actions) -> str:
    """For people who type: each command with its help."""
    parts = []
    for word in dict.fromkeys(action.command.word for action in actions):
        told = help_page(Help(word), actions)
        explained = lines(f"- {_escaped(line)}" for line in told.lines)
        parts.append(
            f"## /{word}\n\n{fence(lines(told.usage))}\n{explained}\n\nFor example:\n\n"
            f"{fence(lines(told.examples))}"
        )
    builtins = "\n".join(f"- `/bridge {name}`: {told}" for name, told in BUILTINS.items())
    return f"""# Commands in Slack

- A command without its fields opens a form.
- `key=value` gives an option; quotes are allowed, also the curly ones that phones make. The last free text takes
  the rest of the line as it is.
- A conversation is a room id, or its link pasted from Rocket.Chat. A colleague may be a Slack mention.
- `help` works on every command, and on its sub words: `/transcript email help`.
- Slack has no slash commands in threads: mention the app there (`@Deskbridge close …`), or use a message's shortcuts.
- Only you see a refusal or a question. What a whole channel needs to know, such as a close, the channel sees.

{lines(parts)}
## /bridge

Reaches every command (`/bridge close …`), should another app have taken its name, and:

{builtins}
{generated("`bridge/surfaces/help.py`")}
"""


def page(actions: Actions) -> str:
    """For whoever sets the app up."""
    slash = ((code(one.name), one.description, code(one.usage_hint)) for one in commands(actions))
    made = manifest_of(actions, public_url=ADDRESS, scopes=SCOPES)
    scopes = ", ".join(code(scope) for scope in SCOPES)
    text = yaml.safe_dump(made, sort_keys=False, allow_unicode=True)
    return f"""# Slack app

`bridge manifest` prints the app for your settings; `bridge manifest --push` gives it to Slack.
How it is installed: [Slack, with pictures](../start/slack.md).

## Slash commands

Every name can be changed: `slack.commands` in the [settings](settings.md#slack).

{table(("command", "what it does", "hint"), slash)}
## Scopes

{scopes}

## Manifest

For a bridge at <{ADDRESS}>:

{fence(text, "yaml")}
{generated("`bridge/surfaces/manifest.py`")}
"""


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace("*", "\\*")
