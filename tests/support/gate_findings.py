"""Made-up readings, entries and reports for the tests of the gate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferrule.gate.baseline import Baseline, Entry, Protocol, entry_of
from ferrule.gate.formats.measured import name_of
from ferrule.gate.reading import Reading
from ferrule.gate.verdict import Estimate, Finding, Report, Verdict
from ferrule.payload.key import RunKey
from ferrule.records.samples import Meaning, RunResult
from hypothesis import strategies as st

BATCHES = 15
MEANING = Meaning("call")
RUN = RunResult(RunKey("null_call"), "ok", meaning=MEANING)
KEY = {"guest": "linux", "kernel.build": "6.1.0-0123", "qemu": "7.2.22 (Debian 1:7.2)", "cpu.model": "QEMU CPU 2.5+"}


def reading(values: Sequence[float], share: float = 1.0, **changes: Any) -> Reading:
    """A reading of that many boots."""
    fields: dict[str, Any] = {
        "meaning": MEANING,
        "place": "same_core",
        "params": (),
        "unit": "instructions",
        "sizes": (512,) * len(values),
        "batches": (BATCHES,) * len(values),
        "values": tuple(map(float, values)),
        "shares": (share,) * len(values),
    }
    return Reading(**{**fields, **changes})


def exact(value: float) -> Entry:
    """A baseline's entry of an exact count."""
    return entry_of(reading([value] * 5))


def path(*values: float) -> Entry:
    """A baseline's entry of a count that depends on the path."""
    return entry_of(reading(values, share=0.4))


def baseline(**entries: Entry) -> Baseline:
    """A baseline with these entries."""
    return Baseline(1, KEY, {"payload": "00ff"}, Protocol(BATCHES, 2, 1, 5), entries)


counts = st.integers(1, 10**6).map(float) | st.floats(1, 1e6)
texts = st.text(max_size=40)  # guests name things as they like: control characters, markup, other scripts
estimates = st.tuples(st.floats(0.1, 10), st.floats(0.5, 1), st.floats(1, 2), st.floats(0, 1), st.integers(6, 60)).map(
    lambda drawn: Estimate(drawn[0], drawn[0] * drawn[1], drawn[0] * drawn[2], *drawn[3:])
)
of_both = {
    "guest": texts.filter(lambda text: text.strip() not in ("", "harness")),
    "workload": st.from_regex(r"[a-z][a-z0-9_]{0,12}(\[[a-z]=[0-9]{1,4}(,cross_core)?\])?", fullmatch=True),
    "verdict": st.sampled_from(Verdict),
    "why": texts,
    "old": st.none() | counts,
    "new": st.none() | counts,
    "boots": st.lists(counts, min_size=1, max_size=5).map(tuple),
    "n": st.integers(1, 10**6),
}
findings = st.builds(Finding, kind=st.sampled_from(["exact", "path"]), **of_both) | st.builds(
    Finding, kind=st.just("time"), unit=st.just("ns"), estimate=st.none() | estimates, **of_both
)
reports = st.builds(
    Report,
    findings=st.lists(findings, max_size=8, unique_by=name_of).map(tuple),
    failures=st.lists(texts, max_size=2).map(tuple),
    ungated=st.lists(texts, max_size=2).map(tuple),
    hints=st.lists(texts, max_size=2).map(tuple),
    conditions=st.lists(texts, max_size=2).map(tuple),
)
