"""What can be typed and called, read from the bridge's own actions: a new action appears here by itself.

Commands with their usage lines for completion, shortcuts for the menus, and for each action one line that
works in this sandbox as it stands: the action's own example with rooms and sessions that are really here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bridge.actions import catalogue
from bridge.contract import Action
from bridge.sandbox.rocketchat import seed as rooms
from bridge.surfaces.help import commands
from bridge.surfaces.leaves import Leaf, flatten, fold, leaves
from bridge.surfaces.schema import example_args
from bridge.surfaces.usage import HELP, name_of, shown_leaves, summary, usage
from bridge.surfaces.writing import command_line

# A list that a form offers -> something in it that works on the first try.
HERE: Final[Mapping[str, Any]] = {
    "rocketchat.open_rooms": rooms.OPEN_SERVED,
    "rocketchat.closed_rooms": rooms.CLOSED_PLAIN,
    "rocketchat.rooms": rooms.CLOSED_PLAIN,
    "superoffice.sessions": 648,
    "superoffice.associates": "anna@example.com",
    "rocketchat.agents": "tom.okoro",
    "rocketchat.departments": "Billing",
}
ALL_ACTIONS: Final = "bridge.all"


def offers(names: Mapping[str, str], message_id: str = "") -> dict[str, Any]:
    """Commands, actions and shortcuts as JSON; `message_id` is one of a message that is here."""
    actions = catalogue()
    shown = commands(actions.values(), names)
    return {
        "commands": [
            {
                "word": one.word,
                "name": one.name,
                "about": one.description.partition(". ")[0],
                "hint": one.usage_hint,
            }
            for one in shown
        ],
        "actions": [_action(action, names, message_id) for action in actions.values()],
        "shortcuts": [
            {"id": ALL_ACTIONS, "title": "Anything the bridge can do"},
            *({"id": action.id, "title": action.title} for action in actions.values()),
        ],
        "help": sorted(word for word in HELP if word.isalpha()),
    }


def line_of(action: type[Action], names: Mapping[str, str], message_id: str = "") -> str:
    """The action's example, with what is really here in the place of its ids."""
    args = example_args(action)
    values = dict(flatten(action, args))
    for leaf in leaves(action):
        found = message_id if leaf.key == "messages" else HERE.get(leaf.picker)
        if leaf.key in values and found:
            values[leaf.key] = [found] if isinstance(values[leaf.key], list) else found
    return command_line(action, fold(action, values), names)


def _action(action: type[Action], names: Mapping[str, str], message_id: str) -> dict[str, Any]:
    return {
        "id": action.id,
        "title": action.title,
        "command": name_of(action.command.word, names),
        "sub": action.command.sub,
        "implied": bool(action.command.sub) and action.command.default,
        "usage": usage(action, names),
        "about": summary(action),
        "line": line_of(action, names, message_id),
        "fields": [_field(leaf) for leaf in shown_leaves(action)],
    }


def _field(leaf: Leaf) -> dict[str, Any]:
    return {
        "name": leaf.name,
        "about": leaf.description,
        "required": leaf.required,
        "place": leaf.positional,
        "rest": leaf.rest,
        "choices": list(leaf.choices),
        "sample": leaf.sample,
    }
