"""What an unfinished run left is read back as it was written, at whatever moment the writing ended."""

from __future__ import annotations

import random
import resource
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ferrule.campaign.ledger import Executed
from ferrule.errors import FerruleError, InfrastructureError, UsageError
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult, Meaning, RunResult
from ferrule.report import raw, unfinished
from ferrule.report.codec import encode
from ferrule.report.unfinished import Unfinished
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import synthetic as make

HEAD = {"run_id": "20260301-120000-abcd", "seed": 5}
CALL = Meaning("call")
A, B, C = RunKey("a_call"), RunKey("b", (("size", 64),)), RunKey("c")


def whole() -> GuestResult:
    runs = [make.run("a_call", [100.0, 101.0, 102.0], CALL, each=True, core_ghz=3.0), make.run("b", [5.0] * 3, CALL)]
    return make.guest([*runs, RunResult(C, "unsupported", "os_c: errno 38")])


def one_process(number: int) -> GuestResult:
    """The results of one process of the run."""
    found = whole()
    for run in found.runs.values():
        run.processes = run.processes[number : number + 1]
    return found


def written(folder: Path, processes: int = 3) -> Path:
    path = folder / "2026" / "machine" / "unfinished" / f"{HEAD['run_id']}.jsonl"
    ledger = Unfinished(path)
    ledger.begin(HEAD, {"quick": True}, {"local": [A, C]})
    for number in range(processes):
        ledger.process("local", 0, one_process(number))
    ledger.execution("local", 0, Executed(0, 2.5, (1.0, 2.0), 6, "local: died", {"loss": 2}))
    ledger.close(complete=False)
    return path


def test_it_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    found = unfinished.read(written(tmp_path))
    assert encode(list(found.results["local"].runs.values())) == encode(list(whole().runs.values()))
    assert found.results["local"].conditions == whole().conditions
    assert found.tallies["local", 0] == {A: 3, RunKey("b"): 3, C: 0}
    assert (found.seconds, found.seed, found.asked, found.runs) == (2.5, 5, {"quick": True}, {"local": ["a_call", "c"]})
    result = found.results["local"]
    assert (result.boots, result.errors, result.damage) == (1, ["local: died"], {"loss": 2})


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return written(tmp_path_factory.mktemp("whole")).read_bytes()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_cut_anywhere_it_holds_every_whole_line_and_no_other(
    data: st.DataObject, text: bytes, tmp_path_factory: Any
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    at = data.draw(st.integers(0, len(text)))
    path = folder / "x.jsonl"
    path.write_bytes(text[:at])
    lines = text[:at].count(b"\n") + (at == len(text) or (text[at : at + 1] == b"\n" and text[at - 1 : at] != b"\n"))
    if lines == 0:
        with pytest.raises(InfrastructureError, match="it holds nothing"):
            unfinished.read(path)
        return
    found = unfinished.read(path)
    samples = found.results["local"].runs[A].processes if "local" in found.results else []
    assert len(samples) == min(3, max(0, lines - 1))


def test_a_line_that_lost_its_checksum_is_refused(text: bytes, tmp_path: Path) -> None:
    """The format never had lines without a checksum: a damaged key `sum` would be read as a key of the line."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(text.replace(b'"sum":', b'"susum":', 1))
    with pytest.raises(InfrastructureError, match=r"x\.jsonl:1: damaged \(it has no checksum\)"):
        unfinished.read(path)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_changed_byte_is_no_other_sample(data: st.DataObject, text: bytes, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("changed") / "x.jsonl"
    at, byte = data.draw(st.integers(0, len(text) - 1)), data.draw(st.integers(0, 255))
    path.write_bytes(text[:at] + bytes([byte]) + text[at + 1 :])
    truth = {key: [one.ticks.tolist() for one in run.processes] for key, run in whole().runs.items()}
    try:
        found = unfinished.read(path)
    except InfrastructureError:
        return
    for key, run in found.results["local"].runs.items():
        assert [one.ticks.tolist() for one in run.processes] == truth[key][: len(run.processes)]


def test_a_line_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], lines[2], *lines[3:]]))
    found = unfinished.read(path)
    assert len(found.results["local"].runs[A].processes) == found.tallies["local", 0][A] == 3


def test_a_full_disk_costs_what_is_not_in_the_file_and_no_more(tmp_path: Path) -> None:
    """A file-size limit stands in for the full disk."""
    path = tmp_path / "x.jsonl"
    ledger = Unfinished(path)
    ledger.begin(HEAD, {"quick": True}, {"local": [A]})
    limit, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, limit[1]))
        ledger.process("local", 0, one_process(0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    ledger.process("local", 0, one_process(1))
    ledger.close(complete=False)
    assert "cannot store results: File too large" in str(ledger.trouble)
    found = unfinished.read(path)
    assert found.results["local"].conditions == whole().conditions
    assert [one.process for one in found.results["local"].runs[A].processes] == [1]


def test_only_one_process_goes_on_with_a_run(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert unfinished.waiting(tmp_path) == [path]
    first = Unfinished(path)
    assert unfinished.waiting(tmp_path) == []
    with pytest.raises(UsageError, match="is being measured at this moment"):
        Unfinished(path)
    first.close(complete=True)
    assert list((tmp_path / "2026" / "machine").iterdir()) == []


def test_a_run_is_named_by_the_beginning_of_its_id_or_as_the_last(tmp_path: Path) -> None:
    written(tmp_path)
    assert unfinished.find(tmp_path, "last").run_id == unfinished.find(tmp_path, "2026").run_id == HEAD["run_id"]
    for name in ("1999", ""):
        with pytest.raises(
            UsageError, match=f"--resume {name}: no unfinished run in .*; there are: 20260301-120000-abcd"
        ):
            unfinished.find(tmp_path, name)


def test_samples_are_packed_without_loss_and_smaller_than_before(tmp_path: Path) -> None:
    draw = random.Random(1)
    costs = [[100 + draw.random() for _ in range(7)] for _ in range(20)]
    result = make.guest([make.run(f"w{i}", cost, CALL, core_ghz=3.0) for i, cost in enumerate(costs)])
    path = tmp_path / "x.json.xz"
    path.write_bytes(raw.pack(result))
    again = raw.load(path)
    assert encode(list(again.runs.values())) == encode(list(result.runs.values()))
    assert again.conditions == result.conditions
    assert all(np.array_equal(one.ticks, other.ticks) for key in result.runs
               for one, other in zip(result.runs[key].processes, again.runs[key].processes, strict=True))  # fmt: skip
    assert raw.pack(result) == path.read_bytes()


@pytest.mark.parametrize("change", [{"runs": 1}, {"processes": [1]}, {"processes": [{"samples": []}]}, {"layout": 9}])
def test_a_block_that_is_none_is_named(change: dict[str, Any]) -> None:
    with pytest.raises((FerruleError, ValueError)):
        raw.unblock(raw.block(whole().runs.values()) | change | ({"runs": 2} if "layout" in change else {}))
