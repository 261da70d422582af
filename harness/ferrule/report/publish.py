"""Stored runs as Markdown pages: one a machine, with each guest's latest run. The same history gives the same bytes."""

from __future__ import annotations

from pathlib import Path

from ferrule.errors import UsageError
from ferrule.report.history import Stored, load
from ferrule.report.journal import write_whole
from ferrule.report.markdown import escape, markdown


def publish(folder: Path, out: Path) -> list[Path]:
    """Write README.md and a page a machine.

    Args:
        folder: the history's root.
        out: where the pages go; other files there are left alone.

    Returns:
        What was written, in a stable order.

    Raises:
        UsageError: nothing is stored there.
        InfrastructureError: a stored line is damaged, or a page cannot be written.
    """
    machines: dict[str, dict[str, Stored]] = {}
    for one in load(folder):  # oldest first: the latest run of a guest stays
        machines.setdefault(one.machine, {})[one.column.guest] = one
    if not machines:
        raise UsageError(f"{folder}: no stored runs to publish; measure first (ferrule run)")
    written, index = [], ["# Results", "", "Each page holds the latest stored run of every guest on one machine.", ""]
    for machine, latest in sorted(machines.items()):
        chosen = [latest[guest] for guest in sorted(latest)]
        runs = [f"{one.column.guest}: {provenance(one)}" for one in chosen]
        page = markdown(machine, [one.column for one in chosen], runs)
        write_whole(out / f"{machine}.md", page.encode())
        written.append(out / f"{machine}.md")
        guests = ", ".join(escape(one.column.guest) for one in chosen)
        index.append(f"- [{escape(machine)}]({machine}.md): {guests}; {chosen[-1].ts[:10]}")
    write_whole(out / "README.md", ("\n".join(index) + "\n").encode())
    return [*written, out / "README.md"]


def provenance(one: Stored) -> str:
    """Which stored run a column is."""
    source = f" at {one.commit[:12]}{'+' if one.commit.endswith('+') else ''}" if one.commit else ""
    return f"run {one.run_id}, budget {one.budget}, seed {one.seed}, Ferrule {one.ferrule}{source}"
