"""Each test starts with cold caches: what an earlier test left there would hide a fault in what fills them."""

from __future__ import annotations

import pytest

from bridge.surfaces.leaves import by_key, by_name, leaves


@pytest.fixture(autouse=True)
def _cold_caches() -> None:
    for cached in (leaves, by_key, by_name):
        cached.cache_clear()
