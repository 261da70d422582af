"""The last line of a run: its id, its counts, and commands that work as they stand."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest
from ferrule.campaign.budget import QUICK
from ferrule.keeping import Keeping
from ferrule.report.unfinished import Unfinished


def keeping(results: str | None) -> Keeping:
    made = Keeping(Path(results or "results"), Namespace(results=results, verify_only=False), QUICK, 7)
    made._run_id = "20261128-055249-0b78"
    return made


@pytest.mark.parametrize(("results", "more"), [(None, ""), ("my runs", " --results 'my runs'")])
def test_the_commands_name_the_folder_of_the_run(results: str | None, more: str, tmp_path: Path) -> None:
    one = keeping(results)
    assert one.ending("2 results") == "run 20261128-055249-0b78: 2 results"
    one._comparable = True
    assert one.ending("2 results").endswith(f"2 results; compare: ferrule compare last~1 last{more}")
    path = tmp_path / "20261128-055249-0b78.jsonl"
    path.touch()
    one._open = Unfinished(path)
    assert one.ending("1 result").endswith(f"; not finished: ferrule run --resume 20261128-055249-0b78{more}")
    one._open.close(True)
