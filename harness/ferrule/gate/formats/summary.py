"""Markdown for the page of a CI job: what needs attention first, everything else folded."""

from __future__ import annotations

from tabulate import tabulate

from ferrule.gate.formats.table import HEADERS, cells
from ferrule.gate.verdict import Finding, Report, Verdict
from ferrule.report.markdown import escape


def render(report: Report) -> str:
    """A section of a page; ends with an empty line, so that another may follow."""
    against = f" against {escape(report.against)}" if report.against else ""
    blocks = [f"## Gate{against}: {escape(report.headline)}"]
    lines = [f"harness failure: {line}" for line in report.failures] + [
        *report.ungated,
        *report.cut,
        *report.hints,
        *report.advice,
    ]
    if lines:
        blocks.append("\n".join(f"- {escape(line)}" for line in lines))
    loud = [one for one in report.findings if one.verdict is not Verdict.OK or one.changed]
    quiet = [one for one in report.findings if one not in loud]
    if report.allowed and report.findings:
        blocks.append(escape(report.allowed))
    if loud:
        blocks += [_table(loud), "\n".join(f"- {escape(f'{one.guest} {one.workload}: {one.why}')}" for one in loud)]
    if quiet:
        blocks.append(f"<details><summary>{len(quiet)} unchanged</summary>\n\n{_table(quiet)}\n\n</details>")
    if report.conditions:
        blocks.append("\n".join(f"- {escape(line)}" for line in report.conditions))
    unit = "guest instructions" if report.unit == "instructions" else report.unit
    blocks.append(f"Figures are {unit} for one operation.")
    return "\n\n".join(blocks) + "\n\n"


def _table(findings: list[Finding]) -> str:
    rows = [[escape(cell) for cell in cells(one)] for one in findings]
    return tabulate(rows, HEADERS, tablefmt="pipe", disable_numparse=True, stralign="left")
