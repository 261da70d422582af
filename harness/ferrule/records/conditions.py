"""Compares conditions: lists the differences that may change a result."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from ferrule.records.samples import Conditions

PLACEMENT: Final = "host.placement"  # relation of the two CPUs that the ends of cross_core runs are pinned to:
ALONE, SIBLINGS, CORES, PACKAGES = "same core", "smt siblings", "cross core", "other package"  # the first: one CPU
KINDS: Final = "host.kinds"  # the kind of core that each end runs on, where a processor has several
_IDENTITY: Final = ("vendor", "family", "model_number", "stepping", "implementer", "variant", "part", "revision")
_PREFIX: Final = "host.cpu."
_VOLATILE: Final = ("load", "load1", "beside", "reason", "file", "origin")  # last words of facts that are not compared
_COUNT = re.compile(r"\bferrule\.processes=\d+")  # in QEMU's command: a repetition count, not a condition


def departures(one: Conditions, other: Conditions, *, payload: bool = True) -> list[str]:
    """Differences of the second from the first, such as `kernel 6.1 -> 6.2`; `payload`: whether its build counts."""
    first, second = _stable(one), _stable(other)
    if not payload:
        for conditions in (first, second):
            conditions.pop("payload")
    return [
        f"{name} {first.get(name) or 'nothing'} -> {second.get(name) or 'nothing'}"
        for name in dict.fromkeys([*first, *second])
        if first.get(name) != second.get(name)
    ]


def _stable(conditions: Conditions) -> dict[str, str]:
    found = {one.name: str(getattr(conditions, one.name)) for one in fields(conditions) if one.name != "facts"}
    facts = {name: text for name, text in conditions.facts.items() if name.rpartition(".")[2] not in _VOLATILE}
    return found | {name: _COUNT.sub("", text) for name, text in facts.items()}


def processor(conditions: Conditions) -> dict[str, str]:
    """What distinguishes processors of one name: family, model number, stepping, or Arm's equivalents.

    Only the recorded values: runs stored by older versions have none.
    """
    facts = conditions.facts
    return {name: facts[_PREFIX + name] for name in _IDENTITY if facts.get(_PREFIX + name)}


def processors_differ(one: Conditions, other: Conditions) -> str | None:
    """How two processors of one name differ: `family 6, model 143, stepping 8 and ... 4`; None without a difference."""
    first, second = processor(one), processor(other)
    named = [name for name in first if name in second and first[name] != second[name]]
    if not named:
        return None
    return " and ".join(spelled({name: of[name] for name in named}) for of in (first, second))


def placements_differ(one: Conditions, other: Conditions) -> str | None:
    """Both placements of the ends of cross_core runs; None where they are the same, or one is not recorded."""
    both = [conditions.facts.get(PLACEMENT, "") for conditions in (one, other)]
    return " and ".join(both) if all(both) and both[0] != both[1] else None


def spelled(identity: Mapping[str, str]) -> str:
    """`family 6, model 143, stepping 8`."""
    return ", ".join(f"{name.removesuffix('_number')} {text}" for name, text in identity.items())


def digest(conditions: Conditions) -> str:
    """A hash that is equal for conditions without departures; it leaves out the payload's build."""
    stable = _stable(conditions)
    stable.pop("payload")
    return hashlib.sha256(repr(sorted(stable.items())).encode()).hexdigest()[:16]
