"""A gate's report in the formats of other tools: one module each, with `render(report)` as a pure function."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ferrule.errors import InfrastructureError
from ferrule.gate.formats import benchfmt, bmf, gha, junit, metrics, otava, summary
from ferrule.gate.formats.moment import now
from ferrule.gate.verdict import Report

_RENDER = {
    "junit": junit.render,
    "summary": summary.render,
    "gha": gha.render,
    "bmf": bmf.render,
    "metrics": metrics.render,
    "benchfmt": benchfmt.render,
}


def write(report: Report, files: Mapping[str, Path | None]) -> None:
    """Write every format that has a file.

    Raises:
        InfrastructureError: a file cannot be written, or holds something that cannot be appended to.
    """
    for name, path in files.items():
        if path is None:
            continue
        try:
            before = path.read_text(encoding="utf-8") if path.exists() and name in ("summary", "otava") else ""
            text = otava.append(report, before, now()) if name == "otava" else before + _RENDER[name](report)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InfrastructureError(f"--{name} {path}: {error.strerror}") from None
        except ValueError as error:
            raise InfrastructureError(f"--{name} {path}: {error}") from None
