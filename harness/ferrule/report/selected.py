"""Which results a word on the command line means: `last`, `last~1`, a run id or its beginning, or a file of results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ferrule.errors import UsageError
from ferrule.report import ahead, history, series, stored_json
from ferrule.report.columns import Column
from ferrule.report.comparison import Side
from ferrule.text import number_of

_LAST: Final = re.compile(r"last(?:~([0-9]{1,6}))?")


def select(word: str, folder: Path, guests: Sequence[str] = ()) -> Side:
    """The results that are meant.

    Args:
        word: as given.
        folder: the history's root.
        guests: only these, where any are named; `last` is then the last run of one of them.

    Raises:
        UsageError: there is no such run, or none of these guests in it.
        InfrastructureError: what is stored is damaged; names file and line.
    """
    if (counted := _LAST.fullmatch(word)) is not None:
        word = _from_the_end(folder, int(counted[1] or 0), guests)
    elif Path(word).is_file():
        return _kept(Side(Path(word).name, _file(Path(word))), guests)
    stored = history.load_run(folder, word)
    return _kept(Side(stored[0].run_id, [one.column for one in stored]), guests)


def is_run(word: str) -> bool:
    """Whether a word means a run whatever the guests' names: `last`, or a file that is there."""
    return _LAST.fullmatch(word) is not None or Path(word).is_file()


def _from_the_end(folder: Path, back: int, guests: Sequence[str]) -> str:
    """The id of the run that is `back` runs before the last."""
    until = ahead.now()
    runs = {
        brief.run_id: brief.ts
        for path in folder.glob("[0-9][0-9][0-9][0-9]/*/*.jsonl")
        for brief in series.briefs(path)
        if (not guests or brief.guest in guests) and brief.ts <= until
    }
    if len(runs) <= back:
        of = f" of {', '.join(guests)}" if guests else ""
        asked = f"last~{back}" if back else "last"
        raise UsageError(f"{asked}: {folder} holds {number_of(len(runs), 'run')}{of}; measure first (ferrule run)")
    return sorted(runs, key=lambda one: (runs[one], one))[-1 - back]


def _file(path: Path) -> list[Column]:
    if path.suffix == ".jsonl":
        return [one.column for one in history.read_last(path)]
    return stored_json.read(path)


def _kept(side: Side, guests: Sequence[str]) -> Side:
    kept = [one for one in side.columns if not guests or one.guest in guests]
    if not kept:
        has = ", ".join(one.guest for one in side.columns) or "nothing"
        raise UsageError(f"--guest {','.join(guests)}: not in {side.name}, which holds {has}")
    return Side(side.name, kept)
