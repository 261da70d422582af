"""Instructions that fault, and handlers: on windows made by hand."""

from __future__ import annotations

import numpy as np
from ferrule.anatomy.decode import Flow, decode
from ferrule.anatomy.flow import follow
from ferrule.anatomy.trace import Accesses, Code, Window

MOVE, LOAD, NOP, IRET, JUMP, RETURN = b"\x89\xc8", b"\x48\x8b\x07", b"\x90", b"\x48\xcf", b"\xeb\x02", b"\xc3"
CONTENT = [LOAD, MOVE, NOP, IRET, NOP, IRET, RETURN, NOP]
ADDRESS = [0x100, 0x103, 0x900, 0x901, 0xA00, 0xA01, 0x105, 0x200]  # a handler at 0x900, another at 0xA00
CODE = Code(np.array(ADDRESS, np.uint64), np.array([len(one) for one in CONTENT], np.int64), CONTENT)


def window(executed: list[int], loads: list[int]) -> Window:
    count = len(loads)
    accesses = Accesses(
        np.array(loads, np.int64),
        np.zeros(count, np.uint64),
        np.zeros(count, np.bool_),
        np.zeros(count, np.bool_),
    )
    return Window(0, 0, np.array(executed, np.int64), np.zeros(len(executed), np.uint8), accesses)


def test_an_instruction_that_faults_is_counted_when_it_is_completed() -> None:
    """A load faults, its handler returns, it is executed again: three of four begun instructions are completed."""
    (found,), handlers = follow(CODE, decode(CODE), [window([0, 2, 3, 0, 1], loads=[3])])
    assert found.completed.tolist() == [False, True, True, True, True]
    assert handlers.exceptions == {0x900}
    assert handlers.interrupts == frozenset()


def test_a_fault_that_is_never_resolved_is_found_by_the_operands() -> None:
    """An access whose handler continues after it: the instruction never completes, and makes no access."""
    (found,), handlers = follow(CODE, decode(CODE), [window([0, 2, 3, 1], loads=[])])
    assert found.completed.tolist() == [False, True, True, True]
    assert handlers.exceptions == {0x900}


def test_operands_imply_an_access() -> None:
    content = [
        LOAD,
        MOVE,
        b"\xc6\x00\x01",
        b"\x48\x8d\x07",
        b"\x0f\x1f\x00",
        b"\x0f\x18\x08",
        b"\x0f\x01\x38",
        b"\xff\x00",
    ]
    code = Code(np.full(len(content), 0x1000, np.uint64), np.array([len(one) for one in content]), content)
    assert decode(code).touches.tolist() == [True, False, True, False, False, False, False, True]


def test_an_interrupt_comes_between_instructions_and_undoes_none() -> None:
    (found,), handlers = follow(CODE, decode(CODE), [window([0, 4, 5, 1], loads=[0])])
    assert found.completed.all()
    assert found.aside.tolist() == [True, False, False, False]
    assert handlers.interrupts == {0xA00}


def test_a_handler_known_elsewhere_is_known_behind_a_return() -> None:
    """A return may go anywhere; if it seems to go to a handler's first instruction, an interrupt came."""
    seen = window([0, 4, 5, 1], loads=[0])
    (_, found), _ = follow(CODE, decode(CODE), [seen, window([6, 4, 5, 7], loads=[0])])
    assert found.aside.tolist() == [True, False, False, False]
    assert found.completed.all()


def test_flows_are_decoded() -> None:
    flow = decode(CODE).flow.tolist()
    assert flow == [Flow.ON, Flow.ON, Flow.ON, Flow.IRET, Flow.ON, Flow.IRET, Flow.RETURN, Flow.ON]


def test_prefixes_and_targets_are_decoded() -> None:
    """`rep movsb` goes on to itself, `movsd xmm0` (the same prefix) does not; a call's target may be in a register."""
    content = [b"\xf3\xa4", b"\xf2\x0f\x10\x07", b"\xe8\x00\x00\x00\x00", b"\xff\xd0", b"\x74\x02", b"\xff\x27"]
    code = Code(np.full(len(content), 0x1000, np.uint64), np.array([len(one) for one in content]), content)
    decoded = decode(code)
    assert decoded.flow.tolist() == [Flow.REPEAT, Flow.ON, Flow.CALL, Flow.CALL, Flow.BRANCH, Flow.JUMP]
    assert decoded.target.tolist() == [0, 0, 0x1005, 0, 0x1004, 0]


def test_what_is_counted_is_decoded() -> None:
    content = [b"\xf4", b"\x0f\x22\xd8", b"\x0f\x01\x38", b"\x0f\x30", b"\xec", b"\xf0\x48\x0f\xb1\x0f", b"\x87\x07"]
    code = Code(np.arange(len(content), dtype=np.uint64), np.array([len(one) for one in content]), content)
    counted = decode(code).counted
    found = {name: np.flatnonzero(flags).tolist() for name, flags in counted.items() if flags.any()}
    assert found == {"halt": [0], "cr3": [1], "tlb": [2], "wrmsr": [3], "port": [4], "locked": [5, 6]}
