"""The validation, short: known differences are found, unchanged systems give no alarm, broken rules are detected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from ferrule.stats.interval import median_interval
from ferrule.validate import coverage, from_runs, mutation, resampling, synthetic
from ferrule.validate.bench import ARMS
from ferrule.validate.cost import measure
from ferrule.validate.families import family, gated, injected, p_values, power, resampled, values
from ferrule.validate.from_runs import broken_rules, drifting, known_slowdowns, nothing_differs
from ferrule.validate.runs import Run
from ferrule.validate.synthetic import CENTRE, Floats, Shape

WORKLOADS = ("null_call", "pipe_latency", "page_fault", "open_close", "empty_loop")
HZ, N, VISITS, BATCHES = 2e9, 1000, 3, 8


def full_run(
    seed: int,
    *,
    rounds: int = 60,
    sd: float = 0.005,
    drift: float = 0.0,
    moment: float = 0.02,
    wander: float = 0.0,
    processes: Sequence[int] = (1, 1, 1, 1, 1),
) -> Run:
    """A synthetic full run. All arguments but `seed`, `rounds` and `processes` are relative.

    Args:
        seed: of the random numbers.
        rounds: number of rounds.
        sd: scatter of processes.
        drift: of the costs, over the run.
        moment: scatter of rounds, common to the arms of a round.
        wander: scatter of the core's clock rate over processes.
        processes: of each workload, in an arm of a round.
    """
    draw = np.random.default_rng(seed)
    many = np.array(processes)
    most = int(many.max())
    shape = (rounds, len(ARMS), len(WORKLOADS), most)
    ran = np.array([[round(N * (1000 + more) / 1000)] * len(WORKLOADS) for more in ARMS])
    cost = 200.0 * np.exp(
        draw.normal(0, sd, shape)
        + draw.normal(0, moment, (rounds, 1, len(WORKLOADS), 1))
        + drift * np.linspace(0, 1, rounds)[:, None, None, None]
    )
    cost[:, :, WORKLOADS.index("empty_loop")] = 1e-9
    cost *= (slowness := np.exp(draw.normal(0, wander, (*shape[:2], 1, most))))
    noise = np.exp(np.abs(draw.normal(0, 0.002, (*shape, VISITS, BATCHES))))
    ticks = np.round(50 + ran[None, :, :, None, None, None] * (1.0 + cost[..., None, None]) * noise).astype(np.int64)
    pace = np.round(20_000 * slowness[..., None, None] * np.ones(ticks.shape)).astype(np.int64)
    run = np.arange(most) < many[:, None]  # (workloads, processes): whether it exists
    ticks, pace = (np.where(run[..., None, None], of, 0) for of in (ticks, pace))
    visits = np.full(len(WORKLOADS), VISITS)
    whole = np.full((rounds, len(ARMS), most), 1.0)
    order = np.argsort(draw.random((rounds, len(ARMS))), axis=1)
    return Run(
        seed=seed,
        arms=ARMS,
        workloads=WORKLOADS,
        ticks=ticks,
        pace=pace,
        processes=many,
        visits=visits,
        n=np.full(len(WORKLOADS), N),
        ran=ran,
        spin=np.zeros_like(ran),
        hz=whole * HZ,
        pair=whole * 50,
        loop=whole,
        order=order,
        load=np.zeros(rounds),
        began=0.0,
        multiplications=10_000,
        seconds=1.0,
        others=0.0,
        conditions={"os": "made up"},
    )


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return [full_run(seed) for seed in range(12)]


# --- coverage


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer draws: a true value known to 0.01 % is enough for intervals of one percent."""
    monkeypatch.setattr(synthetic, "TRUTH_VALUES", 3_000_000)
    monkeypatch.setattr(from_runs, "PSEUDO", 60)
    monkeypatch.setattr(from_runs, "DRAWS", 50)
    monkeypatch.setattr(from_runs, "POWER_DRAWS", 10)


def test_the_true_value_of_an_undisturbed_shape_is_its_centre() -> None:
    assert synthetic.truth(Shape(8, 3, 0.6)) == pytest.approx(CENTRE, rel=5e-4)
    assert synthetic.truth(Shape(1, 7)) == pytest.approx(CENTRE, rel=5e-4)
    assert synthetic.truth(Shape(8, 3, contamination=0.2)) > CENTRE * 1.0002  # a fifth of the batches raise the median


@pytest.mark.parametrize(
    ("what", "shape"),
    [
        ("centre", Shape(5, 3, 0.9, 0.2)),
        ("centre", Shape(8, 3, 0.6, 0.05, 0.001)),
        ("centre", Shape(20, 3)),
        ("centre", Shape(1, 7, 0.9, 0.05)),
        ("core cycles", Shape(1, 15, 0.6, 0.2)),
        ("throughput", Shape(8, 3, 0.6, 0.05)),
        ("ratio", Shape(8, 3, 0.6)),
        ("p99", coverage.timed_one_by_one(Shape(8, 3))),
    ],
    ids=str,
)
def test_intervals_have_their_nominal_coverage(what: str, shape: Shape) -> None:
    """600 sets give 95 % with a standard error of 0.9 %: the bounds of the full grid, plus three standard errors."""
    cell = coverage.measure(what, shape, 80 if what == "p99" else 600, seed=4)
    spread = 3 * (0.05 * 0.95 / cell.sets) ** 0.5
    assert coverage.LEAST - spread < cell.coverage <= min(1.0, coverage.MOST + spread)
    assert cell == coverage.measure(what, shape, cell.sets, seed=4)


def test_an_interval_over_pooled_batches_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutation for the coverage check, which must be able to fail."""

    def pooled(values: Floats, _: Shape) -> tuple[float | None, float | None]:
        found = median_interval(values.ravel())
        return found.low, found.high

    monkeypatch.setitem(coverage.MAKERS, "centre", (pooled, synthetic.batch_median))
    cell = coverage.measure("centre", Shape(8, 3, 0.6, 0.05), 200, seed=4)
    assert cell.coverage < 0.6
    assert not cell.good


def test_the_grid_has_all_combinations() -> None:
    several = [shape for shape in coverage.grid() if shape.boots > 1]
    assert {shape.boots for shape in several} == {5, 8, 20}
    assert {shape.processes for shape in several} == {3, 5}
    assert {shape.rho for shape in several} == {0.0, 0.6, 0.9}
    assert {shape.contamination for shape in several} == {0.0, 0.05, 0.2}
    assert len(several) == len(set(several)) == 3 * 2 * 3 * 3 * 2
    assert {what for what, _ in coverage.plan(coverage.grid(), coverage.few())} == {*coverage.MAKERS, "ratio"}


# --- families


def test_unchanged_systems_give_no_alarm(runs: list[Run]) -> None:
    real = [family(run) for run in runs]
    assert [run.workloads[at] for run in runs[:1] for at in gated(run)] == list(WORKLOADS[:4])  # no control
    assert [one.having("regressed") for one in real] == [[]] * len(runs)
    assert not any(one.having("regressed") for one in resampled(real, 60, 60, seed=5))
    p = np.concatenate(list(p_values(real).values()))
    assert p.size == 4 * len(runs)
    assert 0.2 < p.mean() < 0.8
    assert all(claim.met for claim in nothing_differs(runs, 5).claims[1:])  # the first one needs 30 runs


@pytest.mark.parametrize("more", [20, 50])
def test_a_known_slowdown_is_found_with_its_size(runs: list[Run], more: int) -> None:
    found = [one for run in runs for one in injected(run, more)]
    assert len(found) == 4 * len(runs)
    assert {one.verdict for one in found} == {"regressed"}
    turns = 1.0 + 1.0 / 200.0  # the loop is injected too, and subtracted only once
    assert [one.injected for one in found] == pytest.approx([more / 1000 * turns] * len(found), rel=1e-3)
    assert abs(np.mean([one.estimate - one.injected for one in found])) < 0.001
    assert np.mean([one.held() for one in found]) > 0.85
    assert sum(one.others for one in found) == 0


def test_multiplications_are_found_with_their_size() -> None:
    """A fiftieth of a batch of 1000 x 201 ticks, in multiplications; 10,000 of them take 20,000 ticks."""
    run = full_run(5)
    spun = np.zeros_like(run.ran)
    spun[2] = 2010
    ticks = run.ticks.copy()
    ticks[:, 2] = ticks[:, 0] + 2010 * 2
    found = injected(replace(run, ticks=ticks, ran=np.full_like(run.ran, N), spin=spun), 20)
    assert [one.injected for one in found] == pytest.approx([0.0201] * len(found), rel=0.01)
    assert [one.estimate for one in found] == pytest.approx([0.0201] * len(found), rel=0.01)


def test_an_arm_is_the_median_of_its_processes_and_nan_where_one_is_missing() -> None:
    run = full_run(3, sd=0.02, processes=(1, 1, 2, 1, 1))
    at = run.workloads.index("page_fault")
    alone = (replace(run, ticks=run.ticks[:, :, :, [one]], pace=run.pace[:, :, :, [one]]) for one in range(2))
    each = [values(one, at, (0, 1)) for one in alone]
    np.testing.assert_allclose(values(run, at, (0, 1)), np.mean(each, axis=0), rtol=1e-3)
    assert np.std(family(run).logs["page_fault"]) < 0.85 * np.std(family(run).logs["open_close"])
    gone = run.ticks.copy()
    gone[5, 1, at, 1] = 0
    torn = replace(run, ticks=gone)
    assert np.isnan(values(torn, at, (0, 1))[5]).tolist() == [False, True]
    assert family(torn).logs["page_fault"].size == 59


def test_a_slowdown_hidden_by_noise_is_inconclusive_and_never_ok() -> None:
    found = [one for seed in range(3) for one in injected(full_run(seed, sd=0.08), 20)]
    assert {one.verdict for one in found} == {"inconclusive"}
    shortfalls = {claim.what: claim.met for claim in known_slowdowns([full_run(1, sd=0.08)], 1).claims}
    assert shortfalls["+2 % found at 60 pairs, each workload"] is False
    assert shortfalls["+5 % called ok"] is True


def test_more_pairs_have_more_power() -> None:
    found = power([full_run(seed, sd=0.03) for seed in range(4)], 20, (30, 300), 40, seed=8)
    assert len(found) == 4
    for few, many in found.values():
        assert few < 0.5
        assert many > 0.9


def test_a_changing_clock_rate_is_corrected() -> None:
    """The clock varies more than the slowdown from process to process; the pace loop at each batch corrects that."""
    run = full_run(2, wander=0.05)
    found = injected(run, 20)
    assert {one.verdict for one in found} == {"regressed"}
    assert family(run).having("regressed") == []
    blind = injected(replace(run, pace=np.full_like(run.pace, 20_000)), 20)
    assert {one.verdict for one in blind} == {"inconclusive"}


def test_missing_executions_cost_their_pairs_only(runs: list[Run]) -> None:
    run = replace(runs[0], ticks=runs[0].ticks.copy())
    run.ticks[3, 0] = 0
    assert {d.size for d in family(run).logs.values()} == {59}
    assert {one.verdict for one in injected(run, 20)} == {"regressed"}


# --- broken rules: the checks above must be able to fail


@pytest.fixture(scope="module")
def drifted() -> list[Run]:
    """Runs ten percent slower at the end than at the start, whose processes scatter more than their batches."""
    return [full_run(seed, sd=0.02, drift=0.1) for seed in range(8)]


def test_pairs_are_not_affected_by_drift(drifted: list[Run]) -> None:
    assert [family(run).having("regressed") for run in drifted] == [[]] * len(drifted)
    assert all(claim.met for claim in drifting(drifted).claims)


def test_a_gate_that_pools_batches_fails_the_test() -> None:
    """Processes scatter ten times as much as their batches: pooled, batches are treated as independent."""
    scattered = [full_run(seed, sd=0.02, moment=0.0) for seed in range(12)]
    assert [family(run).having("regressed") for run in scattered] == [[]] * len(scattered)
    assert sum(bool(mutation.pooled(run)) for run in scattered) >= 4


def test_a_gate_that_measures_its_arms_one_after_the_other_fails_the_test(drifted: list[Run]) -> None:
    assert all(len(mutation.sequential(run)) == 4 for run in drifted)
    assert broken_rules(drifted).claims[1].met


def test_few_processes_cover_the_corpus_and_pooled_batches_do_not(drifted: list[Run]) -> None:
    drawn = resampling.draw(drifted, (10,), 300, seed=6)
    assert {one.corpus for one in drawn} == {8 * 60 * 2}
    assert all(min(one.processes, one.cycles) > 0.90 for one in drawn)
    assert all(one.pooled < 0.8 for one in drawn)


# --- the analysis


@pytest.fixture(scope="module")
def costs() -> dict[str, object]:
    return measure(7)


def test_two_hundred_workloads_take_little_memory_and_give_the_same_bytes(costs: dict[str, object]) -> None:
    assert isinstance(costs["seconds"], float)
    assert isinstance(costs["megabytes"], float)
    assert costs["seconds"] > 0.0  # `ferrule validate` checks the time
    assert costs["megabytes"] < 300.0
    assert costs["same"] is True
