"""Operations as read from the sources, compared with the output of this host's compiled payloads."""

from __future__ import annotations

from ferrule.payload import operations
from ferrule.payload.registry import workloads


def test_os_h_is_read_whole() -> None:
    known = operations.operations()
    assert known["os_pipe"] == "OS_HAS_PIPE"
    assert known["os_process_join"] == known["os_process_start"] == "OS_HAS_PROCESS"
    assert len(known) > 50


def test_operations_behind_headers_are_found_and_unused_helpers_are_not() -> None:
    called = {name: operations.calls(row.path) for name, row in workloads().items()}
    assert called["null_call"] == ("os_null_call",)
    assert "os_process_start" in called["pipe_latency"], "by peer.h"
    assert "os_events_open" not in called["pipe_latency"]
    assert called["empty_loop"] == ()
    for name, names in called.items():
        assert names or workloads()[name].control or workloads()[name].hidden, f"{name} asks no kernel for anything"


def test_ports_have_what_their_headers_define() -> None:
    lacks = operations.ports()
    assert {"linux", "redox", "aero", "hermit", "floor"} <= lacks.keys()
    assert "os_scheme_call" in lacks["linux"]
    assert "os_scheme_call" not in lacks["redox"]
    assert "os_pipe" not in lacks["linux"]
    assert "os_library_enter" not in lacks["linux"]
