"""Stored runs as Markdown pages, with each guest's latest run. The same history gives the same bytes.

A machine has a page of costs for each accelerator, because counts and times share no table, and a page of which
operations work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ferrule.errors import UsageError
from ferrule.report import ahead, matrix, verified
from ferrule.report.history import Stored
from ferrule.report.journal import write_whole
from ferrule.report.markdown import escape, markdown
from ferrule.report.outlines import Outline, outlines


@dataclass(frozen=True, order=True)
class Topic:
    """What a page is about."""

    machine: str
    suffix: str  # of its file
    what: str
    page: Callable[..., str] = field(compare=False)


def publish(folder: Path, out: Path) -> list[Path]:
    """Write README.md and the pages of each machine.

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
    measured = _latest([(_costs(one), one) for one in stored if not one.is_emulated])
    tried = _latest([(_works(one), one) for one in outlines(folder, f"{verified.FOLDER}/*.jsonl")])
    if not measured and not tried:
        why = "emulated time (--accel tcg) is not published" if stored else "measure first (ferrule run)"
        raise UsageError(f"{folder}: no stored runs to publish; {why}")
    written, index = [], ["# Results", "", "Each page holds the latest stored run of every guest on one machine.", ""]
    for topic, chosen in sorted((measured | tried).items()):
        runs = [f"{one.column.guest}: {provenance(one)}" for one in chosen]
        name = f"{topic.machine}{topic.suffix}.md"
        title = f"{topic.machine}: {topic.what}"
        write_whole(out / name, topic.page(title, [one.column for one in chosen], runs).encode())
        written.append(out / name)
        guests = ", ".join(escape(one.column.guest) for one in chosen)
        index.append(f"- [{escape(title)}]({name}): {guests}; {max(one.ts for one in chosen)[:10]}")
    if notice := ahead.left_out(folder):
        index += ["", escape(f"{notice[0].upper()}{notice[1:]}.")]
    write_whole(out / "README.md", ("\n".join(index) + "\n").encode())
    return [*written, out / "README.md"]


def _costs(one: Outline) -> Topic:
    accel = one.conditions.accel if one.conditions is not None else "icount"
    if accel == "icount":
        return Topic(one.machine, "", "what operations cost in instructions (icount)", markdown)
    return Topic(one.machine, f"-{accel}", f"what operations cost in time ({accel})", markdown)


def _works(one: Outline) -> Topic:
    return Topic(one.machine, "-what-works", "what works", matrix.markdown)


def _latest(stored: Sequence[tuple[Topic, Outline]]) -> dict[Topic, list[Stored]]:
    """Each page's latest line of each guest, in order of names; `stored` is oldest first."""
    pages: dict[Topic, dict[str, Outline]] = {}
    for topic, one in stored:
        pages.setdefault(topic, {})[one.guest] = one
    return {topic: [guests[name].whole() for name in sorted(guests)] for topic, guests in pages.items()}


def provenance(one: Stored) -> str:
    """Which stored run a column is."""
    source = f" at {one.commit[:12]}{'+' if one.commit.endswith('+') else ''}" if one.commit else ""
    state = (", interrupted" if one.column.interrupted else "") + ("" if one.sealed else ", stored without a checksum")
    return f"run {one.run_id}, budget {one.budget}, seed {one.seed}, Ferrule {one.ferrule}{source}{state}"
