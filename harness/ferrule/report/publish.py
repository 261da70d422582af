"""Stored runs as Markdown pages, two a machine, with each guest's latest run. The same history gives the same bytes."""

from __future__ import annotations

from pathlib import Path

from ferrule.errors import UsageError
from ferrule.report import ahead, matrix, verified
from ferrule.report.history import Stored
from ferrule.report.journal import write_whole
from ferrule.report.markdown import escape, markdown
from ferrule.report.outlines import Outline, outlines


def publish(folder: Path, out: Path) -> list[Path]:
    """Write README.md and two pages a machine: what operations cost, and which of them work.

    Args:
        folder: the history's root.
        out: where the pages go; other files there are left alone.

    Returns:
        What was written, in a stable order.

    Raises:
        UsageError: nothing is stored there.
        InfrastructureError: a stored line is damaged, or a page cannot be written.
    """
    stored = outlines(folder)
    measured = _latest([one for one in stored if not one.is_emulated])
    tried = _latest(outlines(folder, f"{verified.FOLDER}/*.jsonl"))
    if not measured and not tried:
        why = "emulated time (--accel tcg) is not published" if stored else "measure first (ferrule run)"
        raise UsageError(f"{folder}: no stored runs to publish; {why}")
    written, index = [], ["# Results", "", "Each page holds the latest stored run of every guest on one machine.", ""]
    for machine in sorted({*measured, *tried}):
        for suffix, latest, page in (("", measured, markdown), ("-what-works", tried, matrix.markdown)):
            if machine not in latest:
                continue
            chosen = latest[machine]
            runs = [f"{one.column.guest}: {provenance(one)}" for one in chosen]
            name = f"{machine}{suffix}.md"
            write_whole(out / name, page(machine, [one.column for one in chosen], runs).encode())
            written.append(out / name)
            guests = ", ".join(escape(one.column.guest) for one in chosen)
            what = "what works" if suffix else "what it costs"
            index.append(f"- [{escape(machine)}]({name}), {what}: {guests}; {max(one.ts for one in chosen)[:10]}")
    if told := ahead.left_out(folder):
        index += ["", escape(f"{told[0].upper()}{told[1:]}.")]
    write_whole(out / "README.md", ("\n".join(index) + "\n").encode())
    return [*written, out / "README.md"]


def _latest(stored: list[Outline]) -> dict[str, list[Stored]]:
    """Each machine's latest line of each guest, in order of names; `stored` is oldest first."""
    machines: dict[str, dict[str, Outline]] = {}
    for one in stored:
        machines.setdefault(one.machine, {})[one.guest] = one
    return {machine: [guests[name].whole() for name in sorted(guests)] for machine, guests in machines.items()}


def provenance(one: Stored) -> str:
    """Which stored run a column is."""
    source = f" at {one.commit[:12]}{'+' if one.commit.endswith('+') else ''}" if one.commit else ""
    state = (", interrupted" if one.column.interrupted else "") + ("" if one.sealed else ", stored without a checksum")
    return f"run {one.run_id}, budget {one.budget}, seed {one.seed}, Ferrule {one.ferrule}{source}{state}"
