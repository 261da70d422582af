"""The payload as a program: its plan from every source, its records in order, faults inside it and around it."""

from __future__ import annotations

import os
import platform
import re
import signal
import subprocess
import zlib
from pathlib import Path

import pytest
from ferrule.payload.build import patch_plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.patience import PATIENCE, eventually
from tests.support.payload_runs import Output, command, output_of, payload, quick
from tests.support.places import FAULTS


def patched(tmp_path: Path, text: str | bytes, *arguments: str) -> Output:
    path = tmp_path / "payload"
    path.write_bytes(patch_plan(payload().image, text))
    path.chmod(0o755)
    built = payload()
    return output_of(type(built)(path, b"", "", "", "", built.arch, built.os), *arguments)


def test_a_patched_plan_runs_and_says_which_it_was(tmp_path: Path) -> None:
    plan = Plan(run="abc", seed=7, batches=4, warm=2, target_ns=10_000, runs=(PlannedRun(RunKey("null_call")),))
    text = plan.render()
    output = patched(tmp_path, text, "process=3")
    assert output.status == 0
    (hello,) = output.kind("hello")
    assert hello.fields["plan"] == f"{zlib.crc32(text):08x}"
    assert (hello.run, hello.process, hello.fields["seed"]) == ("abc", 3, "7")
    assert output.ends()["null_call"].fields["batches"] == "6"


def test_the_same_plan_from_arguments_and_input() -> None:
    text = "run=abc\nbatches=2\nwarm=0\nw null_call n=5\n"
    for output in (
        output_of(payload(), text),
        output_of(payload(), "-", stdin=text),
        output_of(payload(), *text.splitlines()),
    ):
        assert output.status == 0
        assert output.kind("hello")[0].run == "abc"
        assert output.of("null_call", "ready")[0].fields["n"] == "5"


def test_the_records_come_in_the_documented_order() -> None:
    output = output_of(payload(), *quick(["null_call", "page_fault"]))
    kinds = [record.kind for record in output.records if record.kind not in ("fact", "ref")]
    assert kinds[:3] == ["hello", "clock", "mark"]
    assert kinds[-1] == "done"
    text = " ".join(kinds[3:-1])
    assert re.fullmatch(r"(begin ready (batch )+(pace )+(hist )*end mark ?)+", text), text
    assert [record.seq for record in output.records] == list(range(len(output.records)))
    facts = {record.fields["name"]: record.fields["value"] for record in output.kind("fact")}
    assert facts["kernel.release"] == platform.release()
    assert facts["clock_read"] in ("vdso", "syscall")
    assert facts["page"] == str(os.sysconf("SC_PAGESIZE"))


def references() -> dict[tuple[str, int], list[int]]:
    """Ticks of the references by kind and number of turns."""
    refs = output_of(payload(), "verify=only").kind("ref")
    by_what: dict[tuple[str, int], list[int]] = {}
    for record in refs:
        key = record.fields["what"], int(record.fields["n"])
        by_what.setdefault(key, []).extend(map(int, record.fields["t"].split(",")))
    return by_what


def test_the_references_are_two_lengths_of_the_empty_loop() -> None:
    by_what = references()
    assert len(by_what.pop(("pair", 0))) == 64
    (once, twice) = sorted(n for _, n in by_what)
    assert twice == 2 * once
    assert all(len(ticks) == 15 for ticks in by_what.values())
    assert min(min(ticks) for ticks in by_what.values()) > 0


@pytest.mark.clock
def test_twice_the_empty_loop_takes_twice_as_long() -> None:
    once, twice = (min(ticks) for (what, _), ticks in sorted(references().items()) if what == "loop")
    assert 1.5 < twice / once < 2.5


def test_controls_run_unasked_and_once() -> None:
    assert set(output_of(payload(), "verify=only").ends()) == {"empty_loop", "function_call", "clock_read"}
    assert len(output_of(payload(), "verify=only", "w clock_read").kind("begin")) == 3


def test_the_order_is_the_plans(tmp_path: Path) -> None:
    names = ("null_call", "invalid_call", "map_unmap", "empty_loop", "function_call", "clock_read")
    plan = Plan(seed=3, boot=2, process=1, verify_only=True, runs=tuple(PlannedRun(RunKey(name)) for name in names))
    begun = patched(tmp_path, plan.render()).kind("begin")
    assert [int(record.fields["i"]) for record in begun] == plan.order()
    assert [int(record.fields["pos"]) for record in begun] == list(range(len(names)))


def test_warm_up_and_measured_batches_are_distinguished() -> None:
    output = output_of(payload(), "batches=200\nwarm=5\ntarget_ns=1000\neach=300\nw null_call")
    records = output.of("null_call", "batch")
    ticks = [(int(r.fields["b"]) + at, r.fields["warm"]) for r in records for at in range(r.fields["t"].count(",") + 1)]
    assert ticks == [(b, str(int(b < 5))) for b in range(205)]
    (end,) = output.of("null_call", "end")
    assert (end.fields["batches"], end.fields["hist"]) == ("205", "300")
    counts = [int(pair.split(":")[1]) for r in output.of("null_call", "hist") for pair in r.fields["b"].split(",")]
    assert sum(counts) == 300
    assert 0 < int(end.fields["hist_min"]) <= int(end.fields["hist_max"])


def test_a_slow_operation_stops_at_the_limit_with_three_batches() -> None:
    end = output_of(payload(), "batches=1000\nwarm=10\nlimit_ns=1000000\nw process_create n=20").ends()[
        "process_create"
    ]
    assert end.fields["status"] == "ok"
    assert 4 <= int(end.fields["batches"]) < 30


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["w nul_call"], "no workload is called nul_call"),
        (["w null_call depth=3"], "null_call has no parameter depth"),
        (["batches=1\nwarm=x"], "argument, line 2"),
        (["nonsense"], "argument, line 1"),
        (["batches=4096\nwarm=1"], "over 4096"),
        (["batches=3\ncontrol_batches=4"], "control_batches= is over batches="),
        (["--help"], "unknown option --help"),
    ],
)
def test_a_bad_plan_is_status_2_with_the_reason(arguments: list[str], complaint: str) -> None:
    output = output_of(payload(), *arguments, allow_cut=True)
    assert output.status == 2
    assert complaint in output.stderr
    assert complaint in output.kind("log")[0].fields["text"]
    assert not output.kind("begin")


def test_a_bad_patched_plan_names_the_section(tmp_path: Path) -> None:
    path = tmp_path / "payload"
    path.write_bytes(patch_plan(payload().image, "# fine\nw\n"))
    path.chmod(0o755)
    done = subprocess.run([path], capture_output=True, check=False, timeout=PATIENCE)
    assert done.returncode == 2
    assert b"the patched section, line 2" in done.stderr


@given(st.text(alphabet=st.characters(min_codepoint=1, max_codepoint=126), max_size=60).filter(lambda t: t[:1] != "-"))
@settings(max_examples=30)
def test_any_argument_is_obeyed_or_refused(text: str) -> None:
    done = subprocess.run(
        [*command(payload()), "verify=only", text], capture_output=True, check=False, timeout=PATIENCE
    )
    assert done.returncode in (0, 2)
    assert done.stdout.startswith(b"#fr1 ")


def test_faults_are_distinguished_and_cost_only_their_own_run() -> None:
    text = "batches=2\nwarm=0\nw wrong\nw absent\nw failing\nw null_call\nw context_switch procs=1\nw panic\nw reboot"
    output = output_of(payload(platform.machine(), FAULTS), text)
    assert output.status == 0
    ends = {name: dict(record.fields) for name, record in output.ends().items()}
    assert ends["wrong"].items() >= {"status": "wrong", "operation": "verify", "seen": "41 instead of 42"}.items()
    assert ends["absent"].items() >= {"status": "unsupported", "operation": "os_telepathy", "error": "38"}.items()
    assert ends["failing"]["status"] == "failed"
    assert re.fullmatch(r"operations that went wrong: [1-9]\d*", ends["failing"]["seen"])
    assert ends["context_switch"].items() >= {"operation": "parameter procs", "seen": "2..32"}.items()
    for name in ("panic", "reboot"):  # refused: this machine was not booted for the test
        assert ends[name]["status"] == "unsupported"
    assert ends["null_call"]["status"] == "ok"
    for name, end in ends.items():
        if end["status"] != "ok":
            assert end["batches"] == "0", name
            assert not output.of(name, "batch")
    assert output.kind("done")[0].fields["ok"] == "4"


@pytest.mark.parametrize(("apart", "status"), [(0, -signal.SIGSEGV), (1, 128 + signal.SIGSEGV)])
def test_a_crash_ends_the_stream_at_its_workload(apart: int, status: int) -> None:
    output = output_of(
        payload(platform.machine(), FAULTS), f"apart={apart}\nbatches=1\nw crash", "seed=1", allow_cut=True
    )
    assert output.status == status
    assert output.kind("begin")[-1].fields["workload"] == "crash"
    assert not output.kind("done")


def test_output_that_nobody_reads_ends_it() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*command(payload()), "verify=only"], stdout=full, check=False, timeout=PATIENCE)
    assert done.returncode == 3
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert subprocess.run(command(payload()), stdout=writer, check=False, timeout=PATIENCE).returncode == 3
    finally:
        os.close(writer)


def test_a_killed_payload_leaves_no_process_behind() -> None:
    started = subprocess.Popen([*command(payload()), "w context_switch procs=4 n=1000000"])
    try:
        children = Path(f"/proc/{started.pid}/task/{started.pid}/children")
        assert eventually(lambda: len(children.read_text().split()) >= 3), "the ring was never started"
        found = children.read_text().split()
    finally:
        started.kill()
        started.wait()
    assert eventually(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in found)), "they outlived their parent"


def test_a_closed_standard_input_changes_nothing() -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *command(payload()), "verify=only\nw pipe_latency\nw context_switch"],
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0
    assert done.stdout.count(b"status=ok") == 5


def test_visits_apart_are_made_by_copies_and_say_the_same() -> None:
    """Each run is in a copy of the process, and may start processes itself; the records are the same."""
    text = "run=abc\napart=1\nbatches=3\nwarm=1\npin=0\n"
    runs = [
        f"w {name} n=50\n" for name in ("null_call", "pipe_latency", "process_create", "context_switch procs=2")
    ] * 2
    output = output_of(payload(), text + "".join(runs))
    assert output.status == 0
    ends = [record.fields for record in output.kind("end")]
    assert len(ends) == len(output.kind("begin")) > len(runs)
    assert {end["status"] for end in ends} == {"ok"}
    ready = output.kind("ready")
    assert {record.fields["p.procs"] for record in ready if "p.procs" in record.fields} == {"2"}
    assert [record.fields["i"] for record in ready] == [end["i"] for end in ends]


def test_the_pace_is_recorded_around_every_batch() -> None:
    output = output_of(payload(), "run=abc\nbatches=5\nwarm=2\npin=0\nw null_call n=50\n")
    paces = [int(tick) for record in output.of("null_call", "pace") for tick in record.fields["t"].split(",")]
    assert len(paces) == 8
    assert min(paces) > 0
    assert {record.fields["n"] for record in output.kind("pace")} == {"10000"}


def test_controls_take_as_many_batches_as_they_are_given() -> None:
    ends = output_of(payload(), "batches=9\nwarm=1\ncontrol_batches=4\nw null_call\nw empty_loop").ends()
    assert {name: int(end.fields["batches"]) for name, end in ends.items()} == {
        "null_call": 10,
        "empty_loop": 5,  # also when asked for by name
        "function_call": 5,
        "clock_read": 5,
    }


def test_what_waits_for_a_timer_says_so() -> None:
    output = output_of(payload(), *quick(["timer_wakeup", "null_call"]))
    assert output.of("timer_wakeup", "ready")[0].fields["waits"] == "1"
    assert "waits" not in output.of("null_call", "ready")[0].fields
