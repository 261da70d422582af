"""The valid forms of the names in a stored line, which become names of files, pages and cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ferrule.report.codec import Malformed, shown

# Names of files and text of cells. A machine's name is that of a folder and a page: it cannot be another path.
_FORMS: Final = {
    "run_id": re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,79}"),
    "machine": re.compile(r"[0-9a-z](?:[0-9a-z._-]{0,118}[0-9a-z])?"),
    "guest": re.compile(r".{1,300}"),
    "ts": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"),
}


def check_names(fields: Mapping[str, Any]) -> None:
    """Refuse a line with an invalid name.

    Raises:
        Malformed: a name has another form than the one that we write.
    """
    for name, form in _FORMS.items():
        if form.fullmatch(fields[name]) is None:
            raise Malformed(f"{shown(fields[name])} is not a valid one", f".{name}")
