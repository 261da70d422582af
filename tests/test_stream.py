"""The record stream: what the C encoder wrote is handed out unchanged or announced as damage, and nothing else is."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Sequence

import pytest
from ferrule import core
from ferrule.stream import INIT_PROCESS, PENDING_LIMIT, RECORD_LIMIT, Damage, Decoder, Event, Noise, Record, Restart
from hypothesis import given, settings
from hypothesis import strategies as st

KEYS = st.from_regex(r"[a-z][a-z0-9_.]{0,12}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80)
NUMBERS = st.integers(-(2**63), 2**64 - 1)
FIELDS = st.dictionaries(KEYS, st.one_of(TEXTS, NUMBERS), max_size=6)
KERNEL = [
    b"[    1.234567] tsc: Refined TSC clocksource calibration: 2596.148 MHz\n",
    b"\x1b[0m[   12.000001] random: crng init done\r\n",
    b"#fr1\n",
    b"#fr1 \n",
    b"\n",
]


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
    """An honest stream of `count` records, hello to done."""
    encoder, draw = core.Encoder(run, process), random.Random(f"{run}.{process}.{seed}")
    lines = encoder.encode("hello", {"os": "linux", "seed": seed})
    while len(lines) < count - 1:
        ticks = [draw.randrange(2**40) for _ in range(draw.randrange(1, 40))]
        lines += encoder.encode("batch", {"i": draw.randrange(9), "t": ticks})
    return lines + encoder.encode("done", {"ok": 1})


@given(st.lists(st.tuples(KEYS, FIELDS), min_size=1, max_size=8), st.lists(st.integers(0, 4000), max_size=30))
@settings(max_examples=50)
def test_what_c_wrote_is_read(sent: list[tuple[str, dict[str, str | int]]], cuts: list[int]) -> None:
    encoder = core.Encoder("r0", 7)
    lines = [line for kind, fields in sent for line in encoder.encode(kind, fields)]
    assert all(len(line) <= RECORD_LIMIT for line in lines)
    got = records(decode(b"".join(lines), cuts))
    assert len(got) == len(sent)
    for seq, (record, (kind, fields)) in enumerate(zip(got, sent, strict=True)):
        assert (record.run, record.process, record.seq, record.kind) == ("r0", 7, seq, kind)
        if "cut" not in record.fields:
            assert record.fields == {key: str(value) for key, value in fields.items()}


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=400), FIELDS)
def test_long_lists_go_on_in_further_records(values: list[int], fields: dict[str, str | int]) -> None:
    fields.pop("t", None)
    lines = core.Encoder("r0", 0).encode("batch", {**fields, "t": values})
    got = records(decode(b"".join(lines)))
    assert [int(value) for record in got for value in record.fields["t"].split(",")] == values


@given(st.dictionaries(st.integers(0, core.BUCKETS - 1), st.integers(1, 2**32 - 1), max_size=300))
def test_histograms_go_on_in_further_records(buckets: dict[int, int]) -> None:
    got = records(decode(b"".join(core.Encoder("r0", 0).encode("hist", {"i": 3, "b": buckets}))))
    pairs = [pair.split(":") for record in got if "b" in record.fields for pair in record.fields["b"].split(",")]
    assert {int(index): int(count) for index, count in pairs} == buckets
    assert len(got) == 1 or all("b" in record.fields for record in got)


@pytest.mark.parametrize("text", range(780, 1000, 3))
def test_full_lines_keep_to_the_limit(text: int) -> None:
    """Whatever the other fields leave, every line ends with its CRC and every value of a list gets through."""
    values = [2**64 - 1 - number for number in range(60)]
    lines = core.Encoder("r0", 0).encode("batch", {"a": "x" * text, "t": values})
    assert all(len(line) <= RECORD_LIMIT for line in lines)
    events = decode(b"".join(lines))
    assert [one.kind for one in damage(events)] == ["cut"]  # no `done`, and nothing else
    assert [int(value) for record in records(events) for value in record.fields["t"].split(",")] == values
    assert all(("cut" in record.fields) != ("a" in record.fields) for record in records(events))


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


def test_a_field_that_does_not_fit_is_left_out_and_said() -> None:
    (line,) = core.Encoder("r0", 0).encode("log", {"a": 1, "text": "x" * 990, "b": 2})
    (record,) = records(decode(line))
    assert record.fields == {"a": "1", "b": "2", "cut": "1"}


@given(
    st.integers(0, 2**32),
    st.sampled_from(["drop", "repeat", "flip", "cut", "delete byte", "insert byte", "join"]),
    st.lists(st.integers(0, 40_000), max_size=60),
)
@settings(max_examples=200)
def test_damage_never_passes_and_never_hides(seed: int, kind: str, cuts: list[int]) -> None:
    """Whatever happens to the bytes: each record handed out is one that was sent, and each one missing is announced."""
    draw = random.Random(seed)
    sent = session(30, seed=seed)
    wire = list(sent)
    for _ in range(draw.randrange(1, 5)):
        spoil(draw, wire, kind)
    for _ in range(8):  # the kernel logs where it likes: between the lines, and ahead of a record on its line
        at = draw.randrange(len(wire) + 1)
        wire.insert(at, draw.choice([*KERNEL, KERNEL[0][:-1]]))
    events = decode(b"".join(wire), cuts)
    truth = {record.seq: record for record in records(decode(b"".join(sent)))}
    got = records(events)
    assert all(truth[record.seq] == record for record in got)
    assert len({record.seq for record in got}) == len(got)
    assert set(truth) - {record.seq for record in got} == announced(damage(events), len(sent))


def announced(found: Sequence[Damage], count: int) -> set[int]:
    """The records of a stream of `count` that were said to be missing."""
    missing: set[int] = set()
    for one in found:
        if one.kind == "loss" or "without done" in one.detail:
            first, last = re.findall(r"record (\d+)(?: to (\d+))?", one.detail)[0]
            end = count if one.kind == "cut" else int(last or first) + 1
            missing |= set(range(int(first), end))
    return missing


def spoil(draw: random.Random, wire: list[bytes], kind: str) -> None:
    """Do one kind of harm to one line."""
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
    """From its first record on, except that a hello alone cannot be told from a line that came twice."""
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


def test_an_overlong_record_is_said_once_and_the_next_one_is_read() -> None:
    good = session(3)
    for length in (RECORD_LIMIT, PENDING_LIMIT, 10 * PENDING_LIMIT, 100_003):
        long = b"#fr1 zz.0 0 log text=" + b"x" * length
        events = decode(long + b"\n" + b"".join(good), range(0, 200_000, 777))
        assert [one.kind for one in damage(events)] == ["overlong"]
        assert len(records(events)) == 3
        joined = decode(long + b"".join(good), range(0, 200_000, 777))
        assert len(records(joined)) == 3


def test_a_valid_crc_does_not_make_a_long_record_good() -> None:
    (event, *_) = decode(frame("#fr1 ab.0 0 log text=" + "x" * RECORD_LIMIT))
    assert isinstance(event, Damage)
    assert event.kind == "overlong"


@pytest.mark.parametrize(
    "text",
    [
        "#fr1 AB.0 0 log",
        "#fr1 ab.00 0 log",
        "#fr1 ab.0 00 log",
        "#fr1 ab.0 0 Log",
        "#fr1 ab.0 0 log text",
        "#fr1 ab.0 0 log text=%zz",
        "#fr1 ab.0 0 log text=%e9",
        "#fr1 ab.0 0 log text=a  b=c",
        "#fr1 ab.0 0 log text=é",
        "#fr1 ab.0 0 log a=1 a=2",
    ],
)
def test_bad_grammar_is_corrupt_even_under_a_good_crc(text: str) -> None:
    events = decode(frame(text))
    assert [one.kind for one in damage(events)] == ["corrupt"]
    assert not records(events)


def test_the_frame_is_the_published_one() -> None:
    (record,) = records(decode(frame("#fr1 ab.3 0 log text=a%20%E2%82%AC")))
    assert record == Record("ab", 3, 0, "log", {"text": "a €"})
    (line,) = core.Encoder("ab", 3).encode("log", {"text": "a €"})
    assert line == frame("#fr1 ab.3 0 log text=a%20%E2%82%AC")


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
