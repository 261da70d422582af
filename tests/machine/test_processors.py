"""Processors as fabricated /proc and /sys files report them: threads, packages, kinds, and each CPU's model."""

from __future__ import annotations

from pathlib import Path

import pytest
from ferrule.machine import host
from ferrule.machine.processors import Processors
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hosts import CPU, XEON, host_of, look

PLAIN = [[0], [1], [2], [3]]
SMT = [[0, 4], [1, 5], [2, 6], [3, 7]]
NEIGHBOURS = [[0, 1], [2, 3]]
ONE_CORE = [[0, 1]]
TWO_SOCKETS = {0: 0, 2: 0, 1: 1, 3: 1}  # numbered in turn, as many servers are
CORTEX = {"CPU implementer": "0x41", "CPU architecture": "8", "CPU variant": "0x1", "CPU revision": "0"}
LITTLE, BIG = CORTEX | {"CPU part": "0xd05"}, CORTEX | {"CPU part": "0xd0a", "CPU variant": "0x2"}


@pytest.mark.parametrize(
    ("cores", "packages", "homes", "placement"),
    [
        (PLAIN, {}, (3, 2), "cross core"),
        (SMT, {}, (7, 6), "cross core"),
        (NEIGHBOURS, {}, (3, 1), "cross core"),
        (ONE_CORE, {}, (1, 0), "smt siblings"),
        ([[0]], {}, (0,), "same core"),
        (PLAIN, TWO_SOCKETS, (3, 1), "cross core"),
        ([[0], [1]], {0: 0, 1: 1}, (1, 0), "other package"),
        ([[0, 2], [1, 3]], {0: 0, 2: 0, 1: 1, 3: 1}, (3, 0), "other package"),
    ],
)
def test_ends_live_on_two_cores_where_there_are_two(
    cores: list[list[int]], packages: dict[int, int], homes: tuple[int, ...], placement: str, tmp_path: Path
) -> None:
    texts = look(host_of(tmp_path, cores, packages=packages))
    found = Processors(texts)
    if placement == "other package" and len(homes) == 2:
        homes = found.homes()
        assert {packages[cpu] for cpu in homes} == {0, 1}
    assert found.homes() == homes
    assert host.facts(texts, homes).get("host.placement", "") == placement


@pytest.mark.parametrize(
    ("asked", "placement"),
    [((7, 3), "smt siblings"), ((7, 6), "cross core"), ((5, 5), "same core"), ((5,), "same core"), ((), "")],
)
def test_the_placement_of_cpus_that_the_user_names(asked: tuple[int, ...], placement: str, tmp_path: Path) -> None:
    assert host.facts(look(host_of(tmp_path, SMT)), asked).get("host.placement", "") == placement


def test_cores_by_their_numbers_where_no_list_is(tmp_path: Path) -> None:
    host_of(tmp_path, NEIGHBOURS)
    for path in tmp_path.rglob("thread_siblings_list"):
        path.unlink()
    assert Processors(look(tmp_path)).homes() == (3, 1)


def test_a_sibling_that_may_not_be_used_is_no_home(tmp_path: Path) -> None:
    assert Processors(look(host_of(tmp_path, NEIGHBOURS, allowed="2-3"))).homes() == (3, 2)
    assert Processors(look(tmp_path)).placement((3, 2)) == "smt siblings"


def test_performance_cores_come_first(tmp_path: Path) -> None:
    """As Alder Lake numbers them: the efficiency cores last."""
    kinds = {"sys/devices/cpu_core/cpus": "0-3", "sys/devices/cpu_atom/cpus": "4-7"}
    texts = look(host_of(tmp_path, [[0, 1], [2, 3], [4], [5], [6], [7]], files=kinds))
    assert Processors(texts).homes() == (3, 1)
    assert host.facts(texts, (3, 1))["host.kinds"] == "performance core; performance core"
    assert host.facts(texts, (3, 7))["host.kinds"] == "performance core; efficiency core"


def test_one_performance_core_is_not_paired_with_its_own_thread(tmp_path: Path) -> None:
    kinds = {"sys/devices/cpu_core/cpus": "0-1", "sys/devices/cpu_atom/cpus": "2-5"}
    texts = look(host_of(tmp_path, [[0, 1], [2], [3], [4], [5]], files=kinds))
    assert Processors(texts).homes() == (1, 5)
    assert host.facts(texts, (1, 5))["host.kinds"] == "performance core; efficiency core"


def test_a_hybrid_whose_other_cores_are_off_has_one_kind(tmp_path: Path) -> None:
    texts = look(host_of(tmp_path, PLAIN, files={"sys/devices/cpu_core/cpus": "0-3", "sys/devices/cpu_atom/cpus": ""}))
    assert "host.kinds" not in host.facts(texts, (3, 2))


@pytest.mark.parametrize("midr", [True, False])
def test_big_cores_come_first_by_capacity(midr: bool, tmp_path: Path) -> None:
    """The big ones first, as some vendors number them."""
    files = {f"{CPU}/cpu{cpu}/cpu_capacity": "1024" if cpu < 2 else "446" for cpu in range(4)}
    if midr:
        identity = {0: "0x00000000412fd0a0", 2: "0x00000000411fd050"}
        files |= {f"{CPU}/cpu{cpu}/regs/identification/midr_el1": identity[0 if cpu < 2 else 2] for cpu in range(4)}
    texts = look(host_of(tmp_path, PLAIN, processor={0: BIG, 1: BIG, 2: LITTLE, 3: LITTLE}, files=files))
    assert Processors(texts).homes() == (1, 0)
    facts = host.facts(texts, (1, 3))
    assert facts["host.kinds"] == "part 0xd0a, capacity 1024; part 0xd05, capacity 446"
    assert [facts[f"host.cpu.{name}"] for name in ("model", "variant", "implementer")] == ["0xd0a", "0x2", "0x41"]
    assert host.facts(texts, (3, 1))["host.cpu.part"] == "0xd05"


def test_big_cores_by_part_and_clock_where_no_capacity_is_known(tmp_path: Path) -> None:
    files = {f"{CPU}/cpu{cpu}/cpufreq/cpuinfo_max_freq": "2400000" if cpu == 0 else "1800000" for cpu in range(4)}
    texts = look(host_of(tmp_path, PLAIN, processor={0: BIG, 1: LITTLE, 2: LITTLE, 3: LITTLE}, files=files))
    assert Processors(texts).homes() == (0, 3)
    assert host.facts(texts, (0, 3))["host.kinds"] == "part 0xd0a; part 0xd05"


def test_the_measured_cpu_is_reported_and_not_the_first(tmp_path: Path) -> None:
    processor = {cpu: XEON | {"stepping": str(cpu), "microcode": f"0x2b{cpu}"} for cpu in range(4)}
    files = {f"{CPU}/cpu{cpu}/cpufreq/scaling_governor": "powersave" if cpu == 0 else "performance" for cpu in range(4)}
    files |= {f"{CPU}/cpu{cpu}/cpufreq/cpuinfo_max_freq": f"{cpu + 2}500000" for cpu in range(4)}
    facts = host.facts(look(host_of(tmp_path, PLAIN, processor=processor, files=files)), (3, 2))
    names = ("model", "vendor", "family", "model_number", "stepping", "microcode", "max_mhz")
    assert [facts[f"host.cpu.{name}"] for name in names] == ["Xeon", "GenuineIntel", "6", "143", "3", "0x2b3", "5500"]
    assert facts["host.governor"] == "performance"
    unpinned = host.facts(look(tmp_path), ())
    assert unpinned["host.governor"] == "powersave; performance"
    assert unpinned["host.cpu.model"] == "Xeon"


def test_older_arm_kernels_name_the_processor_below_all_cpus(tmp_path: Path) -> None:
    host_of(tmp_path, [[0], [1]], processor={})
    names = "".join(f"{key}\t: {value}\n" for key, value in BIG.items())
    (tmp_path / "proc/cpuinfo").write_text(f"processor\t: 0\nprocessor\t: 1\n\nFeatures\t: fp\n{names}")
    assert host.facts(look(tmp_path), (1, 0))["host.cpu.part"] == "0xd0a"


def test_an_offline_cpu_is_no_home(tmp_path: Path) -> None:
    found = Processors(look(host_of(tmp_path, PLAIN, online="0-2")))
    assert found.homes() == (2, 1)
    assert found.present - found.online == {3}


@given(st.sets(st.integers(100_000, 200_000), min_size=1))
def test_homes_are_the_last_ones_where_nothing_is_known(allowed: set[int]) -> None:
    assert Processors({}).homes(allowed) == tuple(sorted(allowed, reverse=True)[:2])


@given(st.dictionaries(st.sampled_from(["/proc/cpuinfo", "/proc/self/status", f"/{CPU}/present"]), st.text()))
def test_nonsense_of_another_host_is_nothing(texts: dict[str, str]) -> None:
    assert all(isinstance(text, str) for text in host.facts(texts, (0, 1)).values())


def test_this_host_has_its_own_cpus() -> None:
    found = Processors(host.look())
    assert set(found.homes()) <= found.allowed <= found.online <= found.present
