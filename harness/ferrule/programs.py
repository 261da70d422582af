"""Small programs that only say something: what this machine is, which version a tool has, which commit stands here."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

# They end at once, but a busy machine takes its time, and an answer that fails to come is a condition that differs.
SECONDS = 120.0


def said(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str | None:
    """What a program says on its standard output; None when it is not here, fails, or does not end."""
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
