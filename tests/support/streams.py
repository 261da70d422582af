"""Record streams for tests: valid ones from the C encoder, lines framed by hand, and the decoder's events."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence

from ferrule import core
from ferrule.records.stream import Damage, Decoder, Event, Record


def frame(text: str) -> bytes:
    """A line framed by hand, independently of the encoder."""
    return text.encode() + b" ~%08x\n" % zlib.crc32(text.encode())


def decode(data: bytes, cuts: Sequence[int] = ()) -> list[Event]:
    """All events of these bytes, fed in pieces that end at `cuts`."""
    decoder, events, start = Decoder(), [], 0
    for cut in [*sorted(cut for cut in cuts if cut < len(data)), len(data)]:
        events += decoder.feed(data[start:cut])
        start = cut
    return events + decoder.close()


def records(events: list[Event]) -> list[Record]:
    return [event for event in events if isinstance(event, Record)]


def damage(events: list[Event]) -> list[Damage]:
    return [event for event in events if isinstance(event, Damage)]


def session(count: int, run: str = "ab", process: int = 0, seed: int = 0) -> list[bytes]:
    """A valid stream of `count` records, from hello to done."""
    encoder, draw = core.Encoder(run, process), random.Random(f"{run}.{process}.{seed}")
    lines = encoder.encode("hello", {"os": "linux", "seed": seed})
    while len(lines) < count - 1:
        ticks = [draw.randrange(2**40) for _ in range(draw.randrange(1, 40))]
        lines += encoder.encode("batch", {"i": draw.randrange(9), "t": ticks})
    return lines + encoder.encode("done", {"ok": 1})
