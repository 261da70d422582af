"""What a validation has found so far, line by line: what is in it is not measured again, what is lost is one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ferrule.errors import InfrastructureError


class Ledger:
    """A JSONL file of finished findings by key. Later lines of a key win; a torn last line is measured again."""

    def __init__(self, path: Path) -> None:
        """Read what is there.

        Raises:
            InfrastructureError: a line in the middle is no finding.
        """
        self.path = path
        self._held: dict[str, dict[str, Any]] = {}
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line) if line else None
                if record is not None:
                    self._held[record["key"]] = record["found"]
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                if number < len(lines):
                    raise InfrastructureError(f"{path}: line {number} is no finding: {error}; remove it") from None

    def __contains__(self, key: str) -> bool:
        return key in self._held

    def __getitem__(self, key: str) -> dict[str, Any]:
        return self._held[key]

    def items(self) -> list[tuple[str, dict[str, Any]]]:
        """All findings, in the order in which they were first made."""
        return list(self._held.items())

    def add(self, key: str, found: dict[str, Any]) -> None:
        """Keep one, at once."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "found": found}, sort_keys=True) + "\n")
        self._held[key] = found
