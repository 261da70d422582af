"""When and of which commit a report is: the only thing in it that no measurement tells."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime

from ferrule import programs


@dataclass(frozen=True)
class Moment:
    """A point in history."""

    time: str  # ISO 8601, UTC
    commit: str  # empty where that cannot be told


def now() -> Moment:
    """The present; the commit that CI says it tests, else that of the folder one stands in."""
    commit = os.environ.get("GITHUB_SHA") or os.environ.get("CI_COMMIT_SHA") or _head()
    return Moment(datetime.now(UTC).isoformat(timespec="seconds"), commit)


def _head() -> str:
    return programs.said(["git", "rev-parse", "HEAD"]) or ""
