"""The conditions of each guest, and what must not be compared: printed below every table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from ferrule.records.conditions import processor, processors_differ, spelled
from ferrule.records.facts import unpinned
from ferrule.records.samples import Conditions
from ferrule.report.columns import Column
from ferrule.stats.summary import Summary
from ferrule.text import number_of

EMULATED = "functional only: emulated time is not time"
NOTABLE = (
    "governor",
    "boost",
    "no_turbo",
    "smt",
    "hypervisor",
    "clocksource",
    "beside",
    "placement",
    "kinds",
    "quota",
)  # last words of facts worth a line


def conditions_lines(column: Column) -> list[str]:
    """What ran, on what, under which accelerator and how often; and the compiler."""
    conditions = column.conditions
    if conditions is None:
        return [f"{column.guest}: sent no record"]
    cpus = f"CPUs {','.join(map(str, conditions.cpus))}" if conditions.cpus else "not pinned"
    cpus += f" ({why})" if (why := unpinned(conditions.facts)) else ""
    parts = [
        f"{conditions.os} {conditions.kernel} {conditions.arch}",
        conditions.accel,
        _processor(conditions),
        cpus,
        f"counter {conditions.counter}{_agreement(column)}",
        *_notable(conditions),
    ]
    return [
        f"{column.guest}: {', '.join(parts)}; {amounts(column)}",
        f"{column.guest}: payload {conditions.payload[:12]} by {conditions.compiler} {conditions.flags}".rstrip(),
        *(f"{column.guest}: {what}" for what in _mishaps(column)),
    ]


def _mishaps(column: Column) -> Iterator[str]:
    """Damaged records, whose runs were repeated, and an interruption."""
    if column.damage:
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(column.damage.items()))
        yield f"records that did not arrive as sent: {counts}; the runs that they belonged to were repeated"
    if column.interrupted:
        yield "the run was interrupted: less was measured than asked for"


def _agreement(column: Column) -> str:
    """How far the payload's rate of the counter is from the host's, where both read the same one."""
    found = [abs(one.host_ppm) for entry in column.entries if (one := entry.summary) and one.host_ppm is not None]
    return f" (its rate within {max(1, ceil(max(found)))} ppm of the host's)" if found else ""


def amounts(column: Column) -> str:
    """`1 boot, 7 processes, 15 batches a process`; ranges where runs differ."""
    found = [entry.summary for entry in column.entries if entry.summary and not entry.control]
    found = found or [entry.summary for entry in column.entries if entry.summary]
    if not found:
        return "nothing measured"
    boots = _span([one.n_boots for one in found], "boot")
    processes = _span([one.n_processes for one in found], "process")
    return f"{boots}, {processes}, {_span([_batches(one) for one in found], 'batch')} a process"


def _batches(summary: Summary) -> int:
    return round(summary.batches / summary.n_processes)


def _span(values: Sequence[int], noun: str) -> str:
    low, high = min(values), max(values)
    return number_of(low, noun) if low == high else f"{low} to {number_of(high, noun)}"


def _processor(conditions: Conditions) -> str:
    """The name of the CPU measured on, and what distinguishes it from others of that name."""
    facts = conditions.facts
    known = [spelled(processor(conditions))]
    known += [f"microcode {facts['host.cpu.microcode']}"] if "host.cpu.microcode" in facts else []
    known += [f"at most {facts['host.cpu.max_mhz']} MHz"] if "host.cpu.max_mhz" in facts else []
    details = ", ".join(filter(None, known))
    return f"{conditions.cpu_model} ({details})" if details else conditions.cpu_model


def _notable(conditions: Conditions) -> list[str]:
    facts = [(name.rpartition(".")[2], value) for name, value in sorted(conditions.facts.items())]
    idle = () if conditions.cpus else ("placement", "kinds")  # facts about CPUs that pinning was refused on
    shown = [one for one in facts if one[0] in NOTABLE and one[1] and one != ("quota", "none") and one[0] not in idle]
    return list(dict.fromkeys(f"{name} {value}" for name, value in shown))


def methods(columns: Sequence[Column]) -> list[str]:
    """How the intervals were made, each method with the guests it holds for."""
    found: dict[str, list[str]] = {}
    for column in columns:
        for entry in column.entries:
            summary = entry.summary
            if summary is None or summary.low is None:
                continue
            interval = summary.interval
            if interval.confidence is None:
                text = "instruction counts: value and range over all processes, exact, no confidence involved"
            else:
                text = f"{100.0 * interval.confidence:.0f} %, {interval.method}, {interval.scope}"
            if column.guest not in found.setdefault(text, []):
                found[text].append(column.guest)
    return [f"[low, high] of {', '.join(guests)}: {text}" for text, guests in sorted(found.items())]


def _emulated(column: Column) -> bool:
    conditions = column.conditions
    return conditions is not None and conditions.unit == "ns" and not conditions.is_time


def not_comparable(columns: Sequence[Column]) -> list[str]:
    """Which columns must not be compared with each other, and why."""
    lines = []
    known = [column for column in columns if column.conditions is not None]
    counted = [one.guest for one in known if one.conditions and one.conditions.unit == "instructions"]
    lines += [f"{one.guest} ({one.conditions.accel}): {EMULATED}" for one in known if one.conditions and _emulated(one)]
    if counted and (others := [one.guest for one in known if one.guest not in counted]):
        lines.append(f"{', '.join(others)} with {', '.join(counted)}: time and guest instructions")
    timed = [c for column in columns if (c := column.conditions) is not None and c.is_time]
    for other in timed[1:]:
        first = timed[0]
        differing = [name for name in ("accel", "cpu_model", "arch") if getattr(first, name) != getattr(other, name)]
        if differing:
            lines.append(f"{first.guest} and {other.guest} differ in {', '.join(differing)}")
        elif apart := processors_differ(first, other):
            lines.append(f"{first.guest} and {other.guest} have processors of one name that differ: {apart}")
    return lines
