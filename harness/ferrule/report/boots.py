"""How long each guest took from power-on to the kernel's and to the payload's first instruction, exact under icount."""

from __future__ import annotations

from collections.abc import Sequence

from ferrule.report.columns import Column
from ferrule.report.section import Section
from ferrule.text import number_of

TITLE = "Boot: virtual nanoseconds from power-on, one an instruction, waits included"


def section(columns: Sequence[Column]) -> list[Section]:
    """A table with a row for each moment; none where no guest's counter counts from power-on."""
    timed = [column for column in columns if column.starts]
    if not timed:
        return []
    rows = (
        ("kernel entered", *(_cell([one.kernel for one in column.starts]) for column in timed)),
        ("payload begins", *(_cell([one.payload for one in column.starts]) for column in timed)),
    )
    return [Section(TITLE, ("until", *(column.guest for column in timed)), rows)]


def _cell(moments: Sequence[int | None]) -> str:
    """The value of all boots, or their range; `not seen` where no boot recorded it."""
    known = [one for one in moments if one is not None]
    if not known:
        return "not seen"
    boots = number_of(len(known), "boot")
    same = min(known) == max(known)
    return f"{min(known)} ({boots}{' equal' if same and len(known) > 1 else ''})" if same else _range(known, boots)


def _range(known: Sequence[int], boots: str) -> str:
    return f"[{min(known)}, {max(known)}] ({boots})"
