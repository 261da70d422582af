"""What running the workloads showed of each kernel: docs/upstream-findings.md, whose sections are kernels, as HTML.

Findings are below `## Kernel (build)`: as `### 1. Title`, as `1. **Title.** text`, or as paragraphs with a bold part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from markupsafe import Markup

from ferrule import paths
from ferrule.site.prose import GAP, blocks, inline

FILE = "docs/upstream-findings.md"
_SECTION = re.compile(r"^## (.+)\n", re.MULTILINE)
_HEADED = re.compile(r"^### \d+\. (.+)\n", re.MULTILINE)
_ITEM = re.compile(r"^\d+\. ", re.MULTILINE)
_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)


@dataclass(frozen=True)
class Finding:
    """One observation."""

    title: Markup
    text: Markup


@dataclass(frozen=True)
class Section:
    """The findings of one build of a kernel."""

    kernel: str  # `Redox (kernel 663e6641 ...)`
    before: Markup  # what applies to all findings
    findings: Sequence[Finding]


def of(guest: str) -> list[Section]:
    """The sections of a guest's kernel: linux:asterinas is Asterinas, redox_userland is Redox."""
    name = guest.rpartition(":")[2].partition("_")[0]
    return [one for one in _sections() if one.kernel.lower().startswith(name)]


@cache
def _sections() -> tuple[Section, ...]:
    """The sections of this checkout's page; none where there is no checkout."""
    checkout = paths.checkout()
    page = checkout / FILE if checkout is not None else None
    return tuple(read(page.read_text(encoding="utf-8"))) if page is not None and page.is_file() else ()


def read(text: str) -> Iterator[Section]:
    """The sections of a page in this form."""
    parts = _SECTION.split(text)[1:]
    for kernel, body in zip(parts[::2], parts[1::2], strict=True):
        if _HEADED.search(body):
            first, *headed = _HEADED.split(body)
            found = [
                Finding(inline(title), blocks(text)) for title, text in zip(headed[::2], headed[1::2], strict=True)
            ]
        else:
            chunks = (_ITEM if _ITEM.search(body) else GAP).split(body)
            first = "\n\n".join(one for one in chunks if not _BOLD.search(one))
            found = [_titled(one) for one in chunks if _BOLD.search(one)]
        yield Section(kernel, blocks(first), found)


def _titled(chunk: str) -> Finding:
    bold = _BOLD.search(chunk)
    assert bold is not None
    sentence = bold[1].endswith(".") and not bold.start()
    return Finding(inline(bold[1].rstrip(".")), blocks(chunk[bold.end() :] if sentence else chunk))
