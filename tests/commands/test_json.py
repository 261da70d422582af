"""The keys of every command's --json are in docs/options.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from ferrule.cli import main
from ferrule.doctor.finding import Finding
from ferrule.payload.registry import workloads
from ferrule.records.samples import WITHOUT
from ferrule.report.comparison import as_json

from tests.report.test_comparison import call, compared
from tests.support import synthetic as make
from tests.support.places import ROOT

GUESTS = ("local", "linux", "redox", "hermit", "aero", "floor")  # guests and ports


def keys(value: Any, data: frozenset[str]) -> Iterator[str]:
    """All keys below a value, except those that are names of what is shown."""
    if isinstance(value, list):
        for one in value:
            yield from keys(one, data)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in data:
                yield key
            yield from keys(one, data)


@pytest.mark.parametrize(
    "command",
    [["list"], ["list", "null_call"], ["compare", "redox", "linux", "--results", str(ROOT / "results")]],
    ids=lambda words: " ".join(words[:2]),
)
def test_the_keys_are_documented(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--json"]) == 0
    documented(json.loads(capsys.readouterr().out))


def test_the_keys_of_doctor_and_of_a_comparison_of_runs_are_documented() -> None:
    documented({one.name: "" for one in fields(Finding)} | {"findings": []})
    documented(as_json(compared(make.guest([call(100)]), make.guest([call(110)]))))


def documented(value: Any) -> None:
    text = (ROOT / "docs" / "options.md").read_text()
    rows = workloads().values()
    parameters = (name for row in rows for name, _ in row.params)
    data = frozenset((*workloads(), *parameters, *(row.family for row in rows), *GUESTS, *WITHOUT))
    found = set(keys(value, data))
    assert found
    missing = {key for key in found if f"`{key}`" not in text}
    assert not missing
