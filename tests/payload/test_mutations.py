"""Workloads broken on purpose: each one's verify must refuse an operation that is not the one its name says."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from ferrule import guests
from ferrule.errors import InfrastructureError, ToolMissing
from ferrule.machine.options import GuestOptions
from ferrule.payload import registry
from ferrule.payload.build import build_payload, patch_plan
from ferrule.records.stream import Record

from tests.support.executions import read_all, undamaged
from tests.support.hermit import stub
from tests.support.payload_runs import output_of, payload
from tests.support.streams import decode

CONNECTS = '#include "workloads/connect.h"'
ACCEPTS_NOBODY = f"""#include "workloads/peer.h"
#define os_socket_accept(fd) os_open(OS_NULL_DEVICE, OS_READ | OS_WRITE)
{CONNECTS}"""
ALLOCATES = '#include "workloads/workload.h"'
ALLOCATES_ONCE = f"""{ALLOCATES}
static char piece[64] __attribute__((aligned(16)));
#define os_alloc(size, alignment, at) ((void)(size), *(at) = piece, 0L)
#define os_free(at, size, alignment) ((void)(size), 0L)"""
# By workload, a text of its file and the replacement: the operation then does less, or something else.
MUTATIONS = {
    "bad_descriptor": ("os_close(-1)", 'os_remove("/nowhere")'),
    "bytes_waiting": (
        "before = os_bytes_waiting(state(run)->end[0])",
        "before = os_bytes_waiting(state(run)->end[0]) / 2",
    ),
    "canary": ("nops * nop_bytes()", "(nops + 1) * nop_bytes()"),
    "call_arguments": ("REFUSED = 1", "REFUSED = 4096"),
    "clock_read": ("os_clock_read(&last)", "(long)(last = first, 0)"),
    "clock_call": ("os_clock_call(&called)", "(called = 1)"),
    "context_switch": ("own->ring.me + 1", "own->ring.me"),
    "datagram_latency": ("os_datagram_pair(end)", "NO_LINE(end)"),
    "descriptor_flags": ("os_fd_flags(state(run)->wire.end[1])", "os_fd_flags(state(run)->wire.end[0])"),
    "directory_list": ("? got : length;", "? got : 1;"),
    "dup_close": ("os_close((int)again)", "0"),
    "empty_loop": ("    (void)run;\n", "    run->step++;\n"),
    "event_control": ("TRY(run, os_events_remove(queue, fd));", ""),
    "event_queue": ("1 ? which : -1;", "1 ? which + 1 : -1;"),
    "eventfd_pingpong": ("other.turns++", "other.turns += 2"),
    "fault_handler": ("os_protect(page->at, page->size, 0)", "0"),
    "fd_passing": ("os_fd_send(own->peer.back[1], (int)fd)", "os_fd_send(own->peer.back[1], (int)os_dup(0))"),
    "fifo_latency": ("LINES_OVER(line, read, write)", "LINES_OVER(line, read, SENDS_ZEROS)"),
    "file_create_remove": ("os_remove(state(run)->scratch.path)", "0"),
    "file_lock": ("refused = os_file_lock((int)other, 1)", "refused = os_file_lock(state(run)->fd, 1)"),
    "file_position": ("os_position(state(run)->fd)", "(os_position(state(run)->fd) & 8)"),
    "file_read": ("own->buffer.at, own->buffer.size, 0) ==", "own->buffer.at, own->buffer.size / 2, 0) =="),
    "file_status": ("os_status_of_path(own->scratch.path)", 'os_status_of_path("/dev/null")'),
    "file_write": ("own->buffer.at, own->buffer.size, 0) ==", "own->buffer.at, own->buffer.size / 2, 0) =="),
    "filtered_call": ("own->entered = os_call_filter()", "own->entered = 0"),
    "function_call": ("return value;", "return 42;"),
    "futex_timeout": ("os_wait(&state(run)->word, 0, ns, 0)", "os_wait(&state(run)->word, 0, ns / 1000, 0)"),
    "futex_miss": ("os_wake(&own->word, 1, 0) : os_wait(&own->word, 1, 0, 0)", "1 : 0"),
    "futex_pingpong": ("->turns++", "->turns += 2"),
    "group_messages": ("rounds = n / run->step", "rounds = (n - run->step) / run->step"),
    "heap_grow": ("os_break(-size)", "os_break(0)"),
    "idle": ("os_sleep(ns)", "os_sleep(ns / 1000)"),
    "invalid_call": ("result = os_invalid_call()", "result = os_close(-1)"),
    "memory_copy": ("i < 8", "i < 7"),
    "memory_latency": ("random % i *", "random % (i + 1) *"),
    "null_call": ("os_null_call() == os_null_call()", "(long)os_clock_ns() == os_null_call()"),
    "null_call_wrapped": ("return os_null_call();", "return os_null_call() + 1;"),
    "null_device_write": ("OS_NULL_DEVICE", "OS_ZERO_DEVICE"),
    "open_close": ("TRY(run, fd = os_open(state(run)->path, OS_READ));", "TRY(run, fd = os_dup(0));"),
    "parent_id": ("= (uint64_t)os_parent()", "= os_clock_ns()"),
    "pipe_bandwidth": ("FLOW_OVER(pipe_line)", "FLOW_OVER(NO_PIPE)"),
    "pipe_latency": ("LINES_OVER(pipe_line, read, write)", "LINES_OVER(pipe_line, read, SENDS_ZEROS)"),
    "pipe_self": ("byte = 42;", "byte = 7;"),
    "pipe_window": ("message[0] = 1; message[0] < depth", "message[0] = depth; message[0] < depth"),
    "poll_ready": ("os_poll(asked, fds));", "os_poll(asked, 1));"),
    "process_create": ("run->shared->word[RAN]++;", "state(run)->dirty.size = 0;"),
    "process_execute": ("PROGRAM_BY(os_process_execute)", "PROGRAM_BY(NOTHING_LOADED)"),
    "process_shell": ("PROGRAM_BY(os_process_shell)", "PROGRAM_BY(NOTHING_LOADED)"),
    "process_spawn": ("PROGRAM_BY(os_process_spawn)", "PROGRAM_BY(NOTHING_LOADED)"),
    "protect": ("os_protect(own->at, own->size, 0)", "os_protect(own->at, own->size, 1)"),
    "queue_latency": ("queue_receive, queue_send)", "queue_receive, QUEUES_ZEROS)"),
    "select_ready": ("CALL(run, select, set, state(run)->bits)", "CALL(run, select, set, 0) + 1"),
    "semaphore_pingpong": ("own->other.turns++", "own->other.turns += 2"),
    "shared_futex_pingpong": ("run->shared->word[TURNS]++;", "run->shared->word[TURNS] += 2;"),
    "shared_map": ("os_map_object(own->object, own->size, &second)", "os_map(own->size, &second)"),
    "signal_install": ("turn ? one : other", "turn ? one : turn ? other : one"),
    "signal_pingpong": ("while (os_signal_wait(timeout_ns) < 0 && !word[LEAVE])", "while (0)"),
    "signal_self": ("handled++;", "handled += 2;"),
    "socket_bandwidth": ("os_socket_pair(end)", "NO_LINE(end)"),
    "socket_connect": (CONNECTS, ACCEPTS_NOBODY),
    "socket_latency": ("os_socket_pair(end)", "NO_LINE(end)"),
    "spin_pingpong": ("EXPECT(run, await(run, HERE, turn))", "EXPECT(run, turn)"),
    "system_name": ("os_system_name(name)", "0"),
    "tcp_bandwidth": ("network_stream(run, OS_TCP, end)", "NO_LINE(run ? end : end)"),
    "tcp_connect": (CONNECTS, ACCEPTS_NOBODY),
    "tcp_latency": ("network_stream(run, OS_TCP, end)", "NO_LINE(run ? end : end)"),
    "thread_create": ("state(run)->ran++", "state(run)->ran += 2"),
    "udp_latency": ("network_datagrams(run, end)", "NO_LINE(run ? end : end)"),
    "zero_read": ("OS_ZERO_DEVICE", '"/proc/self/exe"'),
    "barrier": ("< own->parties", "< 1"),
    "cascade_wake": ("own->done != round", "0"),
    "condvar_pingpong": ("    give(own, THERE);\n    await(own, HERE);\n", ""),
    "discard": ("os_discard(own->at, own->size) >= 0", "own->size"),
    "futex_delayed": ("    be_busy(state(run));\n", ""),
    "futex_hash": ("own->next++ & own->mask", "0 & own->mask"),
    "futex_lock_pi": ("os_lock_pi(lock(run), run->across)", "os_wake(lock(run), 0, 0)"),
    "futex_requeue": ("&own->word[!from], 1)", "&own->word[from], 1)"),
    "map_resize": ("os_remap(own->at, own->size, 2 * own->size, &own->at)", "os_map(2 * own->size, &own->at)"),
    "map_unmap": ("os_map(state(run)->size, &second)", "(long)((second = first), 0)"),
    "memory_read": ("at[3] + at[7]", "at[3]"),
    "memory_write": ("i < 8", "i < 7"),
    "mutex": ("mutex_lock(lock(run), run->across)", "(void)0"),
    "mutex_handoff": (
        "    mutex_unlock(lock(run, THERE), 0);\n    mutex_lock(lock(run, HERE), 0);\n}",
        "    (void)run;\n}",
    ),
    "page_fault": ("->next += OS_PAGE;", "->next += OS_PAGE / 2;"),
    "page_fault_copy": ("os_map_copy(own->object.fd, n", "os_map_object(own->object.fd, n"),
    "page_fault_file": ("APART * OS_PAGE;\n}", "OS_PAGE;\n}"),
    "page_fault_fork": ("    *state(run)->fault.next = 2;\n", ""),
    "shootdown": ("os_protect(page->at, page->size, writable)", "os_protect(page->at, page->size, writable | 1)"),
    "thread_switch": ("word[TURNS]++", "word[TURNS] += 2, word[ASKED]++"),
    "timer_wakeup": ("os_sleep(", "os_sleep(1 + 0 * "),
    "timer_expiry": ("os_timer_arm(timer, ns)", "os_timer_arm(timer, ns / 1000)"),
    "wakeup_latency": ("os_sleep_until(os_clock_ns() + ", "os_sleep_until(os_clock_ns() - "),
    "yield": ("EXPECT(run, os_yield() >= 0)", "(void)run"),
}
# The same for workloads that Linux does not have, or only for root: on a booted system that has them, or on a stand-in
# for its interface.
ELSEWHERE = {
    "linux": {"cgroup_latency": ("os_cgroup_join(HERE)", "os_cgroup_join(THERE)")},  # booted: it must be root
    "floor": {
        "ipc_round_trip": ("reply = message + 1;", "reply = message;"),
        "ipi_wakeup": ("os_ipi()", "os_yield()"),
    },
    "hermit": {
        "alloc_free": (ALLOCATES, ALLOCATES_ONCE),
        "block_wakeup": ("os_block()", "os_unblock(&state(run)->first)"),
    },
    "redox": {
        "channel_latency": ("os_channel_pair(end)", "NO_LINE(end)"),
        "scheme_call": ("os_scheme_call(own->file, own->buffer.at, own->buffer.size)", "(long)own->buffer.size"),
        "scheme_open_close": ("os_close((int)fd)", "os_scheme_call((int)fd, NULL, 0)"),
    },
    "aero": {"message_latency": ("message[0]++;", "")},
}
PLANNED = {"canary": "nops=8", "shootdown": "others=0", "poll_ready": "fds=2"}
# Functions that some replacements call, inserted before them: a process that is a copy of this one instead of a loaded
# program; zeros instead of the data to send; ends that are not connected.
CALLED = {
    "NOTHING_LOADED": """
static void nothing(void *argument) {
    (void)argument;
}
static long NOTHING_LOADED(struct os_process *process) {
    return os_process_start(process, nothing, NULL);
}
""",
    "SENDS_ZEROS": """
static long os_SENDS_ZEROS(int fd, const void *from, size_t length) {
    static const char zeros[4096];
    (void)from;
    return os_write(fd, zeros, length);
}
#define library_SENDS_ZEROS os_SENDS_ZEROS
""",
    "QUEUES_ZEROS": """
static long os_QUEUES_ZEROS(int queue, const void *from, size_t length) {
    static const char zeros[4096];
    (void)from;
    return os_queue_send(queue, zeros, length);
}
#define library_QUEUES_ZEROS os_QUEUES_ZEROS
""",
    "NO_PIPE": """
static long NO_PIPE(struct run *run, int end[2]) {
    end[0] = (int)os_open(OS_NULL_DEVICE, OS_READ | OS_WRITE);
    end[1] = (int)os_open(OS_NULL_DEVICE, OS_READ | OS_WRITE);
    return run ? end[1] : end[0];
}
""",
    "NO_LINE": """
static long NO_LINE(int end[2]) {
    end[0] = (int)os_open(OS_NULL_DEVICE, OS_READ | OS_WRITE);
    end[1] = (int)os_open(OS_NULL_DEVICE, OS_READ | OS_WRITE);
    return end[1];
}
""",
}


Statuses = dict[str, str]  # of a run, by its workload


def write_broken(folder: Path, mutations: Mapping[str, tuple[str, str]]) -> str:
    """Write the broken copies into a new folder; returns the plan that verifies each of them."""
    folder.mkdir()
    for name, (right, wrong) in mutations.items():
        row = registry.find(name)
        text = row.path.read_text()
        assert right in text, name
        text = text.replace(right, wrong)
        head, *rest = re.split(r"(?<=\n)(?!#include|/\*| \*)", text, maxsplit=1)  # after the last include
        text = "".join((head, *(code for word, code in CALLED.items() if word in wrong), *rest))
        text = text.replace(f'.name = "{name}"', f'.name = "{name}_x"').replace(f'"{row.family}"', '"broken"')
        (folder / f"{name}_x.c").write_text(text)
    runs = "".join(f"w {name}_x {PLANNED.get(name, '')}\n" for name in mutations)
    return f"run=ab\nprocesses=1\nverify=only\npin=1\ncpus=0\n{runs}"


def statuses(found: list[Record]) -> Statuses:
    asked = {record.fields["i"]: record.fields["workload"] for record in found if record.kind == "begin"}
    return {asked[record.fields["i"]]: record.fields["status"] for record in found if record.kind == "end"}


def image(os: str, folder: Path, plan: str) -> bytes:
    try:
        return patch_plan(build_payload(os, "x86_64", extra_workloads=(folder,), strict=True).image, plan)
    except ToolMissing as missing:
        pytest.skip(str(missing))


def booted(system: str, folder: Path, plan: str) -> Statuses:
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    try:
        made = guests.create(system, GuestOptions(accel="tcg"))  # with a second CPU to interrupt
        with made.execute(image(system, folder, plan), 1, 0) as execution:
            return statuses(undamaged(read_all(execution)))
    except InfrastructureError as error:
        pytest.skip(str(error))


def on_hermit(folder: Path, plan: str) -> Statuses:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("the stand-in is a program for x86-64 Linux")
    built = build_payload("hermit", "x86_64", library=stub.library(folder), extra_workloads=(folder,), strict=True)
    return statuses(output_of(built, plan).records)


def on_redox(folder: Path, plan: str) -> Statuses:
    pytest.importorskip("unicorn", reason="unicorn is not here: pip install unicorn")
    from tests.support.abi.redox_userland import Userland

    userland = Userland(image("redox", folder, plan), ["process=0"], "2026-07")
    userland.run()
    return statuses([event for event in decode(bytes(userland.records)) if isinstance(event, Record)])


def on_aero(folder: Path, plan: str) -> Statuses:
    pytest.importorskip("unicorn", reason="unicorn is not here: pip install unicorn")
    from tests.support.abi.aero import Aero

    files = {"/usr/bin/init": image("aero", folder, plan), "/ferrule/processes": b"1", "/ferrule/shared": bytes(4096)}
    aero = Aero(files)
    aero.boot()
    return statuses([event for event in decode(b"\n".join((*aero.log, b""))) if isinstance(event, Record)])


SYSTEMS: Mapping[str, Callable[[Path, str], Statuses]] = {
    "linux": partial(booted, "linux"),
    "floor": partial(booted, "floor"),
    "hermit": on_hermit,
    "redox": on_redox,
    "aero": on_aero,
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Statuses:
    """All of Linux in one payload, run once."""
    folder = tmp_path_factory.mktemp("workloads") / "broken"
    plan = write_broken(folder, MUTATIONS)
    return statuses(output_of(payload(platform.machine(), folder), plan).records)


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_a_broken_operation_is_refused(broken: Statuses, name: str) -> None:
    assert broken[f"{name}_x"] == "wrong"


@pytest.mark.parametrize("system", ELSEWHERE)
def test_a_broken_operation_of_another_system_is_refused(tmp_path: Path, system: str) -> None:
    plan = write_broken(tmp_path / "broken", ELSEWHERE[system])
    found = SYSTEMS[system](tmp_path / "broken", plan)
    assert {name: found.get(f"{name}_x") for name in ELSEWHERE[system]} == dict.fromkeys(ELSEWHERE[system], "wrong")


def test_each_workload_has_a_broken_variant_that_is_refused() -> None:
    mutated = [*MUTATIONS, *(name for others in ELSEWHERE.values() for name in others)]
    assert sorted(mutated) == sorted(registry.workloads()), "add what a broken one does to MUTATIONS"
