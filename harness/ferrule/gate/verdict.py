"""The result of a gate: verdicts, findings, and the report that every output format is made from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from ferrule.errors import EXIT_INFRASTRUCTURE, EXIT_OK, EXIT_REGRESSION
from ferrule.text import number_of

Kind = Literal["exact", "path", "time"]


class Verdict(Enum):
    """The outcome of one workload on one guest, most severe first."""

    REGRESSED = "regressed"  # more than is allowed
    IMPLAUSIBLE = "implausible"  # the number is not believed: zero, negative, halved, cut short, redefined, or lost
    INCONCLUSIVE = "inconclusive"  # nothing to compare with, or values that cannot be distinguished
    IMPROVED = "improved"  # less by more than is allowed; for counts, a new baseline is due
    KNOWN = "known"  # no number, as in the baseline: wrong, crashed, hung ...
    OK = "ok"


@dataclass(frozen=True)
class Estimate:
    """What a candidate costs relative to its base, from pairs."""

    ratio: float
    low: float | None  # interval of the ratio; None with too few pairs
    high: float | None
    p: float  # adjusted, for the verdict's direction
    pairs: int

    def __str__(self) -> str:
        """`+1.99 % [+1.90, +2.08]`."""
        inside = "" if self.low is None or self.high is None else f" [{_percent(self.low)}, {_percent(self.high)}]"
        return f"{_percent(self.ratio)} %{inside}"


@dataclass(frozen=True)
class Finding:
    """One workload on one guest, compared with its baseline or its base. Values are in `unit`, for one operation."""

    guest: str
    workload: str  # the run key as text
    verdict: Verdict
    why: str  # one line, with the figures
    kind: Kind | None = None  # None: there is neither a baseline nor a value
    old: float | None = None
    new: float | None = None
    boots: tuple[float, ...] = ()  # the value of each boot, or pair, behind `new`
    n: int = 0  # operations a batch
    unit: str = "instructions"
    estimate: Estimate | None = None  # of times

    @property
    def difference(self) -> float | None:
        """New less old; None without one of them."""
        return None if self.old is None or self.new is None else self.new - self.old

    @property
    def percent(self) -> float | None:
        """The difference in percent of the old value; None without one, or where that is 0. For times, of the pairs."""
        if self.estimate is not None:
            return 100.0 * (self.estimate.ratio - 1.0)
        return None if self.difference is None or not self.old else 100.0 * self.difference / self.old

    @property
    def changed(self) -> bool:
        """Whether a count differs from the baseline's at all; a time, which always does, by more than noise."""
        return bool(self.difference) if self.kind != "time" else self.verdict in (Verdict.REGRESSED, Verdict.IMPROVED)

    @property
    def listed(self) -> bool:
        """Whether `why` gets a line of its own."""
        return self.why != "unchanged" and not (self.kind == "time" and self.verdict is Verdict.OK)


@dataclass(frozen=True)
class Report:
    """Everything one gate found."""

    findings: tuple[Finding, ...]
    failures: tuple[str, ...] = ()  # of the harness itself: with any of them, no verdict can be trusted
    ungated: tuple[str, ...] = ()  # a line for each guest without a baseline for these conditions: nothing was compared
    cut: tuple[str, ...] = ()  # why there are fewer pairs than planned
    hints: tuple[str, ...] = ()  # what to do next
    conditions: tuple[str, ...] = ()  # a line for each guest: under which key it was compared
    advice: tuple[str, ...] = ()  # from stored runs: no verdict depends on it
    allowed: str = ""  # how much more an operation may cost
    strict: bool = False  # inconclusive findings fail
    against: str = ""  # the base kernel's file, counted in this gate; empty: stored baselines
    compared: bool = True  # False: a baseline was written, or advice was asked for: nothing was gated

    def having(self, verdict: Verdict) -> tuple[Finding, ...]:
        """The findings with this verdict."""
        return tuple(finding for finding in self.findings if finding.verdict is verdict)

    @property
    def exit_code(self) -> int:
        """3 when the harness failed; else 1 for a regression; else 3 where there is no verdict to rely on; else 0.

        Inconclusive findings are reported but fail only if `strict`: a new workload must not break a build, and
        neither must counts that cannot be distinguished. A guest without any baseline fails: a gate that compares
        nothing would otherwise pass for ever.
        """
        if self.failures or not (self.findings or self.ungated or self.advice):
            return EXIT_INFRASTRUCTURE
        if not self.compared:
            return EXIT_OK
        if self.having(Verdict.REGRESSED):
            return EXIT_REGRESSION
        unsure = [one for one in self.having(Verdict.INCONCLUSIVE) if one.old is not None or one.new is None]
        doubt = self.ungated or self.cut or self.having(Verdict.IMPLAUSIBLE) or (self.strict and unsure)
        return EXIT_INFRASTRUCTURE if doubt else EXIT_OK

    @property
    def unit(self) -> str:
        """The unit of the figures."""
        return self.findings[0].unit if self.findings else "instructions"

    @property
    def headline(self) -> str:
        """The number of findings of each verdict, as one line."""
        if not self.compared and self.advice:
            return "advice only, nothing was gated"
        if not self.compared and not self.failures:
            changed = sum(one.changed for one in self.findings)
            return f"{number_of(len(self.findings), 'count')} accepted, {changed} of them changed"
        counts = {verdict: len(self.having(verdict)) for verdict in Verdict}
        parts = [f"{count} {verdict.value}" for verdict, count in counts.items() if count]
        if self.failures:
            parts.insert(0, "the harness failed")
        if self.ungated:
            parts.append(f"{len(self.ungated)} guests without a baseline" if len(self.ungated) > 1 else "no baseline")
        parts += ["not finished"] if self.cut else []
        return ", ".join(parts) or "nothing was measured"


def _percent(ratio: float) -> str:
    """A ratio as a change in percent."""
    return f"{100.0 * (ratio - 1.0):+.2f}"


def figure(value: float | None, signed: bool = False) -> str:
    """A count as text: a whole number without decimals, any other with two; an en dash for None."""
    if value is None:
        return "\N{EN DASH}"
    sign = "+" if signed and value > 0 else ""
    return f"{sign}{value:.0f}" if value == round(value) else f"{sign}{value:.2f}"
