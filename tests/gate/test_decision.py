"""The exact gate's decision: figures in, verdicts out, nothing measured."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ferrule.gate.baseline import Entry, Fault
from ferrule.gate.decide import STRICT, Rule, judge
from ferrule.gate.formats import table
from ferrule.gate.reading import Reading
from ferrule.gate.verdict import Finding, Report, Verdict
from ferrule.payload.key import RunKey
from ferrule.records.samples import Meaning, RunResult, Status
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.gate_findings import BATCHES, RUN, exact, path, reading

RULE = Rule()
whole = st.integers(5, 10**6)


def verdict(new: Reading | None, entry: Entry | None, rule: Rule = RULE, run: RunResult = RUN) -> Finding:
    found = judge("linux", run, new, entry, batches=BATCHES, rule=rule)
    assert found is not None
    return found


@given(whole, st.integers(2, 5))
def test_the_same_count_is_ok(count: int, boots: int) -> None:
    found = verdict(reading([count] * boots), exact(count))
    assert (found.verdict, found.difference, found.why) == (Verdict.OK, 0, "unchanged")


@given(st.integers(1, 10**6), st.integers(-4000, 4000).filter(bool))
def test_an_exact_count_fails_beyond_half_a_percent_or_two_instructions_that_are_little(count: int, more: int) -> None:
    assume(count / 2 < count + more)
    found = verdict(reading([count + more] * 2), exact(count))
    beyond = abs(more) > max(0.005 * count, min(2, 0.02 * count))
    expected = Verdict.OK if not beyond else Verdict.REGRESSED if more > 0 else Verdict.IMPROVED
    assert found.verdict is expected
    assert found.difference == more
    assert f"{count} -> {count + more}, {more:+d} instructions" in found.why, "any change is reported with its figures"


@given(st.integers(1, 10**6))
def test_strict_fails_one_instruction_more(count: int) -> None:
    assert verdict(reading([count + 1] * 2), exact(count)).verdict is (Verdict.OK if count >= 50 else Verdict.REGRESSED)
    assert verdict(reading([count + 1] * 2), exact(count), STRICT).verdict is Verdict.REGRESSED
    assert verdict(reading([count] * 2), exact(count), STRICT).verdict is Verdict.OK


@given(st.floats(1000, 1e6), st.floats(-0.2, 0.2))
def test_a_path_count_fails_beyond_two_percent(count: float, change: float) -> None:
    assume(abs(abs(change) - 0.02) > 1e-6)
    old = path(count, count * 1.001, count * 0.999)
    new = verdict(reading([count * (1 + change), count * (1 + change) * 1.0005]), old)
    middle = new.percent
    assert middle is not None
    assume(abs(abs(middle) - 2) > 1e-3)
    assert new.verdict is (Verdict.OK if abs(middle) < 2 else Verdict.REGRESSED if middle > 0 else Verdict.IMPROVED)


@given(whole, st.integers(0, 50), st.integers(-60, 60))
def test_allow_gates_every_instruction_beyond_it(count: int, allowed: int, more: int) -> None:
    assume(count / 2 < count + more)
    found = verdict(reading([count + more] * 2), exact(count), Rule(every=float(allowed)))
    beyond = abs(more) > allowed
    assert found.verdict is (Verdict.OK if not beyond else Verdict.REGRESSED if more > 0 else Verdict.IMPROVED)


def test_one_of_five_instructions_is_a_regression_and_the_head_states_the_rule() -> None:
    found = verdict(reading([6, 6]), exact(5))
    assert (found.verdict, found.why) == (Verdict.REGRESSED, "5 -> 6, +1 instructions (+20.00 %); allowed +0.10")
    head = table.render(Report((found,), allowed=str(Rule()))).splitlines()[0]
    assert head.startswith(
        "allowed: of exact counts 0.5 %, or 2 instructions up to 2 %; of path counts 2 times the spread"
    )
    assert "of exact counts 0 instructions more or less" in str(STRICT)
    assert "of exact counts 1 instruction more or less" in str(Rule(every=1.0))


@pytest.mark.parametrize(
    ("boots", "new", "expected"),
    [
        ((1000, 1000, 1000), 1019, Verdict.OK),  # no spread: 2 %
        ((1000, 1000, 1000), 1021, Verdict.REGRESSED),
        ((990, 1000, 1006), 1031, Verdict.OK),  # 1.6 %: 3.2 %
        ((990, 1000, 1006), 1034, Verdict.REGRESSED),
        ((1000, 1000, 1080), 1049, Verdict.OK),  # 8 %: at most 5 %
        ((1000, 1000, 1080), 1057, Verdict.INCONCLUSIVE),  # no verdict within the range of the baseline's own boots
        ((1000, 1000, 1080), 1090, Verdict.REGRESSED),
        ((95_453, 120_000, 2_500_000), 126_804, Verdict.INCONCLUSIVE),
    ],
)
def test_the_spread_of_boots_decides_how_much_a_path_count_may_differ(
    boots: tuple[int, ...], new: int, expected: Verdict
) -> None:
    found = verdict(reading([new, new]), path(*boots))
    assert found.verdict is expected, found.why
    if expected is Verdict.INCONCLUSIVE:
        assert "the baseline's own boots differ by" in found.why


def test_path_counts_whose_boots_overlap_are_inconclusive() -> None:
    assert verdict(reading([1005, 1200]), path(1000, 1000, 1010)).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("new", "entry", "words"),
    [
        (reading([-3, -3]), exact(300), "below zero"),
        (reading([0, 0]), exact(300), "now nothing"),
        (reading([150, 150]), exact(300), "halved"),
        (reading([4000, 4000]), path(9000, 9100), "halved"),
        (reading([300, 300], batches=(15, 14)), exact(300), "14 batches arrived of 15"),
        (reading([300, 300], unit="ns"), exact(300), "unit changed from instructions to ns"),
        (reading([300, 300], meaning=Meaning("round_trip")), exact(300), "meaning changed"),
        (reading([300, 300], place="free"), exact(300), "placement changed"),
        (reading([300, 300], params=(("size", 2),)), exact(300), "parameters changed"),
        (reading([300, 300], sizes=(512, 256)), exact(300), "512 and 256"),
        (reading([300, 300], sizes=(256, 256)), exact(300), "batch size changed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_believed(new: Reading, entry: Entry, words: str) -> None:
    found = verdict(new, entry)
    assert found.verdict is Verdict.IMPLAUSIBLE
    assert words in found.why
    assert Report((found,)).exit_code == 3


@pytest.mark.parametrize(
    ("new", "entry"),
    [
        (reading([600, 600]), exact(300)),
        (reading([2, 2]), exact(1)),
        (reading([20000, 20000]), path(9000, 9100)),
        (reading([30000] * 2), exact(300)),
    ],
)
def test_what_doubles_is_a_regression_with_a_warning(new: Reading, entry: Entry) -> None:
    found = verdict(new, entry)
    assert found.verdict is Verdict.REGRESSED
    assert "it doubled, or worse: check" in found.why
    assert Report((found,)).exit_code == 1


def test_what_costs_nothing_may_go_on_doing_so() -> None:
    assert verdict(reading([0, 0]), exact(0)).verdict is Verdict.OK
    assert verdict(reading([1, 1]), exact(0)).verdict is Verdict.REGRESSED


@pytest.mark.parametrize(
    ("status", "new", "expected", "words", "codes"),
    [
        ("wrong", None, Verdict.KNOWN, "wrong: not what it says; as in the baseline", (0, 0)),
        ("hung", None, Verdict.INCONCLUSIVE, "was wrong (it lied), now hung: not what it says", (0, 3)),
        ("unsupported", None, Verdict.INCONCLUSIVE, "was wrong (it lied), now unsupported", (0, 3)),
        ("ok", reading([300, 300]), Verdict.IMPROVED, "was wrong, and now counts 300; keep it", (0, 0)),
        ("ok", reading([300, 300], batches=(15, 3)), Verdict.IMPLAUSIBLE, "3 batches arrived of 15", (3, 3)),
    ],
)
def test_a_known_fault_is_known_and_a_change_of_it_is_reported(
    status: Status, new: Reading | None, expected: Verdict, words: str, codes: tuple[int, int]
) -> None:
    run = RunResult(RunKey("null_call"), status, "not what it says")
    found = judge("aero", run, new, None, batches=BATCHES, rule=RULE, fault=Fault("wrong", "it lied"))
    assert found is not None
    assert found.verdict is expected
    assert (Report((found,)).exit_code, Report((found,), strict=True).exit_code) == codes
    assert words in found.why


def test_a_lost_run_is_not_believed_and_a_new_refusal_neither() -> None:
    statuses: tuple[Status, ...] = ("crashed", "unsupported", "missing")
    for status in statuses:
        run = RunResult(RunKey("null_call"), status, "why")
        assert verdict(None, exact(300), run=run).verdict is Verdict.IMPLAUSIBLE


def test_what_the_guest_never_supported_is_left_out() -> None:
    run = RunResult(RunKey("open_close"), "unsupported", "os_open: errno 38")
    assert judge("floor", run, None, None, batches=BATCHES, rule=RULE) is None


def test_a_new_workload_breaks_no_build() -> None:
    found = verdict(reading([300, 300]), None)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert Report((found,), strict=True).exit_code == 0


def test_a_count_that_is_no_longer_exact_is_inconclusive() -> None:
    assert verdict(reading([300, 300], share=0.4), exact(300)).verdict is Verdict.OK
    unsure = verdict(reading([305, 305], share=0.4), exact(300))
    assert unsure.verdict is Verdict.INCONCLUSIVE
    assert (Report((unsure,)).exit_code, Report((unsure,), strict=True).exit_code) == (0, 3)
    assert verdict(reading([310, 310], share=0.4), exact(300)).verdict is Verdict.REGRESSED


@pytest.mark.parametrize(
    ("values", "verdict_", "code"),
    [
        ([323, 325], Verdict.INCONCLUSIVE, 0),
        ([323, 400], Verdict.INCONCLUSIVE, 0),
        ([300, 323], Verdict.INCONCLUSIVE, 0),
        ([324, 325], Verdict.INCONCLUSIVE, 0),
        ([400, 402], Verdict.REGRESSED, 1),
        ([800, 402, 403, 404, 405], Verdict.REGRESSED, 1),
        ([240, 250], Verdict.IMPROVED, 0),
    ],
)
def test_boots_that_disagree_on_an_exact_count_are_a_finding_of_that_row(
    values: list[int], verdict_: Verdict, code: int
) -> None:
    found = verdict(reading(values), exact(323))
    assert found.verdict is verdict_
    assert found.why.startswith(f"varies: was exact 323, {len(values)} boots counted {min(values)} to {max(values)}")
    others = (verdict(reading([5, 5]), exact(5)), verdict(reading([70, 70]), exact(70)))
    assert Report((found, *others)).exit_code == code
    assert Report((found, verdict(reading([9, 9]), exact(5)))).exit_code == 1
    assert Report((found, *others), strict=True).exit_code == (code or (3 if verdict_ is Verdict.INCONCLUSIVE else 0))


@given(st.lists(whole, min_size=1, max_size=5), st.floats(0.01, 1))
def test_exact_needs_half_the_batches_and_two_equal_boots(values: list[int], share: float) -> None:
    found = reading(values, share)
    expected = len(values) > 1 and len(set(values)) == 1 and share >= 0.5
    assert found.kind == ("exact" if expected else "path")
    assert min(values) <= found.value <= max(values)


def test_exit_codes() -> None:
    ok = verdict(reading([300, 300]), exact(300))
    bad, better = verdict(reading([400, 400]), exact(300)), verdict(reading([200, 200]), exact(300))
    odd = verdict(reading([100, 100]), exact(300))
    assert Report((ok,)).exit_code == 0
    assert Report((ok, better)).exit_code == 0
    assert Report((ok, bad, odd)).exit_code == 1
    assert Report((ok, odd)).exit_code == 3
    assert Report((ok, bad), failures=("boots disagree",)).exit_code == 3
    assert Report((ok,), ungated=("linux: no baseline",)).exit_code == 3
    assert Report((bad,), ungated=("linux: no baseline",)).exit_code == 1
    assert Report(()).exit_code == 3, "a gate that compared nothing has not passed"
    assert Report((replace(bad, verdict=Verdict.OK),), compared=False).exit_code == 0
