"""The output of small programs (what this machine is, which version a tool has), and how to start this Python again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence

# They end at once, but a busy machine is slow, and a missing answer would count as a condition that differs.
SECONDS = 120.0


def output(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str | None:
    """A program's standard output, stripped; None when it is not installed, fails, or does not end within SECONDS."""
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def python(code: str) -> list[str]:
    """The command of another interpreter that runs `code` and imports from the same folders as this one.

    `python -c` and `python -m` would look in the current folder first: a user's `types.py` there would be imported in
    the place of the standard library's.
    """
    return [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"]
