"""CSV for Apache Otava: a row for each run, a column for each workload.

Counts without noise make its change points exact. A file's columns are those of its first row: Otava reads no
gaps. A run that lacks one of them is refused.
"""

from __future__ import annotations

import csv
import io

from ferrule.gate.formats.measured import measured
from ferrule.gate.formats.moment import Moment
from ferrule.gate.verdict import Report

FIXED = ("time", "commit")


def append(report: Report, before: str, moment: Moment) -> str:
    """The file's text with this run's row.

    Raises:
        ValueError: the file is not of this kind, or has a column that this run did not measure.
    """
    values = {name: value for name, _, value in measured(report)}
    rows = list(csv.reader(io.StringIO(before)))
    header = rows[0] if rows else [*FIXED, *sorted(values)]
    if tuple(header[:2]) != FIXED:
        raise ValueError(f"its first columns are not {' and '.join(FIXED)}: no row was appended")
    lacking = [name for name in header[2:] if name not in values]
    if lacking:
        raise ValueError(f"{lacking[0]} was not measured: no row was appended; measure it, or start a new file")
    if not values:
        return before
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if not rows:
        writer.writerow(header)
    writer.writerow([moment.time, moment.commit, *(repr(values[name]) for name in header[2:])])
    gap = "\n" if before and not before.endswith("\n") else ""
    return before + gap + out.getvalue()
