"""The instrument on a real boot: sums, functions, crossings, stacks, and instructions that were put in on purpose."""

from __future__ import annotations

import io

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from ferrule import guests
from ferrule.anatomy.measure import Found, measure
from ferrule.anatomy.profile import Profile
from ferrule.campaign.progress import Progress
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_for
from ferrule.payload.key import RunKey
from ferrule.payload.registry import workloads
from ferrule.records.samples import WITHOUT

from tests.anatomy.conftest import CANARY, KEYS


def of(found: Found, workload: str) -> Profile:
    return next(one for one in found.profiles if one.workload.partition("[")[0] == workload)


def own(profile: Profile) -> dict[str, float]:
    return {profile.functions[one].short: count for one, count in profile.exclusive().items()}


def test_every_workload_has_a_profile_and_its_sum_is_what_it_counts(floor: Found) -> None:
    """A workload whose sum differs from its batch's ticks would be missing; the sum by function is the value again."""
    assert floor.missing == {}
    assert len(floor.profiles) == len(KEYS)
    for profile in floor.profiles:
        assert sum(profile.exclusive().values()) == pytest.approx(profile.value, abs=1e-6)
        assert any("batches of a boot without the instrument counted the same" in note for note in profile.notes)


def test_a_call_is_two_instructions_of_the_payload_and_three_of_the_kernel(floor: Found) -> None:
    profile = of(floor, "null_call")
    assert own(profile) == {"call_entry": 3, "workload_loop": 2}
    rows = {name: row for name, row in profile.made_of.items() if row.high}
    assert {name: (row.value, row.low, row.high) for name, row in rows.items()} == {
        "payload": (2, 2, 2),
        "kernel": (3, 3, 3),
        "syscall": (1, 1, 1),
        "sysret": (1, 1, 1),
        "code_lines": (2, 2, 2),
        "pages": (2, 2, 2),
    }


def test_a_fault_is_one_exception_and_its_instruction_counts_once(floor: Found) -> None:
    profile = of(floor, "page_fault")
    assert profile.made_of["exception"].value == 1
    assert profile.made_of["iret"].value == 1
    assert profile.made_of["interrupts"].value == 0
    assert profile.interrupted == 0


def test_interrupts_of_two_cpus_are_distinguished_from_exceptions(floor: Found) -> None:
    profile = of(floor, "ipi_wakeup")
    assert profile.made_of["interrupts"].value == pytest.approx(2, abs=0.01)
    assert profile.made_of["exception"].value == 0
    assert profile.interrupted > 0


def test_context_switches_keep_their_callers(floor: Found) -> None:
    """A round trip: the functions of both ends are below their own programs, despite the kernel's switches."""
    profile = of(floor, "pipe_latency")
    assert profile.share == 1.0
    total = profile.inclusive()
    roots = {profile.functions[n.function].short: total[i] for i, n in enumerate(profile.nodes) if n.parent < 0}
    assert roots["echo"] > 100
    assert sum(roots.values()) == pytest.approx(profile.value)
    assert profile.made_of["cr3"].value == pytest.approx(2)


@pytest.mark.parametrize("nops", [1, 7])
def test_instructions_put_into_the_payload_are_found_at_their_address_in_their_function(nops: int) -> None:
    """The sled is entered `nops` NOPs before its end: these and no others are executed, once an operation."""
    plain = measure("floor", GuestOptions(), [CANARY[0]], Progress(), batches=3)
    more = measure("floor", GuestOptions(), [CANARY[nops]], Progress(), batches=3)
    assert (plain.missing, more.missing) == ({}, {})
    before, after = (own(found.profiles[0]) for found in (plain, more))
    change = {name: after.get(name, 0) - before.get(name, 0) for name in {*before, *after}}
    assert {name: more for name, more in change.items() if more} == {"canary_sled": nops}
    start, end, code = sled()
    wanted = {end - one: 1.0 for one in range(1, nops + 1)}
    assert within(plain, start, end) == {}
    assert within(more, start, end) == wanted
    assert code == b"\x90" * (end - start)


def sled() -> tuple[int, int, bytes]:
    """Start and end address of the payload's NOPs, from its symbols, and their bytes."""
    payload = build_for(guests.create("floor", GuestOptions(accel="icount")), ())
    elf = ELFFile(io.BytesIO(payload.image))
    table = elf.get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    at = {one.name: one["st_value"] for one in table.iter_symbols()}
    start, end = at["canary_sled"], at["canary_sled_end"]
    part = next(one for one in elf.iter_segments("PT_LOAD") if 0 <= start - one["p_vaddr"] < one["p_filesz"])
    return start, end, part.data()[start - part["p_vaddr"] : end - part["p_vaddr"]]


def within(found: Found, start: int, end: int) -> dict[int, float]:
    """How often an operation executes each instruction at the payload's addresses in a range."""
    executed = {int(at, 16): count for at, count in found.profiles[0].payload_at.items()}
    return {at: count for at, count in executed.items() if start <= at < end}


def test_a_workload_that_is_not_ported_is_missing_with_its_status() -> None:
    found = measure("floor", GuestOptions(), [RunKey("fd_passing")], Progress(), batches=1)
    assert found.profiles == ()
    assert found.missing["fd_passing"].partition(":")[0] in WITHOUT


def test_every_workload_at_once(floor: Found) -> None:
    """Each workload is either profiled to the instruction, or missing because the guest does not support it."""
    keys = tuple(RunKey(name) for name in workloads())
    found = measure("floor", GuestOptions(), keys, Progress(), batches=1)
    assert len(found.profiles) + len(found.missing) == len(keys)
    assert len(found.profiles) > 30
    why = {reason.partition(":")[0] for reason in found.missing.values()}
    assert why <= {"absent", "unsupported"}, found.missing
