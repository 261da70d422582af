"""The Redox kernel's system calls, as far as the port uses them: numbers and what their arguments look like.

Written from the public sources of the kernel at 663e6641 (2026-08-22) and of the crate syscall 0.9.3 at 4cc3baaf
(number.rs, flag.rs, data.rs, schemev2.rs), read 2026-11. Whatever is not in the table fails the test.
"""

from __future__ import annotations

from tests.abi.shapes import VALUE, Call, buffer, flags, optional
from tests.abi.shapes import struct as structure

OPEN_FLAGS = flags(0x10000, 0x20000)  # O_RDONLY, O_WRONLY

TABLE = {
    162: Call("nanosleep", (structure(16), optional(16))),
    240: Call("futex", (structure(4), VALUE, VALUE, optional(16), VALUE)),
    265: Call("clock_gettime", (VALUE, structure(16))),
    0x101003DB: Call("openat_into", (VALUE, buffer(2), VALUE, OPEN_FLAGS, flags(), VALUE)),
    0x20000006: Call("close", (VALUE,)),
    0x2000005C: Call("funmap", (VALUE, VALUE)),
    0x201003DC: Call("dup_into", (VALUE, buffer(2), VALUE, VALUE)),
    0x21000004: Call("write", (VALUE, buffer(2), VALUE)),
    0x21000384: Call("fmap", (VALUE, structure(32), VALUE)),
    0x22000003: Call("read", (VALUE, buffer(2), VALUE)),
    0x2300CA11: Call("call", (VALUE, buffer(2), VALUE, VALUE, VALUE)),
}
UNKNOWN = 4095  # the number that stands for all that do not exist
