"""What a booted guest said, from its first byte to its last."""

from __future__ import annotations

from ferrule.machine.guest import Execution
from ferrule.records.stream import Decoder, Record

from tests.support.streams import decode

BOOT = 240.0  # seconds without a byte; ten are enough on an idle machine


def read_all(execution: Execution, silence: float = BOOT) -> bytes:
    """All bytes of its record stream; TimeoutError after so many seconds without one."""
    data = b""
    while chunk := execution.read(silence):
        data += chunk
    return data


def undamaged(data: bytes, ended: bool = True) -> list[Record]:
    """The records of a stream that has no damage; one that is not `ended` may lack what should follow."""
    events = decode(data) if ended else Decoder().feed(data)
    found = [event for event in events if isinstance(event, Record)]
    assert found == events
    return found
