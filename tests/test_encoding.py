"""The quick encoder writes what the standard library reads back, whatever an upstream sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract import decode_json, encode_json

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_it_is_read_back_as_it_was(value: Any) -> None:
    assert json.loads(encode_json(value)) == value


@pytest.mark.parametrize("half", ["\ud800", "a\udfffb"])
def test_half_a_surrogate_pair_is_escaped(half: str) -> None:
    text = encode_json({"said": half})
    assert text.isascii()
    assert json.loads(text) == {"said": half}


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError):
        encode_json({"said": object()})


@pytest.mark.parametrize(
    "text", [b"", b"<html>", b"\xff", b"[" * 100_000, b"[" * 9999 + b"]" * 9999]
)
def test_what_cannot_be_read_is_nothing(text: bytes) -> None:
    assert decode_json(text) is None
