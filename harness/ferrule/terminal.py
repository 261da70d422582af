"""What `ferrule run` says instead of pytest: what the command line does not mean, in one line of ours."""

from __future__ import annotations

import difflib
import re
from collections.abc import Generator

import pytest

from ferrule import exits
from ferrule.errors import UsageError
from ferrule.options import flags

_ERROR = re.compile(r": error: (.*)")
_UNKNOWN = re.compile(r"unrecognized arguments: (\S+)")


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_parse() -> Generator[None, pytest.Config, pytest.Config]:
    """An argument that means nothing is one line and our exit code, not pytest's usage."""
    try:
        return (yield)
    except pytest.UsageError as error:
        raise SystemExit(exits.tell(UsageError(_line(str(error))))) from None


def _line(text: str) -> str:
    found = _ERROR.search(text)
    said = found[1] if found else text.splitlines()[0]
    if (unknown := _UNKNOWN.match(said)) is None:
        return f"{said}; see ferrule run --help"
    name = unknown[1].partition("=")[0]
    near = difflib.get_close_matches(name, [flag.name for flag in flags.every()], n=1)
    return f"{name}: no such option; {f'did you mean {near[0]}?' if near else 'see ferrule run --help'}"
