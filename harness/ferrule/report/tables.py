"""Tables as text, for terminals and logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from ferrule.records.samples import GuestResult
from ferrule.report import footer, over_floor, plausible
from ferrule.report.columns import Column, Declared, columns
from ferrule.report.endings import stopped
from ferrule.report.layout import Layout, lay_out


def render(
    results: Sequence[GuestResult],
    *,
    budget: str,
    seed: int,
    declared: Mapping[str, Declared] | None = None,
) -> str:
    """Everything a reader needs of fresh results, as text ending without a newline.

    Args:
        results: one a guest.
        budget: name of the campaign's budget.
        seed: of the campaign.
        declared: workloads' declarations by name; our own when not given.
    """
    made = columns(results, declared)
    return text(made, [f"budget {budget}, seed {seed}"])


def text(made: Sequence[Column], extra: Sequence[str] = ()) -> str:
    """Columns as text."""
    layout = lay_out(made)
    blocks = [
        f"{section.title}\n"
        + tabulate(section.rows, section.headers, tablefmt="simple", disable_numparse=True, stralign="left")
        for section in layout.sections
    ]
    blocks += [f"{title}\n" + "\n".join(f"  {line}" for line in lines) for title, lines in remarks(made, layout, extra)]
    return "\n\n".join(blocks)


def remarks(made: Sequence[Column], layout: Layout, extra: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The lists below the tables, as (title, lines); empty ones are left out."""
    conditions = [line for column in made for line in footer.conditions_lines(column)]
    found = [
        ("Notes", [f"({mark}) {text}" for mark, text in layout.notes]),
        ("On no guest here", list(layout.unsupported)),
        ("Disagreements by a factor of two", list(layout.disagreements)),
        ("Implausible", [line for column in made for line in plausible.lines(column)]),
        ("Errors", [line for column in made for line in first_lines(column)]),
        ("Not comparable", [*footer.not_comparable(made), *over_floor.refusals(made)]),
        ("Conditions", [*conditions, *footer.methods(made), *stopped(made), *over_floor.explanation(made), *extra]),
    ]
    return [(title, lines) for title, lines in found if lines]


def first_lines(column: Column) -> list[str]:
    """The first line of each error, after its guest's name; the other lines are a transcript."""
    found = [error.splitlines()[0] for error in column.errors if error]
    return [line if line.startswith(column.guest) else f"{column.guest}: {line}" for line in dict.fromkeys(found)]
