"""The results of `ferrule agree`: a table of 80 columns, or Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from tabulate import tabulate

from ferrule.text import number_of
from ferrule.validate.agreement import Ratio, Run
from ferrule.validate.pairs import HIGH, LOW, Experiment, Pair
from ferrule.validate.report import Claim, Row, Section, percent
from ferrule.validate.report import table as markdown_table

TITLE = """\
# Agreement with other benchmarks: the tables

<!-- Written by `ferrule agree --show --json results/agreement.json --markdown docs/agreement-tables.md`; a test fails
when it is stale. -->

ns an operation, medians of all rounds; the ratio is ours over theirs. What is compared and how:
[agreement.md](agreement.md).
"""
HEAD = ("operation", "beside", "ours", "theirs", "ratio", "95 %")  # ns an operation
COSTS = ("ours, ns", "theirs, ns", "ratio", "95 %")
WIDTHS = [20, 17, None, None, None, None]


def outside(run: Run, pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs that are not in the band."""
    return [pair for pair in pairs if (found := run.ratio(pair)) and not found.agrees]


def text(run: Run, pairs: Sequence[Pair]) -> str:
    """For a terminal."""
    rows = [(pair.name, f"{pair.tool.name} {pair.label}", *_cells(found)) for pair, found in _measured(run, pairs)]
    blocks = [
        "ns an operation, medians; ratio: ours over theirs\n"
        + tabulate(rows, HEAD, tablefmt="simple", maxcolwidths=WIDTHS, disable_numparse=True, stralign="left")
    ]
    experiments = []
    for pair, _ in _measured(run, pairs):
        for one in pair.experiments:
            experiments.append(f"{pair.title}\n  {one.what}: {_ratio(run.ratio(pair, one))}")
    if experiments:
        blocks.append("Experiments: one difference taken away\n" + "\n".join(experiments))
    if run.skipped:
        blocks.append("Left out\n" + "\n".join(f"  {title}: {why}" for title, why in run.skipped.items()))
    return "\n\n".join([*blocks, summary(run, pairs)])


def summary(run: Run, pairs: Sequence[Pair]) -> str:
    """The result in one line."""
    measured, beyond = _measured(run, pairs), outside(run, pairs)
    explained = [pair for pair in beyond if any(_agrees(run, pair, one) for one in pair.experiments)]
    rounds = number_of(len(run.rounds), "round")
    counts = f"{len(measured) - len(beyond)} of {len(measured)} ratios are in {LOW}..{HIGH} ({rounds})"
    if not beyond:
        return f"{counts}."
    return f"{counts}; of the other {len(beyond)}, {len(explained)} are in it once one difference is removed."


def markdown(run: Run, pairs: Sequence[Pair]) -> str:
    """For docs/agreement.md; ends with a newline."""
    rows: list[Row] = [
        (pair.name, f"{pair.tool.name} {pair.label}", f"`{pair.ours}`", *_cells(found), _state(run, pair, found))
        for pair, found in _measured(run, pairs)
    ]
    blocks = [
        TITLE.rstrip(),
        "\n".join(f"- {name}: {value}" for name, value in run.conditions.items()),
        summary(run, pairs),
        markdown_table((*HEAD[:2], "our workload", *COSTS, "outside of it: with one difference removed"), rows),
    ]
    experiments: list[Row] = [
        (f"{pair.name}, {pair.tool.name} {pair.label}", one.what, _sides(one), *_cells(found))
        for pair, _ in _measured(run, pairs)
        for one in pair.experiments
        if (found := run.ratio(pair, one))
    ]
    if experiments:
        blocks.append(markdown_table(("pair", "difference removed", "sides", *COSTS), experiments))
    if run.skipped:
        blocks.append("\n".join(f"- Left out: {title}: {why}" for title, why in run.skipped.items()))
    return "\n\n".join(blocks) + "\n"


def section(run: Run, pairs: Sequence[Pair]) -> Section:
    """For the page of a validation: the pairs that it checks, by their medians and by their fastest rounds."""
    made = Section("Beside perf bench")
    made.words = [
        f"{len(run.rounds)} rounds of both tools in turns, pinned to one CPU; for each the mean of a run, the only"
        " statistic of perf bench. docs/agreement.md has more operations, and other benchmarks.",
    ]
    rows: list[Row] = []
    for pair, found in _measured(run, pairs):
        ours, theirs = run.both(pair, pair)
        medians, minima = found.ours_ns / found.theirs_ns, min(ours) / min(theirs)
        rows.append((pair.title, *_cells(found), f"{minima:.3f}"))
        if pair.bar is not None:
            met = max(abs(medians - 1.0), abs(minima - 1.0)) <= pair.bar
            differences = f"medians {medians - 1:+.1%}, minima {minima - 1:+.1%}"
            made.claims.append(Claim(pair.title, f"within {percent(pair.bar, 0)}", differences, met))
    made.tables = [(("operation", *COSTS, "ratio of minima"), rows)]
    return made


def _measured(run: Run, pairs: Sequence[Pair]) -> list[tuple[Pair, Ratio]]:
    return [(pair, found) for pair in pairs if (found := run.ratio(pair))]


def _cells(found: Ratio) -> tuple[str, ...]:
    return _ns(found.ours_ns), _ns(found.theirs_ns), f"{found.ratio:.3f}", _interval(found)


def _ns(value: float) -> str:
    return f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def _interval(found: Ratio) -> str:
    return "too few" if found.low is None else f"{found.low:.3f}-{found.high:.3f}"


def _ratio(found: Ratio | None) -> str:
    return "not measured" if found is None else f"{found.ratio:.3f} [{_interval(found)}]"


def _agrees(run: Run, pair: Pair, one: Experiment) -> bool:
    found = run.ratio(pair, one)
    return found is not None and found.agrees


def _state(run: Run, pair: Pair, found: Ratio) -> str:
    """For a pair outside of the band: the experiment whose ratio is nearest to 1."""
    tried = [(other, one.what) for one in pair.experiments if (other := run.ratio(pair, one))]
    if found.agrees or not tried:
        return "" if found.agrees else "**not explained**"
    other, what = min(tried, key=lambda one: abs(log(one[0].ratio)))
    return f"{other.ratio:.3f}: {what}" if other.agrees else f"**not explained**; {other.ratio:.3f}: {what}"


def _sides(one: Experiment) -> str:
    return f"`{one.ours}` / `{one.theirs}`"
