"""Measuring for the gate: few boots, frozen batch sizes, one order of runs, and a check that one instruction is seen.

What a kernel did before changes some counts (a list that grew, a table that filled). So every boot takes the same
runs in the same order, and those that are known to end in a fault come after all others, in boots of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ferrule.campaign.budget import Budget
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import Progress
from ferrule.gate.baseline import Baseline, Protocol
from ferrule.gate.decide import fault_of
from ferrule.gate.reading import Reading, read
from ferrule.gate.verdict import figure
from ferrule.machine.guest import Guest
from ferrule.payload.build import Payload
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult, RunResult

# At least 11 batches (the mode of fewer is unreliable); short ones, so that most hold no timer interrupt.
PROTOCOL: Final = Protocol(batches=15, warm=2, seed=1, boots=5)
GATE_BOOTS: Final = 2
CANARIES: Final = (RunKey("canary", (("nops", 0),)), RunKey("canary", (("nops", 1),)))
_TARGET_NS, _LIMIT_NS = 100_000, 1_000_000_000  # a batch, a run; under icount a nanosecond is an instruction


@dataclass
class Subject:
    """One guest to be gated, with all that is known of it before a boot."""

    guest: Guest
    payload: Payload
    known: Mapping[str, str]  # part of the baseline's key
    baseline: Baseline | None
    missing: str = ""  # why there is no baseline
    result: GuestResult | None = None
    readings: dict[RunKey, Reading] = field(default_factory=dict)

    @property
    def protocol(self) -> Protocol:
        """The protocol of its baseline; PROTOCOL for a first baseline."""
        return self.baseline.protocol if self.baseline else PROTOCOL

    def faulty(self, keys: Sequence[RunKey]) -> list[RunKey]:
        """Those of the keys that gave no count when the baseline was accepted."""
        return [key for key in keys if self.baseline and str(key) in self.baseline.faults]

    def sizes(self) -> dict[str, int]:
        """Frozen batch sizes, by run key as text."""
        return {key: entry.n for key, entry in self.baseline.entries.items()} if self.baseline else {}


@dataclass(frozen=True)
class Measurer:
    """Boots guests and counts."""

    keys: Sequence[RunKey]  # what to count; the canaries are added
    progress: Progress
    patience: float | None  # seconds without output after which a guest hangs; None: the campaign's default

    def measure(self, subject: Subject, boots: int, *, accepting: bool = False) -> None:
        """Fill `subject.result` and `subject.readings`.

        To accept a baseline, all boots are those of every later gate: what will be a known fault is not in them, and
        the canaries find their sizes in each of them. A pilot boot finds the faults and the missing sizes.
        """
        faulty = [] if accepting else subject.faulty(self.keys)
        wanted = [key for key in dict.fromkeys([*self.keys, *CANARIES]) if key not in faulty]
        protocol, frozen = subject.protocol, subject.sizes()
        sizes = {key: frozen[str(key)] for key in wanted if str(key) in frozen}
        broken: dict[RunKey, RunResult] = {}
        if accepting and not {str(key) for key in self.keys} <= set(frozen):
            self.progress.note(f"{subject.guest.name}: one boot to find the batch sizes")
            found = self._campaign(subject, wanted, replace(protocol, batches=1, warm=0, boots=1), sizes)
            sizes |= {key: run.processes[0].n for key, run in found.runs.items() if run.processes}
            sizes = {key: size for key, size in sizes.items() if key not in CANARIES}
            if found.conditions is None:  # it sent no record: further boots are no use
                subject.result = found
                return
            broken = _without_count(found, batches=1)
        while True:
            wanted = [key for key in wanted if key not in broken]
            result = self._campaign(subject, wanted, replace(protocol, boots=boots), sizes)
            more = _broken(result) | (_without_count(result, protocol.batches) if accepting else {})
            if not more or boots == 1:
                break
            broken |= more  # and in its boot, later runs came after other runs than planned
            self.progress.note(f"{subject.guest.name}: once more without {', '.join(map(str, more))}")
        result.runs |= broken
        if faulty:
            self.progress.note(
                f"{subject.guest.name}: workloads without a count in the baseline: {', '.join(map(str, faulty))}"
            )
            result.runs |= self._campaign(subject, faulty, replace(protocol, boots=1), {}).runs
        subject.result = result
        unit = result.conditions.unit if result.conditions else "instructions"
        readings = {key: read(run, unit) for key, run in result.runs.items()}
        subject.readings = {key: reading for key, reading in readings.items() if reading is not None}

    def _campaign(
        self, subject: Subject, keys: Sequence[RunKey], protocol: Protocol, sizes: Mapping[RunKey, int]
    ) -> GuestResult:
        name = subject.guest.name
        campaign = Campaign(
            [subject.guest],
            {name: keys},
            lambda _: subject.payload,
            Budget(protocol.boots, 1, protocol.batches, protocol.warm, 0, _TARGET_NS, _LIMIT_NS, name="gate"),
            protocol.seed,
            self.progress,
            patience=self.patience,
            sizes={name: sizes},
            history=0,
        )
        return campaign.run()[name]


def _broken(result: GuestResult) -> dict[RunKey, RunResult]:
    """Runs that ended their boot: later runs were taken in another boot, after other runs than planned."""
    return {key: run for key, run in result.runs.items() if run.status in ("crashed", "hung")}


def _without_count(result: GuestResult, batches: int) -> dict[RunKey, RunResult]:
    """Runs that will be known faults of a baseline: later gates take them in boots of their own."""
    tried = {key: run for key, run in result.runs.items() if key not in CANARIES and run.status != "lost"}
    return {key: run for key, run in tried.items() if fault_of(run, batches)}


def insensitive(subject: Subject) -> str | None:
    """Why this guest's counts cannot be trusted: one instruction more is not counted as one. None when it is."""
    none, one = (subject.readings.get(key) for key in CANARIES)
    if none is None or one is None:
        return f"{subject.guest.name}: the canaries were not measured: nothing shows that one instruction is seen"
    seen = {high - low for low, high in zip(none.values, one.values, strict=False)}
    if seen == {1.0} and len(none.values) == len(one.values):
        return None
    counted = ", ".join(figure(difference) for difference in sorted(seen))
    return f"{subject.guest.name}: one instruction more must be counted as 1 in every boot, but was {counted}"
