"""Selection: the runs that --workload and --place select; a family is its folder."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from ferrule import paths
from ferrule.errors import UsageError
from ferrule.gate.selection import select
from ferrule.payload.key import RunKey
from ferrule.payload.plan import PLACES
from ferrule.payload.registry import find, workloads
from ferrule.payload.selection import ELSEWHERE, Asked, keys_of, parse_key, parse_place, variants_of
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
PARAMS = st.dictionaries(NAMES, st.integers(-(1 << 40), 1 << 40), max_size=4)


@given(st.lists(st.tuples(NAMES, PARAMS, st.sampled_from([None, "cross_core", "free"])), min_size=1, max_size=5))
def test_a_run_key_as_printed_is_read_back(asked: list[Asked]) -> None:
    text = ",".join(str(RunKey(name, tuple(params.items()), place or "same_core")) for name, params, place in asked)
    assert parse_key(text) == asked


@given(st.text(max_size=40))
def test_any_text_is_a_list_of_workloads_or_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        assert all(name for name, _, _ in parse_key(text))


@pytest.mark.parametrize("text", ["a[size=1", "a[size=x]", "a[nowhere]"])
def test_bad_workload_lists_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_key(text)


def test_places() -> None:
    assert parse_place("") == PLACES[:2]
    assert parse_place("free,same_core") == ("free", "same_core")
    with pytest.raises(UsageError, match="--place nowhere: choose from same_core, cross_core, free"):
        parse_place("nowhere")


def test_a_family_is_its_folder_without_hidden_workloads() -> None:
    for family in {row.family for row in workloads().values()}:
        files = {path.stem for path in (paths.guest() / "workloads" / family).glob("*.c")}
        hidden = {row.name for row in workloads().values() if row.hidden}
        assert {key.workload for key in keys_of(family, {}, ("same_core",))} == files - hidden


def test_every_family_has_a_suite() -> None:
    held = {path.stem.removeprefix("bench_") for path in paths.suites().glob("bench_*.py")}
    assert held == {row.family for row in workloads().values()} | {ELSEWHERE}


def test_only_workloads_with_two_ends_have_placements() -> None:
    assert variants_of(find("null_call"), {}, PLACES) == [RunKey("null_call")]
    assert [key.place for key in variants_of(find("pipe_latency"), {}, PLACES)] == list(PLACES)


def test_unknown_parameters_and_workloads_are_refused() -> None:
    with pytest.raises(UsageError, match="pipe_latency has no parameter colour; it has: size"):
        variants_of(find("pipe_latency"), {"colour": 1}, PLACES)
    with pytest.raises(UsageError, match="no workload nothing"):
        keys_of("ipc", {"nothing": [{}]}, PLACES)


def test_a_dropped_in_file_is_in_its_family(tmp_path: Path) -> None:
    (tmp_path / "ipc").mkdir()
    source = (paths.guest() / "workloads" / "ipc" / "pipe_latency.c").read_text()
    (tmp_path / "ipc" / "pipe_other.c").write_text(source.replace('"pipe_latency"', '"pipe_other"'))
    assert RunKey("pipe_other") in keys_of("ipc", {}, ("same_core",), (tmp_path,))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pipe_latency[size=0]", "workload pipe_latency: size=0 is not from 1 to 4096"),
        ("channel_latency[size=0]", "size=0 is not from 1 to 4096"),
        ("context_switch[procs=1]", "procs=1 is not from 2 to 32"),
        ("map_unmap[touch=2]", "touch=2 is not from 0 to 1"),
        ("canary[nops=-1]", "nops=-1 is not from 0 to 1024"),
        ("pipe_latency[size=9999999999999999999]", "is no integer of at most 18 digits"),
        ("pipe_latency[size=\u00b2]", "is no integer"),
        ("pipe_latency[size=--5]", "is no integer"),
        (f"pipe_latency[size={'9' * 5000}]", "is no integer"),
        ("pipe_latency[size=1,size=2]", "size is given twice"),
        ("pipe_latency[same_core,cross_core]", "a place is given twice"),
        ("null_call[cross_core]", "null_call has one end only; leave the place out"),
        ("null_call[free]", "null_call has one end only"),
    ],
)
def test_values_and_places_that_cannot_be_are_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        select("", text, "same_core", ())
    assert words in str(caught.value)


def test_defaults_are_within_their_ranges() -> None:
    for row in workloads().values():
        assert set(row.ranges) <= {key for key, _ in row.params} | {"place"}
        assert variants_of(row, dict(row.params), ("same_core",))
