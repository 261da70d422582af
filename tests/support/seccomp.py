"""A filter for one child, as a container has: system calls that the kernel refuses to it (seccomp(2))."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from collections.abc import Callable

import pytest

NUMBERS = {"sched_setaffinity": 203, "pidfd_open": 434}  # of x86-64
_NO_NEW_PRIVS, _SECCOMP, _FILTER = 38, 22, 2  # prctl(2)
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # bpf(4): ld abs, jeq, ret
_ERRNO, _ALLOW = 0x00050000, 0x7FFF0000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def refuse(*names: str) -> Callable[[], None]:
    """For Popen's preexec_fn: these calls fail with EPERM from here on."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        pytest.skip("the filter is written for Linux on x86-64")
    steps = [(_LOAD, 0, 0, 0)]  # the call's number
    for name in names:
        steps += [(_EQUAL, 0, 1, NUMBERS[name]), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    steps.append((_RETURN, 0, 0, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = _Program(len(steps), ctypes.cast(code, ctypes.c_void_p))
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def prepare() -> None:
        if prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) or prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0):
            raise OSError(ctypes.get_errno(), "seccomp")

    return prepare
