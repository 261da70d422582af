"""A page of the site: where it stands, which template makes it, and what is in it."""

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
        """From the page to the root."""
        return "../" * self.path.count("/")
