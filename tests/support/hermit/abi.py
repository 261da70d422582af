"""What a libhermit.a for x86-64 offers, as far as the port uses it: function -> result and arguments.

Source: hermit-os/kernel at b0678ba0 (2026-08-21), src/syscalls/*.rs, the `extern "C"` functions `sys_*`; read 2026-11.
The same set with the same arguments is in v0.12.0 (2025-11-04) and v0.13.2 (2026-03-13). Widths and signs are those of
the Rust types: i32 -> int32_t, usize -> size_t, isize -> int64_t, `*const T` and `*mut T` -> pointers.
"""

from __future__ import annotations

from typing import Final

POINTER: Final = "*"
NOTHING: Final = "void"
FUNCTIONS: Final[dict[str, tuple[str, ...]]] = {
    "sys_block_current_task": (NOTHING,),
    "sys_block_current_task_with_timeout": (NOTHING, "uint64_t"),
    "sys_clock_gettime": ("int32_t", "int32_t", POINTER),
    "sys_close": ("int32_t", "int32_t"),
    "sys_dup": ("int32_t", "int32_t"),
    "sys_eventfd": ("int32_t", "uint64_t", "int16_t"),
    "sys_exit": (NOTHING, "int32_t"),
    "sys_fcntl": ("int32_t", "int32_t", "int32_t", "int32_t"),
    "sys_free": (NOTHING, POINTER, "size_t", "size_t"),
    "sys_fstat": ("int32_t", "int32_t", POINTER),
    "sys_futex_wait": ("int32_t", POINTER, "uint32_t", POINTER, "uint32_t"),
    "sys_futex_wake": ("int32_t", POINTER, "int32_t"),
    "sys_get_processor_count": ("size_t",),
    "sys_get_processor_frequency": ("uint16_t",),
    "sys_getdents64": ("int64_t", "int32_t", POINTER, "size_t"),
    "sys_getpid": ("int32_t",),
    "sys_ioctl": ("int32_t", "int32_t", "int32_t", POINTER),
    "sys_join": ("int32_t", "int32_t"),
    "sys_lseek": ("int64_t", "int32_t", "int64_t", "int32_t"),
    "sys_malloc": (POINTER, "size_t", "size_t"),
    "sys_mkdir": ("int32_t", POINTER, "uint32_t"),
    "sys_mmap": ("int32_t", "size_t", "uint32_t", POINTER),
    "sys_mprotect": ("int32_t", POINTER, "size_t", "uint32_t"),
    "sys_munmap": ("int32_t", POINTER, "size_t"),
    "sys_open": ("int32_t", POINTER, "int32_t", "uint32_t"),
    "sys_poll": ("int32_t", POINTER, "size_t", "int32_t"),
    "sys_read": ("int64_t", "int32_t", POINTER, "size_t"),
    "sys_rmdir": ("int32_t", POINTER),
    "sys_sem_destroy": ("int32_t", POINTER),
    "sys_sem_init": ("int32_t", POINTER, "int32_t", "uint32_t"),
    "sys_sem_post": ("int32_t", POINTER),
    "sys_sem_timedwait": ("int32_t", POINTER, POINTER),
    "sys_spawn2": ("int32_t", POINTER, "size_t", "uint8_t", "size_t", "int64_t"),
    "sys_stat": ("int32_t", POINTER, POINTER),
    "sys_unlink": ("int32_t", POINTER),
    "sys_wakeup_task": (NOTHING, "int32_t"),
    "sys_write": ("int64_t", "int32_t", POINTER, "size_t"),
    "sys_yield": (NOTHING,),
}
OPTIONAL: Final = ("sys_mmap", "sys_mprotect", "sys_munmap")  # with the kernel's feature `mman`
