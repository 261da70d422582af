"""The parts of the page that come from real runs: false alarms, known slowdowns, drift, and broken rules."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np

from ferrule.payload.registry import workloads
from ferrule.payload.selection import parse_key
from ferrule.validate import mutation, resampling
from ferrule.validate.corpus import WHOLE
from ferrule.validate.families import Family, Found, family, injected, p_values, power, resampled
from ferrule.validate.report import Claim, Row, Section, at_most, percent
from ferrule.validate.runs import Run

PSEUDO = 1000  # resampled families
DRAWS = 5000  # of processes from the corpus
POWER = 59 / 60
NEAR = 0.002  # allowed error of a mean estimate, relative
LEVEL = 0.01  # of tests, over all workloads together
SLACK = 0.0005  # uncertainty of an injected ratio
MORE_PAIRS, POWER_DRAWS = (120, 240), 200


def alarms(families: Sequence[Family]) -> int:
    """Families with at least one false alarm."""
    return sum(bool(one.having("regressed")) for one in families)


def nothing_differs(runs: Sequence[Run], seed: int) -> Section:
    """A/A: real runs, resampled families, and their p-values."""
    from scipy.stats import kstest  # slow import

    real = [family(run) for run in runs]
    pairs, sizes = runs[0].ticks.shape[0], sorted({len(one.logs) for one in real})
    pseudo = resampled(real, PSEUDO, pairs, seed)
    false, invented = alarms(real), alarms(pseudo)
    improved = sum(bool(one.having("improved")) for one in real)
    p = p_values(real)
    below = float(np.mean([one < 0.01 for of in p.values() for one in of]))
    uniform = {name: float(kstest(of, "uniform").pvalue) for name, of in p.items()}
    least = min(uniform, key=lambda name: uniform[name])
    made = Section("Where nothing differs")
    made.words = [
        f"{len(runs)} full runs, {pairs} pairs each, both arms the same payload in"
        f" {int(max(run.processes.max() for run in runs))} processes a pair each; the"
        f" {' or '.join(map(str, sizes))} workloads of a run are one family, decided as `ferrule gate --tier time`"
        " decides (signed rank, margin 0.5 %, Holm at 1 % over the family, looks at 20 and 60 pairs)."
        f" {_around(runs)} Resampled families draw whole rounds from all runs, and swap the arms"
        " at random: they share one corpus, and show how the verdicts behave rather than how runs differ.",
        f"No workload of a real run may be called slower; {improved} runs called one faster. One-sided p of no increase"
        f" at all, of all workloads of all runs: {percent(below)} are below 1 %. Those of one workload are compared"
        " with the uniform distribution by the Kolmogorov-Smirnov test; not all together, as workloads of one run are"
        f" not independent. The smallest p of {len(p)} is that of {least};"
        f" below {LEVEL / len(p):.1g} it would be significant.",
    ]
    made.claims = [
        Claim(
            "false alarms, real A/A runs", "0 of 30 or more", f"{false} of {len(runs)}", not false and len(runs) >= 30
        ),
        Claim(
            "false alarms, resampled families",
            "0 of 300 or more",
            f"{invented} of {PSEUDO} (at most {percent(at_most(invented, PSEUDO))} with 95 % confidence)",
            not invented,
        ),
        Claim(
            "p of each workload, nothing differing",
            "uniform",
            f"KS p = {uniform[least]:.2f} or more for {len(p)} workloads",
            uniform[least] > LEVEL / len(p),
        ),
    ]
    return made


def _around(runs: Sequence[Run]) -> str:
    """The machine's load by other processes, and the range of its core's clock rate."""
    load = [float(run.load.mean()) for run in runs]
    others = [run.others for run in runs if run.others is not None]
    theirs = f", others kept {min(others):.2f} to {max(others):.2f} of them busy" if others else ""
    low, high = np.quantile(np.concatenate([run.pace[run.pace > 0] for run in runs]), (0.01, 0.99))
    return (
        f"Load {min(load):.1f} to {max(load):.1f} on {os.cpu_count()} CPUs{theirs}; the core's clock rate varied by"
        f" {percent(high / low - 1.0, 0)}."
    )


def known_slowdowns(runs: Sequence[Run], seed: int) -> Section:
    """Injected slowdowns: whether they are found, with the right size, and without false alarms.

    Args:
        runs: full runs on one machine.
        seed: of random draws.
    """
    made = Section("Where one operation is slower by a known amount")
    pairs = runs[0].ticks.shape[0]
    spun = dict.fromkeys(
        name for run in runs for name, spin in zip(run.workloads, run.spin.T, strict=True) if spin.any()
    )
    made.words = [
        f"{len(runs)} runs. {_around(runs)}",
        f"A third arm runs in the same rounds, and in one of {WHOLE} runs a fourth one, in which every batch does"
        " round(1.02 N) or round(1.05 N) operations and reports N (in whole steps of the workload, so that 5 % is up to"
        " 6 % where a batch holds few)."
        + (
            f" In {', '.join(spun)}, where such a batch would be long or holds few, multiplications precede it instead."
            if spun
            else ""
        )
        + " Each workload in its turn is taken from such an arm, and all others from the unchanged one: one family with"
        f" one slowdown in it, {pairs} pairs, decided as above. The families of one run share its base arm, so that"
        " they are not independent of each other; the runs are.",
        "Where over 30 % of an operation's batches were disturbed in a run, the gate concludes nothing by its own rule;"
        " those runs are counted apart. An operation whose processes differ by several percent among themselves needs"
        " more than 60 pairs: 2 % less the margin of 0.5 % has to exceed the half-width. The"
        " gate says `inconclusive` then. What a batch costs beside its operations (the first of them, entering the"
        f" loop) is not injected with them: an injected ratio is known to about {percent(SLACK)}, and some intervals"
        " are narrower than that. The error of the estimates is the mean over all runs (and its standard error)."
        f" The last columns draw {' and '.join(map(str, MORE_PAIRS))} pairs with replacement from all runs,"
        f" {POWER_DRAWS} times: how often so many would have been enough on this machine.",
    ]
    found = {more: [one for run in runs for one in injected(run, more)] for more in (20, 50)}
    names = list(dict.fromkeys(one.workload for one in found[20]))
    rows: list[Row] = []
    offs: list[tuple[float, float]] = []
    for name in names:
        two, five = ([one for one in found[more] if one.workload == name] for more in (20, 50))
        calm = [[one for one in of if not one.disturbed] for of in (two, five)]
        off = [_off(of) if of else None for of in (two, five)]
        offs += [one for one in off if one is not None]
        rows.append(
            (
                name,
                *(f"{_hits(of)} of {len(of)}" for of in calm),
                f"{len(two) - len(calm[0])}, {len(five) - len(calm[1])}",
                *(f"{100 * one[0]:+.2f} ({100 * one[1]:.2f}) %" if one else "-" for one in off),
                percent(sum(one.held(SLACK) for one in (*two, *five)) / len([*two, *five]), 1),
                percent(float(np.median([_half(one) for one in two]))),
            )
        )
    likely = power(runs, 20, MORE_PAIRS, POWER_DRAWS, seed)
    rows = [(*row, *(percent(share, 0) for share in likely[str(row[0])])) for row in rows]
    headers = ("workload", "+2 % found", "+5 % found", "disturbed runs", "+2 % off by", "+5 % off by")
    made.tables = [((*headers, "interval contains it", "half-width", *(f"+2 % at {n}" for n in MORE_PAIRS)), rows)]
    made.claims = _claims(found, offs, len(names), len(runs))
    return made


def _claims(
    found: Mapping[int, Sequence[Found]], offs: Sequence[tuple[float, float]], names: int, runs: int
) -> list[Claim]:
    two, five = _share(found[20], POWER), _share(found[50], 1.0)
    ok_two, ok_five = (sum(one.verdict == "ok" for one in found[more]) for more in (20, 50))
    close = sum(abs(off) <= NEAR for off, _ in offs)
    far = sum(abs(off) - 2.0 * error > NEAR for off, error in offs)
    every = [one for of in found.values() for one in of]
    held, strictly = (float(np.mean([one.held(slack) for one in every])) for slack in (SLACK, 0.0))
    others = sum(one.others for one in every)
    classes = _classes(found[20])
    return [
        Claim(
            "+2 % found at 60 pairs, each class of workloads",
            "59 of 60 injected runs",
            ", ".join(f"{name} {_hits(of)} of {len(of)}" for name, of in classes.items()),
            all(len(of) >= 60 and _hits(of) >= POWER * len(of) for of in classes.values()),
        ),
        Claim(
            "+2 % found at 60 pairs, each workload",
            "59 of 60 runs",
            f"as often for {two} of {names} workloads in {runs} runs",
            two == names and runs >= 60,
        ),
        Claim("+5 % found, each workload", "always", f"for {five} of {names} workloads", five == names),
        Claim(
            "+2 % called ok, which excludes 2 % at 97.5 %",
            "2.5 % at most",
            f"{ok_two} of {len(found[20])}",
            ok_two <= 0.025 * len(found[20]),
        ),
        Claim("+5 % called ok", "never", f"{ok_five} of {len(found[50])}", not ok_five),
        Claim(
            "mean estimate off the injected by at most 0.2 %",
            "all",
            f"{close} of {len(offs)}; {far} off by more beyond two standard errors",
            close == len(offs),
        ),
        Claim(
            f"interval contains the injected ratio, itself known to {percent(SLACK)}",
            "94 % or more",
            f"{percent(held)}; {percent(strictly)} if it were exact",
            held >= 0.94,
        ),
        Claim("false alarms beside an injected slowdown", "0", f"{others} in {len(every)} families", not others),
    ]


def _classes(found: Sequence[Found]) -> dict[str, list[Found]]:
    """By family of workloads, without disturbed ones, on which the gate gives no verdict."""
    known, classes = workloads(), dict[str, list[Found]]()
    for one in found:
        if not one.disturbed:
            classes.setdefault(known[parse_key(one.workload)[0][0]].family, []).append(one)
    return dict(sorted(classes.items()))


def _share(found: Sequence[Found], least: float) -> int:
    """Workloads found in at least this share of the runs in which they were not disturbed."""
    calm: dict[str, list[Found]] = {}
    for one in found:
        if not one.disturbed:
            calm.setdefault(one.workload, []).append(one)
    return sum(_hits(of) >= least * len(of) for of in calm.values())


def _off(of: Sequence[Found]) -> tuple[float, float]:
    """Mean error of the estimates, and its standard error."""
    errors = np.array([one.estimate - one.injected for one in of])
    return float(errors.mean()), float(errors.std(ddof=1) / errors.size**0.5) if errors.size > 1 else 0.0


def _hits(of: Sequence[Found]) -> int:
    return sum(one.verdict == "regressed" for one in of)


def _half(one: Found) -> float:
    return float("nan") if one.low is None or one.high is None else (one.high - one.low) / 2.0


def drifting(runs: Sequence[Run]) -> Section:
    """A/A runs while the load steps up."""
    made = Section("While the machine gets busier")
    paired, apart = alarms([family(run) for run in runs]), [mutation.sequential(run) for run in runs]
    made.words = [
        f"{len(runs)} A/A runs during each of which 0, 1, 2, 3 and 4 more processes spin. Paired, {paired} raise an"
        " alarm. The same samples taken as base first and candidate afterwards (first half against second half,"
        f" Mann-Whitney, Holm at 1 %): {sum(map(bool, apart))} do, calling {sum(map(len, apart))} workloads slower.",
    ]
    made.claims = [
        Claim("false alarms while the load steps 0 to 4", "none", f"{paired} of {len(runs)} runs", not paired)
    ]
    return made


def broken_rules(runs: Sequence[Run]) -> Section:
    """The A/A test on gates with known mistakes."""
    made = Section("With the rules broken on purpose")
    pooled, apart = ([check(run) for run in runs] for check in (mutation.pooled, mutation.sequential))
    made.words = [
        "A check that cannot fail shows nothing. On the very runs on which the gate's verdicts are counted above, a"
        f" gate that pools the batches of all processes has a false alarm in {sum(map(bool, pooled))} of {len(runs)},"
        " and one that takes base and candidate one after the other instead of in drawn pairs in"
        f" {sum(map(bool, apart))} of {len(runs)}.",
    ]
    made.claims = [
        Claim("the A/A test fails a gate that pools batches", "yes", f"{sum(map(bool, pooled))} runs", any(pooled)),
        Claim("the A/A test fails a gate without randomised pairs", "yes", f"{sum(map(bool, apart))} runs", any(apart)),
    ]
    return made


def real_coverage(runs: Sequence[Run], seed: int) -> Section:
    """Intervals of few processes against the median of all."""
    made = Section("Coverage on real samples")
    drawn = resampling.draw(runs, (7, 10, 20), DRAWS, seed)
    names = list(dict.fromkeys(one.workload for one in drawn))
    made.words = [
        f"Processes drawn from {drawn[0].corpus} real ones, {DRAWS} times; the true value is the median of all of them."
        " Pooled: the interval over all batches of the same processes, a common mistake."
    ]
    rows = []
    for name in names:
        of = [one for one in drawn if one.workload == name]
        in_time, in_cycles = ([percent(getattr(one, what), 1) for one in of] for what in ("processes", "cycles"))
        waits = workloads()[parse_key(name)[0][0]].waits
        rows.append((name, *in_time, percent(of[-1].pooled, 1), *("-" if waits else one for one in in_cycles)))
    heads = ("workload", "time, n = 7", "n = 10", "n = 20", "pooled, n = 20", "core cycles, n = 7", "n = 10", "n = 20")
    made.tables = [(heads, rows)]
    for what, held in (
        ("time", [one.processes for one in drawn]),
        ("core cycles", [one.cycles for one in drawn]),
    ):
        low, high = min(held), max(held)
        found = f"{percent(low, 1)} to {percent(high, 1)}"
        title = f"coverage of few real processes' interval, {what}"
        made.claims.append(Claim(title, "94 to 98 %", found, low >= 0.94 and high <= 0.98))
    return made
