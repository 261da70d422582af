"""Tables before they are text: titles, headers, rows of cells, and the notes that cells point at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ferrule.payload.key import RunKey
from ferrule.records.samples import Meaning
from ferrule.report import asides, boots, lacking, over_floor, units
from ferrule.report.cells import Scales
from ferrule.report.columns import Column, Entry
from ferrule.report.grouping import BANDWIDTHS, CONTROLS, group_of, position
from ferrule.report.section import Section
from ferrule.report.verdicts import word_of
from ferrule.stats.flags import Flag
from ferrule.stats.siblings import lint
from ferrule.stats.summary import Summary
from ferrule.stats.tails import QUANTILES

PER = {"call": "call", "round_trip": "round trip", "one_way": "one way", "iteration": "iteration"}
_EXECUTED = "`ferrule anatomy` counts what it executes"
LATE = f"virtual time after the moment asked for: what was executed since, and what the timer was late; {_EXECUTED}"
ASLEEP = f"a timer ends it: virtual time, most of it asleep, which is no instructions; {_EXECUTED}"


@dataclass
class Notes:
    """Reasons and flags, lettered in the order in which cells point at them."""

    texts: list[str] = field(default_factory=list)

    def mark(self, text: str) -> str:
        """The mark of a note: `a`, `b` ... `z`, `aa` ..."""
        if text not in self.texts:
            self.texts.append(text)
        return letters(self.texts.index(text))


def letters(index: int) -> str:
    """0 is a, 25 is z, 26 is aa, as spreadsheets name columns."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


@dataclass(frozen=True)
class Layout:
    """Everything above the footer. `notes` are (mark, text)."""

    sections: tuple[Section, ...]
    notes: tuple[tuple[str, str], ...]
    disagreements: tuple[str, ...]
    unsupported: tuple[str, ...]  # rows that no guest here can fill: a line each is enough


def lay_out(columns: Sequence[Column]) -> Layout:
    """Tables of all guests' results, one row a workload, one column a guest."""
    notes = Notes()
    grouped: dict[str, list[tuple[RunKey, list[Entry | None]]]] = {}
    rows = [(key, [column.find(key) for column in columns]) for key in _keys(columns)]
    titled = [(title_of(entries), key, entries) for key, entries in rows]
    titled.sort(key=lambda row: (position(row[0]), row[1]))
    unsupported = lacking.lines([row[1:] for row in titled], [column.guest for column in columns])
    titled = [row for row in titled if not lacking.by_all(row[2])]
    for title, key, entries in titled:
        grouped.setdefault(title, []).append((key, entries))
    sections = [_section(title, columns, found, notes) for title, found in grouped.items()]
    measured = [key for title, key, _ in titled if title != CONTROLS]
    sections += _aside(asides.CYCLES, [column for column in columns if column.conditions], measured, asides.in_cycles)
    # without guests whose numbers are functional only: an emulator's stalls are not the guest's tail
    timed = [one for one in columns if one.conditions and (one.conditions.is_time or one.conditions.accel == "icount")]
    sections += _tails(timed, measured, several=len(columns) > 1)
    sections += _aside(
        asides.SCALING, [one for one in timed if one.conditions and one.conditions.is_time], measured, asides.scaled
    )
    sections += boots.section(columns)
    disagreements = [
        f"{column.guest}: {found.text}"
        for column in columns
        for found in lint(entry.summary for entry in column.entries if entry.summary is not None)
    ]
    marks = tuple((letters(index), text) for index, text in enumerate(notes.texts))
    return Layout(tuple(sections), marks, tuple(disagreements), unsupported)


def _section(
    title: str, columns: Sequence[Column], rows: Sequence[tuple[RunKey, list[Entry | None]]], notes: Notes
) -> Section:
    """One table. Ratios stand beside the guests that have any; controls are the method's own cost and have none."""
    floor = over_floor.floor_among(columns) if title != CONTROLS else None
    divided = [column.guest for column in columns if over_floor.has_ratios(column, floor)]
    headers: list[str] = ["workload", "per", "place"]
    for column in columns:
        headers += [heading(column), over_floor.HEADING] if column.guest in divided else [heading(column)]
    body = []
    for key, entries in rows:
        row = [*label(entries)]
        base = floor.find(key) if floor else None
        for column, entry, cell in zip(columns, entries, _cells(title, entries, notes), strict=True):
            row.append(cell)
            if floor is not None and column.guest in divided:
                row.append(_marked(*over_floor.cell(entry, column, base, floor), notes))
        body.append(row)
    kept = [i for i, head in enumerate(headers) if head != over_floor.HEADING or any(row[i] for row in body)]
    return Section(title, tuple(headers[i] for i in kept), tuple(tuple(row[i] for i in kept) for row in body))


def _marked(text: str, why: str | None, notes: Notes) -> str:
    return text if why is None else f"{text} ({notes.mark(why)})"


def _aside(title: str, columns: Sequence[Column], keys: Sequence[RunKey], cell: asides.Cell) -> list[Section]:
    """A table of another statistic than the centre, with the guests and rows that have it; none where none has."""
    every = {column.guest: _summaries(column) for column in columns}
    having = [column for column in columns if any(cell(one, every[column.guest]) for one in every[column.guest])]
    rows = []
    for key in keys:
        entries = [column.find(key) for column in having]
        found = zip(having, entries, strict=True)
        cells = [cell(one.summary, every[column.guest]) if one and one.summary else "" for column, one in found]
        if any(cells):
            rows.append((*label(entries), *cells))
    headers = ("workload", "per", "place", *(heading(column) for column in having))
    return [Section(title, headers, tuple(rows))] if rows else []


def _tails(columns: Sequence[Column], keys: Sequence[RunKey], *, several: bool) -> list[Section]:
    """A row a result, a column a quantile: of `several` guests each has rows of its own."""
    rows = []
    for key in keys:
        for column in columns:
            entry = column.find(key)
            cells = asides.quantiles(entry.summary) if entry and entry.summary else ()
            if cells:
                rows.append((*label([entry]), *([heading(column)] if several else []), *cells))
    headers = ("workload", "per", "place", *(["guest"] if several else []), *QUANTILES, "largest")
    return [Section(asides.TAILS, headers, tuple(rows))] if rows else []


def _summaries(column: Column) -> list[Summary]:
    return [entry.summary for entry in column.entries if entry.summary]


def heading(column: Column) -> str:
    """The guest's name, and what its numbers are when they are not plain time."""
    conditions = column.conditions
    if conditions is None or conditions.is_time:
        return column.guest
    counted = conditions.unit == "instructions"  # every cell names the unit; tables stay narrow
    return f"{column.guest} ({conditions.accel}{'' if counted else ': functional only'})"


def _keys(columns: Sequence[Column]) -> list[RunKey]:
    return sorted({entry.key for column in columns for entry in column.entries})


def _meaning(entries: Sequence[Entry | None]) -> Meaning | None:
    return next((entry.summary.meaning for entry in entries if entry and entry.summary), None)


def title_of(entries: Sequence[Entry | None]) -> str:
    """The table that a row stands in."""
    return group_of(next(entry for entry in entries if entry), _meaning(entries))


def label(entries: Sequence[Entry | None]) -> tuple[str, str, str]:
    """Workload with its parameters, what one operation is, where its ends were asked to run."""
    key = next(entry.key for entry in entries if entry)
    summary = next((entry.summary for entry in entries if entry and entry.summary), None)
    params = " ".join(f"{name}={value}" for name, value in (summary.params if summary else key.params))
    two = summary.meaning.ends > 1 if summary else key.place != "same_core"
    per = PER.get(summary.meaning.per, summary.meaning.per) if summary else ""
    return f"{key.workload} {params}".strip(), per, key.place.replace("_", " ") if two else ""


def _cells(title: str, entries: Sequence[Entry | None], notes: Notes) -> Iterator[str]:
    """The guests' cells of one row in one unit, each made when it is asked for: notes are lettered in that order."""
    scales = Scales.of([entry.summary if entry else None for entry in entries], bandwidth=title == BANDWIDTHS)
    return (_cell(entry, scales, notes) for entry in entries)


def _cell(entry: Entry | None, scales: Scales, notes: Notes) -> str:
    """A number with its interval, or a word with a note that says why there is none."""
    if entry is None:
        return "not asked"
    summary = entry.summary
    if summary is None:
        if entry.status == "ok":
            return "verified"
        return f"{word_of(entry.status)} ({notes.mark(entry.reason or 'no reason was given')})"
    if summary.unit == "instructions" and summary.meaning.waits:
        how, why = ("late", LATE) if summary.meaning.asked else ("waiting", ASLEEP)
        text = f"{units.virtual(summary.estimate, summary.low, summary.high)} {how} ({notes.mark(why)})"
    else:
        text = scales.show(summary)
    marks = [notes.mark(flag.value) for flag in summary.flags if flag is not Flag.FUNCTIONAL]
    if summary.low is None:
        marks.insert(0, notes.mark(f"no interval: {summary.method}"))
    return f"{text} ({', '.join(marks)})" if marks else text
