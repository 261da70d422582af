"""The tools that parts of the suite need: found, or missing with what is skipped and how to get it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

from ferrule.doctor.finding import Finding, missing
from ferrule.errors import FerruleError, ToolMissing, UsageError
from ferrule.images import debian, dropbear, kernels
from ferrule.machine import accel, qemu
from ferrule.machine.options import GuestOptions
from ferrule.payload import toolchain

_SECTION = "tools"

_EMULATED = {
    "icount": "QEMU guests give exact instruction counts instead of times, and one CPU each",
    "tcg": "times inside QEMU guests are functional output only; --accel icount counts instructions, exactly",
}
Check = Callable[[], Iterator[Finding]]


def capabilities(options: GuestOptions) -> Iterator[Finding]:
    """All tools; those that the first table needs come first."""
    for check in (_python, _compiler, _python_headers):
        yield from check()
    yield from _emulator(options)
    yield from _kernel(options)
    for check in (_ssh_server, _programs):
        yield from check()


def _ok(name: str, detail: str) -> Finding:
    return Finding(_SECTION, name, "ok", detail)


def _python() -> Iterator[Finding]:
    yield _ok("Python", f"{sys.version.split()[0]} at {sys.executable}")


def _compiler() -> Iterator[Finding]:
    """The host's compiler, and those of the other architectures that the tests build for."""
    try:
        yield _ok("C compiler", toolchain.describe(toolchain.host_compiler()))
    except UsageError as error:
        yield Finding(_SECTION, "C compiler", "missing", _cause(error), "nothing is built or measured", "unset CC")
        return
    except FerruleError as error:
        yield missing(
            _SECTION, "C compiler", _cause(error), "nothing is built or measured, unless by nox: it brings zig", "gcc"
        )
    for arch in toolchain.ARCHES:
        if arch == platform.machine():
            continue
        name = f"C compiler, {arch}"
        try:
            yield _ok(name, toolchain.describe(toolchain.target_compiler(arch)))
        except FerruleError as error:
            package = f"gcc-{arch.replace('_', '-')}-linux-gnu"
            yield missing(_SECTION, name, _cause(error), f"the {arch} payload is not built in the tests", package)


def _python_headers() -> Iterator[Finding]:
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if header.exists():
        yield _ok("Python.h", str(header))
    else:
        costs = "the host's timing core is bound in cffi's ABI mode, which checks less"
        yield missing(_SECTION, "Python.h", f"no {header}", costs, "python3-dev")


def _emulator(options: GuestOptions) -> Iterator[Finding]:
    try:
        program = qemu.find()
        yield _ok("QEMU", f"{qemu.version(program)} at {program}")
    except FerruleError as error:
        costs = "no guest is booted: only local and ssh:// guests are measured"
        yield missing(_SECTION, "QEMU", _cause(error), costs, "qemu-system-x86")
        return
    try:
        choice = accel.choose(options, program)
    except UsageError as error:
        yield Finding(_SECTION, "accelerator", "missing", str(error), "no guest is booted")
        return
    if choice.accel == "kvm" or options.accel == "icount":
        yield _ok("accelerator", f"{choice.accel}: {choice.reason}")
        return
    costs = _EMULATED[choice.accel]
    device = Path("/dev/kvm")
    closed = device.exists() and not os.access(device, os.R_OK | os.W_OK)
    remedy = "sudo usermod -aG kvm $USER, then log in again" if closed else ""
    yield Finding(_SECTION, "accelerator", "note", f"{choice.accel}: {choice.reason}", costs, remedy)


def _kernel(options: GuestOptions) -> Iterator[Finding]:
    """The linux guest's kernel: the one named by --linux-kernel, or what there is instead."""
    if options.linux_kernel is not None:
        yield _named_kernel(options)
        return
    try:
        cached, reason = debian.cached(), kernels.unavailable(options)
    except OSError as error:
        cached, reason = None, f"{error.filename}: {error.strerror}; FERRULE_CACHE names another folder"
    if cached is not None:
        yield _ok("linux kernel", f"{cached.name}, in the cache")
    elif reason is not None:
        yield Finding(_SECTION, "linux kernel", "missing", reason, "the linux guest is skipped")
    elif shutil.which("apt-get"):
        yield _offered_kernel()
    else:
        yield _ok("linux kernel", "the host's own")


def _offered_kernel() -> Finding:
    """What apt would download, by its lists as they are now."""
    try:
        return _ok("linux kernel", f"{debian.offered()}, downloaded by apt at first use (without root)")
    except FerruleError as error:
        costs = "at first use apt's lists are fetched into the cache, without root; --linux-kernel FILE needs neither"
        return Finding(_SECTION, "linux kernel", "note", f"{_cause(error)}", costs)


def _named_kernel(options: GuestOptions) -> Finding:
    try:
        found = kernels.choose(options)
    except FerruleError as error:
        return Finding(_SECTION, "linux kernel", "missing", _cause(error), "the linux guest is skipped")
    return _ok("linux kernel", f"{found.image}, {found.protocol}")


def _ssh_server() -> Iterator[Finding]:
    """What goes into the linux guest to reach it over ssh."""
    try:
        dropbear.check(Path("/"))
        yield _ok("dropbear", "with the busybox that goes into the linux guest beside it")
    except FerruleError as error:
        if shutil.which("apt-get"):
            yield _ok("dropbear", "downloaded by apt at first use (--transport ssh, without root)")
            return
        costs = "the linux guest is not reached over ssh (--transport ssh)"
        yield missing(_SECTION, "dropbear", _cause(error), costs, *dropbear.PACKAGES)


def _programs() -> Iterator[Finding]:
    """Programs that only have to be on PATH: (name, candidates, what is skipped, Debian packages)."""
    perf = "linux-tools-generic" if "ID=ubuntu" in _read("/etc/os-release").splitlines() else "linux-perf"
    wanted: list[tuple[str, tuple[str, ...], str, tuple[str, ...]]] = [
        *(
            (f"qemu-user, {arch}", (f"qemu-{arch}-static", f"qemu-{arch}"), costs, ("qemu-user-static",))
            for arch in toolchain.ARCHES
            for costs in [f"the {arch} payload is not run in the tests"]
            if arch != platform.machine()
        ),
        ("perf", ("perf",), "no cross-check of null_call and pipe_latency against perf bench", (perf,)),
    ]
    for name, candidates, costs, packages in wanted:
        found = next(filter(None, map(shutil.which, candidates)), None)
        if found:
            yield _ok(name, found)
        else:
            yield missing(_SECTION, name, f"{candidates[0]} is not on PATH", costs, *packages)


def _cause(error: FerruleError) -> str:
    """The error's first line, without its advice: the finding has its own."""
    line = str(error).partition("\n")[0]
    advice = re.compile(r"(; install it)?: (sudo )?apt-get .*")
    return advice.sub("", line) if isinstance(error, ToolMissing) else line


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
