"""The values that are exported to other tools: plausible ones only, each under a name that never changes."""

from __future__ import annotations

from ferrule.gate.verdict import Finding, Report, Verdict


def name_of(finding: Finding) -> str:
    """`linux/null_call`, printable and in one line."""
    return "".join(c if c.isprintable() else "?" for c in f"{finding.guest}/{finding.workload}")


def measured(report: Report) -> list[tuple[str, Finding, float]]:
    """Name, finding and value of everything that may go into another tool's history.

    Nothing when the harness failed, and nothing implausible: such values have stayed on public dashboards for weeks.
    """
    if report.failures:
        return []
    return [
        (name_of(one), one, one.new)
        for one in report.findings
        if one.new is not None and one.verdict is not Verdict.IMPLAUSIBLE
    ]
