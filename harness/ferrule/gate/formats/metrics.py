"""OpenMetrics text, which GitLab reads as a job's metrics report and compares with that of the target branch."""

from __future__ import annotations

from ferrule.gate.formats.measured import measured
from ferrule.gate.verdict import Report


def render(report: Report) -> str:
    """The whole file: a gauge for each unit, a sample for each workload."""
    units: dict[str, list[str]] = {}
    for _, one, value in measured(report):
        labels = f'guest="{_escaped(one.guest)}",workload="{_escaped(one.workload)}"'
        units.setdefault(one.unit, []).append(f"ferrule_{one.unit}{{{labels}}} {value!r}")
    lines = [line for unit, found in units.items() for line in (f"# TYPE ferrule_{unit} gauge", *found)]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _escaped(text: str) -> str:
    """As a label's value: printable, backslash and quotation mark escaped."""
    bare = "".join(c if c.isprintable() else "?" for c in text)
    return bare.replace("\\", "\\\\").replace('"', '\\"')
