"""`ferrule compare`: decides whether its arguments name kernels or two runs, and makes the text of the comparison."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from ferrule.decision import page, plain, text
from ferrule.decision.chosen import choose
from ferrule.decision.view import decide
from ferrule.errors import UsageError
from ferrule.report import ahead, comparison, selected, series


def compare(parsed: Namespace, folder: Path) -> str:
    """The text to print.

    Raises:
        UsageError: the arguments are neither two runs nor kernels, or a flag does not apply to them.
    """
    words: Sequence[str] = parsed.words
    kernels = [word for word in dict.fromkeys(words) if word in stored_guests(folder) and not selected.is_run(word)]
    if not kernels:
        return _runs(parsed, folder)
    if others := [word for word in words if word not in kernels]:
        known = _known(folder)
        raise UsageError(
            f"{', '.join(others)}: no kernel stored in {folder}; name kernels alone ({known}), or two runs"
        )
    if len(kernels) < 2:
        raise UsageError(f"{kernels[0]}: name another kernel to compare with ({_known(folder)})")
    if parsed.guest is not None:
        raise UsageError("--guest: chooses among the guests of two runs; name the kernels instead")
    found = decide(choose(folder, kernels), parsed.weight)
    if parsed.json:
        return _json(plain.as_json(found))
    return page.markdown(found).rstrip("\n") if parsed.markdown else text.render(found)


def _runs(parsed: Namespace, folder: Path) -> str:
    if len(parsed.words) != 2:
        known = _known(folder)
        raise UsageError(f"compare {' '.join(parsed.words)}: name two runs, or two or more stored kernels ({known})")
    if parsed.weight is not None:
        raise UsageError("--weight: applies to kernels only; name kernels instead of runs")
    guests = tuple(filter(None, (parsed.guest or "").split(",")))
    if parsed.guest is not None and not guests:
        raise UsageError(f"--guest {parsed.guest!r}: no guest named; leave it out to compare all")
    if any(word.startswith("last") for word in parsed.words) and (notice := ahead.left_out(folder)):
        print(f"ferrule: {notice}", file=sys.stderr)
    found = comparison.compare_runs(*(selected.select(word, folder, guests) for word in parsed.words))
    if parsed.json:
        return _json(comparison.as_json(found))
    return comparison.markdown(found).rstrip("\n") if parsed.markdown else comparison.render(found)


def stored_guests(folder: Path) -> list[str]:
    """The names of guests with stored results."""
    files = sorted(folder.glob("[0-9][0-9][0-9][0-9]/*/*.jsonl"))
    return sorted({brief.guest for path in files for brief in series.briefs(path)})


def _known(folder: Path) -> str:
    return ", ".join(stored_guests(folder)) or "none yet: measure first (ferrule run)"


def _json(found: object) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)
