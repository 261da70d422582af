"""The report on a terminal: one table, then what failed, then what to do."""

from __future__ import annotations

from tabulate import tabulate

from ferrule.gate.verdict import Finding, Report, figure

HEADERS = ("guest", "workload", "class", "old", "new", "difference", "%", "verdict")


def cells(finding: Finding) -> tuple[str, ...]:
    """One row: figures are of one operation."""
    percent = "" if finding.percent is None else f"{finding.percent:+.2f}" if finding.changed else "0"
    if finding.estimate is not None:
        percent = str(finding.estimate).replace(" %", "")
    return (
        finding.guest,
        finding.workload,
        finding.kind or "",
        figure(finding.old),
        figure(finding.new),
        figure(finding.difference, signed=True),
        percent,
        finding.verdict.value.upper() if finding.verdict.value != "ok" else "ok",
    )


def render(report: Report) -> str:
    """The whole text, without a newline at its end."""
    blocks = []
    if report.findings:
        blocks += [report.allowed] if report.allowed else []
        align = ("left", "left", "left", "right", "right", "right", "right", "left")
        rows = [cells(one) for one in report.findings]
        blocks.append(tabulate(rows, HEADERS, colalign=align, disable_numparse=True))
        reasons = [f"{one.guest}: {one.workload}: {one.why}" for one in report.findings if one.listed]
        if reasons:
            blocks.append("\n".join(reasons))
    blocks += [
        "\n".join(lines)
        for lines in (report.conditions, report.ungated, report.cut, report.hints, report.advice)
        if lines
    ]
    if report.failures:
        blocks.append("\n".join(f"harness failure: {line}" for line in report.failures))
    name = "gate" if report.compared or report.advice or report.against else "baseline"
    name += f" against {report.against}" if report.against else ""
    unit = f" ({report.unit} for one operation)" if report.findings else ""
    blocks.append(f"{name}: {report.headline}{unit}")
    return "\n\n".join(blocks)
