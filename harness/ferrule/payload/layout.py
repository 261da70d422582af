"""A random address layout for the next children, by a seed: two children can share a layout, and the next two another.

The kernel's own randomisation differs from process to process, and with it the amount that a fork copies: by 2 % on the
machine this was found on. Without randomisation all processes would have one layout, and its effects would be taken for
the operation's cost (Mytkowicz, Diwan, Hauswirth & Sweeney, ASPLOS 2009). With our own seed the layout is a block of
the experiment: the two arms of a pair share it.
"""

from __future__ import annotations

import ctypes
import random
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

PADDING: Final = 4096  # bytes by which an environment may differ: a page of stack
PAGE: Final = 4096
_ADDR_NO_RANDOMIZE: Final = 0x0040000  # personality(2)
_QUERY: Final = 0xFFFFFFFF
_GAP: Final = 128 << 20  # a larger stack limit moves the start of mappings (mmap_base() of the kernel's mm/util.c)
_SPAN: Final = 1 << 18  # pages that it moves by, at most: 1 GiB, which stays within the same three-level tables


@contextmanager
def drawn(seed: int) -> Iterator[dict[str, str]]:
    """Give children started inside it a layout that depends on `seed` alone; yields their environment.

    Settings that the system does not allow are not changed; the stack's place always varies, by the environment's size.
    """
    draw = random.Random(seed)  # noqa: S311 - a layout, not a secret
    padding, pages = draw.randrange(PADDING), draw.randrange(_SPAN)
    libc = ctypes.CDLL(None, use_errno=True)
    persona = libc.personality(ctypes.c_ulong(_QUERY))
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    wanted = _GAP + pages * PAGE
    try:
        if persona >= 0:
            libc.personality(ctypes.c_ulong(persona | _ADDR_NO_RANDOMIZE))
        if hard == resource.RLIM_INFINITY or wanted <= hard:
            resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))
        yield {"PADDING": "." * padding}
    finally:
        resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))
        if persona >= 0:
            libc.personality(ctypes.c_ulong(persona))
