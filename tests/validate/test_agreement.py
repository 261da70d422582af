"""Beside perf bench: what it prints is read, what agrees is judged, and both tools really run in turns."""

from __future__ import annotations

from pathlib import Path

import pytest
from ferrule.errors import InfrastructureError
from ferrule.payload.key import RunKey
from ferrule.validate.agreement import LIBRARY, NULL, RAW, Pair, agree, microseconds, stored, wanted
from ferrule.validate.from_ledgers import agreeing
from ferrule.validate.ledger import Ledger
from hypothesis import given
from hypothesis import strategies as st

SAID = """# Running 'sched/pipe' benchmark:
# Executed 50000 pipe operations between two processes

     Total time: 0.094 [sec]

       1.885260 usecs/op
         530430 ops/sec
"""


@given(st.decimals(min_value=0, max_value=10**6, places=6))
def test_what_perf_prints_is_read(value: object) -> None:
    assert microseconds(SAID.replace("1.885260", str(value))) == float(str(value))


@pytest.mark.parametrize("said", ["", "usecs/op", SAID + SAID, SAID.replace("usecs/op", "usecs")])
def test_anything_else_is_no_number(said: str) -> None:
    assert microseconds(said) is None


@pytest.mark.parametrize(
    ("ours", "agrees"),
    [([100.0, 104.0], True), ([106.0, 106.0], False), ([100.0, 120.0], False), ([90.0, 114.0], False)],
)
def test_minima_and_medians_must_both_agree(ours: list[float], agrees: bool) -> None:
    assert Pair(RunKey("x"), ("y",), 0.05, ours, [100.0, 104.0]).agrees is agrees
    assert Pair(RunKey("x"), ("y",), None, ours, [100.0, 104.0]).agrees is None


def test_what_was_measured_is_kept_and_told(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "agreement.jsonl")
    for pair, factor in zip(wanted(), (1.01, 1.2, 0.9), strict=True):
        ledger.add(pair.name, {"ours": [100.0 * factor, 104.0 * factor], "theirs": [100.0, 104.0]})
    pairs = stored(Ledger(ledger.path))
    assert [pair.agrees for pair in pairs] == [True, False, None]
    section = agreeing(pairs)
    assert [claim.met for claim in section.claims] == [True, False]
    assert len(section.tables[0][1]) == 3


def test_both_tools_run_in_turns() -> None:
    try:
        pairs = agree(rounds=2)
    except InfrastructureError as error:
        pytest.skip(str(error).splitlines()[0])
    assert [pair.key for pair in pairs] == [NULL, LIBRARY, RAW]
    for pair in pairs:
        assert len(pair.ours_ns) == len(pair.theirs_ns) == 2
        assert 0.1 < pair.minima < 10  # of the same operation; how well they agree needs a quiet machine to say
