"""File formats of profiles, one module for each: it has SUFFIX and render(profile)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol

from ferrule import files
from ferrule.anatomy import profile as own
from ferrule.anatomy.formats import callgrind, flame, folded, markdown, speedscope
from ferrule.anatomy.profile import Profile
from ferrule.errors import InfrastructureError


class Format(Protocol):
    """A module of this folder."""

    SUFFIX: str

    def render(self, profile: Profile) -> str:
        """The whole file."""
        ...


FORMATS: Final[dict[str, Format]] = {
    "json": own,
    "callgrind": callgrind,
    "folded": folded,
    "speedscope": speedscope,
    "svg": flame,
    "markdown": markdown,
}


def write(folder: Path, profiles: Iterable[Profile], names: Iterable[str]) -> list[Path]:
    """Write each profile in each of these formats.

    Raises:
        InfrastructureError: the folder cannot be written.
    """
    chosen, written = [FORMATS[name] for name in names], []
    try:
        for profile in profiles:
            for one in chosen:
                written.append(folder / f"{profile.file_name}{one.SUFFIX}")
                files.write_whole(written[-1], one.render(profile).encode())
    except OSError as error:
        raise InfrastructureError(f"{error.filename or folder}: {error.strerror}") from None
    return written
