"""Decodes x86-64 instructions by capstone, as far as counting them and following the flow of control need it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import capstone
import numpy as np

from ferrule.anatomy.trace import Code, Flags, Ints, Words


class Flow(IntEnum):
    """Which instruction comes next."""

    ON = 0  # to the next one
    REPEAT = 1  # a string instruction: to itself until it is done
    JUMP = 2
    BRANCH = 3  # a conditional jump
    CALL = 4
    RETURN = 5
    SYSCALL = 6
    SYSRET = 7
    IRET = 8
    INTERRUPT = 9  # INT n and similar


INDIRECT: Final = 0  # stands for the target of a jump or call through a register or memory: no code is at 0

# Kinds of instructions that are counted; an instruction may be of several.
LOCKED, HALT, PAUSE, CR3, TLB, MSR_WRITE, MSR_READ, PORT, COUNTER, CPUID, STATE = (
    *("locked", "halt", "pause", "cr3", "tlb", "wrmsr", "rdmsr", "port", "counter", "cpuid", "state"),
)
COUNTED: Final = (LOCKED, HALT, PAUSE, CR3, TLB, MSR_WRITE, MSR_READ, PORT, COUNTER, CPUID, STATE)
_NAMED: Final = {
    HALT: ("hlt", "mwait", "monitorx", "mwaitx"),
    PAUSE: ("pause",),
    TLB: ("invlpg", "invlpga", "invpcid", "invlpgb", "tlbsync"),
    MSR_WRITE: ("wrmsr",),
    MSR_READ: ("rdmsr",),
    PORT: ("in", "out", "insb", "insw", "insd", "outsb", "outsw", "outsd"),
    COUNTER: ("rdtsc", "rdtscp"),
    CPUID: ("cpuid",),
    STATE: (
        *("fxsave", "fxsave64", "fxrstor", "fxrstor64", "xsave", "xsave64", "xsavec", "xsavec64", "xsaveopt"),
        *("xsaveopt64", "xsaves", "xsaves64", "xrstor", "xrstor64", "xrstors", "xrstors64"),
    ),
}
_OF_NAME: Final = {name: kind for kind, names in _NAMED.items() for name in names}
_ONLY_ADDRESSES: Final = ("lea", "nop", "prefetch", "inv", "clflush", "clwb", "cldemote", "bnd")
_RETURNS: Final = {"ret": Flow.RETURN, "retf": Flow.RETURN, "retfq": Flow.RETURN}
_CROSSINGS: Final = {
    **dict.fromkeys(("syscall", "sysenter"), Flow.SYSCALL),
    **dict.fromkeys(("sysret", "sysretq", "sysexit", "sysexitq"), Flow.SYSRET),
    **dict.fromkeys(("iret", "iretd", "iretq"), Flow.IRET),
    **dict.fromkeys(("int", "int1", "int3", "into", "ud2"), Flow.INTERRUPT),
}


@dataclass(frozen=True)
class Decoded:
    """Properties of the instructions of a Code, each an array by their number."""

    flow: Ints
    target: Words  # of a direct jump, branch or call; INDIRECT otherwise
    counted: dict[str, Flags]
    touches: Flags  # whether it accesses memory each time it completes, according to its operands


def decode(code: Code) -> Decoded:
    """Decode every instruction. One that capstone does not know is taken to continue with the next."""
    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    count = len(code.content)
    flow, target = np.zeros(count, np.int64), np.zeros(count, np.uint64)
    counted = {name: np.zeros(count, np.bool_) for name in COUNTED}
    touches = np.zeros(count, np.bool_)
    for number, (content, address) in enumerate(zip(code.content, code.address.tolist(), strict=True)):
        for _, _, mnemonic, operands in engine.disasm_lite(content, address, 1):  # without details: these take longer
            *prefixes, name = mnemonic.split()
            flow[number], target[number] = _flow(prefixes, name, operands)
            touches[number] = flow[number] == Flow.ON and "[" in operands and not name.startswith(_ONLY_ADDRESSES)
            for kind in _kinds(prefixes, name, operands):
                counted[kind][number] = True
    return Decoded(flow, target, counted, touches)


def _flow(prefixes: Sequence[str], name: str, operands: str) -> tuple[Flow, int]:
    if name in _CROSSINGS:
        return _CROSSINGS[name], INDIRECT
    if name in _RETURNS:
        return _RETURNS[name], INDIRECT
    if name in ("call", "lcall") or name.startswith(("j", "ljmp", "loop")):
        direct = int(operands, 16) & (1 << 64) - 1 if _DIRECT.fullmatch(operands) else INDIRECT
        if name in ("call", "lcall"):
            return Flow.CALL, direct
        return (Flow.JUMP if name in ("jmp", "ljmp") else Flow.BRANCH), direct
    if name.rstrip("bwdq") in _STRINGS and any(one.startswith("rep") for one in prefixes):
        return Flow.REPEAT, INDIRECT
    return Flow.ON, INDIRECT


_DIRECT: Final = re.compile(r"-?(0x)?[0-9a-f]+")
_STRINGS: Final = frozenset(("mov", "movs", "sto", "stos", "lo", "lods", "cmps", "sca", "scas", "ins", "outs"))


def _kinds(prefixes: Sequence[str], name: str, operands: str) -> list[str]:
    kinds = [_OF_NAME[name]] if name in _OF_NAME else []
    if "lock" in prefixes or (name == "xchg" and "[" in operands):
        kinds.append(LOCKED)
    if name == "mov" and operands.startswith("cr3,"):
        kinds.append(CR3)
    return kinds
