"""Every stored format, with thousands of damaged files: each is read as it was stored, or refused with one line.

`nox -s formats` reads a hundred thousand of each; here it is a few hundred. A damaged file with a checksum is never
read as something that was not in it. One without a checksum may be read as something else, and does no harm.
"""

from __future__ import annotations

import faulthandler
import os
import random
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.support import hostile
from tests.support.formats import as_text, reader, spoiled
from tests.support.image_formats import IMAGES
from tests.support.made_formats import MADE
from tests.support.patience import PATIENCE
from tests.support.stored_formats import STORED

FORMATS = {**STORED, **MADE, **IMAGES}
MANY = int(os.environ.get("FERRULE_FORMATS", "150"))
SEED = int(os.environ.get("FERRULE_FORMATS_SEED", "1"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))


@cache
def good(name: str) -> list[bytes]:
    return FORMATS[name].good()


@pytest.mark.parametrize("name", FORMATS)
def test_good_files_are_read(name: str) -> None:
    with reader(FORMATS[name]) as read:
        for content in good(name):
            read(content)


@pytest.mark.parametrize("name", FORMATS)
def test_no_damaged_file_is_a_crash_or_another_value(name: str) -> None:
    with reader(FORMATS[name]) as read:
        sweep(name, read)


def sweep(name: str, read: Callable[[bytes], object]) -> None:
    one, draw, seen = FORMATS[name], random.Random(f"{SEED} {name}"), Counter[str]()
    facts = {as_text(fact) for content in good(name) for fact in one.facts(read(content))} if one.facts else None
    for number in range(MANY):
        if number % 1000 == 0:  # a reader that hangs is a failure as well
            faulthandler.dump_traceback_later(PATIENCE + 900, exit=True)
        content, checked = spoiled(one, good(name), draw)
        found = hostile.outcome(lambda: read(content))  # noqa: B023
        refused = isinstance(found, Exception)
        seen["refused" if refused else "read"] += 1
        if facts is not None and one.facts is not None and checked and not refused:
            other = [fact for fact in map(as_text, one.facts(found)) if fact not in facts]
            assert not other or unsealed(content), f"file {number} of seed {SEED}: it says {other[0][:500]}"
    faulthandler.cancel_dump_traceback_later()
    print(f"{MANY} files of {name}, seed {SEED}: {dict(seen)}")


def unsealed(content: bytes) -> bool:
    """Whether a file lost its checksum and nothing else: it then looks like a file from before checksums existed."""
    return content.count(b'"sum"') == 0
