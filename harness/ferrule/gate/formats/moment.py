"""Time and commit of a report: its only content that was not measured."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime

from ferrule import programs


@dataclass(frozen=True)
class Moment:
    """A point in history."""

    time: str  # ISO 8601, UTC
    commit: str  # empty if unknown


def now() -> Moment:
    """The time now; the commit that CI names, else that of the current folder."""
    commit = os.environ.get("GITHUB_SHA") or os.environ.get("CI_COMMIT_SHA") or _head()
    return Moment(datetime.now(UTC).isoformat(timespec="seconds"), commit)


def _head() -> str:
    return programs.output(["git", "rev-parse", "HEAD"]) or ""
