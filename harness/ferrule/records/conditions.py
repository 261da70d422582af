"""Conditions held against each other: what differs, of all that may move a number."""

from __future__ import annotations

import hashlib
import re
from dataclasses import fields
from typing import Final

from ferrule.records.samples import Conditions

_VOLATILE: Final = ("load", "load1", "beside", "reason", "file", "origin")  # last words of facts that say nothing here
_COUNT = re.compile(r"\bferrule\.processes=\d+")  # in QEMU's command: how often, not under which conditions


def departures(one: Conditions, other: Conditions, *, payload: bool = True) -> list[str]:
    """In what the second departs from the first: `kernel 6.1 -> 6.2`; `payload`: whether its build counts."""
    first, second = _stable(one), _stable(other)
    if not payload:
        for one_of in (first, second):
            one_of.pop("payload")
    return [
        f"{name} {first.get(name) or 'nothing'} -> {second.get(name) or 'nothing'}"
        for name in dict.fromkeys([*first, *second])
        if first.get(name) != second.get(name)
    ]


def _stable(conditions: Conditions) -> dict[str, str]:
    found = {one.name: str(getattr(conditions, one.name)) for one in fields(conditions) if one.name != "facts"}
    facts = {name: text for name, text in conditions.facts.items() if name.rpartition(".")[2] not in _VOLATILE}
    return found | {name: _COUNT.sub("", text) for name, text in facts.items()}


def digest(conditions: Conditions) -> str:
    """Equal where nothing departs, the payload's build left out."""
    stable = _stable(conditions)
    stable.pop("payload")
    return hashlib.sha256(repr(sorted(stable.items())).encode()).hexdigest()[:16]
