"""What cannot be measured on a machine, as a value: a table shows it in place of a figure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotMeasurable:
    """Why there is no figure."""

    reason: str

    def __str__(self) -> str:
        """The text for tables."""
        return f"not measurable here: {self.reason}"
