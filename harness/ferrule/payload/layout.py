"""The address layout of the next child, drawn by us: two children can have the same one, and the next two another.

The kernel's own randomisation differs from process to process, and with it what a fork copies: by 2 % on the machine
this was found on. Without it all processes would have one layout, and its accidents would pass for the operation's cost
(Mytkowicz, Diwan, Hauswirth & Sweeney, ASPLOS 2009). Drawn by us it is blocked: the two arms of a pair share it.
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
_GAP: Final = 128 << 20  # a stack limit above this moves where mappings begin (mmap_base() of the kernel's mm/util.c)
_SPAN: Final = 1 << 18  # pages it is moved by: up to 1 GiB, all places within the tables of three levels


@contextmanager
def drawn(seed: int) -> Iterator[dict[str, str]]:
    """Give children started inside it a layout that depends on `seed` alone; yields their environment.

    What the system does not allow is left as it is: the stack's place is drawn in any case, by the environment.
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
