"""Energy counters and sleep states, from made-up /sys trees."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ferrule.campaign.progress import Progress
from ferrule.power import energy, metal
from ferrule.power.energy import Drawn
from ferrule.power.refusal import NotMeasurable

RANGE = 262143328850  # as real packages report it


def zone(root: Path, name: str, text: str, microjoules: object, span: object = RANGE) -> Path:
    folder = root / "sys/class/powercap" / name
    folder.mkdir(parents=True)
    for file, content in (("name", text), ("energy_uj", microjoules), ("max_energy_range_uj", span)):
        (folder / file).write_text(f"{content}\n")
    return folder


def state(root: Path, place: str, name: str, usage: tuple[int, int]) -> Path:
    folder = root / "sys/devices/system/cpu" / place
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in (("name", name), ("time", usage[0]), ("usage", usage[1])):
        (folder / file).write_text(f"{content}\n")
    return folder


def setting(*values: tuple[Path, object]) -> Callable[[], None]:
    """An action to measure: it advances the machine's counters."""

    def act() -> None:
        for file, value in values:
            file.write_text(f"{value}\n")

    return act


def test_packages_are_added_up_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    first, second = (
        zone(tmp_path, "intel-rapl:0", "package-0", 1_000_000),
        zone(tmp_path, "intel-rapl:1", "package-1", 5),
    )
    inside = zone(tmp_path, "intel-rapl:0:0", "core", 700_000)
    whole = zone(tmp_path, "intel-rapl:2", "psys", 9)
    act = setting(
        (first / "energy_uj", 3_500_000), (second / "energy_uj", 500_005),
        (inside / "energy_uj", 9_000_000), (whole / "energy_uj", 99_000_000),
    )  # fmt: skip
    drawn = energy.drawn(act, tmp_path)
    assert isinstance(drawn, Drawn)
    assert drawn.joules == pytest.approx(3.0)


def test_a_counter_that_wraps_around_is_followed(tmp_path: Path) -> None:
    one = zone(tmp_path, "intel-rapl:0", "package-0", RANGE - 1_000_000)
    drawn = energy.drawn(setting((one / "energy_uj", 2_000_000)), tmp_path)
    assert isinstance(drawn, Drawn)
    assert drawn.joules == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("name", "text", "microjoules", "why"),
    [
        (None, "", 0, "no RAPL package"),
        ("intel-rapl:0", "psys", 1, "no RAPL package"),
        ("intel-rapl:0", "package-0", "", "invalid literal"),
        ("intel-rapl:0", "package-0", "many", "invalid literal"),
    ],
)
def test_what_shows_no_energy_says_why(
    tmp_path: Path, name: str | None, text: str, microjoules: object, why: str
) -> None:
    if name:
        zone(tmp_path, name, text, microjoules)
    ran: list[int] = []
    drawn = energy.drawn(lambda: ran.append(1), tmp_path)
    assert isinstance(drawn, NotMeasurable)
    assert str(drawn).startswith("not measurable here: ")
    assert why in drawn.reason
    assert ran == [1], "the action runs in any case"


def test_an_operation_is_what_is_drawn_beyond_idling_as_long() -> None:
    assert energy.of_operation(Drawn(11.0, 2.0), Drawn(15.0, 5.0), 1_000_000) == pytest.approx(5e-6)


def test_residency_is_a_share_of_all_cpus_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([100.0, 110.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    files = [
        (
            state(tmp_path, f"cpu{cpu}/cpuidle/state0", "C1", (1000, 7)),
            state(tmp_path, f"cpu{cpu}/cpuidle/state1", "C6", (0, 0)),
        )
        for cpu in (0, 1)
    ]
    values = [
        (folder / name, value)
        for (shallow, deep), deeper in zip(files, (4_000_000, 8_000_000), strict=True)
        for folder, name, value in (
            (shallow, "time", 1_001_000), (shallow, "usage", 57), (deep, "time", deeper), (deep, "usage", 20),
        )
    ]  # fmt: skip
    found = energy.residency(setting(*values), tmp_path)
    assert not isinstance(found, NotMeasurable)
    assert {one.state: (round(one.share, 6), one.entries) for one in found} == {"C1": (0.1, 10.0), "C6": (0.6, 4.0)}


def test_a_machine_without_sleep_states_says_so(tmp_path: Path) -> None:
    found = energy.residency(lambda: None, tmp_path)
    assert isinstance(found, NotMeasurable)
    assert "no sleep state" in found.reason


def test_this_machine_is_reported_with_figures_or_reasons(tmp_path: Path) -> None:
    text = metal.report(metal.look(Progress(), tmp_path, seconds=0.01))
    assert text.count("not measurable here: there is no RAPL package") == 2
    assert "no sleep state" in text
    zone(tmp_path, "intel-rapl:0", "package-0", 10)
    state(tmp_path, "cpu0/cpuidle/state0", "C1", (5, 5))
    seen = metal.look(Progress(), tmp_path, seconds=0.01)
    assert seen.idle == Drawn(0.0, seen.idle.seconds if isinstance(seen.idle, Drawn) else -1)
    assert seen.trip == 0.0, "a counter that stands still"
    assert "0.0%, 0 entries a second" in metal.report(seen)
