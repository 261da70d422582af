"""Frozen types to plain JSON values and back, driven by their annotations, so that storage cannot drift from the types.

Handles dataclasses, enums, literals, optionals, tuples, lists, mappings and numpy arrays. Decoding checks every value:
stored files are untrusted input, and all of them are read here. JSON is read strictly: no duplicate key, no NaN, no
infinity, no number over 64 bits, no text that would control a terminal, no depth that overflows the stack. A stored
gate holds a hundred thousand records: each type is inspected once, and its decoder is cached.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Final, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from ferrule.text import STEERING, one_line, visible

T = TypeVar("T")
LOWEST, BEYOND = -(1 << 63), 1 << 64  # of integers: signed and unsigned ones of 64 bits
LONGEST: Final = 1 << 20  # characters of a text: a transcript's tail has room


Decoder = Callable[[object], Any]


class Malformed(ValueError):
    """A stored value is not what its type says; the text names the path to it."""

    def __init__(self, what: str, path: str = "") -> None:
        super().__init__(f"{path}: {what}" if path else what)
        self.what, self.path = what, path[:200]

    def inside(self, step: str) -> Malformed:
        """The same error, with this step before its path."""
        return Malformed(self.what, step + self.path)


def loads(text: str | bytes) -> Any:
    """Strict JSON.

    Raises:
        Malformed: it is not JSON, has a duplicate key, or is nested too deeply.
    """
    try:
        whole = text.decode("utf-8") if isinstance(text, bytes) else text
        return json.loads(whole, parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_unique)
    except RecursionError:
        raise Malformed("nested too deeply") from None
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(f"not JSON: {one_line(str(error))[:120]}") from None


def _no_number(constant: str) -> NoReturn:
    raise Malformed(f"{constant} is no number")


def _finite(digits: str) -> float:
    return float(digits) if math.isfinite(float(digits)) else _no_number(digits[:60])  # 1e999 is infinite


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Malformed(f"key {shown(twice)} occurs twice")
    return found


def shown(value: object) -> str:
    """A stored value in a message: what it looks like in Python, cut short."""
    text = repr(value) if not isinstance(value, int) or LOWEST <= value < BEYOND else "a number over 64 bits"
    return visible(text if len(text) <= 60 else f"{text[:57]}...")


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
        return {visible(str(key)): encode(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(one) for one in value]
    if isinstance(value, np.generic):
        return value.item()
    return visible(value) if isinstance(value, str) else value


def decode(wanted: type[T], data: object, path: str = "") -> T:
    """The value of type `wanted` that `encode` was given; `path` is its place in the document, for the error.

    Raises:
        Malformed: a key is missing or unknown, or a value has another type.
    """
    kind: Any = wanted
    result: T = _inside(_decoder(kind), data, path)
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
        return lambda data: {
            _key(key, name): _inside(value, one, f".{one_line(name)[:80]}") for name, one in _mapping(data).items()
        }
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
            raise Malformed(f"unknown key {shown(min(unknown))}")
        for name in needed:
            if name not in given:
                raise Malformed(f"key {name} is missing")
        values = {name: _inside(parts[name][1], one, parts[name][0]) for name, one in given.items()}
        try:
            return wanted(**values)
        except ValueError as error:  # the type's own checks
            raise Malformed(str(error)) from None

    return record


def _row(each: list[Decoder]) -> Decoder:
    def row(data: object) -> Any:
        values = _list(data)
        if len(values) != len(each):
            raise Malformed(f"{len(values)} values where {len(each)} belong")
        return tuple(_inside(kind, one, f"[{i}]") for i, (kind, one) in enumerate(zip(each, values, strict=True)))

    return row


def _key(wanted: Any, name: str) -> Any:
    try:
        return _scalar(str, name) if wanted is str else wanted(name)
    except Malformed as error:
        raise Malformed(f"a key {error.what}") from None
    except (TypeError, ValueError):
        raise Malformed(f"key {shown(name)} is no {wanted.__name__}") from None


def _choice(allowed: tuple[Any, ...], data: object) -> object:
    if not any(data == one and type(data) is type(one) for one in allowed):
        raise Malformed(f"{shown(data)} is none of {', '.join(map(str, allowed))}")
    return data


def _array(scalar: type, data: object) -> Any:
    shape: tuple[int, ...] | None = None
    if isinstance(data, dict):
        if data.keys() != {"shape", "data"}:
            raise Malformed("an array with other keys than shape and data")
        shape, data = tuple(_list(data["shape"])), data["data"]
        if not shape or any(type(size) is not int or size < 0 for size in shape):
            raise Malformed(f"{shown(list(shape))} is no shape")
    values = _list(data)
    whole = issubclass(scalar, np.integer)
    kinds = set(map(type, values))
    if not kinds <= ({int} if whole else {int, float}):
        odd = next(one for one in values if type(one) is not int and (whole or type(one) is not float))
        raise Malformed(f"{shown(odd)} where a {'whole number' if whole else 'number'} belongs")
    try:
        found: NDArray[Any] = np.asarray(values, dtype=scalar)
        if not whole and not np.isfinite(found).all():
            raise Malformed("a number that is not finite")
        if shape is None:
            return found
        if math.prod(shape) != found.size:
            raise Malformed(f"{found.size} values where {shown(list(shape))} belong")
        return found.reshape(shape)
    except OverflowError:
        raise Malformed(f"a number that does not fit {np.dtype(scalar).name}") from None


def _list(data: object) -> list[Any]:
    if not isinstance(data, list):
        raise Malformed(f"{type(data).__name__} where a list belongs")
    return data


def _mapping(data: object) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Malformed(f"{type(data).__name__} where an object belongs")
    return data


def _member(wanted: type[Enum], data: object) -> Enum:
    if not isinstance(data, str) or data not in wanted.__members__:
        raise Malformed(f"{shown(data)} is no {wanted.__name__}")
    return wanted[data]


def _scalar(wanted: Any, data: object) -> Any:
    if wanted is float and type(data) is int:
        data = float(_scalar(int, data))
    if wanted in (int, float, str, bool) and type(data) is not wanted:
        raise Malformed(f"{type(data).__name__} where {wanted.__name__} belongs")
    if isinstance(data, str):
        if (found := STEERING.search(data)) is not None:
            raise Malformed(f"holds {visible(found[0])}, which is no character to be shown")
        if len(data) > LONGEST:
            raise Malformed(f"is a text of {len(data)} characters, over {LONGEST}")
    elif isinstance(data, int) and not LOWEST <= data < BEYOND:
        raise Malformed(f"is {shown(data)}")
    elif isinstance(data, float) and not math.isfinite(data):
        raise Malformed("is a number that is not finite")
    return data
