"""Aero's system calls: those that the payload may use, and their arguments.

Written from facts read in, and tested on, Andy-Python-Programmer/aero at be57ae00e122 (of 2025-04-07, read
2026-11-22); guest/os/aero/README.md describes them. Nothing here is Aero's code.
"""

from __future__ import annotations

from typing import Final

from tests.support.answers import Kernel

# number: name and arguments. fd: an open descriptor; path, bytes, into: a pointer, whose length is the next argument;
# *N: a pointer to N bytes that the kernel fills; &N: one that it reads; others are plain numbers.
TABLE: Final = {
    0: ("read", "fd into length"),
    1: ("write", "fd bytes length"),
    2: ("open", "folder path length flags mode"),
    3: ("close", "number"),
    4: ("shutdown", ""),
    5: ("exit", "status"),
    6: ("fork", ""),
    8: ("mmap", "address size protection flags file offset"),
    9: ("munmap", "address size"),
    11: ("getdents", "fd into size"),
    14: ("mkdir", "path length"),
    16: ("rmdir", "path length"),
    17: ("exec", "path length arguments count environment count"),
    18: ("log", "bytes length"),
    19: ("uname", "*390"),
    20: ("waitpid", "pid *4 flags"),
    21: ("ioctl", "fd command *4"),
    22: ("getpid", ""),
    23: ("socket", "domain type protocol"),
    25: ("bind", "fd address length"),
    26: ("listen", "fd backlog"),
    28: ("seek", "fd offset from"),
    30: ("gettime", "clock *16"),
    31: ("sleep", "&16"),
    33: ("pipe", "*8 flags"),
    34: ("unlink", "folder path length flags"),
    38: ("clone", "entry stack"),
    39: ("sigreturn", ""),
    40: ("sigaction", "signal &32 return old"),
    42: ("dup", "fd flags"),
    43: ("fcntl", "fd command argument"),
    45: ("ipc_send", "pid bytes length"),
    46: ("ipc_recv", "*8 into length wait"),
    49: ("stat", "path length *144"),
    50: ("fstat", "fd empty length flags *144"),
    52: ("epoll_create", "flags"),
    53: ("epoll_pwait", "fd events count timeout mask"),
    54: ("epoll_ctl", "fd operation fd &12"),
    55: ("eventfd", "initial flags"),
    56: ("kill", "pid signal"),
    57: ("futex_wait", "word expected &16"),
    58: ("futex_wake", "word"),
    61: ("poll", "asked count &16 mask"),
    66: ("getppid", ""),
    67: ("socketpair", "domain type protocol *8"),
    69: ("mprotect", "address size protection"),
    77: ("getsockname", "fd address &4"),
}
# The only number outside the table that the payload may try: invalid_call's.
UNKNOWN: Final = 200
STACK_TOP, STACK_SIZE = 0x7FFF_FFFF_E000, 0x64000
MAPPINGS: Final = 0x7000_0000_0000
AT_FDCWD: Final = (1 << 64) - 100
NO_FILE: Final = (1 << 64) - 1
# What the kernel refuses or does wrongly, as observed on it.
ANSWERS: Final = Kernel(
    refuses={
        "directory_list": "os_directory_rewind",  # directories have no seek
        **dict.fromkeys(("futex_miss", "futex_pingpong", "shared_futex_pingpong"), "os_wake"),  # for any aligned word
        **dict.fromkeys(("futex_delayed", "futex_hash", "mutex", "mutex_handoff"), "os_wake"),
        **dict.fromkeys(("condvar_pingpong", "cascade_wake", "barrier"), "os_wake"),
        "zero_read": "os_open",  # no such device
        "bytes_waiting": "os_bytes_waiting",  # pipes have no ioctl
        "process_shell": "os_process_shell",  # no shell is installed
        **dict.fromkeys(("tcp_bandwidth", "tcp_connect", "tcp_latency", "udp_latency"), "os_socket_bind"),
    },
    without={"os_socket_connect": "absent"},
    # unlink, locks of files, and mprotect of existing pages change nothing
    wrong=frozenset({"file_create_remove", "file_lock", "futex_timeout", "protect"}),
)
