"""Reading a stored gate: all that it measured, or why the file is not one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ferrule.errors import InfrastructureError, UsageError
from ferrule.gate.paired.pairs import SCHEMA, Head, Pair
from ferrule.gate.paired.sound import check_head, check_pair, check_pairs
from ferrule.report.codec import Malformed, decode, shown
from ferrule.report.journal import lines

_AGAIN: Final = "restore the file, or measure again"


def load(path: Path) -> tuple[Head, list[Pair]]:
    """A stored gate.

    Raises:
        UsageError: the file is no stored gate.
        InfrastructureError: a line is damaged, or pairs are doubled or missing; names it.
    """
    try:
        if not path.is_file():
            raise UsageError(f"--from {path}: no such file")
    except OSError as error:  # such as a name that is too long
        raise UsageError(f"--from {str(path)[:200]}: {error.strerror}") from None
    found = lines(path)
    head = _head(path, found)
    pairs: list[Pair] = []
    for where, line in found:
        try:
            if line.keys() != {"pair"}:
                raise Malformed("holds no pair")
            pairs.append(decode(Pair, line["pair"], ".pair"))
            check_pair(pairs[-1])
        except Malformed as error:
            raise InfrastructureError(f"{where}: {error}; {_AGAIN}") from None
    try:
        check_pairs(head, pairs)
    except Malformed as error:
        raise InfrastructureError(f"{path}: {error}; {_AGAIN}") from None
    return head, pairs


def _head(path: Path, found: Iterator[tuple[str, dict[str, Any]]]) -> Head:
    elsewhere = "they are in results/<year>/<machine>/gates/"
    _, line = next(found, ("", {}))
    stored = line.get("head")
    if not isinstance(stored, dict):
        raise UsageError(f"--from {path}: is no stored gate; {elsewhere}")
    if stored.get("schema") != SCHEMA:
        raise InfrastructureError(f"{path}: schema {shown(stored.get('schema'))}, this Ferrule reads {SCHEMA}")
    try:
        head = decode(Head, stored, ".head")
        check_head(head)
    except Malformed as error:
        raise UsageError(f"--from {path}: is no stored gate: {error}; {elsewhere}") from None
    return head
