"""What a system call's arguments must look like, and the check that they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.support.abi.machine import Space, Violation


@dataclass(frozen=True)
class Shape:
    """One argument. `size`: bytes a pointer points at, or which argument says how many (negative: -1 is argument 0)."""

    kind: str  # value | flags | pointer | optional
    size: int = 0
    mask: int = 0


VALUE = Shape("value")  # any number: the call itself checks it


def flags(*bits: int) -> Shape:
    """No bits but these."""
    mask = 0
    for bit in bits:
        mask |= bit
    return Shape("flags", mask=mask)


def struct(size: int) -> Shape:
    """A pointer to a structure of `size` bytes, aligned to eight, or to its size when that is less."""
    return Shape("pointer", size)


def optional(size: int) -> Shape:
    """As struct(), or null."""
    return Shape("optional", size)


def buffer(length_argument: int) -> Shape:
    """A pointer to as many bytes as another argument says; any value where that is zero."""
    return Shape("pointer", -1 - length_argument)


@dataclass(frozen=True)
class Call:
    """A system call: its name, and its arguments in order; further arguments are not checked."""

    name: str
    shapes: tuple[Shape, ...] = ()


def check(table: Mapping[int, Call], number: int, arguments: tuple[int, ...], space: Space) -> Call:
    """The call of that number, after its arguments are checked.

    Raises:
        Violation: no such call, a flag that does not exist, a pointer to memory that is not mapped.
    """
    call = table.get(number)
    if call is None:
        raise Violation(f"call {number:#x} is not in the table")
    for index, (shape, value) in enumerate(zip(call.shapes, arguments, strict=False)):
        _CHECKS[shape.kind](shape, value, arguments, space, f"{call.name}, argument {index}")
    return call


def _flags(shape: Shape, value: int, _: tuple[int, ...], __: Space, what: str) -> None:
    if value & ~shape.mask:
        raise Violation(f"{what}: {value:#x} has bits outside {shape.mask:#x}")


def _pointer(shape: Shape, value: int, arguments: tuple[int, ...], space: Space, what: str) -> None:
    size = shape.size if shape.size >= 0 else arguments[-1 - shape.size]
    if shape.size > 0 and value % min(shape.size, 8):
        raise Violation(f"{what}: a structure at {value:#x}, not aligned")
    space.check(value, size, what)


def _optional(shape: Shape, value: int, arguments: tuple[int, ...], space: Space, what: str) -> None:
    if value:
        _pointer(shape, value, arguments, space, what)


def _value(_: Shape, __: int, ___: tuple[int, ...], ____: Space, _____: str) -> None:
    """Nothing to check."""


_CHECKS: Mapping[str, Callable[[Shape, int, tuple[int, ...], Space, str], None]] = {
    "value": _value,
    "flags": _flags,
    "pointer": _pointer,
    "optional": _optional,
}
