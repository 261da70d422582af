"""The names in a stored line, which become files, pages and cells: what they may look like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ferrule.report.codec import Malformed, shown

# What names files and stands in tables. A machine's name is a folder's and a page's: it leads nowhere else.
_FORMS: Final = {
    "run_id": re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,79}"),
    "machine": re.compile(r"[0-9a-z](?:[0-9a-z._-]{0,118}[0-9a-z])?"),
    "guest": re.compile(r".{1,300}"),
    "ts": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"),
}


def check_names(fields: Mapping[str, Any]) -> None:
    """Refuse what a line must not be called.

    Raises:
        Malformed: a name has another form than it is written in.
    """
    for name, form in _FORMS.items():
        if form.fullmatch(fields[name]) is None:
            raise Malformed(f"{shown(fields[name])} is none", f".{name}")
