"""Suites by name: every run in their file exists, and each name selects the documented runs."""

from __future__ import annotations

import pytest
from ferrule import paths, tomlfile
from ferrule.errors import UsageError
from ferrule.gate.selection import select
from ferrule.payload import suites
from ferrule.payload.key import RunKey
from ferrule.payload.plan import CAPACITY, RUNS, Plan, PlannedRun

NAMES = tuple(suites.named())


def test_the_suites_are_those_of_the_documentation() -> None:
    assert NAMES == ("quick", "standard", "full", "lmbench", "tails", "scale")


@pytest.mark.parametrize("name", NAMES)
def test_every_run_exists_and_the_suite_fits_into_a_plan(name: str) -> None:
    keys = select(name, "", "", ())
    assert len(keys) == len(set(keys)) <= RUNS
    assert len(Plan(runs=tuple(PlannedRun(key) for key in keys)).render()) < CAPACITY


@pytest.mark.parametrize("name", NAMES)
def test_every_item_of_the_file_is_in_its_suite(name: str) -> None:
    held = {key.workload for key in select(name, "", "", ())}
    assert {asked[0] for asked in suites.named()[name].asked} <= held


def test_standard_is_what_runs_without_a_name_and_full_is_more() -> None:
    whole = select("", "", "", ())
    assert select("standard", "", "", ()) == whole
    assert set(whole) < set(select("full", "", "", ()))
    assert len(select("quick", "", "", ())) < 40


def test_seconds_of_doing_nothing_are_run_where_they_are_asked_for() -> None:
    idle = set(select("power", "", "", ()))
    assert {key.workload for key in idle} == {"idle"}
    assert not idle & set(select("", "", "", ()))
    assert idle <= set(select("full", "", "", ()))
    assert idle <= set(select("standard,power", "", "", ()))
    assert set(select("", "idle", "", ())) == idle  # named, it is run without its suite


def test_the_classic_table_and_the_curve() -> None:
    assert {"context_switch[procs=8,size=16]", "zero_read[size=1]"} <= set(
        map(str, select("lmbench", "", "same_core", ()))
    )
    curve = [str(key) for key in select("scale", "null_call", "same_core", ())]
    assert curve == [f"null_call[{kind}={n}]" for kind in ("threads", "procs") for n in (1, 2, 4, 8, 16)]


def test_suites_and_families_are_added_up() -> None:
    both = set(select("quick,net", "", "", ()))
    assert both == set(select("quick", "", "", ())) | set(select("net", "", "", ()))


def test_where_no_suite_is_named_every_run_may_be_meant() -> None:
    own = [RunKey("idle")]
    assert suites.keys_in((), "power", own, ()) == []  # `standard` is without them
    assert suites.keys_in((), "power", own, (), every=True) == own
    assert suites.keys_in(("quick",), "power", own, (), every=True) == []  # `every` does not change a named suite


def test_a_name_that_is_none_is_refused_with_all_there_are() -> None:
    with pytest.raises(
        UsageError, match=r"--suite opera: no such suite; there are: control, .*, quick, standard, full"
    ):
        select("opera", "", "", ())


def test_the_file_says_for_each_what_it_is_for() -> None:
    for name, table in tomlfile.read(paths.suites() / "named.toml").items():
        assert table["what"], name
