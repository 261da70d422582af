"""The table of other benchmarks, and docs/workloads.md, which is written from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ferrule.cli import main
from ferrule.commands import peers
from ferrule.errors import UsageError
from ferrule.payload.registry import workloads

from tests.support.places import ROOT


def test_the_page_is_what_the_command_writes() -> None:
    """Stale? `ferrule list --markdown > docs/workloads.md`."""
    assert (ROOT / "docs" / "workloads.md").read_text() == peers.page()


def test_all_but_a_few_operations_of_the_field_are_whole() -> None:
    found = peers.union()
    assert len({one.name for one in found}) == len(found) == 64
    assert sum(one.state == "whole" for one in found) >= 58
    assert all(one.peers for one in found)


def test_the_table_its_json_and_its_page_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--peers", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert main(["list", "--peers"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 120
    assert main(["list", "--markdown"]) == 0
    page = capsys.readouterr().out
    assert page == peers.page()
    for row in rows:
        assert row["operation"].replace("|", "\\|") in page
        assert all(f"`{name}`" in page for name in row["workloads"])
    assert all(f"| `{name}` |" in page for name in workloads())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('by = ["no_such_workload"]', "no workload no_such_workload"),
        ('by = ["pipe_latency[colour=1]"]', "no parameter colour"),
        ("by = []", "give workloads"),
        ('by = ["null_call"]\nnone = "why"', "give workloads"),
        ('by = ["null_call"]\ncolour = 1', "no key colour"),
    ],
)
def test_a_wrong_table_is_named(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "peers.toml").write_text(f'[[operation]]\nname = "x"\npeers = ["y z"]\n{text}\n')
    with pytest.raises(UsageError, match=wrong):
        peers.union(tmp_path / "peers.toml")


@pytest.mark.parametrize("flag", ["--peers", "--markdown"])
def test_one_workload_is_not_all(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "null_call", flag]) == 2
    assert "leave WORKLOAD out" in capsys.readouterr().err
