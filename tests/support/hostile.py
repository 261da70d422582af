"""What readers of stored documents are to do with anything: give what was stored, or an error of ours in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ferrule.errors import EXIT_INFRASTRUCTURE, EXIT_USAGE, FerruleError
from ferrule.text import STEERING
from hypothesis import strategies as st

from tests.support import damage
from tests.support.damage import DEEP

HOSTILE = (*damage.SHORT, *damage.LONG)
__all__ = ["DEEP", "HOSTILE", "outcome", "texts"]


def texts(document: Any) -> st.SearchStrategy[str]:
    """JSON of the document with one to three changes."""
    whole = damage.Document(json.dumps(document, separators=(",", ":")))
    return st.randoms(use_true_random=False).map(lambda draw: damage.documents_changed(whole, draw))


def outcome(read: Callable[[], object]) -> object:
    """What reading gives, or the error of ours; any other exception is the test's failure."""
    try:
        found = read()
    except FerruleError as error:
        found = error
    if isinstance(found, FerruleError):
        said = str(found)
        assert not STEERING.search(said), ascii(said[:200])
        assert len(said.splitlines()) == 1, said[:400]
        assert len(said) < 2000, said[:400]
        assert found.exit_code in (EXIT_USAGE, EXIT_INFRASTRUCTURE), said
    for text in re.findall(r".+", str(found)) if isinstance(found, str) else ():
        assert not STEERING.search(text), ascii(text[:200])
    return found
