"""A Redox userland as its programs see it: the loader, the namespace, processes managed by a daemon."""

from __future__ import annotations

import io
import mmap
import struct

from elftools.elf.elffile import ELFFile

from tests.support.abi.machine import PAGE, Context, Space, Violation, Wait
from tests.support.abi.redox import RedoxCalls
from tests.support.abi.redox_daemons import Daemon, Daemons, Listener, Object
from tests.support.abi.redox_descriptors import EBADF
from tests.support.abi.redox_processes import Kept, ProcessCalls, ProcessHandle, ThreadHandle
from tests.support.abi.redox_table import CLOSE_ON_EXECUTE, DIRECTORY
from tests.support.abi.redox_things import Console, Description, Files, Root, Thing

STACK_TOP, STACK_SIZE = 1 << 47, 1 << 20
UPPER = 1 << 62
PROCESS, THREAD, NAMES, DIRECTORY_FD, FILES_FD = 41, 42, 43, 44, 45  # relibc: src/platform/auxv_defs.rs
KERNEL = {"debug": 1, "event": 2, "pipe": 4, "time": 7, "sys": 8}
CREATION = 16
PREFIX = "/scheme/"


class Namespace(Thing):
    """The namespace: it gives access to the schemes by name."""


class Userland(ProcessCalls, RedoxCalls):
    """A userland with one program. `low`: its initial descriptors have low numbers; `without`: those not given."""

    def __init__(
        self, image: bytes, arguments: list[str], era: str, *, low: bool = False, without: tuple[int, ...] = ()
    ) -> None:
        super().__init__(era)
        self._processes = {}
        self.daemons = Daemons()
        self._init = self._new_process(1)
        process = self._init.threads[0]
        given: dict[int, Thing] = {
            PROCESS: ProcessHandle(self._init),
            THREAD: ThreadHandle(process),
            NAMES: Namespace(),
        }
        first = {"2022-11": (), "2025-04": (PROCESS, THREAD), "2025-07": (PROCESS, THREAD)}.get(era, tuple(given))
        auxiliary = {kind: (5 if low else UPPER) + at for at, kind in enumerate(first) if kind not in without}
        process.files = Files(users=1)
        for fd, output in enumerate((bytearray(), self.records, self.console)):
            process.files.table[fd] = Description(Console(output))
        for kind, fd in auxiliary.items():
            process.files.table[fd] = Description(given[kind])
        if era == "2026-07":  # opened by the program's parent
            process.files.table[3] = Description(Console(bytearray()))
            process.files.table[17] = Description(Console(bytearray()))
            self._foreign = {17}
        space = Space(self.machine)
        context = process.context = Context(space)
        context.private["process"] = process
        process.started = True
        context.start(load(space, image), push(space, ["payload", *arguments], auxiliary))
        self.machine.contexts.append(context)

    @property
    def status(self) -> int | None:
        """The program's status as wait(2) reports it, once it has ended."""
        return self._init.status

    # --- old calls ---

    def _getpid(self, context: Context, *_: int) -> int:
        return self._owner(context).pid

    def _getppid(self, context: Context, *_: int) -> int:
        return self._owner(context).parent

    def _exit(self, context: Context, status: int, *_: int) -> int | None:
        return self._end(context, self._owner(context), status & 0xFF)

    def _owner(self, context: Context) -> Kept:
        process = context.private["process"]
        return next(kept for kept in self._processes.values() if process in kept.threads)

    # --- names ---

    def _open(self, context: Context, path: int, size: int, bits: int, *_: int) -> int | Wait:
        if not size:
            return -2  # ENOENT
        return self._open_path(context, context.space.read(path, size).decode(), bits, None)

    def _open_path(self, context: Context, path: str, bits: int, fd: int | None) -> int | Wait:
        scheme, name = parts(path)
        return self._open_name(context, scheme, name, bits, fd)

    def _open_name(self, context: Context, scheme: str, name: str, bits: int, fd: int | None) -> int | Wait:
        if scheme in KERNEL:
            return super()._open_in(context, Root(KERNEL[scheme]), name.encode(), bits, fd)
        if (scheme, name) == ("namespace", "scheme-creation-cap"):
            return self._place(context, fd, Description(Root(CREATION)))
        made = self.daemons.open(scheme, name, bits)
        return made if isinstance(made, int) else self._place(context, fd, Description(made))

    def _open_in(self, context: Context, thing: Thing | None, name: bytes, bits: int, fd: int | None) -> int | Wait:
        if isinstance(thing, Namespace):
            if self._era == "2026-01":
                return self._open_path(context, name.decode(), bits, fd)
            if bits != DIRECTORY | CLOSE_ON_EXECUTE:
                raise Violation(f"the namespace is asked for a root with flags {bits:#x}")
            return self._place(context, fd, Description(Daemon(parts(name.decode())[0])))
        if isinstance(thing, Daemon):
            return self._open_name(context, thing.name, name.decode(), bits, fd)
        return super()._open_in(context, thing, name, bits, fd)

    def _unlink(self, context: Context, path: int, size: int, *_: int) -> int:
        return self.daemons.remove(*parts(context.space.read(path, size).decode()))

    def _unlinkat(self, context: Context, fd: int, path: int, size: int, *_: int) -> int:
        thing, name = self._thing(context, fd), context.space.read(path, size).decode()
        if isinstance(thing, Namespace) and self._era == "2026-01":
            return self.daemons.remove(*parts(name))
        if isinstance(thing, Daemon):
            return self.daemons.remove(thing.name, name)
        return -EBADF

    # --- what daemons hand out ---

    def _derived(self, context: Context, thing: Thing, name: bytes) -> Thing:
        match thing:
            case ProcessHandle():
                return self._derived_process(thing, name)
            case ThreadHandle(process):
                return self._aspect(process, name)
            case Listener():
                return thing.connect(name)
        return super()._derived(context, thing, name)

    def _call(self, context: Context, fd: int, start: int, size: int, *rest: int) -> int | Wait | None:
        thing = self._thing(context, fd)
        if isinstance(thing, ProcessHandle):
            return self._call_process(context, thing.kept, (start, size), *rest[:2])
        return super()._call(context, fd, start, size, *rest)

    def _object(self, context: Context, fd: int, length: int, shared: bool) -> mmap.mmap:
        thing = self._thing(context, fd)
        if not isinstance(thing, Object) or not shared:
            return super()._object(context, fd, length, shared)
        if thing.memory is None:
            thing.memory = mmap.mmap(-1, length)
        if len(thing.memory) != length:
            raise Violation(f"{length:#x} bytes are mapped of an object of {len(thing.memory):#x}")
        return thing.memory


def parts(path: str) -> tuple[str, str]:
    """A path's scheme, and the name within the scheme."""
    if not path.startswith(PREFIX):
        raise Violation(f"{path}: no scheme's path")
    scheme, _, name = path.removeprefix(PREFIX).partition("/")
    return scheme, name


def load(space: Space, image: bytes) -> int:
    """Map a program as relibc's fexec does; returns its entry.

    Raises:
        Violation: segments share a page, begin in page 0, or are both writable and executable.
    """
    elf = ELFFile(io.BytesIO(image))
    if elf["e_type"] != "ET_EXEC":
        raise Violation(f"a file of type {elf['e_type']}")
    for segment in elf.iter_segments("PT_LOAD"):
        start, flags = segment["p_vaddr"] // PAGE * PAGE, segment["p_flags"]
        size = -(-(segment["p_vaddr"] + segment["p_memsz"] - start) // PAGE) * PAGE
        if start < PAGE or flags & 3 == 3 or space.overlaps(start, size):
            raise Violation(f"a segment of {size:#x} bytes at {start:#x}, flags {flags}")
        space.map(start, size)
        space.write(segment["p_vaddr"], segment.data())
    return int(elf["e_entry"])


def push(space: Space, arguments: list[str], auxiliary: dict[int, int]) -> int:
    """Write the initial stack; returns the stack pointer, which need not be aligned to 16."""
    space.map(STACK_TOP - STACK_SIZE, STACK_SIZE)
    texts = [one.encode() + b"\0" for one in arguments]
    at = STACK_TOP - sum(map(len, texts)) - 8
    addresses = []
    for text in texts:
        addresses.append(at)
        space.write(at, text)
        at += len(text)
    words = [len(texts), *addresses, 0, 0, 9, 0x1000]
    for kind, value in auxiliary.items():
        words += [kind, value]
    words += [0, 0]
    stack = (addresses[0] - 8 * len(words)) & ~15 | 8
    stack -= 16
    space.write(stack, struct.pack(f"<{len(words)}Q", *words))
    return stack
