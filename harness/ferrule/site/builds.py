"""From which source a kernel's file was built, and how: results/kernels.toml, since no run can measure it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ferrule import tomlfile
from ferrule.errors import UsageError
from ferrule.records.samples import Conditions
from ferrule.report.codec import Malformed, decode

FILE = "kernels.toml"
_SUM = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Build:
    """One kernel file."""

    source: str
    built: str


def take(folder: Path) -> Mapping[str, Build]:
    """The builds in a history's kernels.toml, by the SHA-256 of the kernel's file; none where it does not exist.

    Raises:
        UsageError: kernels.toml is not valid; names it and the key.
    """
    file = folder / FILE
    if not file.is_file():
        return {}
    found = {}
    for name, entry in tomlfile.read(file).items():
        if not _SUM.fullmatch(name):
            raise UsageError(f"{file}: {name[:80]!r} is no SHA-256 of a kernel's file: 64 hex digits in lower case")
        try:
            found[name] = decode(Build, entry)
        except Malformed as error:
            raise UsageError(f"{file}: {name}: {error}; it takes source and built, both texts") from None
    return found


def of(builds: Mapping[str, Build], conditions: Conditions | None) -> Build | None:
    """The build that a line was measured on; None where it is not known."""
    return builds.get(conditions.facts.get("kernel.sha256", "")) if conditions is not None else None
