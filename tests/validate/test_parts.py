"""The parts of the validation: its files survive interruption, its command and other tools' output are read right."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ferrule import guests
from ferrule.campaign.progress import Progress
from ferrule.cli import main
from ferrule.errors import InfrastructureError, ToolMissing
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_payload
from ferrule.payload.key import RunKey
from ferrule.validate import exactness, from_ledgers, from_runs, report, speed
from ferrule.validate.bench import ARMS, Bench
from ferrule.validate.corpus import collect
from ferrule.validate.drift import Load
from ferrule.validate.ledger import Ledger
from ferrule.validate.peers import Peer, peers
from ferrule.validate.recording import Size
from ferrule.validate.report import Claim, Section, at_most
from ferrule.validate.runs import load, save, stored
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from tests.validate.test_validate import full_run

FOUND = st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.floats(allow_nan=False), st.text(max_size=5)))


# --- stored files


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.text(max_size=4), FOUND), max_size=6))
def test_a_ledger_keeps_everything_and_the_latest_of_a_key(
    tmp_path: Path, entries: list[tuple[str, dict[str, object]]]
) -> None:
    path = tmp_path / "found.jsonl"
    path.unlink(missing_ok=True)
    ledger = Ledger(path)
    for key, found in entries:
        ledger.add(key, found)
    assert dict(Ledger(path).items()) == dict(ledger.items()) == dict(entries)


def test_a_torn_last_line_is_measured_again_and_one_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "found.jsonl"
    Ledger(path).add("a", {"rate": 0.25})
    whole = path.read_text()
    path.write_text(whole + '{"key": "b", "fou')
    ledger = Ledger(path)
    assert [key for key, _ in ledger.items()] == ["a"]
    ledger.add("b", {})
    assert [key for key, _ in Ledger(path).items()] == ["a", "b"]
    for damaged, words in (
        ("torn\n", "damaged"),
        (whole.replace("25", "26"), "was changed"),
        ('{"key":1}\n', "it has no checksum"),
    ):
        path.write_text(damaged + whole)
        with pytest.raises(InfrastructureError, match=rf"found.jsonl:1: .*{words}"):
            Ledger(path)


def test_a_run_survives_storage_and_junk_is_named(tmp_path: Path) -> None:
    run = full_run(3, rounds=4)
    save(run, tmp_path / "run-0000.npz")
    back = load(tmp_path / "run-0000.npz")
    for name, value in vars(run).items():
        np.testing.assert_array_equal(getattr(back, name), value, err_msg=name)
    (tmp_path / "run-0001.npz").write_bytes(b"junk")
    with pytest.raises(InfrastructureError, match="run-0001"):
        stored(tmp_path)


# --- real runs


@pytest.fixture(scope="module")
def bench() -> Bench:
    if reason := guests.unavailable("local", GuestOptions()):
        pytest.skip(reason)
    guest = guests.create("local", GuestOptions())
    try:
        return Bench(guest, build_payload(guest.os, guest.arch), Progress())
    except ToolMissing as missing:
        pytest.skip(str(missing))


KEYS = (RunKey("null_call"), RunKey("context_switch", (("procs", 8), ("size", 0))), RunKey("scheme_call"))


def test_a_corpus_is_real_and_resumes_where_it_stopped(bench: Bench, tmp_path: Path) -> None:
    notes: list[str] = []
    collect(bench, tmp_path, KEYS, runs=1, rounds=2, seed=9, note=notes.append)
    collect(bench, tmp_path, KEYS, runs=2, rounds=2, seed=9, note=notes.append)
    assert [text.split(":")[0] for text in notes] == ["run 1 of 1", "run 2 of 2"]
    first, second = stored(tmp_path)
    assert first.workloads == ("null_call", "context_switch[procs=8,size=0]")  # no schemes here
    assert all((first.costs(at) > 0).all() and (first.paces(at) > 0).all() for at in range(2))
    assert (first.ran[2] * 1000 == first.n * 1020).all()  # a whole number of steps of 8, too
    assert (first.arms, second.arms) == (ARMS, ARMS[:3])
    assert (first.ran[:2] == first.n).all()
    assert sorted(first.order[0].tolist()) == [0, 1, 2, 3]


def test_load_is_held_and_released(bench: Bench) -> None:
    def children() -> int:
        listed = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
        return len(listed.read_text().split()) if listed.exists() else pytest.skip("no list of children here")

    before, levels = children(), list[int]()
    with Load() as beside:

        def hold(count: int) -> None:
            beside.hold(count)
            levels.append(children())

        run = bench.run({KEYS[0]: Size(100, 2)}, 1, 3, (0, 0), before=hold)
    assert [level - before for level in levels] == [0, 1, 2]
    assert children() == before
    assert run.arms == (0, 0)


# --- other tools, and exact counts


def test_what_other_tools_print_is_read() -> None:
    cpu = min(os.sched_getaffinity(0))

    def read(peer: Peer) -> list[float]:
        values, step = peer.values(cpu)
        return [*values, step]

    usecs = Peer("perf bench", "null_call", ("echo", "       0.473587 usecs/op"), r"([\d.]+) usecs/op", 1e3)
    assert read(usecs) == pytest.approx([473.587, 0.0])
    rate = Peer("will-it-scale", "pipe_latency", ("echo", "average:2000000"), r"^average:(\d+)", -2e9)
    assert read(rate) == pytest.approx([1000.0, 0.0])
    printed = ("echo", "getpid         1   1      0.08960         2133        0       20")
    steps = next(peer for peer in peers({"libMicro": Path("there")}) if peer.tool == "libMicro")
    assert read(replace(steps, command=printed)) == pytest.approx([89.6, 12.8])
    with pytest.raises(InfrastructureError, match="no number"):
        Peer("perf bench", "null_call", ("echo", "broken"), r"([\d.]+) usecs/op", 1e3).values(cpu)
    folders = {"libMicro": Path("there"), "will-it-scale": Path("there")}
    assert {"libMicro", "will-it-scale"} <= {peer.tool for peer in peers(folders)}


def test_time_is_taken_until_the_interval_is_narrow() -> None:
    draw = np.random.default_rng(3)
    ours = speed.until_known(speed.OURS, "x", lambda: ([100.0 + draw.normal(0, 0.1)], 0.0), 60.0)
    assert (ours.reached, len(ours.values)) == (True, speed.LEAST)
    never = speed.until_known("other", "x", lambda: ([100.0 * 2 ** draw.normal()], 0.0), 0.05)
    assert not never.reached
    coarse = speed.until_known("other", "x", lambda: ([89.6], 12.8), 0.05)
    assert not coarse.reached  # the same seven percent every time
    assert coarse.half_width == pytest.approx(6.4 / 89.6)


def test_tools_race_in_turns_and_say_how_often_they_were_right(tmp_path: Path) -> None:
    def raced(tool: str, number: int, level: float, seconds: float = 0.5) -> None:
        values = [level + 0.01 * at for at in range(speed.LEAST)]
        found = {"tool": tool, "workload": "x", "seconds": seconds, "values": values, "step": 0.0}
        ledger.add(f"x {tool} {number}", found)

    ledger = Ledger(tmp_path / "races.jsonl")
    for number in range(5):
        raced("quick", number, 100.0 + number)  # narrow intervals, each around another value
        raced(speed.OURS, number, 100.0 + 0.01 * number, 1.0)
    ours, quick = speed.stored(ledger)
    assert (ours.tool, ours.held, ours.seconds, ours.reached) == (speed.OURS, 5, 1.0, True)
    assert (quick.held, quick.replicates) == (1, speed.LEAST)
    claim, page = from_ledgers.seconds([ours, quick]).claims[0], from_ledgers.seconds([ours, quick]).tables[0][1]
    assert (claim.met, claim.found) == (False, "in 0 of 1; not against quick on x")
    assert [row[-1] for row in page] == ["5 of 5", "1 of 5"]
    slow = replace(quick, races=[replace(race, seconds=9.0) for race in quick.races])
    assert from_ledgers.seconds([ours, slow]).claims[0].met
    surer = replace(ours, races=[replace(race, tool="slow", seconds=9.0) for race in ours.races])
    often = replace(quick, races=[replace(race, tool=speed.OURS) for race in quick.races])
    assert not from_ledgers.seconds([often, surer]).claims[0].met  # faster, but its intervals are right less often
    alone = from_ledgers.seconds([ours, replace(quick, races=[replace(r, tool=speed.IN_TIME) for r in quick.races])])
    assert alone.claims[0].found == "in 0 of 0"


def test_a_tool_races_again_as_long_as_its_time_goes() -> None:
    race = speed.Race("quick", "x", 10.0, [100.0] * speed.LEAST, 0.0)
    assert speed.goes_on([], 1.0)
    assert speed.goes_on([race] * 3, 45.0)
    assert not speed.goes_on([race] * 4, 45.0)
    assert not speed.goes_on([replace(race, values=[1.0, 2.0])], 45.0)  # it never reached one percent


def test_a_count_is_exact_if_the_first_five_boots_agree() -> None:
    def counted(*values: float, share: float = 1.0) -> dict[str, object]:
        return {"values": list(values), "shares": [share] * len(values)}

    canaries = {"canary[nops=0]": counted(*[4] * 5), "canary[nops=1]": counted(*[5] * 5)}
    same, once = [309] * 5, [309, 309, 309, 310, 309]
    calm = {"boots": 5, "busy": 0, "load": [0, 1], "counts": {"a": counted(*same), "b": counted(*once), **canaries}}
    busy = {"boots": 5, "busy": 8, "load": [8, 9], "counts": {"a": counted(*once), "b": counted(*once), **canaries}}
    found = exactness.exact([calm, busy])
    assert found["a"] == ([*same, *once], True)
    assert found["b"][1] is False
    assert exactness.repeated([calm, busy]) == (3, 4)
    assert exactness.nop_seen([calm, busy]) == (10, 10)


def test_a_count_that_changes_under_load_falls_short(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "exactness.jsonl")
    for busy, value in ((0, 309.0), (8, 310.0)):
        entry = {"values": [value] * 10, "shares": [1.0] * 10}
        ledger.add(f"linux {busy}", {"boots": 10, "busy": busy, "load": [0, 0], "counts": {"null_call": entry}})
    repeated, equal, _ = from_ledgers.exact_counts(ledger).claims
    assert (repeated.met, repeated.found) == (False, "0 of 1 workloads")
    assert (equal.met, equal.found) == (False, "0 of 1 workloads, 20 boots")


# --- the page and the command


def test_the_page_marks_claims_that_are_not_met() -> None:
    sections = [Section("One", ["Words."], [(("a", "b"), [("x|y", 1)])], [Claim("good", "1", "1", True)])]
    assert "1 of 1 requirements are met." in report.page(sections, ["here"], "nox -s validate")
    sections[0].claims.append(Claim("bad", "0", "7", False))
    page = report.page(sections, ["here"], "nox -s validate")
    assert "1 of 2" in page
    assert "| bad    | 0          | 7       | **short** |" in page
    assert "x\\|y" in page


@given(st.integers(0, 20), st.integers(1, 400))
def test_an_upper_limit_has_a_tail_probability_of_five_percent(failures: int, trials: int) -> None:
    failures = min(failures, trials)
    limit = at_most(failures, trials)
    assert failures / trials <= limit <= 1.0
    if limit < 1.0:
        assert binom.cdf(failures, trials, limit) == pytest.approx(0.05, abs=1e-6)


def test_mistakes_are_usage_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--corpus", str(tmp_path / "corpus"), "--out", str(tmp_path / "page.md")]
    assert main(["validate", "--only", "nonsense", *where]) == 2
    assert main(["validate", "--only", "page", *where]) == 2
    assert main(["validate", "--only", "speed", "--peers", str(tmp_path / "none"), *where]) == 2
    errors = capsys.readouterr().err
    assert "--only nonsense: choose from coverage," in errors
    assert "leave out --only to measure" in errors
    assert "--peers" in errors


def test_what_is_stored_makes_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_runs, "PSEUDO", 20)
    monkeypatch.setattr(from_runs, "DRAWS", 20)
    monkeypatch.setattr(from_runs, "POWER_DRAWS", 5)
    for seed in range(2):
        save(full_run(seed), tmp_path / f"run-{seed:04}.npz")
    page = tmp_path / "page.md"
    arguments = ["--corpus", str(tmp_path), "--out", str(page), "--note", "measured in a hurry"]
    assert main(["validate", "--only", "page", *arguments]) == 3  # too few runs
    text = page.read_text()
    assert "- measured in a hurry" in text
    assert "| false alarms, real A/A runs" in text
    assert "## With the rules broken on purpose" in text
