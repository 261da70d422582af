"""The Redox payload as a userland program, without a kernel: every workload in every supported era of the interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from ferrule.errors import ToolMissing
from ferrule.payload.build import build_payload, patch_plan
from ferrule.payload.registry import workloads
from ferrule.records.stream import Decoder, Record

unicorn = pytest.importorskip("unicorn", reason="unicorn is not here: pip install unicorn")

from tests.guests.test_redox_abi import VARIANTS, run  # noqa: E402
from tests.support.abi.machine import Violation  # noqa: E402
from tests.support.abi.redox_table import ERAS, TABLES  # noqa: E402
from tests.support.abi.redox_userland import NAMES, PROCESS, Userland  # noqa: E402
from tests.support.answers import Kernel, faults  # noqa: E402

PROBED = {"openat", "open"}  # calls that in one of the eras are only made as a probe
SENDING = ("os_fd_send", "os_fd_receive", "os_scheme_make")  # operations of the port since 2026-01
PROCESSES = ("os_process_start", "os_thread_start")  # since 2025-04


def image(text: str) -> bytes:
    try:
        return patch_plan(build_payload("redox", "x86_64", strict=True).image, text)
    except ToolMissing as missing:
        pytest.skip(str(missing))


def plan(*runs: str) -> str:
    return "run=ab\nprocesses=1\nverify=only\npin=1\ncpus=0\n" + "".join(f"w {one}\n" for one in runs)


def records(userland: Userland) -> list[Record]:
    events = list(Decoder().feed(bytes(userland.records)))
    found = [event for event in events if isinstance(event, Record)]
    assert found == events
    return found


def verdicts(found: Sequence[Record]) -> dict[str, Mapping[str, str]]:
    """The end of each run, by its workload; of variants, the last one's."""
    begins = {record.fields["i"]: record.fields["workload"] for record in found if record.kind == "begin"}
    ends = [record.fields for record in found if record.kind == "end"]
    assert len(ends) == len(begins)
    return {begins[end["i"]]: end for end in ends}


def statuses(found: Sequence[Record]) -> set[str]:
    return {end["status"] for end in verdicts(found).values()}


def kernel(era: str) -> Kernel:
    unknown = (*SENDING, *(PROCESSES if era < "2025-04" else ())) if era < "2026-01" else ()
    schemes = ("scheme_call", "scheme_open_close") if era < "2025-04" else ()
    return Kernel(dict.fromkeys(unknown, "not_ported"), refuses=dict.fromkeys(schemes, "os_scheme_call"))


@pytest.mark.parametrize("era", ERAS)
def test_every_workload_keeps_to_the_interface_of_its_era(era: str) -> None:
    userland = Userland(image(plan(*workloads(), *VARIANTS)), ["process=0"], era)
    userland.run()
    assert userland.status == 0
    ends = verdicts(records(userland))
    assert ends.keys() == workloads().keys()
    assert not faults("redox", ends, kernel(era))
    assert not userland.daemons.files, "a file was left behind"
    assert not userland.daemons.objects, "a memory object was left behind"
    assert userland.used - {"unknown"} <= {call.name for call in TABLES[era].values()}
    assert {call.name for call in TABLES[era].values()} - userland.used <= PROBED | {"getppid", "exit", "getpid"}


@pytest.mark.parametrize("era", ERAS)
def test_the_era_is_reported(era: str) -> None:
    userland = Userland(image(plan("null_call")), [], era)
    userland.run()
    facts = {record.fields["name"]: record.fields["value"] for record in records(userland) if record.kind == "fact"}
    assert (facts["mode"], facts["abi.era"]) == ("userland", era)
    assert facts["clocksource"] == "hpet or 8254"  # nothing reports that it is a KVM


def test_operations_served_by_a_daemon_have_two_switches() -> None:
    userland = Userland(image(plan("parent_id", "null_device_write", "shared_map", "null_call")), [], "2026-07")
    userland.run()
    found = records(userland)
    begins = {record.fields["i"]: record.fields["workload"] for record in found if record.kind == "begin"}
    switches = {
        begins[record.fields["i"]]: int(record.fields.get("switches", "0"))
        for record in found
        if record.kind == "ready"
    }
    assert {name: switches[name] for name in ("parent_id", "null_device_write", "shared_map", "null_call")} == {
        "parent_id": 2,
        "null_device_write": 2,
        "shared_map": 2,
        "null_call": 0,
    }


def test_arguments_go_before_the_patched_plan() -> None:
    userland = Userland(image(plan("null_call")), ["process=3", "w pipe_latency"], "2026-07")
    userland.run()
    found = records(userland)
    assert {record.process for record in found} == {3}
    assert "pipe_latency" in verdicts(found)
    assert "null_call" not in verdicts(found)


@pytest.mark.parametrize("era", ["2026-01", "2026-07"])
def test_given_descriptors_may_have_low_numbers(era: str) -> None:
    userland = Userland(image(plan("thread_create", "process_create", "scheme_call")), [], era, low=True)
    userland.run()
    assert userland.status == 0
    assert statuses(records(userland)) == {"ok"}


@pytest.mark.parametrize(
    ("era", "without", "why"),
    [
        ("2026-07", (NAMES,), "no descriptor of its namespace (auxiliary vector, 43)"),
        ("2026-01", (PROCESS,), "no descriptor of its process (auxiliary vector, 41 and 42)"),
        ("2025-04", (PROCESS,), "no descriptor of its process"),
    ],
)
def test_what_cannot_be_supported_is_reported_in_the_stream(era: str, without: tuple[int, ...], why: str) -> None:
    userland = Userland(image(plan("null_call")), [], era, without=without)
    if PROCESS in without:
        with pytest.raises(Violation, match=r"Invalid instruction|exception"):
            userland.run()  # there is no other way for it to end
    else:
        userland.run()
        assert userland.status == 3 << 8
    found = records(userland)
    assert [record.kind for record in found] == ["hello", "log"]
    assert why in found[1].fields["text"]
    assert why in userland.console.decode()


def test_an_unknown_era_is_refused() -> None:
    class Other(Userland):
        """A kernel that answers a probe differently from all known ones."""

        def _openat_into(self, *_: object) -> int:
            return -22

    userland = Other(image(plan("null_call")), [], "2026-07")
    userland.run()
    assert userland.status == 3 << 8
    assert "none of the calls by which the port tells its eras" in records(userland)[-1].fields["text"]


def test_a_bad_plan_is_the_exit_status() -> None:
    userland = Userland(image("run=ab\nw no_such_workload\n"), [], "2026-07")
    userland.run()
    assert userland.status == 2 << 8
    assert b"no workload is called no_such_workload" in userland.console


def test_a_bare_kernel_of_2026_01_is_served_too() -> None:
    kernel, found, code = run(plan("null_call", "thread_create", "process_create", "pipe_latency"), "2026-01")
    assert code == 0x20
    assert statuses(found) == {"ok"}
    assert kernel.used >= {"openat", "dup"}
