"""One record: the decoder reads what the C encoder wrote, lines keep to their limit, other grammar is refused."""

from __future__ import annotations

import pytest
from ferrule import core
from ferrule.records.stream import RECORD_LIMIT, Damage, Record
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.streams import damage, decode, frame, records

KEYS = st.from_regex(r"[a-z][a-z0-9_.]{0,12}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80)
NUMBERS = st.integers(-(2**63), 2**64 - 1)
FIELDS = st.dictionaries(KEYS, st.one_of(TEXTS, NUMBERS), max_size=6)


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
    """With any room left by the other fields, every line ends with its CRC and every value of a list arrives."""
    values = [2**64 - 1 - number for number in range(60)]
    lines = core.Encoder("r0", 0).encode("batch", {"a": "x" * text, "t": values})
    assert all(len(line) <= RECORD_LIMIT for line in lines)
    events = decode(b"".join(lines))
    assert [one.kind for one in damage(events)] == ["cut"]  # no `done`, and nothing else
    assert [int(value) for record in records(events) for value in record.fields["t"].split(",")] == values
    assert all(("cut" in record.fields) != ("a" in record.fields) for record in records(events))


def test_a_field_that_does_not_fit_is_left_out_and_reported() -> None:
    (line,) = core.Encoder("r0", 0).encode("log", {"a": 1, "text": "x" * 990, "b": 2})
    (record,) = records(decode(line))
    assert record.fields == {"a": "1", "b": "2", "cut": "1"}


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
