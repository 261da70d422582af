"""One thing found out about this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from ferrule import apt

State = Literal["ok", "note", "missing"]  # note: it works, but a reader of numbers should know


@dataclass(frozen=True)
class Finding:
    """What was looked at and what was seen. `section` groups findings in print."""

    section: str
    name: str
    state: State
    detail: str
    costs: str = ""  # what is skipped or worse because of it
    remedy: str = ""  # the command that changes it
    packages: tuple[str, ...] = ()  # Debian's names, when the remedy is to install them


def as_json(finding: Finding) -> dict[str, object]:
    """A finding in plain JSON types."""
    return {**asdict(finding), "packages": list(finding.packages)}


def missing(section: str, name: str, detail: str, costs: str, *packages: str) -> Finding:
    """A finding about something that Debian packages would bring."""
    return Finding(section, name, "missing", detail, costs, apt.install(sorted(packages)), packages)
