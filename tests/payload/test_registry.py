"""The registry: rows read as text equal the compiled payload's list, and a bad row is one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest
from ferrule.errors import UsageError
from ferrule.payload import registry
from hypothesis import given
from hypothesis import strategies as st

from tests.support.payload_runs import output_of, payload
from tests.support.places import FAULTS

ROW = """
WORKLOAD {
    .name = "extra", .family = "family", /* a comment, with = and " */ .what = "says" " two things",
    .per = PER_ROUND_TRIP, .ends = 2, .params = "a=1 b=-2", .bytes = 7, .setup = setup, LOOPS,
};
"""


def write(folder: Path, text: str, name: str = "extra") -> Path:
    path = folder / "family" / f"{name}.c"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_rows_as_text_equal_what_the_payload_lists() -> None:
    listing = output_of(payload("x86_64", FAULTS), "--list").kind("workload")
    rows = registry.workloads([FAULTS])
    listed = {record.fields["name"]: dict(record.fields) for record in listing}
    assert list(rows) == [record.fields["name"] for record in listing]
    for name, row in rows.items():
        assert listed[name] == {
            "name": name,
            "family": row.family,
            "what": row.what,
            "per": row.per,
            "ends": str(row.ends),
            "control": str(int(row.control)),
            "hidden": str(int(row.hidden)),
            "bytes": str(row.bytes),
            "switches": str(row.switches),
            "max_batch": str(row.max_batch),
            "alone": str(int(row.alone)),
            "waits": str(int(row.waits)),
            "params": " ".join(f"{key}={value}" for key, value in row.params),
        }


def test_the_first_path_is_there() -> None:
    rows = registry.workloads()
    families = {family: {row.name for row in rows.values() if row.family == family} for family in ("ipc", "sched")}
    assert families["ipc"] >= {"pipe_latency", "pipe_bandwidth", "futex_pingpong"}
    assert families["sched"] >= {"context_switch", "thread_create", "process_create"}
    assert {name for name, row in rows.items() if row.control} == {"empty_loop", "function_call", "clock_read"}
    assert {name for name, row in rows.items() if row.hidden} == {"canary"}


def test_a_row_is_read_whole(tmp_path: Path) -> None:
    row = registry.read(write(tmp_path, ROW))
    assert (row.what, row.per, row.ends, row.bytes) == ("says two things", "round_trip", 2, 7)
    assert row.params == (("a", 1), ("b", -2))
    assert not row.control
    assert not row.hidden


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("WORKLOAD {", "WORKLOD {", "0 declaration rows"),
        ('"extra"', '"other"', r"\.name is 'other', must be 'extra'"),
        ('"family"', '"other"', r"\.family is 'other', must be 'family'"),
        ("PER_ROUND_TRIP", "PER_TRIP", r"\.per is PER_TRIP"),
        (".ends = 2", ".ends = 3", r"\.ends is 1 or 2"),
        (".ends = 2,", "", r"no \.ends"),
        (".bytes = 7", ".bytes = SEVEN", r"\.bytes = SEVEN"),
        (".bytes = 7", ".byte = 7", r"\.byte = 7"),
        (".bytes = 7", ".bytes = 7, .bytes = 8", r"\.bytes is given twice"),
        (".bytes = 7", ".bytes = 3 + 4", "cannot be read at"),
        ("a=1", "a", r"'a', must be name=integer"),
    ],
)
def test_a_bad_row_names_file_and_field(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert ROW.count(old) == 1
    path = write(tmp_path, ROW.replace(old, new))
    with pytest.raises(UsageError, match=complaint) as caught:
        registry.read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("extra", ["extra.c", ".", "../family", "below/..", ".."])
def test_a_folder_is_known_by_its_own_name_from_within(
    extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (write(tmp_path, ROW).parent / "below").mkdir()
    monkeypatch.chdir(tmp_path / "family")
    assert registry.find("extra", [Path(extra)]).family == "family"


def test_a_name_defined_twice_is_refused(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        write(folder, ROW)
    with pytest.raises(UsageError, match="already defined by"):
        registry.workloads([first, second])


def test_an_extra_path_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such workload file or folder"):
        registry.workload_files([tmp_path / "absent"])


def test_unknown_names_get_a_proposal() -> None:
    assert registry.find("null_call").family == "syscall"
    with pytest.raises(UsageError, match="did you mean null_call"):
        registry.find("nul_call")
    with pytest.raises(UsageError, match="see ferrule list"):
        registry.find("zzzzzz")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.c"
    path.write_text(ROW.replace('"a=1 b=-2"', text), encoding="utf-8", newline="")
    with pytest.raises(UsageError):
        registry.read(path)
