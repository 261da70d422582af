"""Usage errors of `ferrule run`: one line of ours instead of pytest's usage text."""

from __future__ import annotations

import re
from collections.abc import Generator

import pytest

from ferrule import exits
from ferrule.errors import UsageError
from ferrule.options import flags, usage

_ERROR = re.compile(r": error: (.*)")


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
    return usage.line(message, [flag.name for flag in flags.every()], "ferrule run")
