"""Integration with pytest-benchmark: its hooks, and those of its options that are refused because they would mislead.

pytest-benchmark holds the guests' samples as if it had taken them, so that its files, tables, comparisons and plots
work. A feature of it that would be wrong for such samples, or would crash, is refused with one line or corrected here.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest

from ferrule.checksum import seal_in_place
from ferrule.errors import UsageError
from ferrule.stats.flags import Flag
from ferrule.stats.summary import Summary

MANY = "-n: two measurements at once disturb each other; run without pytest-xdist"
_SAVING = ("benchmark_save", "benchmark_autosave")
_LOOPS = {"benchmark_precision": "--precision", "benchmark_cprofile": "a profiler inside the guest"}


def refuse(config: pytest.Config, verify_only: bool) -> None:
    """Refuse options of pytest-benchmark that would mislead, before anything is measured.

    Raises:
        UsageError: names the flag, why, and what to use.
    """
    option = config.option
    if getattr(option, "benchmark_compare_fail", None):
        raise UsageError(
            "--benchmark-compare-fail: a threshold on runs taken at different times fails unchanged systems (mean:2% in"
            " 44 of 100 comparisons); use `ferrule gate`"
        )
    for name, instead in _LOOPS.items():
        if getattr(option, name, None):
            raise UsageError(f"{_flag(name)}: is about loops of pytest-benchmark's own, not a guest's; use {instead}")
    if verify_only and (given := next((name for name in _SAVING if getattr(option, name, None)), None)):
        raise UsageError(f"{_flag(given)}: --verify-only has no numbers to save; --json FILE holds its verdicts")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def group_of(summary: Summary) -> str:
    """The title under which results are grouped: times are never grouped with counts or with emulated time."""
    if summary.unit == "instructions":
        return f"{summary.key} (guest instructions: 1 is shown as 1 ns)"
    return f"{summary.key} (functional only)" if Flag.FUNCTIONAL in summary.flags else str(summary.key)


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_benchmark_scale_unit(
    config: pytest.Config | None, unit: str, benchmarks: list[dict[str, Any]], worst: dict[str, float]
) -> tuple[str, float] | None:
    """Keep --benchmark-time-unit to times: pytest-benchmark would scale operations a second with it as well."""
    if unit != "operations" or config is None or config.getoption("benchmark_time_unit", None) in (None, "auto"):
        return None
    from pytest_benchmark.utils import operations_unit

    scale: tuple[str, float] = operations_unit(worst.get("ops", benchmarks[0]["ops"]))  # type: ignore[no-untyped-call]
    return scale


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_generate_machine_info() -> dict[str, object]:
    """The host, by facts that stay the same from run to run: guests have theirs in extra_info."""
    return {
        "node": platform.node(),
        "machine": platform.machine(),
        "system": platform.system(),
        "release": platform.release(),
        "python_version": platform.python_version(),
    }


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_benchmark_compare_machine_info(
    machine_info: dict[str, object], compared_benchmark: dict[str, Any]
) -> Generator[None]:
    """Report in one line how the machines differ: pytest-benchmark's warning needs a storage folder here."""
    try:
        yield
    except (ValueError, UserWarning):
        saved = compared_benchmark["machine_info"]
        names = [name for name in sorted({*machine_info, *saved}) if machine_info.get(name) != saved.get(name)]
        differences = ", ".join(f"{name} {saved.get(name)} there and {machine_info.get(name)} here" for name in names)
        print(f"ferrule: --benchmark-compare: a stored run is of another machine: {differences}", file=sys.stderr)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder that pytest-benchmark makes in the current folder at each start, if nothing was saved in it."""
    with suppress(OSError):  # it is not empty, or does not exist
        (config.invocation_params.dir / ".benchmarks").rmdir()


def seal(document: dict[str, Any]) -> None:
    """Add a checksum to the document that pytest-benchmark is about to write, as its file will hold it."""
    from pytest_benchmark.utils import safe_dumps

    seal_in_place(document, safe_dumps)


def document(config: pytest.Config) -> dict[str, Any]:
    """What pytest-benchmark would write to --benchmark-json, for a run in which it has no results to write."""
    hook = config.hook
    machine = hook.pytest_benchmark_generate_machine_info(config=config)
    hook.pytest_benchmark_update_machine_info(config=config, machine_info=machine)
    commit = hook.pytest_benchmark_generate_commit_info(config=config)
    hook.pytest_benchmark_update_commit_info(config=config, commit_info=commit)
    made: dict[str, Any] = hook.pytest_benchmark_generate_json(
        config=config, benchmarks=[], include_data=True, machine_info=machine, commit_info=commit
    )
    hook.pytest_benchmark_update_json(config=config, benchmarks=[], output_json=made)
    return made
