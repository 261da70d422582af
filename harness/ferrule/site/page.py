"""A page of the site: its path, its template, and the values for the template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Page:
    """One file."""

    path: str  # from the site's root, with slashes
    template: str
    title: str
    place: str  # which entry of the navigation it belongs to
    context: Mapping[str, Any]

    @property
    def up(self) -> str:
        """The relative path from the page to the site's root."""
        return "../" * self.path.count("/")
