"""`ferrule agree`: both sides really run in turns, and the results are stored and shown."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from ferrule import guests
from ferrule.campaign.progress import Progress
from ferrule.cli import main
from ferrule.errors import InfrastructureError, UsageError
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_payload
from ferrule.payload.plan import PlannedRun
from ferrule.validate import agreed, agreement, programs
from ferrule.validate.agreement import Run
from ferrule.validate.bench import Bench
from ferrule.validate.pairs import BESIDE, WRITTEN_FOR, Pair, chosen, judged, read

from tests.support.places import ROOT

PERF, PIPE = (pair for pair in read() if pair.tool.name == "perf" and pair.bar is not None)


def stored(pair: Pair, ours: list[float], theirs: list[float]) -> Run:
    return Run({"cpu": "1"}, 1, [{pair.title: {str(pair.ours): ours, str(pair.theirs): theirs}}])


def test_a_ratio_is_computed_from_paired_values() -> None:
    run = stored(PERF, [100.0, 200.0, 300.0] * 3, [100.0, 100.0, 300.0] * 3)
    found = run.ratio(PERF)
    assert found is not None
    assert (found.ours_ns, found.theirs_ns, found.ratio, found.pairs) == (200.0, 100.0, 1.0, 9)
    assert found.low == 1.0
    assert found.high == pytest.approx(2.0)
    few = stored(PERF, [100.0] * 4, [104.0] * 4).ratio(PERF)
    assert few is not None
    assert (few.low, few.agrees) == (None, True)
    apart = stored(PERF, [100.0] * 6, [106.0] * 6).ratio(PERF)
    assert apart is not None
    assert not apart.agrees
    assert stored(PERF, [], []).ratio(PERF) is None
    assert stored(PERF, [1.0], [1.0, 2.0]).ratio(PERF) is None
    run.rounds.append({PERF.title: {str(PERF.ours): [1e9, 1e9]}})  # a round without their values does not count
    again = run.ratio(PERF)
    assert again == found


def test_a_run_survives_storage(tmp_path: Path) -> None:
    run = stored(PERF, [100.0] * 6, [104.0] * 6)
    run.skipped["other"] = "not here"
    file = tmp_path / "run.json"
    file.write_text(agreement.as_json(run, [PERF, PIPE]))
    again = agreement.load(file)
    assert again == run
    changed = tmp_path / "changed.json"
    changed.write_text(file.read_text().replace("104.0", "105.0", 1))
    with pytest.raises(UsageError, match="changed after it was stored"):
        agreement.load(changed)
    (pair,) = json.loads(file.read_text())["pairs"]
    assert (pair["pair"], pair["ratio"], pair["centre"]) == (PERF.title, pytest.approx(100 / 104), "mean")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": 2}', '{"schema": 1, "rounds": [1]}'])
def test_other_files_are_refused(tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "run.json"
    file.write_text(content)
    assert main(["agree", "--show", "--json", str(file)]) == 2
    assert str(file) in capsys.readouterr().err


def test_a_schema_with_terminal_control_characters_is_shown_escaped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"schema": "\u202e"}))
    assert main(["agree", "--show", "--json", str(file)]) == 2
    assert "\u202e" not in capsys.readouterr().err


def test_tables_say_what_is_outside_and_what_is_not_explained() -> None:
    run = stored(PERF, [110.0] * 6, [100.0] * 6)
    run.rounds[0] |= stored(PIPE, [1000.0] * 6, [1010.0] * 6).rounds[0]
    run.skipped["futex"] = "perf is not here"
    text = agreed.text(run, [PERF, PIPE])
    assert "1 of 2 ratios are in 0.95..1.05 (1 round); of the other 1, 0 are in it" in text
    assert "futex: perf is not here" in text
    assert all(len(line) <= 80 for line in text.partition("\n\n")[0].splitlines())
    page = agreed.markdown(run, [PERF, PIPE])
    assert page.count("**not explained**") == 1
    assert "| 1.100   | 1.100-1.100 |" in page


def test_the_page_matches_the_stored_run() -> None:
    run, pairs = agreement.load(ROOT / "results/agreement.json"), read()
    command = "`ferrule agree --show --json results/agreement.json --markdown docs/agreement-tables.md`"
    page = (ROOT / "docs/agreement-tables.md").read_text()
    assert page == agreed.markdown(run, pairs), f"docs/agreement-tables.md is stale: {command}"
    assert {title for one in run.rounds for title in one} <= {pair.title for pair in pairs}


def test_all_rows_fit_into_80_columns() -> None:
    run = Run({}, 1, [{}])
    for pair in read():
        run.rounds[0] |= stored(pair, [1234567.0] * 6, [1234567.0] * 6).rounds[0]
    table = agreed.text(run, read()).partition("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 80


@pytest.mark.parametrize(
    ("ours", "met"), [([100.0, 104.0], True), ([106.0, 106.0], False), ([100.0, 120.0], False), ([90.0, 114.0], False)]
)
def test_a_validation_checks_minima_and_medians(ours: list[float], met: bool) -> None:
    run = stored(PERF, ours, [100.0, 104.0])
    (claim,) = agreed.section(run, [PERF]).claims
    assert claim.met is met


def test_both_run_in_turns_here(tmp_path: Path) -> None:
    pairs, file = chosen(judged(), "null call"), tmp_path / "run.json"
    folders = programs.find(None)
    if "perf" not in folders:
        pytest.skip(programs.missing("perf"))
    guest = guests.create("local", GuestOptions())
    if not guest.cpus:
        pytest.skip("no CPU can be pinned to")
    bench = Bench(guest, build_payload(guest.os, guest.arch), Progress())
    notes: list[str] = []
    for rounds in (1, 2):  # the second continues the first
        run = agreement.load(file) if file.exists() else Run({}, 7)
        agreement.measure(run, pairs, bench, folders, rounds=rounds, out=file, note=notes.append)
    if PERF.title in run.skipped:
        pytest.skip(run.skipped[PERF.title])
    found = agreement.load(file).ratio(PERF)
    assert found is not None
    assert found.pairs == 4
    assert 0.1 < found.ratio < 10  # the same operation; a narrower bound needs a quiet machine
    assert notes == ["round 1 of 1: 1 pair", "round 2 of 2: 1 pair"]


def test_a_value_from_another_cpu_is_refused() -> None:
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        pytest.skip("there is no other CPU")
    first, last = min(allowed), max(allowed)
    guest = guests.create("local", GuestOptions(cpus=(last, last)))
    bench = Bench(guest, build_payload(guest.os, guest.arch), Progress())
    try:
        os.sched_setaffinity(0, {first})  # the payload inherits this mask, and may not leave it
        pair = replace(PERF, theirs=PERF.ours)
        with pytest.raises(InfrastructureError, match=f"CPU {last} was refused it"):
            agreement.measure(Run({}, 1), [pair], bench, {"perf": Path("/")}, rounds=1, out=None, note=print)
    finally:
        os.sched_setaffinity(0, allowed)


def test_a_missing_tool_is_left_out_with_the_reason(tmp_path: Path) -> None:
    guest = guests.create("local", GuestOptions())
    bench = Bench(guest, build_payload(guest.os, guest.arch), Progress())
    run = Run({}, 1)
    with pytest.raises(InfrastructureError, match=r"perf is not here: .*apt-get install .* linux-perf|no CPU"):
        agreement.measure(run, [PERF], bench, {}, rounds=1, out=tmp_path / "run.json", note=print)
    assert not (tmp_path / "run.json").exists()


def test_workloads_that_only_experiments_need_are_verified_here() -> None:
    guest = guests.create("local", GuestOptions())
    if guest.arch != WRITTEN_FOR:
        pytest.skip(f"they are for {WRITTEN_FOR}")
    payload = build_payload(guest.os, guest.arch, extra_workloads=[BESIDE])
    bench = Bench(guest, payload, Progress())
    keys = dict.fromkeys(
        key for pair in read() for one in pair.experiments for key in one.ours.keys if key not in pair.ours.keys
    )
    if not keys:
        pytest.skip("no experiment has a workload of its own")
    plan = replace(agreement.PROTOCOL, verify_only=True)
    runs = bench.execute(tuple(map(PlannedRun, keys)), 1, 0, plan).runs
    assert {str(key): runs[key].reason for key in keys if runs[key].status != "ok"} == {}


def test_mistakes_are_usage_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agree", "--pairs", "nonsense"]) == 2
    assert main(["agree", "--rounds", "0"]) == 2
    assert main(["agree", "--show"]) == 2
    assert main(["agree", "--peers", str(tmp_path / "none")]) == 2
    errors = capsys.readouterr().err
    for part in ("--pairs nonsense", "--rounds 0", "--show: give", "--peers"):
        assert part in errors
    assert main(["agree", "--list", "--pairs", "hackbench"]) == 0
    assert "group_messages" in capsys.readouterr().out
