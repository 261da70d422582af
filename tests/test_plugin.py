"""The plugin as users run it: whole runs on this host, each in its own process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ferrule import paths
from ferrule.payload.registry import workloads
from ferrule.records.samples import WITHOUT

from tests.support.patience import PATIENCE
from tests.support.places import ROOT

Measured = tuple[str, dict[str, Any], Path]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")


def ferrule(*arguments: str, cwd: Path, check: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    command = [sys.executable, "-m", "ferrule.cli", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, cwd=cwd, env=environment, check=False
    )
    assert done.returncode == check, done.stdout + done.stderr
    return done


def run(*arguments: str, cwd: Path, check: int = 0) -> subprocess.CompletedProcess[str]:
    return ferrule("run", "--guest=local", "--quick", f"--results={cwd}/results", *arguments, cwd=cwd, check=check)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """One run of the controls and the cheap calls: its output, its JSON, and the folder of its history."""
    home = tmp_path_factory.mktemp("measured")
    done = run("--suite=control,syscall", "--seed=7", "--json=run.json", "--benchmark-storage=store", cwd=home)
    return done.stdout, json.loads((home / "run.json").read_text()), home


def test_the_table_shows_every_run_with_its_interval(measured: Measured) -> None:
    out, _, _ = measured
    for name in ("null_call", "invalid_call", "empty_loop", "function_call"):
        row = next(line for line in out.splitlines() if line.split()[:1] == [name])  # then tails and core cycles
        assert "[" in row
        assert "ns" in row
    assert "seed 7" in out
    assert "budget quick" in out


def test_the_last_lines_say_what_was_found_and_which_run_it_was(measured: Measured) -> None:
    out, _, home = measured
    *_, found, last = out.splitlines()
    assert re.match(r"This host's null_call costs [\d.]+ ns( \[[\d.]+, [\d.]+\])?$", found)
    (line,) = [json.loads(text) for text in next(home.glob("results/*/*/local.jsonl")).read_text().splitlines()]
    assert last.startswith(f"run {line['run_id']}: ")
    assert "compare" not in last, "no earlier run is there"
    assert "passed" not in last


def test_the_json_holds_the_guests_samples(measured: Measured) -> None:
    _, data, _ = measured
    found = {entry["group"]: entry for entry in data["benchmarks"]}
    assert set(found) >= {"null_call", "invalid_call", "empty_loop", "function_call"}
    for entry in found.values():
        extra = entry["extra_info"]
        assert len(entry["stats"]["data"]) == extra["processes"] == 7
        assert entry["stats"]["median"] * 1e9 == pytest.approx(extra["estimate"], abs=1e-6)
        assert extra["low"] <= extra["estimate"] <= extra["high"]
        assert extra["conditions"]["guest"] == "local"
    assert 10 < found["null_call"]["extra_info"]["estimate"] < 100_000  # ns: a system call on any machine in use


def test_the_json_says_which_campaign_wrote_it(measured: Measured) -> None:
    _, data, _ = measured
    assert data["ferrule"]["seed"] == 7
    assert data["ferrule"]["budget"] == "quick"
    assert data["ferrule"]["verdicts"]["local"]["null_call"]["verdict"] == "works"
    assert "cpu" not in data["machine_info"]  # nothing that changes from run to run


def test_null_call_costs_more_than_a_function_call(measured: Measured) -> None:
    _, data, _ = measured
    median = {entry["group"]: entry["stats"]["median"] for entry in data["benchmarks"]}
    # Out-of-order execution can hide a function call in the empty loop: slightly below zero is not wrong.
    assert median["null_call"] > 3 * abs(median["function_call"])


def test_the_history_has_one_line_and_is_published_twice_with_equal_bytes(measured: Measured) -> None:
    _, _, home = measured
    (line,) = [json.loads(text) for text in next(home.glob("results/*/*/local.jsonl")).read_text().splitlines()]
    assert line["budget"] == "quick"
    pages = []
    for name in ("a", "b"):
        ferrule("publish", "--results", "results", "--out", name, cwd=home)
        pages.append({path.name: path.read_bytes() for path in (home / name).iterdir()})
    assert pages[0] == pages[1]
    assert any("null_call" in page.decode().replace("\\", "") for page in pages[0].values())


def test_pytest_benchmarks_own_features_work_on_guest_samples(tmp_path: Path) -> None:
    store = (f"--benchmark-storage={tmp_path}/store", "--benchmark-autosave", "--workload=null_call,empty_loop")
    run(*store, cwd=tmp_path)
    second = run(*store, "--accept", "--benchmark-compare", f"--benchmark-histogram={tmp_path}/picture", cwd=tmp_path)
    assert "null_call" in second.stdout
    assert "(NOW)" in second.stdout
    assert "(0001" in second.stdout
    assert list(tmp_path.glob("picture*.svg"))
    command = [str(Path(sys.executable).parent / "pytest-benchmark"), "--storage", f"{tmp_path}/store", "compare"]
    compared = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=tmp_path, check=False)
    assert compared.returncode == 0, compared.stderr
    assert "null_call" in compared.stdout


def test_every_workload_verifies_on_this_host(tmp_path: Path) -> None:
    done = run("--verify-only", cwd=tmp_path)
    assert "failed" not in done.stdout.splitlines()[-1]
    (count,) = [line.split() for line in done.stdout.splitlines() if line.startswith("  local: works ")]
    (line,) = [
        json.loads(text) for text in next(tmp_path.glob("results/*/*/verify/local.jsonl")).read_text().splitlines()
    ]
    assert not list(tmp_path.glob("results/*/*/*.jsonl"))  # no numbers, so no history of them
    assert int(count[2]) == line["counts"]["works"]
    assert set(line["counts"]) <= {"works", *WITHOUT}
    assert line["verdicts"]["null_call"] == {"verdict": "works", "errno": None, "reason": ""}
    assert {name for name, row in workloads().items() if not row.hidden} == set(line["verdicts"])
    ferrule("publish", "--results", "results", "--out", "pages", cwd=tmp_path)
    (page,) = (tmp_path / "pages").glob("*-what-works.md")
    assert re.search(r"\| syscall +\| null\\_call +\| works", page.read_text())


def test_a_named_workload_takes_parameters(tmp_path: Path) -> None:
    done = run("--workload=canary[nops=64]", "--json=run.json", cwd=tmp_path)
    assert "canary" in done.stdout
    data = json.loads((tmp_path / "run.json").read_text())
    assert [entry["group"] for entry in data["benchmarks"]] == ["canary[nops=64]"]


def test_a_precision_ends_on_width_or_budget_and_says_which(tmp_path: Path) -> None:
    wide = run("--workload=null_call", "--precision=50%", "--budget=30s", "--json=wide.json", cwd=tmp_path)
    assert "local: to a half-width of 50 % within 30 s; 7 processes a boot" in wide.stdout
    assert "local: narrow enough: null_call " in wide.stdout
    data = json.loads((tmp_path / "wide.json").read_text())
    (entry,) = data["benchmarks"]
    assert entry["extra_info"]["ended"] == "width"
    assert entry["extra_info"]["half_width"] <= 0.5
    assert entry["extra_info"]["processes"] >= 10
    assert data["ferrule"]["sampling"]["local"]["target"] == 0.5
    tight = run("--workload=null_call", "--precision=0.01%", "--budget=0.001s", "--accept", cwd=tmp_path)
    assert "local: the budget was spent first: null_call " in tight.stdout
    second = next(tmp_path.glob("results/*/*/local.jsonl")).read_text().splitlines()[1]
    assert json.loads(second)["entries"][0]["summary"]["ended"] == "budget"


@pytest.mark.clock  # on a busy core cycles cannot always be determined
def test_a_precision_of_cycles_is_shown_in_cycles(tmp_path: Path) -> None:
    done = run("--workload=null_call", "--precision=50%", "--precision-of=cycles", "--json=run.json", cwd=tmp_path)
    assert "local: to a half-width of 50 % of core cycles within 10 min" in done.stdout
    (row,) = re.findall(r"^null_call +call +(\d+)[.\d]* cycles \[[\d.]+, [\d.]+\]$", done.stdout, re.MULTILINE)
    assert 20 < int(row) < 100_000
    (entry,) = json.loads((tmp_path / "run.json").read_text())["benchmarks"]
    found = entry["extra_info"]["core_cycles"]
    assert found["low"] <= found["estimate"] <= found["high"]


MISTAKES = {
    "--precision=1": "--precision 1: give a percentage from 0.01% to 50%, e.g. --precision 1%",
    "--precision=0%": "--precision 0%: give a percentage",
    "--precision=1% --budget=10": "--budget 10: give seconds, minutes or hours",
    "--precision=1% --verify-only": "--precision 1%: --verify-only measures nothing",
    "--budget=10m": "--budget 10m: only with --precision",
    "--precision-of=cycles": "--precision-of cycles: only with --precision",
    "--guest=windows": "--guest windows: no such guest; there are: ",
    "--suite=opera": "--suite opera: no such suite; there are: ",
    "--workload=nul_call": "no workload nul_call; did you mean null_call?",
    "--workload=pipe_latency[colour=1]": "pipe_latency has no parameter colour; it has: size",
    "--place=nowhere": "--place nowhere: choose from same_core, cross_core, free",
    "--cpu=one": "--cpu one: give CPU numbers",
    "--cpu=4095": "--cpu 4095: ",
    "--processes=0": "--processes 0: must be at least 1",
    "--patience=0": "--patience 0.0: must be more than 0",
    "--patience=nan": "--patience nan: must be more than 0",
    "--seed=-1": "--seed -1: must be 0 or more",
    "--smp=0": "--smp 0: must be at least 1",
    "--sha256=abc": "--sha256 abc: is not 64 hexadecimal digits",
    "--suite=,": "--suite ',': no suite named",
    "--workload=,": "--workload ',': no workload named",
    "--suite=fs": "--suite fs --workload null_call: no run is left to measure",
    "--linux-kernel=": "--linux-kernel: '' names nothing",
    "--guests-file=/proc/none": "/proc/none: No such file",
    "--guest-file=opera.kernel=/dev/null": "--guest-file opera.kernel: no guest opera; there are: ",
    "--guest-file=redox.kernel=/proc/none": "--guest-file redox.kernel=/proc/none: no such file",
    "--json=/": "--json /: is a folder",
    "--results=/dev/null": "--results /dev/null: is not a folder",
    "--extra=/proc/none": "/proc/none: no such workload file or folder",
    "--json=/proc/none/file": "--json /proc/none/file: there is no folder /proc/none",
    "--linux-kernel=/proc/none": "/proc/none",
    "--host-key=/proc/none": "/proc/none",
}


@pytest.mark.parametrize(("flag", "message"), MISTAKES.items(), ids=list(MISTAKES))
def test_a_mistake_is_one_clear_line_and_exit_code_2(flag: str, message: str, tmp_path: Path) -> None:
    guest = {
        "--linux-kernel=/proc/none": "--guest=linux",
        "--host-key=/proc/none": "--guest=ssh://u@127.0.0.1:9 --identity=/proc/none",
    }
    done = run(
        *guest.get(flag, "").split(), "--workload=null_call", "--json=run.json", *flag.split(), cwd=tmp_path, check=2
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("ferrule: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert "Traceback" not in done.stdout + done.stderr


def test_a_full_disk_is_one_clear_line_and_the_table_still_there(tmp_path: Path) -> None:
    done = run("--workload=null_call", "--json=/dev/full", cwd=tmp_path, check=3)
    assert [line for line in done.stderr.splitlines() if line.startswith("ferrule: ")] == [
        "ferrule: --json: No space left on device"
    ]
    assert "Traceback" not in done.stdout + done.stderr
    assert "null_call" in done.stdout


def test_a_terminated_run_stores_what_is_finished(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ferrule.cli", "run", "--guest=local", "--boots=500", "--processes=1", "--quick"]
    command += ["--workload=null_call", f"--results={tmp_path}/results"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as running:
        assert running.stderr is not None
        assert any("round 3 of 500" in line for line in running.stderr)
        running.terminate()
        running.stderr.read()  # to the end: until the measurement itself has closed it
        assert running.wait(PATIENCE) != 0
    (line,) = [json.loads(text) for text in next(tmp_path.glob("results/*/*/local.jsonl")).read_text().splitlines()]
    assert "null_call" in str(line)
    assert line["boots"] < 500


def test_an_unknown_flag_is_exit_code_2(tmp_path: Path) -> None:
    done = run("--gest=local", cwd=tmp_path, check=2)
    assert (done.stdout, done.stderr) == ("", "ferrule: --gest: no such option; did you mean --guest?\n")
    done = run("--boots=many", cwd=tmp_path, check=2)
    assert done.stderr == "ferrule: argument --boots: invalid int value: 'many'; see ferrule run --help\n"


def test_list_names_every_workload(tmp_path: Path) -> None:
    out = ferrule("list", cwd=tmp_path).stdout
    assert all(name in out for name in workloads())


def test_a_first_run_with_nothing_to_compare_with_is_still_a_run(tmp_path: Path) -> None:
    storage = f"--benchmark-storage=file://{tmp_path}/none"
    done = run("--workload=null_call", "--benchmark-compare", storage, cwd=tmp_path)
    assert "null_call" in done.stdout
    assert "Can't compare" in done.stdout + done.stderr


MISREADINGS = {
    ("compare", "a", "b", "--results", "."): (2, "run a: not in ."),
    ("compare", "", "b", "--results", "."): (2, "argument WHAT: '' names nothing"),
    ("compare", "a", "b", "--results", "/proc/none"): (2, "--results /proc/none: No such file or directory"),
    ("publish", "--results", "/dev/null"): (2, "--results /dev/null: Not a directory"),
    ("publish", "--results", "."): (2, "no stored runs to publish"),
    ("publish", "--results", str(ROOT / "results"), "--out", "/dev/null"): (3, "cannot be written: "),
}


@pytest.mark.parametrize("words", MISREADINGS, ids=" ".join)
def test_reading_what_is_not_there_is_one_clear_line(words: tuple[str, ...], tmp_path: Path) -> None:
    status, message = MISREADINGS[words]
    done = ferrule(*words, cwd=tmp_path, check=status)
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("ferrule: ")
    assert message in done.stderr


def test_a_missing_checkout_is_reported(tmp_path: Path) -> None:
    environment = os.environ | {"FERRULE_ROOT": str(tmp_path)}
    command = [sys.executable, "-m", "ferrule.cli", "run"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment, check=False)
    assert done.returncode == 2
    assert "no guest/ sources here" in done.stderr
    assert str(paths.guest()) not in done.stderr
