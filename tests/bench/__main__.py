"""All benches in one run: one table, then the same as JSON.

Run: `python -m tests.bench [--quick] [--json FILE] [ack accept engine growth start]`. Each ratio compares
with a baseline of the same run, so that a slow or busy machine slows both; the load is printed too.
"""

from __future__ import annotations

from tests.bench import accept, ack, engine, growth, report, start

if __name__ == "__main__":
    report.run(
        {
            "ack": ack.bench,
            "accept": accept.bench,
            "engine": engine.bench,
            "growth": growth.bench,
            "start": start.bench,
        },
        __doc__ or "",
    )
