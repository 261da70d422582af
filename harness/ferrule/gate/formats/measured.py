"""What exports to other tools hold: believable values only, each with one name that stays the same for ever."""

from __future__ import annotations

from ferrule.gate.verdict import Finding, Report, Verdict


def name_of(finding: Finding) -> str:
    """`linux/null_call`, printable and in one line."""
    return "".join(c if c.isprintable() else "?" for c in f"{finding.guest}/{finding.workload}")


def measured(report: Report) -> list[tuple[str, Finding, float]]:
    """Name, finding and value of everything that may go into somebody's history.

    Nothing when the harness failed, and nothing implausible: such values have stood on public dashboards for weeks.
    """
    if report.failures:
        return []
    return [
        (name_of(one), one, one.new)
        for one in report.findings
        if one.new is not None and one.verdict is not Verdict.IMPLAUSIBLE
    ]
