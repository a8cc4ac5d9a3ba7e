"""What was submitted with a form, read back as an action's values, and its faults for each input.

A box that is not ticked says no instead of vanishing. A group that may be left out (an e-mail with its
subject) is left out when nothing in it was touched; there a box says no only if it had opened with an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bridge.contract import Action
from bridge.surfaces import sentences
from bridge.surfaces.leaves import Kind, Leaf, fold
from bridge.surfaces.line import split_list
from bridge.surfaces.modal import CALLBACK, CONNECTION_BLOCK, KNOWN, as_text
from bridge.surfaces.usage import shown_leaves


def action_id(callback_id: str) -> str:
    """The action whose form this is; empty when it is no form of an action."""
    return callback_id.removeprefix(CALLBACK) if callback_id.startswith(CALLBACK) else ""


def values(action: type[Action], state: Mapping[str, Any]) -> dict[str, Any]:
    """What was submitted (`view.state.values`), by leaf key; blank inputs are left out."""
    found: dict[str, Any] = {}
    for leaf in shown_leaves(action):
        for action_id, element in state.get(leaf.key, {}).items():
            value = _submitted(leaf, element, known=action_id == KNOWN)
            if value is not None:
                found[leaf.key] = value
    return _without_untouched_groups(action, found)


def args(action: type[Action], state: Mapping[str, Any]) -> dict[str, Any]:
    """What was submitted, as the arguments to validate."""
    return fold(action, values(action, state))


def connection(state: Mapping[str, Any]) -> str:
    """The connection that was chosen, if the form asked for one."""
    for element in state.get(CONNECTION_BLOCK, {}).values():
        return str((element.get("selected_option") or {}).get("value", ""))
    return ""


def errors(action: type[Action], error: ValidationError) -> dict[str, str]:
    """The faults by block id, for Slack's `response_action: errors`."""
    found: dict[str, str] = {}
    inputs = shown_leaves(action)
    for fault in sentences.faults(action, error):
        leaf = sentences.home(action, fault)
        key = leaf.key if leaf in inputs and leaf else inputs[0].key
        found[key] = f"{found[key]} {fault.sentence}" if key in found else fault.sentence
    return found


def _submitted(leaf: Leaf, element: Mapping[str, Any], *, known: bool) -> Any:
    if leaf.kind is Kind.BOOLEAN and not leaf.picker:
        ticked = bool(element.get("selected_options"))
        return ticked if ticked or known or not leaf.group else None
    if leaf.kind is Kind.LIST and leaf.picker:
        chosen = [option["value"] for option in element.get("selected_options") or ()]
        return chosen or None
    if element.get("selected_option"):
        return element["selected_option"]["value"]
    text = element.get("selected_date") or element.get("value")
    if leaf.kind is Kind.LIST and text:
        return split_list(text.replace("\n", ",")) or None
    return text or None


def _without_untouched_groups(action: type[Action], found: dict[str, Any]) -> dict[str, Any]:
    """Inner groups first: an untouched inner one does not keep its outer one."""
    groups = {leaf.group for leaf in shown_leaves(action) if leaf.group}
    for group in sorted(groups, key=len, reverse=True):
        inside = [leaf for leaf in shown_leaves(action) if leaf.path[: len(group)] == group]
        if not any(_touched(leaf, found) for leaf in inside if leaf.key in found):
            for leaf in inside:
                found.pop(leaf.key, None)
    return found


def _touched(leaf: Leaf, found: Mapping[str, Any]) -> bool:
    if leaf.kind is Kind.BOOLEAN:
        return True  # one that says nothing was not read at all
    return bool(found[leaf.key] not in (leaf.default, as_text(leaf.default)))
