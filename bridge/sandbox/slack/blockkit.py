"""Whether Slack would take these blocks: the documented counts, lengths and places, with Slack's way of naming the spot.

Limits from https://docs.slack.dev/reference/block-kit/blocks and its element and composition pages; the
total of all blocks is undocumented and was measured by others (slackapi/bolt-js issue 2509).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from bridge.sandbox.slack.elements import ELEMENTS, INTERACTIVE, element_problems
from bridge.sandbox.slack.model import Json
from bridge.sandbox.slack.texts import at, length_problems, missing, text_problems

Surface = Literal["message", "modal", "home"]
TOTAL_CHARACTERS = 13_200

_MESSAGE_ONLY = {"markdown", "table", "file", "context_actions", "task_card", "plan", "alert"}
_MESSAGE_ONLY |= {"card", "container", "carousel", "call"}
_EVERYWHERE = {"section", "divider", "image", "actions", "context", "input", "header"}
_EVERYWHERE |= {"video", "rich_text"}
_ACCESSORIES = ELEMENTS - {"plain_text_input", "email_text_input", "url_text_input"}
_ACCESSORIES -= {"number_input", "file_input", "rich_text_input"}
_NOT_INPUTS = {"button", "overflow", "image", "workflow_button"}


def is_interactive(element: Json) -> bool:
    """True for what a person can click, choose or fill in."""
    return element.get("type") in INTERACTIVE


def too_long_together(blocks: list[Json]) -> bool:
    """True when all blocks together pass the undocumented total of a message."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > TOTAL_CHARACTERS


def problems(blocks: Any, surface: Surface = "message") -> list[str]:
    """Each reason to refuse, as `reason [json-pointer:/blocks/…]`."""
    if not isinstance(blocks, list):
        return [at("must be an array", "/blocks")]
    most = 50 if surface == "message" else 100
    found = [at(f"no more than {most} items allowed", "/blocks")] if len(blocks) > most else []
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        where = f"/blocks/{index}"
        if not isinstance(block, dict):
            found.append(at("must be an object", where))
            continue
        block_id = block.get("block_id")
        found += length_problems(block_id, 255, f"{where}/block_id")
        if block_id in seen:
            found.append(at(f"`block_id` {block_id!r} already exists", where))
        if isinstance(block_id, str):
            seen.add(block_id)
        found += _block(block, where, surface)
    markdown = sum(len(str(b.get("text", ""))) for b in blocks if _is(b, "markdown"))
    if markdown > 12_000:
        found.append(at("markdown blocks must be less than 12001 characters", "/blocks"))
    if sum(_is(block, "table") for block in blocks) > 1:
        found.append(at("only one table block allowed", "/blocks"))
    return found


def _is(block: Any, kind: str) -> bool:
    return isinstance(block, dict) and block.get("type") == kind


def _block(block: Json, where: str, surface: Surface) -> Iterator[str]:
    kind = block.get("type")
    allowed = _EVERYWHERE | _MESSAGE_ONLY if surface == "message" else _EVERYWHERE
    if kind not in allowed:
        yield at(f"unsupported type: {kind}", f"{where}/type")
        return
    match kind:
        case "section":
            yield from _section(block, where)
        case "header":
            yield from text_problems(block.get("text"), 150, f"{where}/text", plain=True)
        case "image":
            yield from _image(block, where)
        case "actions":
            yield from _elements(block, where, 25, ELEMENTS - {"image", "file_input"})
        case "context":
            yield from _context(block, where)
        case "input":
            yield from _input(block, where)
        case "markdown":
            if not block.get("text"):
                yield missing("text", where)
        case "rich_text" | "context_actions" if not isinstance(block.get("elements"), list):
            yield missing("elements", where)
        case "table" if not isinstance(block.get("rows"), list) or len(block["rows"]) > 100:
            yield at("must have 1 to 100 rows", f"{where}/rows")


def _section(block: Json, where: str) -> Iterator[str]:
    fields = block.get("fields")
    if "text" not in block and not fields:
        yield missing("text", where)
    if "text" in block:
        yield from text_problems(block["text"], 3000, f"{where}/text")
    if fields is not None:
        if len(fields) > 10:
            yield at("no more than 10 items allowed", f"{where}/fields")
        for index, field in enumerate(fields):
            yield from text_problems(field, 2000, f"{where}/fields/{index}")
    if "accessory" in block:
        if block["accessory"].get("type") not in _ACCESSORIES:
            yield at("unsupported accessory", f"{where}/accessory")
        yield from element_problems(block["accessory"], f"{where}/accessory")


def _image(block: Json, where: str) -> Iterator[str]:
    if not block.get("image_url") and not block.get("slack_file"):
        yield missing("image_url", where)
    if not isinstance(block.get("alt_text"), str):
        yield missing("alt_text", where)
    yield from length_problems(block.get("image_url"), 3000, f"{where}/image_url")
    yield from length_problems(block.get("alt_text"), 2000, f"{where}/alt_text")
    if "title" in block:
        yield from text_problems(block["title"], 2000, f"{where}/title", plain=True)


def _elements(block: Json, where: str, most: int, allowed: set[str]) -> Iterator[str]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not elements:
        yield missing("elements", where)
        return
    if len(elements) > most:
        yield at(f"no more than {most} items allowed", f"{where}/elements")
    seen: set[str] = set()
    for index, element in enumerate(elements):
        spot = f"{where}/elements/{index}"
        if not isinstance(element, dict) or element.get("type") not in allowed:
            yield at("unsupported type", f"{spot}/type")
            continue
        yield from element_problems(element, spot)
        action_id = element.get("action_id")
        if action_id in seen:
            yield at(f"`action_id` {action_id!r} already exists for this block", spot)
        if isinstance(action_id, str):
            seen.add(action_id)


def _context(block: Json, where: str) -> Iterator[str]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not elements:
        yield missing("elements", where)
        return
    if len(elements) > 10:
        yield at("no more than 10 items allowed", f"{where}/elements")
    for index, element in enumerate(elements):
        spot = f"{where}/elements/{index}"
        if _is(element, "image"):
            yield from element_problems(element, spot)
        else:
            yield from text_problems(element, 3000, spot)


def _input(block: Json, where: str) -> Iterator[str]:
    yield from text_problems(block.get("label"), 2000, f"{where}/label", plain=True)
    if "hint" in block:
        yield from text_problems(block["hint"], 2000, f"{where}/hint", plain=True)
    element = block.get("element")
    if not isinstance(element, dict) or element.get("type") not in ELEMENTS - _NOT_INPUTS:
        yield at("unsupported element", f"{where}/element")
        return
    yield from element_problems(element, f"{where}/element")


def view_problems(view: Any) -> list[str]:
    """Why a modal or Home tab is refused: https://docs.slack.dev/reference/views/modal-views."""
    if not isinstance(view, dict):
        return [at("must be an object", "/view")]
    kind = view.get("type")
    if kind not in {"modal", "home"}:
        return [at(f"unsupported type: {kind}", "/view/type")]
    found = problems(view.get("blocks"), "modal" if kind == "modal" else "home")
    found += length_problems(view.get("callback_id"), 255, "/view/callback_id")
    found += length_problems(view.get("external_id"), 255, "/view/external_id")
    found += length_problems(view.get("private_metadata"), 3000, "/view/private_metadata")
    if kind == "modal":
        found += text_problems(view.get("title"), 24, "/view/title", plain=True)
        for part in ("submit", "close"):
            if view.get(part) is not None:
                found += text_problems(view[part], 24, f"/view/{part}", plain=True)
        blocks = view.get("blocks")
        inputs = isinstance(blocks, list) and any(_is(block, "input") for block in blocks)
        if inputs and view.get("submit") is None:
            found.append(missing("submit", "/view"))
    return found
