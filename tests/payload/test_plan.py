"""The plan: C reads what Python renders, both parsers give the same result, and the order of runs is the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from ferrule import core
from ferrule.errors import UsageError
from ferrule.payload import plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import CAPACITY, Plan, PlannedRun
from hypothesis import given, settings
from hypothesis import strategies as st

U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)
I64 = st.integers(-(2**63), 2**63 - 1)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,30}", fullmatch=True)
PARAM_NAMES = NAMES.filter(lambda name: name not in plan.RESERVED)

RUN_KEYS = st.builds(
    RunKey,
    workload=NAMES,
    params=st.dictionaries(PARAM_NAMES, I64, max_size=6).map(lambda params: tuple(params.items())),
    place=st.sampled_from(plan.PLACES),
)
PLANS = st.builds(
    Plan,
    run=st.from_regex(r"[0-9a-z]{1,16}", fullmatch=True),
    seed=U64,
    boot=U32,
    process=U32,
    processes=U32,
    batches=U32,
    warm=U32,
    each=U32,
    target_ns=U64,
    limit_ns=U64,
    verify_only=st.booleans(),
    pin=st.booleans(),
    apart=st.booleans(),
    cpus=st.lists(U32, max_size=8).map(tuple),
    runs=st.lists(
        st.builds(PlannedRun, RUN_KEYS, U64, st.integers(0, plan.MORE), st.integers(0, plan.SPIN)), max_size=12
    ).map(tuple),
).flatmap(lambda one: st.integers(0, one.batches).map(lambda few: replace(one, control_batches=few)))

WORDS = [
    "w",
    "w ",
    "n=",
    "more=",
    "w a more=20",
    "spin=",
    "w a spin=1000",
    "w a spin=16777217",
    "1001",
    "place=free",
    "place=",
    "cpus=1,2",
    "cpus=",
    "verify=only",
    "pin=2",
    "apart=2",
    "control_batches=3",
    "run=ab",
    "seed",
    "seed=3",
    "w pipe size=1",
    "a",
    "_x",
    "9",
    "-1",
]
FRAGMENTS = st.sampled_from([*WORDS, " ", "\n", "\r\n", "=", "#", "\0", ",", "0" * 25, "18446744073709551616"])


@given(PLANS)
@settings(max_examples=40)
def test_both_read_what_is_rendered(wanted: Plan) -> None:
    text = wanted.render()
    assert plan.parse(text) == wanted
    assert core.parse_plan(text) == wanted


@given(st.one_of(st.lists(FRAGMENTS, max_size=14).map("".join), st.text("w =#-0129az_,\n\r", max_size=60)))
def test_both_parsers_agree_on_any_text(text: str) -> None:
    raw = text.encode()
    try:
        expected = plan.parse(raw)
    except UsageError as error:
        line = str(error).split(":")[1]
        with pytest.raises(UsageError) as refused:
            core.parse_plan(raw)
        assert str(refused.value).split(":")[1] == line  # the same line is blamed
    else:
        assert core.parse_plan(raw) == expected


def test_defaults_are_the_same_on_both_sides() -> None:
    assert core.parse_plan(b"") == Plan()
    assert core.parse_plan(Plan().render()) == Plan()


@pytest.mark.parametrize(("runs", "good"), [(320, True), (321, False)])
def test_neither_parser_takes_more_runs_than_there_is_room_for(runs: int, good: bool) -> None:
    text = b"w a\n" * runs
    for parser in (plan.parse, core.parse_plan):
        if good:
            assert len(parser(text).runs) == runs
        else:
            with pytest.raises(UsageError, match="line 321: more than 320 runs"):
                parser(text)


def test_the_section_ends_with_a_nul() -> None:
    text = b"seed=7\nw null_call\n\0w leftover\n"
    assert core.parse_plan(text).runs == plan.parse(text).runs == (PlannedRun(RunKey("null_call")),)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (Plan(run="A"), "run='A'"),
        (Plan(boot=2**32), "boot=4294967296"),
        (Plan(seed=-1), "seed=-1"),
        (Plan(cpus=tuple(range(9))), "9 cpus"),
        (Plan(runs=(PlannedRun(RunKey("Null")),)), "'Null'"),
        (Plan(runs=(PlannedRun(RunKey("a", (("n", 1),))),)), "'n'"),
        (Plan(runs=(PlannedRun(RunKey("a", (("more", 1),))),)), "'more'"),
        (Plan(runs=(PlannedRun(RunKey("a"), more=1001),)), "more=1001"),
        (Plan(runs=(PlannedRun(RunKey("a"), spin=1 << 25),)), "spin=33554432"),
        (Plan(runs=(PlannedRun(RunKey("a", (("x", 1), ("x", 2)))),)), "twice"),
        (Plan(runs=(PlannedRun(RunKey("a", (("x", 2**63),))),)), "64-bit"),
        (Plan(runs=(PlannedRun(RunKey("a", place="here")),)), "place 'here'"),
        (Plan(runs=(PlannedRun(RunKey("a")),) * 321), "321 runs"),
        (Plan(runs=(PlannedRun(RunKey("a" * 31, tuple((c * 31, 2**62) for c in "bcdefg"))),) * 80), "bytes"),
    ],
)
def test_what_the_payload_would_refuse_is_refused_before(bad: Plan, says: str) -> None:
    with pytest.raises(UsageError, match=f"^plan: .*{says}"):
        bad.render()


def test_a_full_section_keeps_its_nul() -> None:
    """The longest text that renders leaves room for the NUL after it."""
    runs = (PlannedRun(RunKey("a" * 31, tuple((c * 31, 2**62) for c in "bcd"))),) * 90
    longest = max((text for count in range(91) if (text := _rendered(Plan(runs=runs[:count])))), key=len)
    assert CAPACITY - 200 < len(longest) < CAPACITY
    assert core.parse_plan(longest.ljust(CAPACITY, b"\0")) == plan.parse(longest)


def _rendered(wanted: Plan) -> bytes:
    try:
        return wanted.render()
    except UsageError:
        return b""


@given(U64, U32, U32, st.integers(0, 320))
def test_the_order_is_one_permutation_on_both_sides(seed: int, boot: int, process: int, count: int) -> None:
    drawn = plan.order(seed, boot, process, count)
    assert sorted(drawn) == list(range(count))
    assert core.plan_order(seed, boot, process, count) == drawn


def test_the_order_is_what_was_published() -> None:
    """Stored results name their seed: the order that follows from it must never change."""
    assert plan.order(1, 2, 3, 10) == [1, 8, 9, 5, 4, 6, 3, 2, 7, 0]
    assert Plan(seed=1, boot=2, process=3, runs=(PlannedRun(RunKey("a")),) * 4).order() == plan.order(1, 2, 3, 4)


def test_every_order_is_equally_likely() -> None:
    """Chi-square over the 24 orders of four runs, 4800 processes: 49.7 is the 0.1 % point of 23 degrees."""
    seen = Counter(tuple(plan.order(42, boot, process, 4)) for boot in range(40) for process in range(120))
    assert len(seen) == 24
    assert sum((count - 200) ** 2 / 200 for count in seen.values()) < 49.7
