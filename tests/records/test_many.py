"""Damaged and hostile streams by the thousand: no wrong record, no wrong sample, no crash.

`nox -s streams` reads ten million; here it is a few thousand. Each stream is an honest payload's with a random number
of faults; some faults have a right checksum, as only a hostile guest can send them. Most streams are of one run alone:
with fewer records, more faults are tested in a second.
"""

from __future__ import annotations

import os
import random
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan
from ferrule.records.hello import Sent
from ferrule.records.samples import RunResult
from ferrule.records.stream import Decoder, Event, Record

from tests.support.assembling import KEYS, PLAN, SENT, TICKS, assemble, stream

STREAMS = int(os.environ.get("FERRULE_STREAMS", "3000"))
SEED = int(os.environ.get("FERRULE_STREAMS_SEED", "1"))
LIES = ("", "-1", "0", "nan", "inf", "9" * 19, "9" * 400, "1,2", ":", "%FF", "1e5", "ok", "free", "kernel.release")


@dataclass(frozen=True)
class Honest:
    """One process of a plan: its lines on the wire, and the records that may be decoded from them."""

    plan: Plan
    sent: Sent
    lines: tuple[bytes, ...]
    records: frozenset[tuple[object, ...]]


@cache
def honest(which: int) -> Honest:
    """The stream of the whole plan, or of one of its runs alone."""
    plan = replace(PLAN, runs=PLAN.runs[which : which + 1]) if which < len(KEYS) else PLAN
    records = stream(0, plan)
    sent = replace(SENT, plan=plan.render())
    return Honest(plan, sent, tuple(map(framed, records)), frozenset(map(seen_of, records)))


def seen_of(record: Record) -> tuple[object, ...]:
    return (record.run, record.process, record.seq, record.kind, *record.fields.items())


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
    """Replace a value, or a record's place in the stream, with a right checksum."""
    at = draw.randrange(len(wire))
    words = wire[at].rsplit(b" ~", 1)[0].split(b" ")
    if len(words) > 3:
        which = draw.randrange(1, len(words))
        if which == 1:
            words[1] = draw.choice([b"a1.0", b"a1.1", b"a1.9", b"zz.0", b"a1.4294967295"])
        elif which == 2:
            words[2] = b"%d" % draw.choice([0, 1, at, at + 1, 1 << 40, (1 << 64) - 1])
        elif which == 3:
            words[3] = draw.choice(KINDS)
        else:
            words[which] = words[which].partition(b"=")[0] + b"=" + draw.choice(LIES).encode()
    text = b" ".join(words)
    wire[at] = text + b" ~%08x\n" % zlib.crc32(text)


KINDS = (b"hello", b"fact", b"clock", b"ref", b"mark", b"begin", b"ready", b"batch", b"pace", b"hist", b"end", b"done")
HONEST: tuple[Callable[[random.Random, list[bytes]], None], ...] = (lose, repeat, swap, flip, tear, talk)
ALL = (*HONEST, lie, lie)


def test_no_damaged_or_hostile_stream_becomes_a_wrong_sample() -> None:
    seen: Counter[str] = Counter()
    draw = random.Random()
    for number in range(STREAMS):
        draw.seed(SEED << 32 | number)
        base, hostile = honest(draw.choice((0, 1, 2, 3, 3, 3))), number % 2 == 1
        wire = list(base.lines)
        for _ in range(draw.randrange(1, 3 + len(wire) // 16)):
            draw.choice(ALL if hostile else HONEST)(draw, wire)
            if not wire:
                break
        seen.update(status for status in read(number, base, b"".join(wire), draw, hostile=hostile))
    print(f"{STREAMS} streams of seed {SEED}: runs {dict(seen)}")
    assert seen["ok"] > STREAMS // 6, "of streams with a fault or two many runs are whole"


def read(number: int, base: Honest, wire: bytes, draw: random.Random, *, hostile: bool) -> list[str]:
    """Statuses of the runs of one stream."""
    decoder, events = Decoder(), list[Event]()
    while number % 8 < 2 and wire and draw.randrange(8):  # in pieces, as a serial line delivers it
        cut = draw.randrange(len(wire) + 1)
        events += decoder.feed(wire[:cut])
        wire = wire[cut:]
    events += [*decoder.feed(wire), *decoder.close()]
    if not hostile:
        got = [seen_of(event) for event in events if isinstance(event, Record)]
        assert base.records.issuperset(got), f"stream {number}: a record that was not sent"
    made = assemble(events, base.plan, sent=base.sent)
    result = made.result()
    assert made.damaged <= {planned.key for planned in base.plan.runs}, f"stream {number}"
    for key, run in result.runs.items():
        check(number, key, run, hostile=hostile)
    if result.conditions is not None:
        reported = (result.conditions.kernel, result.conditions.cpu_model, result.conditions.arch)
        if hostile:
            assert all(one.isprintable() and len(one) <= 400 for one in reported), f"stream {number}: {reported}"
        else:
            assert not result.runs or reported == ("6.1.0", "Example CPU", "x86_64"), f"stream {number}: {reported}"
    return [run.status for run in result.runs.values()]


def check(number: int, key: RunKey, run: RunResult, *, hostile: bool) -> None:
    assert len(run.processes) <= 1 + hostile, f"stream {number}: {key} came twice"
    assert len(run.reason) < 1000
    assert run.reason.isprintable(), f"stream {number}: {run.reason!a}"
    for samples in run.processes:
        assert samples.ticks.size <= PLAN.batches
        assert (samples.ticks > 0).all()
        if not hostile:
            assert samples.ticks.tolist() == TICKS[key], f"stream {number}: {key} has samples that were not taken"
