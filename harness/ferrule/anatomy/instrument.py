"""The instrument: our own TCG plugin for this host's QEMU, compiled on first use and kept in the cache.

QEMU's version gives the version of its plugin interface. QEMU then boots a small image with the plugin loaded, to check
that it works. Tested with 7.2 (Debian 12). Others follow QEMU's own history of that interface: 2 since 9.0, 3 since
9.1, whose qemu_plugin_insn_data() copies.
"""

from __future__ import annotations

import functools
import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ferrule import files, paths
from ferrule.anatomy import trace
from ferrule.anatomy.sites import Sites
from ferrule.errors import InfrastructureError, ToolMissing
from ferrule.machine import accel, children, qemu
from ferrule.payload.toolchain import Compiler, host_compiler

SOURCE: Final = Path(__file__).with_name("plugin") / "trace.c"
FLAGS: Final = ("-std=gnu11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra")
OLDEST: Final = (6, 1)  # qemu_plugin_hwaddr_phys_addr()
_VERSION = re.compile(r"(\d+)\.(\d+)")
_DEADLINE = 30.0  # seconds, for an image that takes 0.2


def interface(version: str) -> int:
    """The version of the plugin interface that a QEMU of this version has.

    Raises:
        InfrastructureError: the version is unknown, or too old for the instrument.
    """
    matched = _VERSION.match(version)
    if matched is None:
        raise InfrastructureError(f"QEMU {version}: its plugin interface is not known; use 7.2 or later")
    number = (int(matched[1]), int(matched[2]))
    if number < OLDEST:
        raise InfrastructureError(f"QEMU {version}: its plugins get no physical addresses; use 7.2 or later")
    return 3 if number >= (9, 1) else 2 if number >= (9, 0) else 1


def build(version: str, compiler: Compiler | None = None) -> Path:
    """The plugin for a QEMU of this version.

    Raises:
        BuildFailed: it does not compile.
        ToolMissing: no compiler.
        InfrastructureError: no such interface, or the cache cannot be written.
    """
    cc, api = compiler or host_compiler(), interface(version)
    inputs = [SOURCE.read_bytes(), " ".join(FLAGS).encode(), " ".join(cc.command).encode(), cc.version.encode()]
    key = hashlib.sha256(b"\0".join([*inputs, str(api).encode()])).hexdigest()[:24]
    path = paths.cache("plugin") / f"trace-{key}.so"
    if files.sound(path):
        return path
    with files.scratch(path.parent) as folder:
        made = folder / "trace.so"
        cc.run([*FLAGS, f"-DTRACE_API={api}", "-o", made, SOURCE], "anatomy's QEMU plugin")
        files.write_sound(path, made.read_bytes(), 0o755)
    return path


@functools.cache
def ready(program: str) -> Path:
    """The plugin, after a test boot in this QEMU: one test for each QEMU file and each plugin file.

    Raises:
        InfrastructureError: this QEMU loads no plugins, or not this one.
    """
    version = qemu.version(program)
    plugin = build(version)
    seen = plugin.with_name(f"{plugin.stem}-in-{_mark(program)}")
    if files.sound(seen):
        return plugin
    with files.scratch() as folder:
        (folder / "probe").write_bytes(accel.image())
        argument = f"file={qemu.in_option(plugin)},out={qemu.in_option(folder / 'probe')}"
        machine = qemu.Machine(program, "icount", folder / "probe", memory=64, plugin=argument)
        output = folder / "output"
        with output.open("wb") as sink:
            child = children.start(
                qemu.command(machine), stdout=sink.fileno(), stderr=sink.fileno(), env=qemu.environment()
            )
        try:
            status: int | None = child.wait(_DEADLINE)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            children.kill(child)
        if status == accel.EXPECTED_STATUS and trace.boots(folder / "probe"):
            files.write_sound(seen, f"{program}: {version}\n".encode())
            return plugin
        lines = output.read_text(errors="replace").strip().splitlines()
    raise refusal(version, lines[-1] if lines else "it printed nothing")


def _mark(program: str) -> str:
    """A hash of a program's path, size and time: another file, or a newer one, has another hash."""
    path = Path(shutil.which(program) or program).resolve()
    is_now = path.stat()
    return hashlib.sha256(f"{path} {is_now.st_size} {is_now.st_mtime_ns}".encode()).hexdigest()[:24]


def refusal(version: str, message: str) -> InfrastructureError:
    """Why the plugin did not work, from QEMU's last message."""
    if "invalid option" in message or "not supported" in message:
        advice = "install one with plugins, e.g. Debian's qemu-system-x86, and name it by FERRULE_QEMU"
        return ToolMissing(f"QEMU {version} was built without plugins; {advice}")
    if "version" in message:
        return InfrastructureError(f"QEMU {version} has another plugin interface than those known here: {message}")
    return InfrastructureError(f"QEMU {version} does not run with the plugin: {message}")


def argument(plugin: Path, sites: Sites, names: Iterable[str], prefix: Path) -> str:
    """The value of QEMU's -plugin for the timed batches of these workloads; `prefix` is where the trace goes."""
    words = [f"file={qemu.in_option(plugin)}", f"out={qemu.in_option(prefix)}"]
    if sites.main:
        words += [f"main={sites.main:#x}", f"bytes={sites.begins.hex()}"]
    words += [f"open={address:#x}" for address in sites.opens]
    words += [f"close={address:#x}" for address in sites.closes]
    words += [f"loop={sites.loops[name]:#x}" for name in names]
    return ",".join([*words, *(["moved=1"] if sites.moved else [])])
