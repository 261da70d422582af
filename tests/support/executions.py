"""The record stream of a booted guest, from its first byte to its last."""

from __future__ import annotations

from ferrule.machine.guest import Execution
from ferrule.records.stream import Decoder, Record

from tests.support.streams import decode

BOOT = 240.0  # seconds without a byte; ten are enough on an idle machine


def read_all(execution: Execution, silence: float = BOOT) -> bytes:
    """All bytes of the record stream; TimeoutError after `silence` seconds without a byte."""
    data = b""
    while chunk := execution.read(silence):
        data += chunk
    return data


def undamaged(data: bytes, ended: bool = True) -> list[Record]:
    """The records of a stream that must have no damage; if not `ended`, it may stop before its last record."""
    events = decode(data) if ended else Decoder().feed(data)
    found = [event for event in events if isinstance(event, Record)]
    assert found == events
    return found
