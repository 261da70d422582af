"""What cannot be measured on a machine, as a value: a table shows it where a figure would stand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotMeasurable:
    """Why there is no figure."""

    reason: str

    def __str__(self) -> str:
        """For people."""
        return f"not measurable here: {self.reason}"
