"""Beside other benchmarks: the table of pairs is right, both really run in turns, and what they said is kept."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from ferrule import guests
from ferrule.campaign.progress import Progress
from ferrule.cli import main
from ferrule.errors import InfrastructureError, UsageError
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_payload
from ferrule.payload.key import RunKey
from ferrule.payload.plan import PlannedRun
from ferrule.payload.registry import workloads
from ferrule.validate import agreed, agreement, programs
from ferrule.validate.agreement import Run
from ferrule.validate.bench import Bench
from ferrule.validate.pairs import BESIDE, WRITTEN_FOR, Pair, Side, chosen, judged, read, without_beside

from tests.support.patience import eventually

PERF, PIPE = (pair for pair in read() if pair.tool.name == "perf" and pair.bar is not None)


def made(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "pairs.toml"
    file.write_text(text)
    return file


def held(pair: Pair, ours: list[float], theirs: list[float]) -> Run:
    return Run({"cpu": "1"}, 1, [{pair.title: {str(pair.ours): ours, str(pair.theirs): theirs}}])


# --- the table


def test_every_pair_names_workloads_and_tools_that_exist() -> None:
    pairs = read()
    assert len(pairs) >= 25
    assert {pair.tool.name for pair in pairs} >= {"perf", "rt-tests", "will-it-scale", "libMicro", "UnixBench"}
    assert len({key.workload for pair in pairs for key in pair.ours.keys}) >= 20
    assert [pair.ours.keys for pair in judged()] == [
        (RunKey("null_call_wrapped"),),
        (RunKey("pipe_latency", (("library", 1), ("size", 4))),),
    ]


ROW = """
[[pair]]
name = "x"
tool = "perf"
as = "y"
ours = ["null_call"]
theirs = ["perf bench syscall basic"]
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('tool = "perf"', 'tool = "pref"', "no tool pref; there are perf"),
        ('ours = ["null_call"]', 'ours = ["null_cal"]', "no workload null_cal"),
        ('ours = ["null_call"]', 'ours = ["null_call[size=1]"]', "no parameter size"),
        ('as = "y"', 'As = "y"', "no key As"),
        ('theirs = ["perf bench syscall basic"]', "", "no theirs ="),
        ('as = "y"', 'as = "y"\nreads = "[0-9]+"', "has not one group"),
        ('as = "y"', 'as = "y"\nreads = "("', "is no pattern"),
        (ROW, ROW + ROW, "x: perf y stands there twice"),
    ],
)
def test_mistakes_in_the_table_are_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in ROW
    with pytest.raises(UsageError, match="pairs") as error:
        read(made(tmp_path, ROW.replace(old, new)))
    assert said in str(error.value)


def test_an_experiment_takes_one_side_from_its_pair(tmp_path: Path) -> None:
    (pair,) = read(made(tmp_path, ROW + '[[pair.experiment]]\nwhat = "raw"\nours = ["null_call_wrapped"]\n'))
    (one,) = pair.experiments
    assert (one.ours, one.theirs) == (Side(keys=(RunKey("null_call_wrapped"),)), pair.theirs)
    assert pair.sides == [pair.ours, pair.theirs, one.ours]


def test_where_their_workloads_cannot_be_built_experiments_are_left_out() -> None:
    kept = without_beside(read())
    assert [pair.title for pair in kept] == [pair.title for pair in read()]
    assert {key.workload for pair in kept for side in pair.sides for key in side.keys} <= set(workloads())
    assert sum(len(pair.experiments) for pair in kept) < sum(len(pair.experiments) for pair in read())


def test_pairs_are_chosen_by_words_of_their_names() -> None:
    assert {pair.tool.name for pair in chosen(read(), "libMicro,UnixBench")} == {"libMicro", "UnixBench"}
    with pytest.raises(UsageError, match="--pairs nonsense"):
        chosen(read(), "null call,nonsense")


# --- what programs say


@pytest.mark.parametrize(
    ("tool", "said", "ns"),
    [
        ("perf", "     Total time: 0.094 [sec]\n\n       1.885260 usecs/op\n         530430 ops/sec\n", 1885.26),
        ("libMicro", "getpid         1   1      0.08946           32        0    20000 \n", 89.46),
        ("UnixBench", "COUNT|2000000|1|lps\nCOUNT|2000001|1|lps\n", 500.0),
        ("rt-tests", "Each sender will pass 1000 messages of 100 bytes\nTime: 0.058\n", 58e6),
    ],
)
def test_each_tool_s_number_is_read(tool: str, said: str, ns: float) -> None:
    one = programs.TOOLS[tool]
    number = programs.read(said, one.reads)
    assert (number * one.ns if one.ns > 0 else -one.ns / number) == pytest.approx(ns)


@pytest.mark.parametrize("said", ["", "usecs/op", "0.000000 usecs/op", "x usecs/op"])
def test_anything_else_is_no_number(said: str) -> None:
    with pytest.raises(InfrastructureError, match="no number"):
        programs.read(said, programs.TOOLS["perf"].reads)


def test_the_last_of_will_it_scale_s_seconds_counts() -> None:
    told = "testcase:getppid\nwarmup\nmin:7 max:7 total:7\nmin:9 max:9 total:9\n"
    assert programs.read_windows(told) == 9.0
    for said in ("testcase:getppid\nwarmup\n", "min:0 max:0 total:0\n"):
        with pytest.raises(InfrastructureError, match="no operation"):
            programs.read_windows(said)


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_program_that_goes_on_for_ever_is_stopped_with_its_children(tmp_path: Path) -> None:
    script = f'sleep 600 & echo $! > "{tmp_path}/child"; while :; do echo "min:1 max:1 total:5"; sleep 0.05; done'
    endless = program(tmp_path / "endless", script)
    cpu = min(os.sched_getaffinity(0))
    assert programs.read_windows(programs.windows([str(endless)], cpu, dict(os.environ), 2)) == 5.0
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    assert eventually(lambda: not child.exists() or child.read_text().rpartition(")")[2].split()[0] in "ZX")
    with pytest.raises(InfrastructureError, match="ended early"):
        programs.windows([str(program(tmp_path / "short", "echo nothing"))], cpu, dict(os.environ), 1)


def test_a_program_that_fails_is_told_in_a_line(tmp_path: Path) -> None:
    cpu, here = min(os.sched_getaffinity(0)), dict(os.environ)
    failing = program(tmp_path / "failing", "echo broken >&2; exit 3")
    with pytest.raises(InfrastructureError, match=r"exit status 3: broken$"):
        programs.run([str(failing)], cpu, here)
    with pytest.raises(InfrastructureError, match="exit status"):
        programs.run([str(tmp_path / "none")], cpu, here)


def test_builds_are_found_by_their_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not {"will-it-scale", "libMicro", "UnixBench"} & set(programs.find(tmp_path))
    for name in ("a/getppid1_processes", "b/bin-x86_64/getpid", "c/UnixBench/pgms/context1"):
        program(tmp_path / name, "")
    found = programs.find(tmp_path)
    assert found["will-it-scale"] == tmp_path / "a"
    assert found["libMicro"] == tmp_path / "b/bin-x86_64"
    assert found["UnixBench"] == tmp_path / "c/UnixBench/pgms"
    monkeypatch.setenv(programs.ENVIRONMENT, str(tmp_path))
    assert programs.folder_of(None) == tmp_path
    monkeypatch.setenv(programs.ENVIRONMENT, str(tmp_path / "none"))
    with pytest.raises(UsageError, match=r"\$FERRULE_PEERS .*: no such folder"):
        programs.folder_of(None)
    with pytest.raises(UsageError, match=r"^--peers "):
        programs.folder_of(tmp_path / "none")


# --- a run


def test_a_ratio_is_of_values_taken_side_by_side() -> None:
    run = held(PERF, [100.0, 200.0, 300.0] * 3, [100.0, 100.0, 300.0] * 3)
    found = run.ratio(PERF)
    assert found is not None
    assert (found.ours_ns, found.theirs_ns, found.ratio, found.pairs) == (200.0, 100.0, 1.0, 9)
    assert found.low == 1.0
    assert found.high == pytest.approx(2.0)
    few = held(PERF, [100.0] * 4, [104.0] * 4).ratio(PERF)
    assert few is not None
    assert (few.low, few.agrees) == (None, True)
    apart = held(PERF, [100.0] * 6, [106.0] * 6).ratio(PERF)
    assert apart is not None
    assert not apart.agrees
    assert held(PERF, [], []).ratio(PERF) is None
    assert held(PERF, [1.0], [1.0, 2.0]).ratio(PERF) is None
    run.rounds.append({PERF.title: {str(PERF.ours): [1e9, 1e9]}})  # of a round without theirs nothing counts
    again = run.ratio(PERF)
    assert again == found


def test_a_run_is_kept_whole(tmp_path: Path) -> None:
    run = held(PERF, [100.0] * 6, [104.0] * 6)
    run.skipped["other"] = "not here"
    file = tmp_path / "run.json"
    file.write_text(agreement.as_json(run, [PERF, PIPE]))
    again = agreement.load(file)
    assert again == run
    changed = tmp_path / "changed.json"
    changed.write_text(file.read_text().replace("104.0", "105.0", 1))
    with pytest.raises(UsageError, match="changed after it was stored"):
        agreement.load(changed)
    (told,) = json.loads(file.read_text())["pairs"]
    assert (told["pair"], told["ratio"], told["centre"]) == (PERF.title, pytest.approx(100 / 104), "mean")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": 2}', '{"schema": 1, "rounds": [1]}'])
def test_other_files_are_refused(tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "run.json"
    file.write_text(content)
    assert main(["agree", "--show", "--json", str(file)]) == 2
    assert str(file) in capsys.readouterr().err


def test_tables_say_what_is_outside_and_what_is_not_explained() -> None:
    run = held(PERF, [110.0] * 6, [100.0] * 6)
    run.rounds[0] |= held(PIPE, [1000.0] * 6, [1010.0] * 6).rounds[0]
    run.skipped["futex"] = "perf is not here"
    said = agreed.text(run, [PERF, PIPE])
    assert "1 of 2 ratios are in 0.95..1.05 (1 rounds); of the other 1, 0 are" in said
    assert "futex: perf is not here" in said
    assert all(len(line) <= 80 for line in said.partition("\n\n")[0].splitlines())
    page = agreed.markdown(run, [PERF, PIPE])
    assert page.count("**not explained**") == 1
    assert "| 1.100   | 1.100-1.100 |" in page


def test_all_rows_fit_into_80_columns() -> None:
    run = Run({}, 1, [{}])
    for pair in read():
        run.rounds[0] |= held(pair, [1234567.0] * 6, [1234567.0] * 6).rounds[0]
    table = agreed.text(run, read()).partition("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 80


@pytest.mark.parametrize(
    ("ours", "met"), [([100.0, 104.0], True), ([106.0, 106.0], False), ([100.0, 120.0], False), ([90.0, 114.0], False)]
)
def test_a_validation_asks_for_minima_and_medians(ours: list[float], met: bool) -> None:
    run = held(PERF, ours, [100.0, 104.0])
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
    said: list[str] = []
    for rounds in (1, 2):  # the second goes on with the first
        run = agreement.load(file) if file.exists() else Run({}, 7)
        agreement.measure(run, pairs, bench, folders, rounds=rounds, out=file, said=said.append)
    if PERF.title in run.skipped:
        pytest.skip(run.skipped[PERF.title])
    found = agreement.load(file).ratio(PERF)
    assert found is not None
    assert found.pairs == 4
    assert 0.1 < found.ratio < 10  # of one operation; how well they agree needs a quiet machine to say
    assert said == ["round 1 of 1: 1 pairs", "round 2 of 2: 1 pairs"]


def test_what_ran_on_another_cpu_is_no_value() -> None:
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        pytest.skip("there is no other CPU")
    first, last = min(allowed), max(allowed)
    guest = guests.create("local", GuestOptions(cpus=(last, last)))
    bench = Bench(guest, build_payload(guest.os, guest.arch), Progress())
    try:
        os.sched_setaffinity(0, {first})  # what a payload of ours inherits, and may not leave
        pair = replace(PERF, theirs=PERF.ours)
        with pytest.raises(InfrastructureError, match=f"CPU {last} was refused it"):
            agreement.measure(Run({}, 1), [pair], bench, {"perf": Path("/")}, rounds=1, out=None, said=print)
    finally:
        os.sched_setaffinity(0, allowed)


def test_a_tool_that_is_not_here_is_left_out_with_the_reason(tmp_path: Path) -> None:
    guest = guests.create("local", GuestOptions())
    bench = Bench(guest, build_payload(guest.os, guest.arch), Progress())
    run = Run({}, 1)
    with pytest.raises(InfrastructureError, match=r"perf is not here: sudo apt-get install -y linux-perf|no CPU"):
        agreement.measure(run, [PERF], bench, {}, rounds=1, out=tmp_path / "run.json", said=print)
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
    said = capsys.readouterr().err
    for part in ("--pairs nonsense", "--rounds 0", "--show: give", "--peers"):
        assert part in said
    assert main(["agree", "--list", "--pairs", "hackbench"]) == 0
    assert "group_messages" in capsys.readouterr().out
