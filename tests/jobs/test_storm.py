"""All promises together for a few seconds; ten minutes of it are `make soak`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.postgres import own_server
from tests.soak.storm import storm

pytestmark = pytest.mark.alone  # real processes and real time: no neighbours

SEED = 20260717
SECONDS = 8.0


async def test_in_a_storm_on_a_file_every_witness_tells_one_story(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bridge.db'}"
    figures = await storm(tmp_path, url, seed=SEED, seconds=SECONDS)
    assert figures["accepted"] >= 20
    assert figures["troubles"]


async def test_in_a_storm_on_a_crashing_postgres_every_witness_tells_one_story(
    tmp_path: Path,
) -> None:
    with own_server(tmp_path) as server:
        figures = await storm(tmp_path, server.url, seed=SEED, seconds=SECONDS, server=server)
    assert figures["accepted"] >= 20
    assert figures["troubles"]
