"""What works where: every workload on every kernel by area, and what the build before answered differently."""

from __future__ import annotations

from collections.abc import Iterator

from ferrule.records.errnos import errno_text
from ferrule.records.samples import Status
from ferrule.report.verdicts import WORKS, tally, word_of
from ferrule.site.marks import KINDS, Cell, anchor, record_of
from ferrule.site.page import Page
from ferrule.site.shelf import Answer, Shelf

AREAS = {
    "syscall": "System calls",
    "sched": "Processes and threads",
    "ipc": "Communication",
    "memory": "Memory",
    "fs": "Files",
    "net": "Network",
    "time": "Time",
    "control": "Controls",
}


def pages(shelf: Shelf) -> Iterator[Page]:
    """One page."""
    guests = [name for name in shelf.guests if shelf.answers.get(name)]
    rows: dict[tuple[str, str], list[Cell]] = {}
    every = {
        one.verdict.workload: one.verdict for answers in shelf.answers.values() for one in answers.values()
        if not one.verdict.control
    }  # fmt: skip
    order = list(AREAS)
    for name, verdict in sorted(every.items(), key=lambda item: (_place(item[1].family, order), item[0])):
        rows[verdict.family, name] = [_cell(shelf.answers[guest].get(name)) for guest in guests]
    areas: dict[str, list[tuple[str, list[Cell]]]] = {}
    for (family, name), cells in rows.items():
        areas.setdefault(AREAS.get(family, family.capitalize()), []).append((name, cells))
    counts = [(guest, tally([one.verdict for one in shelf.answers[guest].values()])) for guest in guests]
    context = {
        "guests": guests,
        "areas": areas,
        "counts": [(guest, found[WORKS], sum(found.values()), _others(found)) for guest, found in counts],
        "differences": [(guest, found) for guest in guests if (found := _differences(shelf, guest))],
    }
    yield Page("compatibility.html", "compatibility.html", "Compatibility", "compatibility", context)


def _place(family: str, order: list[str]) -> int:
    return order.index(family) if family in order else len(order)


def _others(found: object) -> list[tuple[str, int]]:
    assert isinstance(found, dict)
    return [(word_of(word), count) for word, count in found.items() if word != WORKS]


def _cell(answer: Answer | None) -> Cell:
    if answer is None:
        return Cell("none", "not asked")
    one = answer.verdict
    href = f"{record_of(answer.source)}#{anchor('w-' + one.workload)}"
    if one.verdict == WORKS:
        return Cell("works", "works", one.reason, href)
    status: Status = one.verdict  # type: ignore[assignment]
    text = word_of(one.verdict)
    if one.verdict == "unsupported":
        text = errno_text(one.errno).rpartition(" ")[0] if one.errno is not None else "refused"
        text = f"errno {one.errno}" if text == "errno" else text
    return Cell(KINDS.get(status, "none"), text, one.reason, href)


def _differences(shelf: Shelf, guest: str) -> list[tuple[str, str, str]]:
    """Workloads with another answer than on the build before: (workload, before, now)."""
    now, then = shelf.answers[guest], shelf.before.get(guest, {})
    both = sorted(now.keys() & then.keys())
    answers = [(name, str(then[name].verdict), str(now[name].verdict)) for name in both]
    return [one for one in answers if one[1] != one[2]]
