"""A run that is killed in any way at any moment: no finished result is lost or doubled, and nothing is left over.

`nox -s kills` does it 200 times each; here it is a few.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.kills import ASKED, OK, Place, check, kill_and_resume, run_while_qemu_is_killed

TIMES = int(os.environ.get("FERRULE_KILLS", "1"))
SEED = int(os.environ.get("FERRULE_KILLS_SEED", "1"))

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux"),
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="needs QEMU"),
]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], float]:
    """The result of an undisturbed run, and how long it takes."""
    place = Place(tmp_path_factory.mktemp("whole"))
    started = time.monotonic()
    code, output = place.run(*ASKED)
    assert code == OK, output
    return place.structure(), time.monotonic() - started


@pytest.mark.parametrize("number", range(TIMES))
def test_a_killed_run_is_resumed_to_what_it_would_have_been(
    number: int, undisturbed: tuple[dict[str, Any], float], tmp_path: Path
) -> None:
    whole, seconds = undisturbed
    place = Place(tmp_path)
    kill_and_resume(place, random.Random(f"{SEED} {number}"), min(seconds, 8.0))
    check(place, whole)


@pytest.mark.parametrize("number", range(TIMES))
def test_a_qemu_that_is_killed_costs_a_boot_and_fails_no_workload(
    number: int, undisturbed: tuple[dict[str, Any], float], tmp_path: Path
) -> None:
    place = Place(tmp_path)
    run_while_qemu_is_killed(place, random.Random(f"{SEED} qemu {number}"), kills=1)
    check(place, undisturbed[0])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP][: 1 if TIMES == 1 else 3])
def test_an_interrupted_run_keeps_what_it_has_says_so_and_goes_on(
    number: signal.Signals, undisturbed: tuple[dict[str, Any], float], tmp_path: Path
) -> None:
    place = Place(tmp_path)
    child = place.start(*ASKED)
    while not any('"kind":"process"' in path.read_text() for path in place.unfinished()):
        assert child.poll() is None
        time.sleep(0.02)
    child.send_signal(number)
    output = child.communicate()[0].decode()
    assert child.returncode == 3, output
    (path,) = place.unfinished()
    assert f"not finished: ferrule run --resume {path.stem}" in output
    stored = [json.loads(line) for file in place.results.glob("*/*/*.jsonl") for line in file.read_text().splitlines()]
    assert any(line["interrupted"] for line in stored)
    assert {line["run_id"] for line in stored} == {path.stem}
    assert place.left_over() == [str(path.with_suffix(".lock"))]
    code, output = place.run(f"--resume={path.stem}")
    assert code == OK, output
    check(place, undisturbed[0])


def test_a_resumed_run_keeps_its_own_options(tmp_path: Path) -> None:
    place = Place(tmp_path)
    child = place.start(*ASKED)
    while not place.unfinished():
        assert child.poll() is None
        time.sleep(0.02)
    child.send_signal(signal.SIGSTOP)  # it must not finish before the other one has tried
    code, output = place.run("--resume=last")
    assert (code, "is being measured at this moment" in output) == (2, True), output
    child.send_signal(signal.SIGKILL)
    child.communicate()
    (path,) = place.unfinished()
    code, output = place.run("--resume=last", "--quick", "--guest=local")
    why = "--guest local: a resumed run goes on as it began, with --guest local,floor"
    assert (code, why in output) == (2, True), output
    code, output = place.run("--resume=1999")
    assert (code, f"no unfinished run in {place.results}; there are: {path.stem}" in output) == (2, True), output
    path.write_text(path.read_text().replace('"seed":5', '"seed":6'))
    code, output = place.run("--resume=last")
    assert (code, f"{path.name}:1: damaged" in output) == (3, True), output
