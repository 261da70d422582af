"""The options of a measurement: stored with an unfinished run, and restored when it is resumed."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from ferrule.errors import InfrastructureError, UsageError
from ferrule.options.flags import AMOUNT, MACHINES, SUBJECT, Flag


def kept(option: Namespace) -> dict[str, Any]:
    """The options that decide what a run measures and how, in plain JSON types."""
    return {name: getattr(option, name) for name, _ in _names()}


def take_up(option: Namespace, stored: Mapping[str, Any], run: str) -> None:
    """Give a command the options of an unfinished run.

    Raises:
        UsageError: the command gives one of them another value.
        InfrastructureError: the stored options are not those of this version.
    """
    for name, flag in _names():
        if name not in stored or not _plain(stored[name]):
            raise InfrastructureError(f"run {run}: {flag.name} is missing or damaged in what is stored of it")
        given = getattr(option, name)
        if given not in (_default(flag), stored[name]):
            raise UsageError(f"{_shown(flag, given)}: a resumed run goes on as it began{_began(flag, stored[name])}")
        setattr(option, name, stored[name])


def _names() -> Iterator[tuple[str, Flag]]:
    """Name of the value, and its flag."""
    for flag in (*SUBJECT, *AMOUNT, *MACHINES):
        yield flag.attribute, flag


def _shown(flag: Flag, value: Any) -> str:
    """The flag with its value, as on a command line."""
    values = value if isinstance(value, list) else [] if value is True else [value]
    return " ".join([flag.name, *map(str, values)])


def _began(flag: Flag, stored: Any) -> str:
    if stored == _default(flag) and stored in (None, False, "", []):
        return ", without it; leave it out"
    return f", with {_shown(flag, stored)}; leave it out"


def _default(flag: Flag) -> Any:
    return flag.more.get("default", False if flag.more.get("action") == "store_true" else None)


def _plain(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return value is None or isinstance(value, str | int | float)
