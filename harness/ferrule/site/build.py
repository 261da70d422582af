"""The site as files: what is stored is read once, every page is made from it, and old pages are removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ferrule.report.journal import write_whole
from ferrule.site import builds, compatibility, curves, idle, kernels, overview, picture, profiles, records, workloads
from ferrule.site.page import Page
from ferrule.site.render import Renderer
from ferrule.site.shelf import Shelf, take

MARK = b'<meta name="generator" content="Ferrule">'


def build(folder: Path, out: Path, pictures: Path) -> list[Path]:
    """Write the site. The same history, profiles and idle tables give the same bytes.

    Args:
        folder: the history's root.
        out: where the site goes; other files there are left alone.
        pictures: where the README's picture goes.

    Returns:
        The files written, in a stable order; none where nothing is stored.

    Raises:
        UsageError: a profile, an idle table or the list of builds is not valid; names the file.
        InfrastructureError: a stored line is damaged, or a page cannot be written.
    """
    shelf = take(folder)
    if not shelf.lines():
        return []
    renderer = Renderer(shelf.guests)
    written = []
    for page in _pages(shelf, folder):
        write_whole(out / page.path, renderer.html(page))
        written.append(out / page.path)
    _remove_old(out, set(written))
    if (drawn := picture.overview(shelf)) is not None:
        write_whole(pictures / picture.NAME, drawn.encode())
        written.append(pictures / picture.NAME)
    return sorted(written)


def _pages(shelf: Shelf, folder: Path) -> Iterator[Page]:
    known = builds.take(folder)
    yield from overview.pages(shelf, idle.seconds(folder))
    yield from workloads.pages(shelf, workloads.descriptions(), profiles.take(folder))
    yield from kernels.pages(shelf, known)
    yield from curves.pages(shelf)
    yield from compatibility.pages(shelf)
    yield from idle.pages(folder)
    yield Page("reading.html", "reading.html", "How to read the tables", "reading", {})
    yield from records.pages(shelf, folder, known)


def _remove_old(out: Path, written: set[Path]) -> None:
    """Remove pages of an earlier site that this one does not have: they would show old results."""
    for path in (*out.glob("*.html"), *out.glob("*/*.html")):
        if path not in written:
            with suppress(OSError):
                if MARK in path.read_bytes()[:2048]:
                    path.unlink()
