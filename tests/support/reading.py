"""Checks that hold for any bytes that are read as a record stream."""

from __future__ import annotations

from ferrule.records.stream import PENDING_LIMIT, RECORD_LIMIT, Decoder, Record
from ferrule.text import STEERING

from tests.support.assembling import KEYS, PLAN, assemble


def stream_is_read(content: bytes) -> None:
    """Bytes fed whole and in pieces give the same records, and results within the plan's bounds."""
    whole, pieces = Decoder(), Decoder()
    events = [*whole.feed(content), *whole.close()]
    others = [event for at in range(0, len(content), 97) for event in pieces.feed(content[at : at + 97])]
    others += pieces.close()
    records = [event for event in events if isinstance(event, Record)]
    if len(content) <= PENDING_LIMIT:
        assert records == [event for event in others if isinstance(event, Record)]
    assert all(len(record.kind) < RECORD_LIMIT for record in records)
    result = assemble(events).result()
    for key, run in result.runs.items():
        assert key in KEYS or key.workload
        assert not STEERING.search(run.reason)
        assert all(0 < samples.ticks.size <= PLAN.batches and (samples.ticks > 0).all() for samples in run.processes)
