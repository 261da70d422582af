"""A result in a table of the site: its text, its mark, how it compares, and where its record is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import log2

from ferrule.records.errnos import errno_text
from ferrule.records.samples import Status
from ferrule.report import units
from ferrule.report.cells import Scales
from ferrule.report.columns import Column, Entry
from ferrule.report.history import Stored, slug
from ferrule.report.layout import ASLEEP
from ferrule.report.verdicts import answer_of, word_of
from ferrule.stats.compare import Ratio, ratio, unlike

# The four marks: kinds of missing results that a reader must not confuse.
KINDS: dict[Status, str] = {
    "unsupported": "refused",
    **dict.fromkeys(("wrong", "failed"), "wrong"),
    **dict.fromkeys(("crashed", "hung", "lost"), "dead"),
    **dict.fromkeys(("not_ported", "absent", "missing"), "none"),
}
LEGEND = (
    ("refused", "the kernel was asked and refused: unsupported, with its errno"),
    ("wrong", "it answered, and the answer was wrong"),
    ("dead", "it crashed or hung"),
    ("none", "not measured: not ported by us, does not exist there, or not asked"),
)
_WHOLE = re.compile(r"(?<![\d.])\d{4,15}(?!\d)")
STEPS = 5  # colours on either side of 1


@dataclass(frozen=True)
class Cell:
    """One result."""

    kind: str  # number, sleep, works or one of LEGEND
    text: str
    note: str = ""  # interval, or why there is no number
    href: str = ""
    value: float | None = None  # to sort by
    over_linux: str = ""
    over_floor: str = ""
    shade: str = ""  # of the ratio to Linux
    depth: str = ""  # of the ratio to floor


def record_of(line: Stored) -> str:
    """The path of a line's page."""
    folder = "verify-" if line.path.parent.name == "verify" else ""
    return f"records/{folder}{slug(line.run_id)}-{slug(line.machine)}-{slug(line.column.guest)}.html"


def anchor(text: str) -> str:
    """An id for a run: letters, digits and hyphens."""
    return "r-" + slug(text).replace("_", "-").replace(".", "-")


def cell(
    entry: Entry | None, line: Stored, scales: Scales, linux: Column | None, floor: Column | None, *, full: bool = True
) -> Cell:
    """A result's cell; `full`: with its range or interval in the text."""
    if entry is None:
        return Cell("none", "not asked")
    href = f"{record_of(line)}#{anchor(str(entry.key))}"
    summary = entry.summary
    if summary is None:
        if entry.status == "ok":
            return Cell("works", "works", "verified, not measured", href)
        text = word_of(entry.status)
        if entry.status == "unsupported":
            text = answer_of(entry).removeprefix("unsupported ").rpartition(" ")[0] or "refused"
            text = "refused" if text in ("errno", "unsupported") else text
        return Cell(KINDS.get(entry.status, "none"), text, entry.reason or word_of(entry.status), href)
    if summary.unit == "instructions" and summary.meaning.waits:
        return Cell("sleep", "sleeps", ASLEEP, href)
    shown = scales.show(summary)
    centre, bracket, _ = shown.partition(" [")
    if summary.unit == "instructions":
        centre = units.number(summary.estimate, 0 if not full or summary.estimate == round(summary.estimate) else 2)
        centre = grouped(centre)
    varies = bool(bracket) and summary.low != summary.high
    text = shown if full and summary.unit != "instructions" else centre
    if full and summary.unit == "instructions" and varies:
        text += f" [{grouped(shown.partition(' [')[2])}"
    doubt = line.column.doubts.get(str(entry.key))
    flags = "; ".join(flag.value for flag in summary.flags)
    note = "; ".join(filter(None, [shown, doubt and f"not believed: {doubt}", flags]))
    to_linux, to_floor = (_over(entry, line.column, base) for base in (linux, floor))
    return Cell(
        "number", text, note, href, summary.estimate,
        times(to_linux), times(to_floor), shade_of(to_linux), _depth(to_floor),
    )  # fmt: skip


def grouped(text: str) -> str:
    """The whole numbers of a text in groups of three digits, with narrow spaces that do not break: `12 345.5`."""
    return _WHOLE.sub(lambda found: f"{int(found[0]):,}".replace(",", "\u202f"), text)


def _over(entry: Entry, column: Column, base: Column | None) -> Ratio | None:
    """The ratio to the same operation of a guest of the group; None for itself."""
    other = base.find(entry.key) if base is not None and base is not column else None
    if entry.summary is None or other is None or other.summary is None or entry.control:
        return None
    if unlike(other.summary, entry.summary) is not None:
        return None
    return ratio(other.summary.interval, entry.summary.interval)


def times(found: Ratio | None) -> str:
    """`0.76` with a multiplication sign, three digits; empty for None."""
    if found is None:
        return ""
    value = found.ratio
    return f"{value:.0f}\u00d7" if value >= 100 else f"{value:.3g}\u00d7" if value >= 10 else f"{value:.2f}\u00d7"


def shade_of(found: Ratio | None) -> str:
    """`a1` to `a5` for cheaper, `b1` to `b5` for dearer, `z` for equal within 10 %; a step is a factor of two."""
    if found is None:
        return ""
    steps = log2(found.ratio)
    if abs(steps) < log2(1.1):
        return "z"
    return f"{'b' if steps > 0 else 'a'}{min(STEPS, 1 + int(abs(steps)))}"


def _depth(found: Ratio | None) -> str:
    """`z` to `b5`, empty for None; a step is a factor of four."""
    if found is None:
        return ""
    steps = log2(found.ratio) / 2
    return "z" if steps < log2(1.1) else f"b{min(STEPS, 1 + int(steps))}"


def errno_of(number: int | None) -> str:
    """`ENOSYS`, or nothing."""
    return "" if number is None else errno_text(number).rpartition(" ")[0]
