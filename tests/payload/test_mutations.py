"""Workloads that were broken on purpose: each one's verify must refuse what is not the operation that its name says."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
from ferrule.payload import registry

from tests.support.payload_runs import Said, payload, say

# What is changed in a copy of the workload's file: the operation then does less, or something else.
MUTATIONS = {
    "bad_descriptor": ("os_close(-1)", 'os_remove("/nowhere")'),
    "descriptor_flags": ("os_fd_flags(state(run)->wire.end[1])", "os_fd_flags(state(run)->wire.end[0])"),
    "directory_list": ("? got : length;", "? got : 1;"),
    "dup_close": ("os_close((int)again)", "0"),
    "event_queue": ("1 ? which : -1;", "1 ? which + 1 : -1;"),
    "file_create_remove": ("os_remove(state(run)->scratch.path)", "0"),
    "file_position": ("os_position(state(run)->fd)", "(os_position(state(run)->fd) & 8)"),
    "file_read": ("own->buffer.at, own->buffer.size, 0) ==", "own->buffer.at, own->buffer.size / 2, 0) =="),
    "file_status": ("os_status_of_path(own->scratch.path)", 'os_status_of_path("/dev/null")'),
    "file_write": ("own->buffer.at, own->buffer.size, 0) ==", "own->buffer.at, own->buffer.size / 2, 0) =="),
    "fd_passing": ("os_fd_send(own->peer.back[1], (int)fd)", "os_fd_send(own->peer.back[1], (int)os_dup(0))"),
    "futex_miss": ("os_wake(&own->word, 1, 0) : os_wait(&own->word, 1, 0, 0)", "1 : 0"),
    "heap_grow": ("os_break(-size)", "os_break(0)"),
    "memory_copy": ("i < 8", "i < 7"),
    "memory_latency": ("random % i *", "random % (i + 1) *"),
    "pipe_self": ("byte = 42;", "byte = 7;"),
    "poll_ready": ("os_poll(asked, state(run)->fds)", "os_poll(asked, 1)"),
    "protect": ("os_protect(own->at, own->size, 0)", "os_protect(own->at, own->size, 1)"),
    "zero_read": ("OS_ZERO_DEVICE", '"/proc/self/exe"'),
}
PLANNED = {"poll_ready": "fds=2"}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """All of them in one payload, run once."""
    folder: Path = tmp_path_factory.mktemp("workloads") / "broken"
    folder.mkdir()
    for name, (right, wrong) in MUTATIONS.items():
        text = registry.find(name).path.read_text()
        assert right in text, name
        text = text.replace(right, wrong)
        family = registry.find(name).family
        text = text.replace(f'.name = "{name}"', f'.name = "{name}_x"').replace(f'"{family}"', '"broken"')
        (folder / f"{name}_x.c").write_text(text)
    runs = "".join(f"w {name}_x {PLANNED.get(name, '')}\n" for name in MUTATIONS)
    return say(payload(platform.machine(), folder), "verify=only\n" + runs)


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_a_broken_operation_is_refused(broken: Said, name: str) -> None:
    end = broken.ends()[f"{name}_x"]
    assert end.fields["status"] == "wrong", end
