"""Frozen types to plain JSON values and back, driven by their annotations, so that storage cannot drift from the types.

Handles dataclasses, enums, literals, optionals, tuples, lists, mappings and numpy arrays. Decoding checks every value:
stored files are input like any other.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


class Malformed(ValueError):
    """A stored value is not what its type says; the text names the path to it."""


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
    result: T = _decode(wanted, data, "")
    return result


def _decode(wanted: Any, data: object, path: str) -> Any:  # noqa: PLR0911 - as above
    origin = get_origin(wanted)
    if is_dataclass(wanted):
        return _record(wanted, data, path)
    if origin in (types.UnionType, Union):
        options = [one for one in get_args(wanted) if one is not type(None)]
        return None if data is None else _decode(options[0], data, path)
    if origin is Literal:
        if data not in get_args(wanted):
            raise Malformed(f"{path}: {data!r} is none of {', '.join(map(str, get_args(wanted)))}")
        return data
    if origin is np.ndarray:
        return _array(get_args(get_args(wanted)[1])[0], data, path)
    if origin in (tuple, list):
        return _sequence(origin, get_args(wanted), data, path)
    if origin in (dict, Mapping):
        key, value = get_args(wanted)
        return {key(name): _decode(value, one, f"{path}.{name}") for name, one in _mapping(data, path).items()}
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return _member(wanted, data, path)
    return _scalar(wanted, data, path)


@cache
def _hints(wanted: type) -> dict[str, Any]:
    """Resolved annotations; slow to make, and the same every time."""
    return get_type_hints(wanted)


def _record(wanted: Any, data: object, path: str) -> Any:
    given = _mapping(data, path)
    names = {field.name: field for field in fields(wanted)}
    unknown = set(given) - set(names)
    if unknown:
        raise Malformed(f"{path}: unknown key {min(unknown)}")
    hints, values = _hints(wanted), {}
    for name, field in names.items():
        if name in given:
            values[name] = _decode(hints[name], given[name], f"{path}.{name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise Malformed(f"{path}: key {name} is missing")
    return wanted(**values)


def _array(scalar: type, data: object, path: str) -> Any:
    shape = None
    if isinstance(data, Mapping):
        shape, data = tuple(data.get("shape", ())), data.get("data")
    try:
        found: NDArray[Any] = np.asarray(data, dtype=scalar)
        return found if shape is None else found.reshape(shape)
    except (TypeError, ValueError, OverflowError) as error:
        raise Malformed(f"{path}: {error}") from None


def _sequence(origin: Any, arguments: tuple[Any, ...], data: object, path: str) -> Any:
    if not isinstance(data, list):
        raise Malformed(f"{path}: {type(data).__name__} where a list belongs")
    repeated = origin is list or (len(arguments) == 2 and arguments[1] is Ellipsis)
    kinds: Sequence[Any] = [arguments[0]] * len(data) if repeated else arguments
    if len(kinds) != len(data):
        raise Malformed(f"{path}: {len(data)} values where {len(kinds)} belong")
    return origin(_decode(kind, one, f"{path}[{i}]") for i, (kind, one) in enumerate(zip(kinds, data, strict=True)))


def _mapping(data: object, path: str) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        raise Malformed(f"{path}: {type(data).__name__} where an object belongs")
    return data


def _member(wanted: type[Enum], data: object, path: str) -> Enum:
    try:
        return wanted[str(data)]
    except KeyError:
        raise Malformed(f"{path}: {data!r} is no {wanted.__name__}") from None


def _scalar(wanted: Any, data: object, path: str) -> Any:
    if wanted is float and type(data) is int:
        return float(data)
    if wanted in (int, float, str, bool) and type(data) is not wanted:
        raise Malformed(f"{path}: {type(data).__name__} where {wanted.__name__} belongs")
    return data
