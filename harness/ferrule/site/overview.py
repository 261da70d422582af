"""The front page: every operation on every kernel, and the decision view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ferrule.decision import text
from ferrule.decision.chosen import Chosen
from ferrule.decision.view import Decision, decide
from ferrule.errors import UsageError
from ferrule.report import over_floor
from ferrule.report.verdicts import WORKS, tally
from ferrule.site.operations import Operation, operations
from ferrule.site.page import Page
from ferrule.site.shelf import Group, Shelf

PIPE = "pipe_latency"


def pages(shelf: Shelf, idle: Sequence[tuple[str, str]]) -> Iterator[Page]:
    """The front page.

    Args:
        shelf: what is stored.
        idle: guests with the instructions of an idle second.
    """
    rows = [(group, operations(group, full=False)) for group in shelf.groups]
    newest = max(line.ts for line in shelf.lines())
    context = {
        "heats": [(group, found, _shown(decision(group))) for group, found in rows],
        "date": newest[:10],
        "answers": list(_answers(shelf, rows, idle)),
    }
    yield Page("index.html", "overview.html", "What it costs to ask a kernel for something", "overview", context)


def _answers(
    shelf: Shelf, heats: Sequence[tuple[Group, Sequence[Operation]]], idle: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The questions that most readers have: (question, answers with their links)."""
    for group, rows in heats:
        row = next((one for one in rows if one.key.workload == PIPE), None)
        if row is not None and row.numbers > 1:
            costs = [
                (cell, guest) for cell, guest in zip(row.cells, group.guests, strict=True) if cell.kind == "number"
            ]
            costs.sort(key=lambda one: one[0].value or 0.0)
            unit = "instructions" if group.exact else "time"
            question = f"What does IPC cost? ({row.per} through two pipes, {unit})"
            yield question, [(f"{guest} {cell.text}", f"workloads/{PIPE}.html") for cell, guest in costs]
            break
    counts = [
        (guest, tally([one.verdict for one in answers.values()])) for guest, answers in shelf.answers.items() if answers
    ]
    counts.sort(key=lambda one: (-one[1][WORKS], one[0]))
    lines = [(f"{guest} {found[WORKS]} of {sum(found.values())}", "compatibility.html") for guest, found in counts]
    yield "How much works? (workloads tried and checked)", lines
    if idle:
        question = "What does an idle second cost? (instructions)"
        yield question, [(f"{guest} {text}", "power.html") for guest, text in idle]


def decision(group: Group) -> Decision | None:
    """Kernels against each other, without the bare processor; None where fewer than two compare."""
    lines = tuple(one for one in group.lines if one.column.conditions and one.column.conditions.os != over_floor.OS)
    if len(lines) < 2:
        return None
    try:
        return decide(Chosen(lines))
    except UsageError:  # no operation has a number on two of them
        return None


def _shown(found: Decision | None) -> dict[str, object] | None:
    """The decision view as the template takes it."""
    if found is None:
        return None
    families = [
        {
            "name": one.name,
            "of": text.size(one),
            "costs": {standing.kernel: text.times(standing.cost) for standing in one.standings[1:]},
            "leader": one.standings[0].kernel,
            "apart": one.apart,
        }
        for one in found.families
    ]
    effects = {one.name: {standing.kernel: standing.cost.ratio for standing in one.standings} for one in found.families}
    return {
        "kernels": [one.guest for one in found.columns],
        "families": families,
        "effects": effects,
        "weights": dict(found.ranking.weights) if found.ranking else {},
        "ranking": list(text.ranking(found.ranking)) if found.ranking else [],
        "weakest": [
            (kernel, [(str(one.key), one.key.workload, text.times(one.cost), one.best) for one in weak])
            for kernel, weak in found.weakest
        ],
        "command": f"ferrule compare {' '.join(one.guest for one in found.columns)} --weight ipc=3,fs=0",
    }
