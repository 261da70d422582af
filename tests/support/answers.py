"""Why a workload has no number: the kernel refused it, the port has no such call, or the OS has no such thing."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ferrule.records.samples import WITHOUT

from tests.support.places import ROOT


def absent(os: str) -> set[str]:
    """The operations that a port says have no meaning on its OS."""
    text = (ROOT / "guest" / "os" / os / "port.h").read_text()
    found = re.search(r"#define OS_ABSENT((?:[^\n]*\\\n)*[^\n]*\n)", text)
    return set(" ".join(re.findall(r'"([^"]*)"', found[1])).split()) if found else set()


def refused(os: str, end: Mapping[str, str]) -> str | None:
    """The operation that a run ended at, None where it went well; the status must be the true one of the three."""
    if end["status"] not in WITHOUT:
        return None
    name = end.get("operation", "")
    asked = "error" in end or end["status"] == "unsupported"  # without an errno: placements, parameters
    listed = name in absent(os) or "seen" in end  # it has the call, but not what would be measured
    assert end["status"] == ("unsupported" if asked else "absent" if listed else "not_ported"), (os, dict(end))
    return name
