"""Every error a user can meet, as a type: one line that says what is wrong, where, and what to do."""

from __future__ import annotations

from typing import Literal

EXIT_OK, EXIT_REGRESSION, EXIT_USAGE, EXIT_INFRASTRUCTURE = 0, 1, 2, 3


class FerruleError(Exception):
    """Base class; `exit_code` is the command's exit code when nothing handles the error."""

    exit_code = EXIT_INFRASTRUCTURE


class UsageError(FerruleError):
    """The user asked for something that does not exist or cannot be: names the flag, file or key."""

    exit_code = EXIT_USAGE


class InfrastructureError(FerruleError):
    """The machinery failed: a tool is missing, a build broke, a disk is full, a host cannot be reached."""


class ToolMissing(InfrastructureError):
    """A program this machine lacks; the message ends with the command that installs it."""


class BuildFailed(InfrastructureError):
    """The payload or the timing core did not compile; the message carries the compiler's last lines."""


class TransportError(InfrastructureError):
    """Bytes could not be carried to or from a guest."""


class HostKeyRejected(TransportError):
    """An SSH server showed another key than the pinned one, or none was pinned."""


class GuestError(InfrastructureError):
    """A guest failed. Names the guest, what it was running, and its last lines of output."""

    verdict: Literal["lost", "crashed", "hung"] = "lost"  # what the running workload is reported as

    def __init__(self, guest: str, what: str, *, workload: str | None = None, tail: str = "") -> None:
        self.guest, self.what, self.workload, self.tail = guest, what, workload, tail
        where = f" during {workload}" if workload else ""
        super().__init__(f"{guest}: {what}{where}")

    def __str__(self) -> str:
        """The one line, then the transcript's tail, indented."""
        head = super().__str__()
        tail = "\n".join(f"    | {line}" for line in self.tail.splitlines())
        return f"{head}\n{tail}" if tail else head


class GuestNotStarted(GuestError):
    """It sent no record before the boot deadline."""


class GuestPanicked(GuestError):
    """Its kernel reported a fatal error."""

    verdict = "crashed"


class GuestRebooted(GuestError):
    """It restarted or powered off before it was finished."""

    verdict = "crashed"


class GuestDied(GuestError):
    """The payload process or the emulator ended: exit status or signal in the message."""

    verdict = "crashed"


class GuestHung(GuestError):
    """No record within the deadline."""

    verdict = "hung"


class GuestKilled(GuestError):
    """Someone else ended the emulator or the payload: no workload is at fault."""


class GuestFlooded(GuestError):
    """It sent more bytes than any valid run can produce."""

    verdict = "crashed"


class GuestForeign(GuestError):
    """The program that answers is not the one that was sent, or it runs another plan."""


class StreamDamaged(GuestError):
    """Records were lost or corrupted and repeating did not help."""
