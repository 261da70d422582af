"""`ferrule anatomy` from its flags to its exit code."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from ferrule.anatomy import diff
from ferrule.anatomy.profile import Function, Node, Profile, Row, render
from ferrule.cli import main
from ferrule.errors import UsageError

needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not here")


def profile(workload: str, **own: float) -> Profile:
    functions = [Function(name, 0x1000 + place, "kernel", True) for place, name in enumerate(own)]
    nodes = [Node(-1, place, False, count, 0.0) for place, count in enumerate(own.values())]
    value = sum(own.values())
    made_of = {"kernel": Row(value, value, value)}
    return Profile("redox", workload, "call", 10, 1, value, 0.0, 0.0, 1.0, functions, nodes, made_of, {}, {})


@needs_qemu
def test_it_looks_into_a_guest_and_writes_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["anatomy", "--guest", "floor", "--workload", "null_call", "--batches", "1", "--out", str(tmp_path)]
    assert main([*words, "--format", "json,svg"]) == 0
    output = capsys.readouterr().out
    assert "call_entry" in output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["floor-null_call.anatomy.json", "floor-null_call.svg"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workload", "null_call"], "--guest: name what"),
        (["--guest", "floor"], "--workload: name what"),
        (["--guest", "floor", "--workload", "nothing_of_that"], "no workload nothing_of_that"),
        (["--guest", "floor", "--workload", "null_call", "--batches", "0"], "--batches 0"),
        (["--guest", "floor", "--workload", "null_call", "--format", "pdf"], "--format pdf"),
        (["--guest", "floor", "--workload", "null_call", "--diff", "a", "b"], "boots a kernel of yours"),
        (["--guest", "redox", "--workload", "null_call", "--diff", "no-such-a", "b"], "no-such-a: no such file"),
        (["--diff", "a.json", "b.json"], "a.json: cannot be read"),
    ],
)
def test_invalid_flags_are_refused(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["anatomy", *words]) == 2
    assert message in capsys.readouterr().err


def test_stored_profiles_are_shown_guests_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for guest, count in (("redox", 7.0), ("aero", 5.0)):
        one = replace(profile("x", first=count, second=1), guest=guest)
        (tmp_path / f"{guest}-x.anatomy.json").write_text(render(one))
    assert main(["anatomy", "--show", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert "## x" in output
    heads = next(line for line in output.splitlines() if "an operation" in line)
    assert [cell.strip() for cell in heads.strip("|").split("|")] == ["an operation", "aero", "redox"]
    assert "**redox**: 8 instructions" in output
    assert main(["anatomy", "--show", str(tmp_path / "none")]) == 2
    assert "--show" in capsys.readouterr().err


@needs_qemu
def test_a_guest_that_fails_costs_the_others_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing can be counted on the second guest; the table of the first is still printed."""
    words = ["anatomy", "--guest", "floor,local", "--workload", "null_call", "--batches", "1"]
    assert main(words) == 3
    output = capsys.readouterr().out
    assert "call_entry" in output
    assert "local: local: is not a guest whose instructions QEMU counts" in output


def test_stored_profiles_are_compared_by_function(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, one in (("a", profile("x", same=5, more=7, gone=2)), ("b", profile("x", same=5, more=19, new=1))):
        (tmp_path / f"{name}.json").write_text(render(one))
    assert main(["anatomy", "--diff", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[4:] if line]
    assert rows == [
        ["+12", "7", "19", "more"],
        ["-2", "2", "0", "gone"],
        ["+1", "0", "1", "new"],
        ["+11", "14", "25", "all"],
    ]


def test_different_operations_are_never_compared(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(render(profile(name, f=1)))
    with pytest.raises(UsageError, match="different operations"):
        diff.stored(tmp_path / "a.json", tmp_path / "b.json")


def test_folders_without_a_common_profile_say_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no profile of the same name"):
        diff.stored(tmp_path, tmp_path)


def test_a_function_with_another_hash_in_its_name_is_the_same_function() -> None:
    """Rust's names contain a hash of the build."""
    before = profile("x", _RNvNtNtCsbOSPMxg8HUy_6kernel7context6switch6switch=10)
    after = profile("x", _RNvNtNtCs3F52Fd926Oh_6kernel7context6switch6switch=12)
    (only,) = diff.changes(before, replace(after))
    assert str(only) == "+2 context::switch::switch (10 to 12)"
