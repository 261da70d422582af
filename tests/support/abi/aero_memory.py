"""Aero's memory: private pages, and files that are mapped."""

from __future__ import annotations

import mmap

import unicorn

from tests.support.abi.aero_files import EFAULT, EINVAL, File, Files, Task
from tests.support.abi.aero_table import MAPPINGS, NO_FILE
from tests.support.abi.machine import PAGE, Region, Space, Violation

PRIVATE, SHARED, ANONYMOUS = 1, 2, 8
MAPPED = ("/ferrule/shared", "/ferrule/object")


class Memory(Files):
    """All shared mappings of a file show the same memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(files)
        self.read_first: int | None = None  # a shared page's address
        self._pages: dict[int, mmap.mmap] = {}  # by file

    def _mmap(self, task: Task, address: int, size: int, protection: int, *how: int) -> int:
        flags, fd, offset = how
        if address or protection != 3 or not size:
            raise Violation(f"mmap: ({address:#x}, {size}, protection {protection}) is not what the payload maps")
        if offset % PAGE:
            return -EFAULT
        if offset:
            raise Violation(f"mmap: offset {offset:#x}")
        rounded = -(-size // PAGE) * PAGE
        start = task.space.room(rounded, MAPPINGS)
        if flags == PRIVATE | ANONYMOUS:
            if fd != NO_FILE:
                raise Violation("mmap: anonymous memory with a file")
            task.space.map(start, rounded)
        elif flags in (PRIVATE, SHARED):
            self._map_file(task, task.handles[fd].file, start, rounded, flags == SHARED)
        else:
            return -EFAULT if flags == SHARED | ANONYMOUS else -EINVAL
        return start

    def _map_file(self, task: Task, file: File, start: int, size: int, shared: bool) -> None:
        if not any(file is self.files.get(name) for name in MAPPED) or size > len(file.content):
            raise Violation(f"mmap: {size} bytes of a file that the payload does not map, or too short")
        pages = self._pages.setdefault(id(file), mmap.mmap(-1, len(file.content)))
        region = task.space.map(start, size, pages if shared else None, shared)
        if shared and file is self.files[MAPPED[0]]:
            self.watch(task.space, region)
        if not shared:
            region.memory[:] = pages[:size]

    def watch(self, space: Space, shared: Region) -> None:
        """Detect a read as first access: Aero then maps the shared page so that it can never be written to."""
        first = [True]

        def access(uc: unicorn.Uc, kind: int, address: int, *rest: int) -> None:
            if first and kind != unicorn.UC_MEM_WRITE:
                self.read_first = address
            first.clear()

        for hook in (unicorn.UC_HOOK_MEM_READ, unicorn.UC_HOOK_MEM_WRITE):
            space.uc.hook_add(hook, access, None, shared.address, shared.end - 1)

    def _munmap(self, task: Task, address: int, size: int) -> int:
        task.space.unmap(address, -(-size // PAGE) * PAGE)
        return 0

    def _mprotect(self, task: Task, address: int, size: int, protection: int) -> int:
        """No effect on pages that exist; a page of zeros only does not exist yet."""
        if protection not in (1, 3):
            raise Violation(f"mprotect: {protection} is neither PROT_READ nor PROT_READ | PROT_WRITE")
        task.space.check(address, size, "memory to protect")
        if not any(task.space.read(address, size)):
            task.space.protect(address, size, protection == 3)
        return 0
