"""History lines dated in the future: a clock was wrong when they were written, and they would be the latest for ever.

Such a line is never taken as the latest run, as a reference or for publishing; one message lists those left out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ferrule.report import series


def now() -> str:
    """The current time, in the form of the lines' dates: later lines are dated in the future."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def left_out(folder: Path) -> str:
    """One line that lists the runs of a history that are left out; empty where none is.

    Raises:
        InfrastructureError: a line is damaged; names the file.
    """
    files = sorted(folder.glob("[0-9][0-9][0-9][0-9]/*/*.jsonl"))
    runs = {brief.run_id: brief.ts for path in files for brief in series.briefs(path) if brief.ts > now()}
    if not runs:
        return ""
    shown = ", ".join(f"{run} ({ts})" for run, ts in sorted(runs.items(), key=lambda item: item[1])[:4])
    more = f" and {len(runs) - 4} more" if len(runs) > 4 else ""
    what = "run" if len(runs) == 1 else "runs"
    return f"left out, as dated in the future: {what} {shown}{more}; correct or remove these lines in {folder}"
