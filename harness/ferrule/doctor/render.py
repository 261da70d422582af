"""Findings as text: one line each, and under it what it costs and what to do."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from ferrule import apt
from ferrule.doctor.finding import Finding, State

WIDTH = 120
_STYLES: dict[State, str] = {"ok": "green", "note": "yellow", "missing": "red"}


def render(findings: Iterable[Finding], colour: bool | None = None) -> str:
    """All findings, by section in the order they come. `colour`: None asks whether stdout is a terminal."""
    findings = list(findings)
    lines = list(_lines(findings))
    if not (sys.stdout.isatty() if colour is None else colour):
        return "\n".join(line.plain for line in lines)
    console = Console(force_terminal=True, highlight=False, soft_wrap=True)
    with console.capture() as captured:
        for line in lines:
            console.print(line)
    return captured.get().rstrip("\n")


def _lines(findings: list[Finding]) -> Iterator[Text]:
    width = max((len(finding.name) for finding in findings), default=0)
    section = None
    for finding in findings:
        if finding.section != section:
            section = finding.section
            yield Text(section, style="bold")
        indent = " " * (12 + width)
        detail = textwrap.fill(finding.detail, WIDTH, initial_indent=indent, subsequent_indent=indent).lstrip()
        yield Text.assemble("  ", (f"{finding.state:<8}", _STYLES[finding.state]), f"{finding.name:<{width}}  {detail}")
        if finding.costs:
            yield Text(f"{indent}therefore: {finding.costs}")
        if finding.remedy:
            yield Text.assemble(f"{indent}remedy:    ", (finding.remedy, "cyan"))
    packages = [package for finding in findings for package in finding.packages]
    if len(set(packages)) > 1:
        yield Text(f"all that is missing at once: {apt.install(sorted(packages))}")
