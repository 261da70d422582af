"""The parts of the page that do not come from the corpus: coverage on synthetic data, exact counts, speed, cost."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from ferrule.validate import exactness
from ferrule.validate.coverage import LEAST, MOST, Cell
from ferrule.validate.ledger import Ledger
from ferrule.validate.report import Claim, Row, Section, percent
from ferrule.validate.speed import IN_TIME, OURS, RACES, TARGET, Spent

FEW, MUCH, BIG = 5.0, 300.0, "200 workloads, 60 pairs"


def made_up(cells: Sequence[Cell]) -> Section:
    """Coverage on synthetic hierarchies, whose true value is known."""
    made = Section("Coverage on synthetic data")
    sets = max(cell.sets for cell in cells)
    made.words = [
        f"{len(cells)} cells of {sets} synthetic data sets each, analysed by the product's own functions: boots scatter"
        " by 1 %, processes by 0.5 %, batches by 0.3 % with correlation rho between neighbours; 0, 5 or 20 % of the"
        " batches disturbed by 5 % or more with a Pareto tail (index 1.5); a counter with or without steps of 0.1 % of"
        " a batch. One boot: the replicates are its processes. The true value is the population's median, from a"
        " hundred thousand draws or more. The standard error of a coverage of 95 % is"
        f" {percent((0.95 * 0.05 / sets) ** 0.5)} here. Intervals of five boots are Student's t, all others are"
        " interpolated order statistics; the interval of the ratio of two guests is made by MOVER from two such"
        " intervals, and is wider than it need be.",
    ]
    rows: list[Row] = []
    for what in dict.fromkeys(cell.what for cell in cells):
        of = [cell for cell in cells if cell.what == what]
        for boots in sorted({cell.shape.boots for cell in of}):
            some = [cell for cell in of if cell.shape.boots == boots]
            low, high = (pick(some, key=lambda cell: cell.coverage) for pick in (min, max))
            width = percent(sum(cell.width for cell in some) / len(some))
            rows.append((what, boots, len(some), percent(low.coverage), percent(high.coverage), _shape(low), width))
        bad = [cell for cell in of if not cell.good]
        made.claims.append(
            Claim(
                f"coverage of a nominal 95 %: {what}",
                "94 to 98 % in every cell",
                f"{percent(min(one.coverage for one in of))} to {percent(max(one.coverage for one in of))}"
                f" in {len(of)} cells" + (f", {len(bad)} outside" if bad else ""),
                not bad,
            )
        )
    made.tables = [(("interval of", "boots", "cells", "least", "most", "least in", "half-width"), rows)]
    made.words.append(f"Required: {percent(LEAST, 0)} to {percent(MOST, 0)} in each cell.")
    return made


def _shape(cell: Cell) -> str:
    shape = cell.shape
    disturbed = percent(shape.contamination, 0)
    return f"{shape.processes} processes, rho {shape.rho:g}, {disturbed} disturbed, step {shape.step:g}"


def exact_counts(ledger: Ledger) -> Section:
    """Boots under different loads."""
    made = Section("Exact counts")
    guests: dict[str, list[dict[str, Any]]] = {}
    for key, entry in ledger.items():
        guests.setdefault(key.partition(" ")[0], []).append(entry)
    for guest, found in guests.items():
        counted = exactness.exact(found)
        steady = {name: values for name, (values, exact) in counted.items() if exact}
        moved = {name: sorted(set(values)) for name, values in steady.items() if len(set(values)) > 1}
        seen, of = exactness.nop_seen(found)
        boots = ", ".join(map(_boots, found))
        path = sorted(name for name, (_, exact) in counted.items() if not exact)
        made.words.append(
            f"{guest} under icount: {boots}. {len(steady)} workloads are exact by their first five boots, by the gate's"
            f" rule; {len(path)} are not, and the gate allows them a tolerance"
            + (f": {', '.join(path)}." if path else ".")
            + (f" Exact by five boots and different in a later one: {moved}." if moved else "")
        )
        if len(found) > 1:
            same, all_of = exactness.repeated(found)
            what = f"{guest}: each boot's counts equal under all loads"
            made.claims.append(Claim(what, "all", f"{same} of {all_of} workloads", same == all_of))
        total = sum(one["boots"] for one in found)
        made.claims += [
            Claim(
                f"{guest}: exact counts equal in all boots and loads",
                "10 boots or more",
                f"{len(steady) - len(moved)} of {len(steady)} workloads, {total} boots",
                not moved and total >= 10,
            ),
            Claim(f"{guest}: one added no-op counted as one", "always", f"{seen} of {of} boots", seen == of > 0),
        ]
    return made


def _boots(found: dict[str, Any]) -> str:
    low, high = found["load"]
    return f"{found['boots']} boots beside {found['busy']} busy processes (load {low:.1f} before, {high:.1f} after)"


def seconds(spent: Sequence[Spent]) -> Section:
    """Time until one percent is reached."""
    made = Section("Seconds until a result is known to one percent")
    made.words = [
        "Ours is measured in core cycles (`--precision-of cycles`). Our measurement in time is a row of its own, and"
        " not part of the comparison."
        " A replicate is a process of ours with as many batches as a report's, a whole default run of a tool that gives"
        " one number, or a worker process of pyperf. Replicates are taken until the 95 % interval of their median"
        " reaches at most 1 % to either side, ten at least. All are pinned to the same CPU and pay for starting up."
        f" The tools take turns in random order, up to {RACES} times where a tool's measurements are short. The table"
        " has the median of these, and in how many of them the interval contained the median of all of the tool's"
        " replicates: where the clock rate drifts, a short measurement sees less of it. Most of these tools give no"
        " interval; the time is that until one could be computed."
        " Values differ where the operation does: perf bench and libMicro call getppid and"
        " getpid through libc, pyperf through an interpreter; will-it-scale opens a file where ours opens the null"
        " device.",
    ]
    rows: list[Row] = []
    worse, compared = [], 0
    ours = {one.workload: one for one in spent if one.tool == OURS}
    for one in (one for one in spent if one.workload in ours):
        of = ours[one.workload]
        times, mark = one.seconds / of.seconds, "" if one.reached else ">"
        if one.tool not in (OURS, IN_TIME):
            compared += 1
            if (one.reached and times <= 1.0) or not of.reached or _surer(one, of):
                worse.append(f"{one.tool} on {one.workload}")
        rows.append(
            (
                one.workload,
                one.tool,
                f"{mark}{one.seconds:.1f} s",
                "1" if one is of else f"{mark}{times:.1f}",
                f"{one.replicates:.0f}",
                f"{one.value:.1f} {one.unit}",
                percent(_middle([race.half_width for race in one.races])),
                f"{one.held} of {len(one.races)}" if len(one.races) > 1 else "\N{EN DASH}",
            )
        )
    heads = ("workload", "tool", "time", "\N{MULTIPLICATION SIGN} ours", "replicates", "value", "reached", "covered")
    made.tables = [(heads, rows)]
    made.claims = [
        Claim(
            f"time to {percent(TARGET, 0)}, ours in core cycles against others at their defaults",
            "ours shorter, and covered as often",
            f"in {compared - len(worse)} of {compared}" + (f"; not against {', '.join(worse)}" if worse else ""),
            compared > 0 and not worse,
        )
    ]
    return made


def _surer(one: Spent, other: Spent) -> bool:
    """Whether its intervals held more often, where both had several."""
    races = len(one.races), len(other.races)
    return min(races) > 1 and one.held / races[0] > other.held / races[1]


def _middle(widths: Sequence[float | None]) -> float | None:
    found = [width for width in widths if width is not None]
    return statistics.median(found) if len(found) == len(widths) else None


def analysis(found: dict[str, Any]) -> Section:
    """Time and memory of the analysis."""
    made = Section("The analysis itself")
    made.words = [
        f"From raw batches to verdicts, {BIG} of 4 visits of 8 batches, corrected for the core's clock rate:"
        f" {found['seconds']:.2f} s of CPU, {found['megabytes']:.0f} MB at most, imports included in the memory; run"
        " twice in processes of their own,"
        f" {'the same bytes' if found['same'] else 'DIFFERENT bytes'} both times.",
    ]
    made.claims = [
        Claim(
            f"analysis of {BIG}",
            "5 s, 300 MB",
            f"{found['seconds']:.2f} s, {found['megabytes']:.0f} MB",
            found["seconds"] < FEW and found["megabytes"] < MUCH,
        ),
        Claim("same input and seed, same bytes", "yes", "yes" if found["same"] else "no", bool(found["same"])),
    ]
    return made
