"""The compatibility matrix as text and as Markdown: workloads down, guests across, reasons and counts below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from ferrule.records.samples import GuestResult
from ferrule.report import footer
from ferrule.report.columns import Column, Declared, columns
from ferrule.report.layout import Notes, letters
from ferrule.report.markdown import escape
from ferrule.report.tables import first_lines
from ferrule.report.verdicts import count_line, verdicts

TITLE = "What works: every operation tried once and checked, nothing timed"


def render(results: Sequence[GuestResult], *, seed: int, declared: Mapping[str, Declared] | None = None) -> str:
    """Fresh results of a verification as text ending without a newline.

    Args:
        results: one a guest.
        seed: of the campaign.
        declared: workloads' declarations by name; our own when not given.
    """
    made = columns(results, declared)
    headers, rows, notes = _lay_out(made)
    table = tabulate(rows, headers, tablefmt="simple", disable_numparse=True, stralign="left")
    blocks = [f"{TITLE}\n{table}"]
    blocks += [
        f"{title}\n" + "\n".join(f"  {line}" for line in lines)
        for title, lines in _below(made, notes, [f"seed {seed}"])
    ]
    return "\n\n".join(blocks)


def markdown(title: str, made: Sequence[Column], extra: Sequence[str] = ()) -> str:
    """A page that depends only on the arguments; ends with a newline."""
    headers, rows, notes = _lay_out(made)
    cells = [[escape(cell) for cell in row] for row in rows]
    table = tabulate(cells, [escape(head) for head in headers], "pipe", disable_numparse=True, stralign="left")
    blocks = [f"# {escape(title)}", escape(TITLE) + ".", table]
    for name, lines in _below(made, notes, extra):
        blocks += [f"## {name}", "\n".join(f"- {escape(line)}" for line in lines)]
    return "\n\n".join(blocks) + "\n"


def _lay_out(made: Sequence[Column]) -> tuple[list[str], list[list[str]], Notes]:
    """Headers, rows, and the reasons that cells point at."""
    notes = Notes()
    by_guest = [{one.workload: one for one in verdicts(column)} for column in made]
    every = {one.workload: (one.control, one.family, one.workload) for found in by_guest for one in found.values()}
    rows = []
    for workload, (_, family, _) in sorted(every.items(), key=lambda item: item[1]):
        row = [family, workload]
        for found in by_guest:
            one = found.get(workload)
            row.append("not asked" if one is None else _marked(str(one), one.reason, notes))
        rows.append(row)
    return ["family", "workload", *(column.guest for column in made)], rows, notes


def _marked(text: str, reason: str, notes: Notes) -> str:
    return f"{text} ({notes.mark(reason)})" if reason else text


def _below(made: Sequence[Column], notes: Notes, extra: Sequence[str]) -> list[tuple[str, list[str]]]:
    found = [
        ("Counts (without controls)", [count_line(column.guest, verdicts(column)) for column in made]),
        ("Notes", [f"({letters(index)}) {text}" for index, text in enumerate(notes.texts)]),
        ("Errors", [line for column in made for line in first_lines(column)]),
        ("Conditions", [*(line for column in made for line in footer.conditions_lines(column)), *extra]),
    ]
    return [(title, lines) for title, lines in found if lines]
