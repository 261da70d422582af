"""pairs.toml: every workload and tool in it exists, and mistakes in it are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from ferrule.errors import UsageError
from ferrule.payload.key import RunKey
from ferrule.payload.registry import workloads
from ferrule.validate.pairs import Side, chosen, judged, read, without_beside


def made(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "pairs.toml"
    file.write_text(text)
    return file


def test_every_pair_names_workloads_and_tools_that_exist() -> None:
    pairs = read()
    assert len(pairs) >= 25
    assert {pair.tool.name for pair in pairs} >= {"perf", "rt-tests", "will-it-scale", "libMicro", "UnixBench"}
    assert len({key.workload for pair in pairs for key in pair.ours.keys}) >= 20
    assert [pair.ours.keys for pair in judged()] == [
        (RunKey("null_call_wrapped"),),
        (RunKey("pipe_latency", (("library", 1), ("size", 4))),),
    ]


ROW = """
[[pair]]
name = "x"
tool = "perf"
as = "y"
ours = ["null_call"]
theirs = ["perf bench syscall basic"]
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('tool = "perf"', 'tool = "pref"', "no tool pref; there are perf"),
        ('ours = ["null_call"]', 'ours = ["null_cal"]', "no workload null_cal"),
        ('ours = ["null_call"]', 'ours = ["null_call[size=1]"]', "no parameter size"),
        ('as = "y"', 'As = "y"', "no key As"),
        ('theirs = ["perf bench syscall basic"]', "", "no theirs ="),
        ('as = "y"', 'as = "y"\nreads = "[0-9]+"', "needs exactly one group"),
        ('as = "y"', 'as = "y"\nreads = "("', "is no pattern"),
        (ROW, ROW + ROW, "x: perf y is there twice"),
    ],
)
def test_mistakes_in_the_table_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in ROW
    with pytest.raises(UsageError, match="pairs") as error:
        read(made(tmp_path, ROW.replace(old, new)))
    assert message in str(error.value)


def test_an_experiment_takes_one_side_from_its_pair(tmp_path: Path) -> None:
    (pair,) = read(made(tmp_path, ROW + '[[pair.experiment]]\nwhat = "raw"\nours = ["null_call_wrapped"]\n'))
    (one,) = pair.experiments
    assert (one.ours, one.theirs) == (Side(keys=(RunKey("null_call_wrapped"),)), pair.theirs)
    assert pair.sides == [pair.ours, pair.theirs, one.ours]


def test_experiments_whose_workloads_cannot_be_built_are_left_out() -> None:
    kept = without_beside(read())
    assert [pair.title for pair in kept] == [pair.title for pair in read()]
    assert {key.workload for pair in kept for side in pair.sides for key in side.keys} <= set(workloads())
    assert sum(len(pair.experiments) for pair in kept) < sum(len(pair.experiments) for pair in read())


def test_pairs_are_chosen_by_words_of_their_names() -> None:
    assert {pair.tool.name for pair in chosen(read(), "libMicro,UnixBench")} == {"libMicro", "UnixBench"}
    with pytest.raises(UsageError, match="--pairs nonsense"):
        chosen(read(), "null call,nonsense")
