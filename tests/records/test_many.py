"""Damaged and hostile streams by the thousand: no wrong record, no wrong sample, no crash.

`nox -s streams` looks at ten million; here it is a few thousand. Each stream is an honest payload's, spoiled by a
drawn number of faults; some faults are put under a right checksum, as only a guest that lies can do it.
"""

from __future__ import annotations

import os
import random
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache

from ferrule.payload.key import RunKey
from ferrule.records.samples import RunResult
from ferrule.records.stream import Decoder, Record

from tests.support.assembling import KEYS, PLAN, SENT, TICKS, assemble, stream

STREAMS = int(os.environ.get("FERRULE_STREAMS", "3000"))
SEED = int(os.environ.get("FERRULE_STREAMS_SEED", "1"))
LIES = ("", "-1", "0", "nan", "inf", "9" * 19, "9" * 400, "1,2", ":", "%FF", "1e5", "ok", "free", "kernel.release")


@cache
def lines() -> tuple[bytes, ...]:
    """One process of the plan, as it stands on the wire."""
    return tuple(framed(record) for record in stream())


def framed(record: Record) -> bytes:
    text = f"#fr1 {record.run}.{record.process} {record.seq} {record.kind}"
    for name, value in record.fields.items():
        plain = "".join(one if "!" <= one <= "}" and one not in "%#" else "".join(f"%{b:02X}" for b in one.encode())
                        for one in value)  # fmt: skip
        text += f" {name}={plain}"
    return f"{text} ~{zlib.crc32(text.encode()):08x}\n".encode()


def lose(draw: random.Random, wire: list[bytes]) -> None:
    del wire[draw.randrange(len(wire))]


def repeat(draw: random.Random, wire: list[bytes]) -> None:
    wire.insert(draw.randrange(len(wire) + 1), draw.choice(wire))


def swap(draw: random.Random, wire: list[bytes]) -> None:
    one, two = draw.randrange(len(wire)), draw.randrange(len(wire))
    wire[one], wire[two] = wire[two], wire[one]


def flip(draw: random.Random, wire: list[bytes]) -> None:
    at = draw.randrange(len(wire))
    line = bytearray(wire[at] or b"\n")
    line[draw.randrange(len(line))] ^= 1 << draw.randrange(8)
    wire[at] = bytes(line)


def tear(draw: random.Random, wire: list[bytes]) -> None:
    at = draw.randrange(len(wire))
    start, end = sorted(draw.randrange(len(wire[at]) + 1) for _ in range(2))
    wire[at] = wire[at][:start] + wire[at][end:]


def talk(draw: random.Random, wire: list[bytes]) -> None:
    noise = draw.choice([b"[    1.2] kernel: tsc\n", b"\x1b[2J\r\n", b"#fr1 ", draw.randbytes(draw.randrange(40))])
    wire.insert(draw.randrange(len(wire) + 1), noise)


def lie(draw: random.Random, wire: list[bytes]) -> None:
    """Another value under a right checksum."""
    at = draw.randrange(len(wire))
    words = wire[at].rsplit(b" ~", 1)[0].split(b" ")
    if len(words) > 4:
        which = draw.randrange(4, len(words))
        words[which] = words[which].partition(b"=")[0] + b"=" + draw.choice(LIES).encode()
    text = b" ".join(words)
    wire[at] = text + b" ~%08x\n" % zlib.crc32(text)


HONEST: tuple[Callable[[random.Random, list[bytes]], None], ...] = (lose, repeat, swap, flip, tear, talk)
SENT_RECORDS = {(record.seq, record.kind, tuple(record.fields.items())) for record in stream()}


def test_no_damaged_or_hostile_stream_becomes_a_wrong_sample() -> None:
    seen: Counter[str] = Counter()
    for number in range(STREAMS):
        draw = random.Random(f"{SEED} {number}")
        wire, hostile = list(lines()), number % 2 == 1
        for _ in range(draw.randrange(1, 5)):
            fault = draw.choice([*HONEST, lie, lie] if hostile else HONEST)
            fault(draw, wire)
            if not wire:
                break
        decoder = Decoder()
        events = [*decoder.feed(b"".join(wire)), *decoder.close()]
        if not hostile:
            got = [
                (event.seq, event.kind, tuple(event.fields.items())) for event in events if isinstance(event, Record)
            ]
            assert SENT_RECORDS.issuperset(got), f"stream {number}: a record that nobody sent"
        made = assemble(events, sent=SENT)
        result = made.result()
        assert made.damaged <= set(KEYS), f"stream {number}"
        for key, run in result.runs.items():
            seen[run.status] += 1
            check(number, key, run, hostile=hostile)
        if result.conditions is not None and not hostile:
            said = (result.conditions.kernel, result.conditions.cpu_model, result.conditions.arch)
            assert not result.runs or said == ("6.1.0", "Example CPU", "x86_64"), f"stream {number}: {said}"
    assert seen["ok"] > STREAMS // 4, "most runs of a stream with a fault or two are whole"


def check(number: int, key: RunKey, run: RunResult, *, hostile: bool) -> None:
    assert len(run.processes) <= 1, f"stream {number}: {key} came twice"
    for samples in run.processes:
        assert samples.ticks.size <= PLAN.batches
        assert (samples.ticks > 0).all()
        if not hostile:
            assert samples.ticks.tolist() == TICKS[key], f"stream {number}: {key} has samples that nobody took"
