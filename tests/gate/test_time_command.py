"""`ferrule gate --tier time` as a user runs it, on this host, with the real payload and few pairs."""

from __future__ import annotations

import random
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from ferrule import paths
from ferrule.campaign.progress import Progress
from ferrule.cli import main
from ferrule.errors import EXIT_OK, EXIT_REGRESSION, EXIT_USAGE, InfrastructureError, UsageError
from ferrule.gate.paired import arms, visits
from ferrule.gate.paired.decide import report
from ferrule.gate.paired.measure import BATCHES, Contest, take
from ferrule.gate.paired.pairs import Pair, turn_of
from ferrule.gate.paired.stored import load
from ferrule.gate.verdict import Verdict
from ferrule.guests import create
from ferrule.guests.local import LocalGuest
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_payload
from ferrule.payload.key import RunKey
from ferrule.payload.layout import PADDING
from ferrule.payload.registry import workloads
from ferrule.records.samples import RunResult

from tests.support import synthetic as make
from tests.support.gate_pairs import head
from tests.support.patience import PATIENCE

PAIRS = 8  # one more than the least that can find something
KEY = RunKey("null_call")
NULL_CALL = "guest/workloads/syscall/null_call.c"


def gate(folder: Path, *more: str) -> int:
    given = ["--tier", "time", "--base", "self", "--workload", "null_call", "--pairs", str(PAIRS), "--seed", "3"]
    return main(["gate", *given, "--results", str(folder), *more])


def test_a_payload_against_itself_passes_and_can_be_decided_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(tmp_path, "--candidate", "self") == EXIT_OK
    output = capsys.readouterr().out
    assert "both arms are the same" in output
    assert f"{PAIRS} of {PAIRS} pairs" in output
    (file,) = tmp_path.glob("[0-9]*/*/gates/*-local.jsonl")
    assert main(["gate", "--tier", "time", "--from", str(file)]) == EXIT_OK
    assert capsys.readouterr().out == output, "byte for byte"

    plan, pairs = load(file)
    own = [pair for pair in pairs if not pair.control]
    assert len(own) == len(pairs) - len(own) == PAIRS == plan.pairs
    assert {pair.first for pair in pairs} == set(arms.NAMES), "each arm runs first in some pairs"
    sizes = {run.visits[0].n for pair in own for turn in pair.turns.values() for run in [turn.runs["null_call"]]}
    assert sizes == {plan.sizes["null_call"]}, "one batch size, frozen"
    assert all(pair.surroundings is not None for pair in pairs)


def test_a_checkout_that_does_everything_twice_has_regressed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(paths.guest(), tmp_path / "other" / "guest")
    source = tmp_path / "other" / NULL_CALL
    once, twice = "(void)run;\n    os_null_call();", "(void)run;\n    os_null_call();\n    os_null_call();"
    assert once in source.read_text()
    source.write_text(source.read_text().replace(once, twice))
    assert gate(tmp_path, "--candidate", str(tmp_path / "other")) == EXIT_REGRESSION
    output = capsys.readouterr().out
    assert "REGRESSED" in output
    assert "doubled, or worse" in output
    assert "harness failure" not in output


def contests(more: int = 0) -> list[Contest]:
    """This host's payload against itself, made slower by `more` per mille; and the control."""
    both = [arms.make(name, arms.SELF, "local", GuestOptions(), ()) for name in arms.NAMES]
    quiet = Progress()
    own = Contest((both[0], both[1]), [KEY], 11, quiet, more=more)
    return [own, replace(own, keys=[RunKey("clock_read")], more=0, processes=1, control=True)]


def test_an_injected_slowdown_is_found() -> None:
    both, pairs = contests(more=500), list[Pair]()
    for contest in both:
        contest.pilot()
    take(both, 2 * PAIRS, random.Random(1), pairs.append, lambda _: False)
    often = {"null_call": both[0].visits[KEY]}
    found = report(head(often, 2 * PAIRS, injected=500, processes=both[0].processes, visits=often), pairs)
    assert [one.verdict for one in found.findings] == [Verdict.REGRESSED]
    estimate = found.findings[0].estimate
    assert estimate is not None
    assert 1.25 < estimate.ratio < 1.75
    assert any("a slowdown of 50 % was injected" in line for line in found.conditions)


def test_an_arm_of_a_pair_has_two_processes_of_one_layout() -> None:
    own, control = contests()
    own.pilot()
    control.pilot()
    for turn in own.pair(0).turns.values():
        processes = [one.process for one in turn.runs["null_call"].visits]
        assert processes == [0] * own.visits[KEY] + [1] * own.visits[KEY]
        assert [one.number for one in turn.processes] == [0, 1]
    pairs = [own.pair(0), control.pair(0)]
    assert [len(turn.processes) for turn in pairs[1].turns.values()] == [1, 1]
    found = report(head({"null_call": 1}, 1, processes=2, visits={"null_call": own.visits[KEY]}), pairs)
    assert not any("arrived of" in one.why for one in found.findings), "all that was asked for is there"
    assert any("2 processes of" in line for line in found.conditions)


def test_all_workloads_fit_however_often_they_are_visited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that this host cannot do are asked for too, and need room beside the visits of the others."""
    monkeypatch.setattr(visits, "enough", lambda _: 24)
    monkeypatch.setattr(visits, "PILOT", 2)
    own, _ = contests()
    own.keys = [RunKey(row.name) for row in workloads().values() if not row.hidden]
    own.pilot()
    assert len(own.sizes) < len(own.keys)
    for turn in own.pair(0).turns.values():
        assert turn.errors == ()
        assert len(turn.runs["null_call"].visits) == own.visits[KEY] * own.processes > 4


def test_enough_is_enough() -> None:
    both, pairs = contests(), list[Pair]()
    for contest in both:
        contest.pilot()
    take(both, PAIRS, random.Random(1), pairs.append, lambda number: number == 2)
    assert [pair.number for pair in pairs] == [0, 0, 1, 1]


def test_processes_have_the_layout_that_the_seed_decides() -> None:
    script = b'#!/bin/sh\necho "${#PADDING}"\n'
    guest = create("local", GuestOptions())
    assert isinstance(guest, LocalGuest)
    assert _lines(guest, script) == ["0"] * 6, "by default there is no environment"
    drawn = []
    for seed in (5, 6, 7, 8, 5):
        guest.scatter(seed)
        lines = _lines(guest, script)
        assert lines == lines[:1] * 6, "one for all"
        drawn.append(int(lines[0]))
    assert drawn[0] == drawn[-1]
    assert len(set(drawn)) > 2
    assert all(0 <= one < PADDING for one in drawn)


def _lines(guest: LocalGuest, script: bytes) -> list[str]:
    data = b""
    with guest.execute(script, 6, 0) as execution:
        while chunk := execution.read(PATIENCE):
            data += chunk
    return data.decode().split()


def test_booted_guests_give_pairs_of_boots() -> None:
    """With emulated time, which the command refuses: only the mechanism is tested."""
    try:
        guests = [create("floor", GuestOptions(accel="tcg")) for _ in arms.NAMES]
    except InfrastructureError as error:
        pytest.skip(str(error).splitlines()[0])
    payload = build_payload("floor", guests[0].arch)
    named = zip(guests, arms.NAMES, strict=True)
    base, candidate = (arms.Arm(arms.Side(guest, name), payload, "") for guest, name in named)
    contest = Contest((base, candidate), [KEY], 1, Progress(), processes=2)
    contest.pilot()
    pair = contest.pair(0)
    for turn in pair.turns.values():
        assert [one.ticks.size for one in turn.runs["null_call"].visits] == [BATCHES] * 2 * contest.visits[KEY]
        assert all(one.pace is not None and one.pace.ticks.size == BATCHES + 1 for one in turn.runs["null_call"].visits)
        assert turn.conditions is not None
        assert (turn.counter, turn.conditions.accel) == ("tsc", "tcg")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--candidate", "self"], "--base: what is to be compared"),
        (["--base", "self"], "--candidate: what is to be compared"),
        (["--base", "self", "--candidate", "nowhere"], "--candidate nowhere: no such file or folder"),
        (["--base", "self", "--candidate", __file__], "is no payload, and the local guest boots no kernel"),
        (["--base", "self", "--candidate", "self", "--pairs", "5"], "--pairs 5: with .* at least"),
        (["--base", "self", "--candidate", "self", "--pairs", "0"], "--pairs 0: must be at least 1"),
        (["--base", "self", "--candidate", "self", "--workload", "empty_loop"], "only controls"),
        (["--base", "self", "--candidate", "self", "--guest", "local,linux"], "one guest at a time"),
        (
            ["--base", "self", "--candidate", "self", "--update-baseline"],
            "--update-baseline: is a flag of --tier exact",
        ),
        (["--from", "nowhere"], "--from nowhere: no such file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_invalid_flags_are_refused(given: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", "--tier", "time", *given]) == EXIT_USAGE
    message = capsys.readouterr().err
    assert message.count("\n") == 1, "one line"
    assert re.search(words, message)


def test_the_exact_tier_refuses_what_is_not_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", "--base", "self"]) == EXIT_USAGE
    assert "--base self: what is compared with it? give --candidate KERNEL" in capsys.readouterr().err


def test_a_kernel_goes_where_its_guest_looks_for_it() -> None:
    kernel, asked = Path("kernel"), GuestOptions(guest_files={("redox", "kernel"): Path("old")})
    assert arms.with_kernel(asked, "linux", kernel, "--base k").linux_kernel == kernel
    assert arms.with_kernel(asked, "redox", kernel, "--base k").guest_files == {("redox", "kernel"): kernel}
    assert arms.with_kernel(asked, "redox", None, "--base k") == asked
    for guest in ("local", "floor", "ssh://a@b"):
        with pytest.raises(UsageError, match="--base k: is no payload"):
            arms.with_kernel(asked, guest, kernel, "--base k")


def test_a_repeated_boot_counts_once() -> None:
    """A boot that another run ended is repeated: its finished runs have two processes instead of one."""
    first, again = make.process([1.0] * 4, boot=0), make.process([2.0] * 4, boot=1)
    run = RunResult(KEY, "ok", meaning=make.CALL, processes=[first, again])
    turn = turn_of(make.guest([run]), 1, {}, first=False)
    (batches,) = turn.runs["null_call"].visits
    assert (batches.ticks == again.ticks).all()
    assert [one.number for one in turn.processes] == [batches.process]


def test_a_payload_file_is_an_arm_and_must_fit_the_guest(tmp_path: Path) -> None:
    guest = create("local", GuestOptions())
    built = build_payload(guest.os, guest.arch)
    assert built.makes_copies
    assert not replace(built, image=built.image.replace(b"apart", b"-----")).makes_copies
    arm = arms.make("base", str(built.path), "local", GuestOptions(), ())
    assert (arm.payload.image, arm.payload.build_id) == (built.image, built.build_id)
    assert not arms.is_payload(Path(__file__))
    foreign = bytearray(built.image)
    foreign[18:20] = (0xF3).to_bytes(2, "little")  # e_machine: RISC-V
    (tmp_path / "foreign").write_bytes(foreign)
    if guest.arch != "riscv64":
        with pytest.raises(UsageError, match="is a payload for riscv64"):
            arms.make("base", str(tmp_path / "foreign"), "local", GuestOptions(), ())
