"""The Redox kernel's system calls, as far as the port uses them: numbers and what their arguments look like.

Written from the public sources of the kernel at 663e6641 (2026-08-22) and of the crate syscall 0.9.3 at 4cc3baaf
(number.rs, flag.rs, data.rs, schemev2.rs), read 2026-11; for earlier eras from the crates redox_syscall 0.7.1,
0.5.18 and 0.5.3. A call that is not in the table fails the test.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.support.abi.shapes import VALUE, Call, buffer, flags, optional
from tests.support.abi.shapes import struct as structure

READ_WRITE, CREATE, DIRECTORY, CLOSE_ON_EXECUTE = 0x30000, 0x2000000, 0x10000000, 0x1000000
OPEN_FLAGS: Final = flags(READ_WRITE, CREATE, DIRECTORY, CLOSE_ON_EXECUTE, 0o600)
ERAS: Final = ("2022-11", "2025-04", "2025-07", "2026-01", "2026-07")

_ALWAYS: Final = {
    125: Call("mprotect", (VALUE, VALUE, flags(0x20000, 0x40000))),
    155: Call("mremap", (VALUE, VALUE, VALUE, VALUE, flags(0x20000, 0x40000))),
    158: Call("yield"),
    162: Call("nanosleep", (structure(16), optional(16))),
    240: Call("futex", (structure(4), VALUE, VALUE, optional(16), VALUE)),
    265: Call("clock_gettime", (VALUE, structure(16))),
    0x20000006: Call("close", (VALUE,)),
    0x20000013: Call("lseek", (VALUE, VALUE, VALUE)),
    0x20000037: Call("fcntl", (VALUE, VALUE, VALUE)),
    0x2000005C: Call("funmap", (VALUE, VALUE)),
    0x21000004: Call("write", (VALUE, buffer(2), VALUE)),
    0x2100002D: Call("write2", (VALUE, buffer(2), VALUE, VALUE, VALUE)),
    0x21000384: Call("fmap", (VALUE, structure(32), VALUE)),
    0x22000003: Call("read", (VALUE, buffer(2), VALUE)),
    0x2200001C: Call("fstat", (VALUE, structure(104), VALUE)),
    0x22000023: Call("read2", (VALUE, buffer(2), VALUE, VALUE, VALUE)),
}
_CALL: Final = {0x2300CA11: Call("call", (VALUE, buffer(2), VALUE, VALUE, VALUE))}
_PROCESSES: Final = {1: Call("exit", (VALUE,)), 20: Call("getpid"), 64: Call("getppid")}
_PATHS: Final = {
    0x10100005: Call("open", (buffer(1), VALUE, OPEN_FLAGS)),
    0x1000000A: Call("unlink", (buffer(1), VALUE)),
}
_DUP: Final = {0x20100029: Call("dup", (VALUE, buffer(2), VALUE))}
_OPENAT: Final = {0x10100007: Call("openat", (VALUE, buffer(2), VALUE, OPEN_FLAGS, flags()))}
_UNLINKAT: Final = {0x10000107: Call("unlinkat", (VALUE, buffer(2), VALUE, flags()))}
_INTO: Final = {
    0x101003DB: Call("openat_into", (VALUE, buffer(2), VALUE, OPEN_FLAGS, flags(), VALUE)),
    0x201003DC: Call("dup_into", (VALUE, buffer(2), VALUE, VALUE)),
}

TABLES: Final[Mapping[str, Mapping[int, Call]]] = {
    "2022-11": {**_ALWAYS, **_PROCESSES, **_PATHS, **_DUP},
    "2025-04": {**_ALWAYS, **_CALL, **_PATHS, **_DUP},
    "2025-07": {**_ALWAYS, **_CALL, **_PATHS, **_DUP, **_OPENAT},
    "2026-01": {**_ALWAYS, **_CALL, **_DUP, **_OPENAT, **_UNLINKAT},
    "2026-07": {**_ALWAYS, **_CALL, **_UNLINKAT, **_INTO},
}
PROBES: Final = frozenset(
    {1, 20, 0x10100005, 0x10100007, 0x101003DB, 0x2300CA11}
)  # the program may try these where they do not exist
UNKNOWN: Final = 4095  # of a call that does not exist
