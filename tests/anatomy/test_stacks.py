"""The tree of calls, on windows made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from ferrule.anatomy.decode import decode
from ferrule.anatomy.flow import follow
from ferrule.anatomy.listing import Listing
from ferrule.anatomy.stacks import Walker
from ferrule.anatomy.symbols import Functions, Group
from ferrule.anatomy.trace import Accesses, Code, Window
from ferrule.anatomy.tree import ROOT, Tree, inclusive, share_whole

UP = 0xFFFF_8000_0000_0000
SYSCALL, NOP, RETURN, SYSRET = b"\x0f\x05", b"\x90", b"\xc3", b"\x48\x0f\x07"
AGAIN, BACK = b"\xeb\xfc", b"\xeb\xf3"  # jumps to where program and loop begin


def call(start: int, to: int) -> bytes:
    return b"\xe8" + (to - start - 5).to_bytes(4, "little", signed=True)


# A kernel that runs a program as a call: `loop` calls `enter`, which returns to the program by SYSRET. The program's
# next system call enters at `entry`, which returns to `loop` by the word that loop's call stored; `loop` serves it.
PROGRAM, ENTRY, LOOP, ENTER, SERVE = 0x100, UP + 0x1000, UP + 0x2000, UP + 0x3000, UP + 0x4000
CODE = [
    (PROGRAM, SYSCALL, "program"),
    (PROGRAM + 2, AGAIN, "program"),
    (ENTRY, NOP, "entry"),
    (ENTRY + 1, RETURN, "entry"),
    (LOOP, call(LOOP, ENTER), "loop"),
    (LOOP + 5, NOP, "loop"),
    (LOOP + 6, call(LOOP + 6, SERVE), "loop"),
    (LOOP + 11, BACK, "loop"),
    (ENTER, SYSRET, "enter"),
    (SERVE, NOP, "serve"),
    (SERVE + 1, RETURN, "serve"),
]
NAMES = ["program", "entry", "loop", "enter", "serve"]
ROUND = [0, 2, 3, 5, 6, 9, 10, 11 - 4, 4, 8, 1]  # numbers into CODE, from the system call to the program again
WORD = 0x5008  # physical address of the return address of loop's calls: the same for both, since their depth is equal


def window(rounds: int) -> Window:
    executed = ROUND * rounds
    by = [place for place, one in enumerate(executed) if one in (3, 4, 6, 10)]  # returns load, calls store
    store = [executed[place] in (4, 6) for place in by]
    words = np.full(len(by), WORD, np.uint64)
    accesses = Accesses(np.array(by, np.int64), words, np.array(store), np.zeros(len(by), np.bool_))
    return Window(0, 0, np.array(executed, np.int64), np.zeros(len(executed), np.uint8), accesses)


def listing(windows: list[Window]) -> Listing:
    code = Code(
        np.array([at for at, _, _ in CODE], np.uint64),
        np.array([len(content) for _, content, _ in CODE], np.int64),
        [content for _, content, _ in CODE],
    )
    decoded = decode(code)
    _, handlers = follow(code, decoded, windows)
    of = np.array([NAMES.index(name) for _, _, name in CODE], np.int64)
    starts = [PROGRAM, ENTRY, LOOP, ENTER, SERVE]
    groups: list[Group] = ["payload", "kernel", "kernel", "kernel", "kernel"]
    return Listing(code, decoded, Functions(of, NAMES, starts, groups, [True] * len(NAMES)), handlers)


def walked(rounds: list[int]) -> Tree:
    """The last window is counted."""
    windows = [window(count) for count in rounds]
    of = listing(windows)
    walker = Walker(of)
    for number, one in enumerate(windows):
        (followed,), _ = follow(of.code, of.decoded, [one])
        walker.walk(one, followed, number == len(windows) - 1)
    return walker.tree


def ways(tree: Tree) -> dict[str, int]:
    found: dict[str, int] = {}
    for node, own in enumerate(tree.own):
        if own:
            way, at = [], node
            while at != ROOT:
                way.append(NAMES[tree.function[at]])
                at = tree.parent[at]
            name = "/".join(reversed(way))
            found[name] = found.get(name, 0) + own
    return found


@pytest.mark.parametrize("before", [[], [1], [1, 3]])
def test_a_kernel_that_runs_programs_as_a_call_serves_whoever_asks(before: list[int]) -> None:
    """The kernel's stack lives on while the program runs, but the program is the caller."""
    tree = walked([*before, 4])
    assert share_whole(tree) == 1.0
    assert sum(tree.own) == 4 * len(ROUND)
    (root,) = [node for node, parent in enumerate(tree.parent) if parent == ROOT and inclusive(tree)[node]]
    assert NAMES[tree.function[root]] == "program"
    assert ways(tree) == {
        "program": 4 * 2,
        "program/entry": 4 * 2,
        "program/loop": 4 * 4,
        "program/loop/enter": 4 * 1,
        "program/loop/serve": 4 * 2,
    }
