"""Writes results/validation.md: what was tested, the results, and which claims were not met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tabulate import tabulate

from ferrule.report.journal import write_whole

Row = tuple[object, ...]


@dataclass(frozen=True)
class Claim:
    """One requirement, what was found, and whether it is met."""

    what: str
    asked: str
    found: str
    met: bool


@dataclass
class Section:
    """One part of the page: text, tables, and the claims that it decides."""

    title: str
    words: list[str] = field(default_factory=list)
    tables: list[tuple[Sequence[str], Sequence[Row]]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)


def page(sections: Sequence[Section], conditions: Sequence[str], command: str) -> str:
    """The whole page; ends with a newline."""
    claims = [claim for section in sections for claim in section.claims]
    short = [claim for claim in claims if not claim.met]
    blocks = [
        "# Validation",
        "The harness tested on samples with known true values: what it reports where nothing differs, where something"
        f" differs by a known amount, and where its own rules are broken on purpose. `{command}` measures this and"
        " writes this page; the conditions are at the end.",
        f"{len(claims) - len(short)} of {len(claims)} requirements are met"
        + ("." if not short else "; the others are marked **short**."),
        table(
            ("what", "required", "found", ""),
            [(one.what, one.asked, one.found, "met" if one.met else "**short**") for one in claims],
        ),
    ]
    for section in sections:
        blocks.append(f"## {section.title}")
        blocks += section.words
        blocks += [table(headers, rows) for headers, rows in section.tables]
    blocks.append("## Conditions")
    blocks.append("\n".join(f"- {line}" for line in conditions))
    return "\n\n".join(blocks) + "\n"


def table(headers: Sequence[str], rows: Sequence[Row]) -> str:
    """A Markdown table; pipes in cells are escaped."""
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    return tabulate(cells, headers, tablefmt="pipe", disable_numparse=True, stralign="left")


def percent(value: float | None, digits: int = 2) -> str:
    """A share or a relative difference as text, in percent."""
    return "\N{EN DASH}" if value is None else f"{100.0 * value:.{digits}f} %"


def at_most(failures: int, trials: int, confidence: float = 0.95) -> float:
    """Upper confidence limit of a failure rate (Clopper & Pearson, Biometrika 26, 1934)."""
    from scipy.special import betaincinv  # slow import

    return 1.0 if failures >= trials else float(betaincinv(failures + 1, trials - failures, confidence))


def write(path: Path, text: str) -> None:
    """Replace the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())
