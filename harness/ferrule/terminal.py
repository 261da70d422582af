"""Usage errors of `ferrule run`: one line of ours instead of pytest's usage text."""

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
    """Report an invalid argument in one line and with our exit code."""
    try:
        return (yield)
    except pytest.UsageError as error:
        raise SystemExit(exits.report(UsageError(_line(str(error))))) from None


def _line(text: str) -> str:
    found = _ERROR.search(text)
    message = found[1] if found else text.splitlines()[0]
    if (unknown := _UNKNOWN.match(message)) is None:
        return f"{message}; see ferrule run --help"
    name = unknown[1].partition("=")[0]
    near = difflib.get_close_matches(name, [flag.name for flag in flags.every()], n=1)
    return f"{name}: no such option; {f'did you mean {near[0]}?' if near else 'see ferrule run --help'}"
