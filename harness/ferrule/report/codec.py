"""Frozen types to plain JSON values and back, driven by their annotations, so that storage cannot drift from the types.

Handles dataclasses, enums, literals, optionals, tuples, lists, mappings and numpy arrays. Decoding checks every value:
stored files are input like any other. A stored gate holds a hundred thousand records: a type is looked at once, and
what decodes it is kept.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


Decoder = Callable[[object], Any]


class Malformed(ValueError):
    """A stored value is not what its type says; the text names the path to it."""

    def __init__(self, what: str, path: str = "") -> None:
        super().__init__(f"{path}: {what}" if path else what)
        self.what, self.path = what, path

    def inside(self, step: str) -> Malformed:
        """The same, found by this step from further out."""
        return Malformed(self.what, step + self.path)


def encode(value: object) -> Any:  # noqa: PLR0911 - one return a kind of type
    """Plain JSON types. Arrays of more than one dimension keep their shape: {"shape": [...], "data": [...]}."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, np.ndarray):
        flat = value.ravel().tolist()
        return flat if value.ndim == 1 else {"shape": list(value.shape), "data": flat}
    if isinstance(value, Mapping):
        return {str(key): encode(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(one) for one in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def decode(wanted: type[T], data: object) -> T:
    """The value of type `wanted` that `encode` was given.

    Raises:
        Malformed: a key is missing or unknown, or a value has another type.
    """
    kind: Any = wanted
    result: T = _decoder(kind)(data)
    return result


@cache
def _decoder(wanted: Any) -> Decoder:  # noqa: PLR0911 - as above
    origin, arguments = get_origin(wanted), get_args(wanted)
    if is_dataclass(wanted):
        return _record(wanted)
    if origin in (types.UnionType, Union):
        only = _decoder(next(one for one in arguments if one is not type(None)))
        return lambda data: None if data is None else only(data)
    if origin is Literal:
        return lambda data: _choice(arguments, data)
    if origin is np.ndarray:
        scalar = get_args(arguments[1])[0]
        return lambda data: _array(scalar, data)
    if origin is list or (origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis):
        each = _decoder(arguments[0])
        return lambda data: origin(_inside(each, one, f"[{i}]") for i, one in enumerate(_list(data)))
    if origin is tuple:
        return _row([_decoder(one) for one in arguments])
    if origin in (dict, Mapping):
        key, value = arguments[0], _decoder(arguments[1])
        return lambda data: {key(name): _inside(value, one, f".{name}") for name, one in _mapping(data).items()}
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return lambda data: _member(wanted, data)
    return lambda data: _scalar(wanted, data)


def _inside(decoder: Decoder, data: object, step: str) -> Any:
    try:
        return decoder(data)
    except Malformed as error:
        raise error.inside(step) from None


def _record(wanted: Any) -> Decoder:
    hints = get_type_hints(wanted)
    parts = {field.name: (f".{field.name}", _decoder(hints[field.name])) for field in fields(wanted)}
    needed = [one.name for one in fields(wanted) if one.default is MISSING and one.default_factory is MISSING]

    def record(data: object) -> Any:
        given = _mapping(data)
        if unknown := given.keys() - parts.keys():
            raise Malformed(f"unknown key {min(unknown)}")
        for name in needed:
            if name not in given:
                raise Malformed(f"key {name} is missing")
        return wanted(**{name: _inside(parts[name][1], one, parts[name][0]) for name, one in given.items()})

    return record


def _row(each: list[Decoder]) -> Decoder:
    def row(data: object) -> Any:
        values = _list(data)
        if len(values) != len(each):
            raise Malformed(f"{len(values)} values where {len(each)} belong")
        return tuple(_inside(kind, one, f"[{i}]") for i, (kind, one) in enumerate(zip(each, values, strict=True)))

    return row


def _choice(allowed: tuple[Any, ...], data: object) -> object:
    if data not in allowed:
        raise Malformed(f"{data!r} is none of {', '.join(map(str, allowed))}")
    return data


def _array(scalar: type, data: object) -> Any:
    shape = None
    if isinstance(data, dict):
        shape, data = tuple(data.get("shape", ())), data.get("data")
    try:
        found: NDArray[Any] = np.asarray(data, dtype=scalar)
        return found if shape is None else found.reshape(shape)
    except (TypeError, ValueError, OverflowError) as error:
        raise Malformed(str(error)) from None


def _list(data: object) -> list[Any]:
    if not isinstance(data, list):
        raise Malformed(f"{type(data).__name__} where a list belongs")
    return data


def _mapping(data: object) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Malformed(f"{type(data).__name__} where an object belongs")
    return data


def _member(wanted: type[Enum], data: object) -> Enum:
    try:
        return wanted[str(data)]
    except KeyError:
        raise Malformed(f"{data!r} is no {wanted.__name__}") from None


def _scalar(wanted: Any, data: object) -> Any:
    if wanted is float and type(data) is int:
        return float(data)
    if wanted in (int, float, str, bool) and type(data) is not wanted:
        raise Malformed(f"{type(data).__name__} where {wanted.__name__} belongs")
    return data
