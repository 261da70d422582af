"""The record stream: each record that was sent is returned unchanged or reported as damage; no other record is."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import pytest
from ferrule import core
from ferrule.records.stream import INIT_PROCESS, PENDING_LIMIT, RECORD_LIMIT, Damage, Decoder, Noise, Record, Restart
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.streams import damage, decode, frame, records, session

KERNEL = [
    b"[    1.234567] tsc: Refined TSC clocksource calibration: 2596.148 MHz\n",
    b"\x1b[0m[   12.000001] random: crng init done\r\n",
    b"#fr1\n",
    b"#fr1 \n",
    b"\n",
]


@pytest.mark.parametrize("noise", [10, PENDING_LIMIT - 3, PENDING_LIMIT, PENDING_LIMIT + 1, 3 * PENDING_LIMIT + 7])
@pytest.mark.parametrize("step", [1, 7, 4095])
def test_a_record_behind_a_long_unfinished_line_is_found(noise: int, step: int) -> None:
    lines = session(4)
    data = b"." * noise + lines[0].rstrip(b"\n") + b"".join(lines[1:])
    events = decode(data, range(0, len(data), step))
    assert [record.seq for record in records(events)] == [0, 1, 2, 3]
    assert sum(len(event.text) for event in events if isinstance(event, Noise)) == noise


def test_records_without_any_newline_are_all_found() -> None:
    lines = [line.rstrip(b"\n") for line in session(60)]
    data = b"".join(lines)
    assert [record.seq for record in records(decode(data, range(0, len(data), 1000)))] == list(range(60))


@given(
    st.integers(0, 2**32),
    st.sampled_from(["drop", "repeat", "flip", "cut", "delete byte", "insert byte", "join"]),
    st.lists(st.integers(0, 40_000), max_size=60),
)
@settings(max_examples=200)
def test_damage_never_passes_and_never_hides(seed: int, kind: str, cuts: list[int]) -> None:
    """For any damage to the bytes: each record returned is one that was sent, and each missing one is reported."""
    draw = random.Random(seed)
    sent = session(30, seed=seed)
    wire = list(sent)
    for _ in range(draw.randrange(1, 5)):
        spoil(draw, wire, kind)
    for _ in range(8):  # the kernel logs anywhere: between the lines, and before a record on its line
        at = draw.randrange(len(wire) + 1)
        wire.insert(at, draw.choice([*KERNEL, KERNEL[0][:-1]]))
    events = decode(b"".join(wire), cuts)
    truth = {record.seq: record for record in records(decode(b"".join(sent)))}
    got = records(events)
    assert all(truth[record.seq] == record for record in got)
    assert len({record.seq for record in got}) == len(got)
    assert set(truth) - {record.seq for record in got} == announced(damage(events), len(sent))


def announced(found: Sequence[Damage], count: int) -> set[int]:
    """The records of a stream of `count` that were reported as missing."""
    missing: set[int] = set()
    for one in found:
        if one.kind == "loss" or "without done" in one.detail:
            first, last = re.findall(r"record (\d+)(?: to (\d+))?", one.detail)[0]
            end = count if one.kind == "cut" else int(last or first) + 1
            missing |= set(range(int(first), end))
    return missing


def spoil(draw: random.Random, wire: list[bytes], kind: str) -> None:
    """Damage one line in one way."""
    index = draw.randrange(len(wire))
    line = bytearray(wire[index])
    at = draw.randrange(len(line)) if line else 0
    if kind == "drop":
        line.clear()
    elif kind == "repeat":
        index = draw.randrange(len(wire))
        line = bytearray(wire[index] * 2)
    elif kind == "flip" and line:
        line[at] ^= 1 << draw.randrange(8)
    elif kind == "cut":
        del line[at:]
    elif kind == "delete byte" and line:
        del line[at]
    elif kind == "insert byte":
        line.insert(at, draw.randrange(256))
    elif kind == "join":
        line = bytearray(bytes(line).rstrip(b"\n"))
    wire[index] = bytes(line)


@given(st.lists(st.binary(max_size=300) | st.sampled_from([b"#fr1 ", b"#fr1 a.0 0 b ~", *KERNEL]), max_size=40))
def test_any_bytes_are_survived(chunks: list[bytes]) -> None:
    decoder = Decoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.close()
    assert not records(events)


@given(st.integers(0, 2**32), st.lists(st.integers(0, 40_000), max_size=60))
def test_how_the_bytes_are_cut_changes_nothing(seed: int, cuts: list[int]) -> None:
    draw = random.Random(seed)
    wire = session(20, seed=seed)
    for _ in range(3):
        spoil(draw, wire, draw.choice(["drop", "flip", "cut", "join", "repeat"]))
    data = b"".join(wire)
    assert decode(data, cuts) == decode(data)


def test_streams_interleave() -> None:
    one, two = session(12, process=0), session(12, process=1)
    wire = [line for pair in zip(one, two, strict=True) for line in pair]
    events = decode(b"".join(wire))
    assert not damage(events)
    assert [record.process for record in records(events)] == [0, 1] * 12


def test_carriage_returns_and_the_kernel_on_the_same_line() -> None:
    (line,) = core.Encoder("ab", INIT_PROCESS).encode("init", {"event": "halt"})
    data = b"[  1.0] usb 1-1: new" + line.replace(b"\n", b"\r\r\n") + line[:0] + b"bye\r\n"
    events = decode(data)
    assert events == [Noise("[  1.0] usb 1-1: new"), *records(events), Noise("bye")]
    assert records(events)[0].fields == {"event": "halt"}


def test_text_behind_a_record_on_its_line_is_noise() -> None:
    line = session(3)[0].rstrip(b"\n") + b"[  2.0] late\n"
    first, second, *_ = decode(line)
    assert isinstance(first, Record)
    assert second == Noise("[  2.0] late")


@pytest.mark.parametrize("kept", [1, 2, 5, 30])
def test_a_stream_that_starts_over_is_a_restart(kept: int) -> None:
    """From its first record on, except that a hello alone cannot be distinguished from a line that came twice."""
    first, second = session(40, seed=1)[: kept + 1], session(12, seed=2)
    events = decode(b"".join(first + second))
    restarts = [event for event in events if isinstance(event, Restart)]
    assert [(restart.run, restart.process) for restart in restarts] == [("ab", 0)]
    at = events.index(restarts[0])
    assert [record.seq for record in records(events[at:])] == list(range(12))


def test_a_restart_whose_first_records_were_lost_is_still_one() -> None:
    events = decode(b"".join(session(40, seed=1)[:30] + session(40, seed=2)[3:]))
    restart = next(event for event in events if isinstance(event, Restart))
    assert events[events.index(restart) + 1] == Damage("loss", "ab", 0, "record 0 to 2 did not arrive")
    assert records(events)[-1].kind == "done"


def test_a_record_that_came_again_is_not_handed_out_again() -> None:
    lines = session(10)
    events = decode(b"".join([*lines[:5], lines[3], lines[4], *lines[5:]]))
    assert [record.seq for record in records(events)] == list(range(10))
    assert [one.kind for one in damage(events)] == ["duplicate", "duplicate"]


def test_an_overlong_record_is_reported_once_and_the_next_one_is_read() -> None:
    good = session(3)
    for length in (RECORD_LIMIT, PENDING_LIMIT, 10 * PENDING_LIMIT, 100_003):
        long = b"#fr1 zz.0 0 log text=" + b"x" * length
        events = decode(long + b"\n" + b"".join(good), range(0, 200_000, 777))
        assert [one.kind for one in damage(events)] == ["overlong"]
        assert len(records(events)) == 3
        joined = decode(long + b"".join(good), range(0, 200_000, 777))
        assert len(records(joined)) == 3


def test_a_stream_without_done_is_cut() -> None:
    events = decode(b"".join(session(10)[:6]))
    assert damage(events) == [Damage("cut", "ab", 0, "the stream ended before record 6, without done")]


def test_memory_is_bounded_by_neither_lines_nor_streams() -> None:
    decoder = Decoder()
    for _ in range(100):
        decoder.feed(b"x" * 50_000)
        assert len(decoder._pending) <= PENDING_LIMIT
    events = [event for i in range(1500) for event in decoder.feed(frame(f"#fr1 ab.{i} 0 hello"))]
    assert len(records(events)) == 1024
    assert len(decoder._streams) == 1024
