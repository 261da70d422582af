"""The boots of a gate: those behind a baseline take the same runs, in the same sizes, as those of every later gate."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ferrule.campaign.progress import PlainProgress
from ferrule.gate import decide
from ferrule.gate.baseline import Baseline, Protocol, find
from ferrule.gate.measure import CANARIES, Measurer, Subject
from ferrule.gate.outcome import accept, compare
from ferrule.machine.guest import Guest
from ferrule.payload.build import Payload
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult, RunResult

from tests.support.synthetic import CALL, conditions, run

GOOD, BAD, OTHER = (RunKey(name) for name in ("null_call", "null_call_wrapped", "yield"))
KEYS = (GOOD, BAD, OTHER)
KNOWN = {"guest": "linux", "kernel.build": "candidate", "qemu": "8.2", "cpu.model": "Example CPU"}


@dataclass(frozen=True)
class Scripted(Measurer):
    """A measurer whose boots are made up; it notes what each of them was to take."""

    faults: Mapping[RunKey, str] = field(default_factory=dict)
    taken: list[tuple[int, tuple[RunKey, ...], dict[RunKey, int]]] = field(default_factory=list)

    def _campaign(
        self,
        subject: Subject,
        keys: Sequence[RunKey],
        protocol: Protocol,
        sizes: Mapping[RunKey, int],
    ) -> GuestResult:
        self.taken.append((protocol.boots, tuple(keys), {key: sizes[key] for key in keys if key in sizes}))
        return GuestResult("linux", conditions("linux"), {key: self._run(key, protocol.boots) for key in keys})

    def _run(self, key: RunKey, boots: int) -> RunResult:
        if key in self.faults:
            return RunResult(key, cast("Any", self.faults[key]), "verify: it lies")
        nops = dict(key.params).get("nops", 0)
        made = run(  # two ticks a nanosecond
            key.workload, [100.0 + 0.5 * float(nops)] * boots, CALL, params=key.params, boots=boots
        )
        return replace(made, key=key)


def subject(base: Baseline | None = None) -> Subject:
    described = SimpleNamespace(name="linux", describe=dict)
    return Subject(cast("Guest", described), cast("Payload", SimpleNamespace(build_id="0")), KNOWN, base)


def measured(base: Baseline | None, *, accepting: bool, faults: Mapping[RunKey, str]) -> tuple[Subject, Scripted]:
    one, measurer = subject(base), Scripted(KEYS, PlainProgress(io.StringIO()), None, faults)
    measurer.measure(one, 5 if accepting else 2, accepting=accepting)
    return one, measurer


def accepted(folder: Path, base: Baseline | None, faults: Mapping[RunKey, str]) -> tuple[Baseline, Scripted]:
    one, measurer = measured(base, accepting=True, faults=faults)
    assert accept([one], KEYS, folder, decide.Rule()).exit_code == 0
    made, why = find(folder, KNOWN)
    assert made is not None, why
    return made, measurer


def counting(measurer: Scripted, boots: int) -> tuple[tuple[RunKey, ...], dict[RunKey, int]]:
    """What the last boots of that number took."""
    return [(keys, sizes) for number, keys, sizes in measurer.taken if number == boots][-1]


@pytest.mark.parametrize("status", ["", "wrong", "failed", "crashed", "hung"])
def test_the_boots_behind_a_baseline_are_those_of_every_later_gate(status: str, tmp_path: Path) -> None:
    """On Linux a count moved by 53 % because the canaries' sizes were frozen in the one and calibrated in the other."""
    faults = {BAD: status} if status else {}
    base, first = accepted(tmp_path, None, faults)
    gated, later = measured(base, accepting=False, faults=faults)
    assert counting(first, 5) == counting(later, 2)
    assert not set(counting(first, 5)[1]) & set(CANARIES)
    report = compare([gated], KEYS, decide.Rule(), whole=True, how="")
    assert report.exit_code == 0
    assert set(base.faults) == {str(key) for key in faults}


def test_a_workload_that_is_mended_is_accepted_among_the_others(tmp_path: Path) -> None:
    base, _ = accepted(tmp_path, None, {BAD: "wrong"})
    mended, again = accepted(tmp_path, base, {})
    assert not mended.faults
    assert str(BAD) in mended.entries
    assert counting(again, 5) == counting(measured(mended, accepting=False, faults={})[1], 2)


def test_a_workload_that_breaks_is_left_out_of_the_boots_that_are_accepted(tmp_path: Path) -> None:
    base, _ = accepted(tmp_path, None, {})
    broken, again = accepted(tmp_path, base, {BAD: "wrong"})
    assert set(broken.faults) == {str(BAD)}
    assert counting(again, 5) == counting(measured(broken, accepting=False, faults={BAD: "wrong"})[1], 2)


def test_a_guest_whose_boots_are_lost_gets_no_baseline(tmp_path: Path) -> None:
    lost = dict.fromkeys((*KEYS, *CANARIES), "lost")
    one, _ = measured(None, accepting=True, faults=lost)
    assert accept([one], KEYS, tmp_path, decide.Rule()).exit_code == 3
    assert not list(tmp_path.glob("*.json"))
