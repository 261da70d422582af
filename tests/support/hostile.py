"""What readers of stored documents must do with any input: return its content, or a FerruleError in one line."""

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
    """What `read` returns, or its FerruleError; any other exception fails the test."""
    try:
        found = read()
    except FerruleError as error:
        found = error
    if isinstance(found, FerruleError):
        message = str(found)
        assert not STEERING.search(message), ascii(message[:200])
        assert len(message.splitlines()) == 1, message[:400]
        assert len(message) < 2000, message[:400]
        assert found.exit_code in (EXIT_USAGE, EXIT_INFRASTRUCTURE), message
    for text in re.findall(r".+", str(found)) if isinstance(found, str) else ():
        assert not STEERING.search(text), ascii(text[:200])
    return found
