"""`ferrule gate` as a user runs it, on the guest that boots fastest."""

from __future__ import annotations

import argparse
import io
import json
import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from ferrule.campaign.progress import PlainProgress
from ferrule.cli import main
from ferrule.errors import EXIT_INFRASTRUCTURE, EXIT_OK, EXIT_REGRESSION, EXIT_USAGE, InfrastructureError
from ferrule.gate import flags
from ferrule.gate.conditions import complete, known
from ferrule.gate.measure import Measurer, Subject, insensitive
from ferrule.gate.selection import select
from ferrule.guests import create
from ferrule.machine.guest import Guest
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_payload
from ferrule.payload.key import RunKey

from tests.support.places import ROOT

PROBE = """/* No-ops, as many as the test sets. */
#include "workloads/workload.h"

static inline void op(struct run *run) {
    (void)run;
    __asm__ volatile(".rept %d\\n\\tnop\\n\\t.endr");
}

WORKLOAD{
    .name = "probe",
    .family = "probing",
    .what = "no-ops",
    .per = PER_ITERATION,
    .ends = 1,
    LOOPS,
};
"""
NOPS = 100  # added one by one


@pytest.fixture(scope="module")
def floor() -> Guest:
    try:
        return create("floor", GuestOptions(accel="icount"))
    except InfrastructureError as error:
        pytest.skip(str(error).splitlines()[0])


class Bench:
    """A gate on one workload whose source changes between runs, as a payload's does between commits."""

    def __init__(self, folder: Path) -> None:
        self._source, self._folder = folder / "probing" / "probe.c", folder
        self._source.parent.mkdir()

    def gate(self, nops: int, *more: str) -> int:
        self._source.write_text(PROBE % nops)
        given = ["--guest", "floor", "--boots", "2", "--workload", "probe", "--extra", str(self._source)]
        return main(["gate", *given, "--baselines", str(self._folder / "baselines"), *more])


def test_one_instruction_more_in_the_payload_is_caught(
    floor: Guest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Bench(tmp_path)
    assert bench.gate(40) == EXIT_INFRASTRUCTURE, "there is no baseline"
    output = capsys.readouterr().out
    assert "no baseline of floor" in output
    assert re.search(r"make one: ferrule gate .*--extra '.*probe.c' --update-baseline", output)

    assert bench.gate(40, "--update-baseline") == EXIT_OK
    (written,) = (tmp_path / "baselines").glob("floor-*.json")
    assert json.loads(written.read_text())["entries"]["probe"]["value"] == 40
    before = written.read_bytes()

    assert bench.gate(40, "--strict") == EXIT_OK
    assert bench.gate(40, "--allow", "0") == EXIT_OK
    assert bench.gate(41, "--allow", "0") == EXIT_REGRESSION
    assert bench.gate(41, "--allow", "1") == EXIT_OK
    assert bench.gate(41) == EXIT_REGRESSION, "one of 40 instructions is 2.5 %"
    junit = tmp_path / "gate.xml"
    assert bench.gate(41, "--strict", "--junit", str(junit)) == EXIT_REGRESSION
    failure = Xml.fromstring(junit.read_bytes()).find(".//failure")
    assert failure is not None
    assert "40 -> 41, +1 instructions (+2.50 %)" in (failure.text or "")
    assert written.read_bytes() == before, "only --update-baseline writes"


def test_each_of_a_hundred_added_instructions_is_seen(floor: Guest) -> None:
    keys = [RunKey("canary", (("nops", nops),)) for nops in range(NOPS + 1)]
    payload = build_payload(floor.os, floor.arch)
    subject = Subject(floor, payload, known(floor, payload, None), None)
    Measurer(keys, PlainProgress(io.StringIO()), None).measure(subject, 1)
    values = [subject.readings[key].values[0] for key in keys]
    assert [after - before for before, after in pairwise(values)] == [1.0] * NOPS
    assert insensitive(subject) is None
    assert subject.result is not None
    assert subject.result.conditions is not None
    key = complete(subject.known, subject.result.conditions)
    assert {"guest", "kernel.build", "cpu.model", "qemu", "machine", "compiler", "flags"} <= set(key)
    assert payload.build_id not in key.values(), "what is under test is not in the key"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tier", "time"], "--base: what is to be compared?"),
        (["--boots", "1"], "--boots 1: at least 2"),
        (["--allow", "-1"], "--allow -1: must be 0 or more"),
        (["--allow", "1", "--tier", "time"], "--allow: is a flag of --tier exact"),
        (["--patience", "0"], "--patience 0.0: must be more than 0"),
        (["--kernel-build", " "], "--kernel-build: ' ' names nothing"),
        (["--junit", "/nowhere/at/all/x.xml"], "--junit /nowhere/at/all/x.xml: there is no folder"),
        (["--guest", "plan9"], "--guest plan9: no such guest"),
        (["--guest-file", "kernel"], "--guest-file kernel: write GUEST.KEY=FILE"),
        (["--suite", "cooking"], "--suite cooking: no such suite"),
        (["--workload", "null_cal"], "did you mean null_call?"),
        (["--place", "moon"], "--place moon"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_bad_flags_are_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", *arguments]) == EXIT_USAGE
    message = capsys.readouterr().err
    assert words in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--guests-file", "/nowhere/guests.toml"], "/nowhere/guests.toml: No such file"),
        (["--guest-file", "redox.kernel=/nowhere/kernel"], "--guest-file redox.kernel=/nowhere/kernel: no such file"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_kernels_are_named_as_in_a_measurement(
    floor: Guest,
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["gate", "--guest", "redox", *arguments]) == EXIT_USAGE
    assert words in capsys.readouterr().err


def test_guests_that_measure_time_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", "--guest", "local", "--workload", "null_call"]) == EXIT_USAGE
    assert "counts instructions" in capsys.readouterr().err


def test_the_gate_measures_the_runs_of_the_suites() -> None:
    keys = {str(key) for key in select("", "", "same_core", ())}
    assert {"null_call", "pipe_bandwidth[size=65536]", "pipe_latency[library=1]", "empty_loop"} <= keys
    assert not any(key.startswith("canary") for key in keys)
    chosen = select("ipc", "pipe_latency,context_switch[procs=3]", "same_core", ())
    assert [str(key) for key in chosen] == ["pipe_latency", "pipe_latency[library=1]", "context_switch[procs=3]"]


def test_every_flag_is_described_in_the_page() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    flags.add(parser)
    page = (ROOT / "docs" / "gate.md").read_text()
    missing = [name for action in parser._actions for name in action.option_strings if f"`{name}" not in page]
    assert missing == []


def test_ready_pipelines_use_flags_that_exist() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    flags.add(parser)
    known_flags = {name for action in parser._actions for name in action.option_strings}
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", (ROOT / "ci" / "gate.sh").read_text()))
    assert {"--candidate", "--baselines"} <= used
    assert used <= known_flags


def test_a_kernel_with_faults_is_gated_and_a_doubled_operation_fails(
    floor: Guest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One workload gives a wrong result and one never ends; the third is counted, and its doubling is found."""
    folder = tmp_path / "probing"
    folder.mkdir()
    good = PROBE % 40
    lies = good.replace('"probe"', '"liar"').replace(
        "WORKLOAD{", 'static long verify(struct run *run) {\n    return WRONG(run, "it lies");\n}\n\nWORKLOAD{'
    )
    (folder / "probe.c").write_text(good)
    (folder / "liar.c").write_text(lies.replace("    LOOPS,", "    .verify = verify,\n    LOOPS,"))
    hangs = (folder / "liar.c").read_text().replace('"liar"', '"sleeper"')
    hangs = hangs.replace('    return WRONG(run, "it lies");', "    (void)run;\n    for (;;)\n        ;")
    (folder / "sleeper.c").write_text(hangs)
    given = ["gate", "--guest", "floor", "--boots", "2", "--workload", "sleeper,liar,probe", "--patience", "5"]
    given += ["--extra", str(folder), "--baselines", str(tmp_path / "baselines")]

    assert main([*given, "--update-baseline"]) == EXIT_OK
    output = capsys.readouterr().out
    assert "liar: known from now on: wrong: verify: it lies" in output
    assert "sleeper: known from now on: hung" in output
    (written,) = (tmp_path / "baselines").glob("floor-*.json")
    stored = json.loads(written.read_text())
    assert {key: fault["status"] for key, fault in stored["faults"].items()} == {"liar": "wrong", "sleeper": "hung"}
    assert stored["entries"]["probe"]["value"] == 40

    assert main([*given, "--strict"]) == EXIT_OK
    assert "2 known, 1 ok" in capsys.readouterr().out
    (folder / "probe.c").write_text(PROBE % 81)
    (folder / "liar.c").write_text(hangs.replace('"sleeper"', '"liar"'))
    assert main(given) == EXIT_REGRESSION, "it doubled: a regression, not a harness failure"
    output = capsys.readouterr().out
    assert re.search(r"probe: 40 -> 81, \+41 instructions .* it doubled, or worse: check", output)
    assert "liar: was wrong (verify: it lies), now hung" in output
    assert re.search(r"accept what was measured: ferrule gate .*--patience '5.0'.*--update-baseline", output)
    assert output.startswith("allowed: of exact counts 0.5 %, or 2 instructions up to 2 %")
