"""Progress while a campaign runs: a live line on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from ferrule.records.stream import Record
from ferrule.text import number_of


class Progress:
    """The interface; it shows nothing."""

    def note(self, text: str) -> None:
        """Show a line: a result, or what is skipped."""

    def boot(self, guest: str, boot: int, boots: int, runs: int) -> None:
        """An execution begins, with `runs` runs over all its processes; `boots` is 0 when their number is unknown."""

    def record(self, record: Record) -> None:
        """A valid record arrived."""


class PlainProgress(Progress):
    """Prints a line for each execution, and one for each quarter of its runs."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._started = time.monotonic()
        self._guest = ""
        self._runs = self._done = 0

    def note(self, text: str) -> None:
        """Print it with the seconds since the start."""
        print(f"[{time.monotonic() - self._started:6.1f} s] {text}", file=self._out, flush=True)

    def boot(self, guest: str, boot: int, boots: int, runs: int) -> None:
        """Print which round of which guest begins."""
        self._guest, self._runs, self._done = guest, runs, 0
        self.note(f"{guest}: {_round(boot, boots)}, {number_of(runs, 'run')}")

    def record(self, record: Record) -> None:
        """Count finished runs; print a line at each quarter."""
        if record.kind != "end":
            return
        self._done += 1
        step = max(1, self._runs // 4)
        if self._done % step == 0:
            self.note(f"{self._guest}: {self._done} of {self._runs} runs done")


class RichTerminal(Progress):
    """A live bar with the guest and the run in flight."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.fields[guest]:>8}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
        )
        self.bars = RichProgress(*columns, console=console, transient=True)
        self._task: TaskID | None = None

    def note(self, text: str) -> None:
        """Print above the bars."""
        self.bars.console.print(text, markup=False, highlight=False)

    def boot(self, guest: str, boot: int, boots: int, runs: int) -> None:
        """Start a bar for this execution."""
        if self._task is not None:
            self.bars.remove_task(self._task)
        self._task = self.bars.add_task(f"{_round(boot, boots)}: starting", total=runs, guest=guest)

    def record(self, record: Record) -> None:
        """Advance on a finished run; show the one in flight."""
        if self._task is None:
            return
        if record.kind == "end":
            self.bars.advance(self._task)
        elif record.kind == "begin":
            self.bars.update(self._task, description=record.fields.get("workload", ""))


def _round(boot: int, boots: int) -> str:
    return f"round {boot + 1} of {boots}" if boots else f"round {boot + 1}"


@contextmanager
def progress_on(out: TextIO = sys.stderr) -> Iterator[Progress]:
    """The progress output for `out`: bars on a terminal, lines elsewhere."""
    if out.isatty():
        shown = RichTerminal(Console(file=out))
        with shown.bars:
            yield shown
    else:
        yield PlainProgress(out)
