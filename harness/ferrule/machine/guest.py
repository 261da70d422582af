"""What a guest is to the rest of the house: something that executes a payload and lets its bytes be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, runtime_checkable

from ferrule.core import Mark
from ferrule.payload.key import RunKey
from ferrule.records.samples import Accel


@dataclass(frozen=True)
class Ending:
    """How an execution ended. `clean` is what the guest calls success; `detail` is for people."""

    clean: bool
    detail: str  # "exit status 0", "signal 11 (SIGSEGV)", "QEMU exit 33", "guest powered off"
    killed: bool = False  # by somebody else than the guest or its payload


class Execution(Protocol):
    """A payload being executed for all processes of one boot. Closing it ends everything it started."""

    def read(self, timeout: float) -> bytes:
        """Next bytes of the record stream; b"" at its end; TimeoutError when none came within `timeout` seconds."""
        ...

    def console(self) -> str:
        """Tail of what the guest said outside the record stream: kernel log, firmware, stderr (bounded)."""
        ...

    def ending(self) -> Ending:
        """How it ended; call after read() gave b"" (waits for a short, bounded time)."""
        ...

    def close(self) -> None:
        """Kill, reap, remove temporary files. May be called twice."""
        ...

    def __enter__(self) -> Execution: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@runtime_checkable
class SharesClock(Protocol):
    """What an Execution has besides when its payload reads the very counter and clock that this process reads."""

    def host_marks(self) -> Sequence[Mark]:
        """Counter and CLOCK_MONOTONIC as read here: before the first process, and after each that has ended."""
        ...


@runtime_checkable
class CountsStops(Protocol):
    """What an Execution has besides when it is on another host, where a CPU quota may stop the payload."""

    def throttled(self) -> Mapping[int, int]:
        """For each process that has ended, in how many periods it was stopped; empty where there is no quota."""
        ...


@runtime_checkable
class OneProcess(Protocol):
    """What an Execution has besides when one process of this host is the whole machine that it runs on."""

    @property
    def pid(self) -> int:
        """That process."""
        ...


class Guest(Protocol):
    """An OS that can be reached. One module a guest; see guests/__init__.py for how one is chosen by name."""

    name: str  # as in tables: local, linux, ssh://user@host:port
    os: str  # which port of the payload it runs: guest/os/<os>
    arch: str  # x86_64 | aarch64 | riscv64
    accel: Accel
    fresh_boots: bool  # whether every execute() is a new boot (False: local, ssh hosts)
    boot_seconds: float  # deadline for the first record
    cpus: tuple[int, ...]  # for the plan: home of end 0, home of end 1 when cross-core; empty: do not pin

    def describe(self) -> dict[str, str]:
        """Conditions that only the host side knows: QEMU version and arguments, kernel file and its SHA-256 ..."""
        ...

    def execute(self, payload: bytes, processes: int, boot: int) -> Execution:
        """Start the payload `processes` times, one after the other, as `payload process=K` (K = 0, 1, ...).

        The plan is already patched into `payload`. All processes' records come out of the one Execution in order. It
        stops at the first process that does not end with status 0.
        """
        ...

    def close(self) -> None:
        """Let go of everything kept between boots."""
        ...


@runtime_checkable
class Advises(Protocol):
    """A guest that knows why one of its kernels may never say a word."""

    def when_silent(self) -> str:
        """What the user may try then; empty: nothing is known."""
        ...


@runtime_checkable
class Fragile(Protocol):
    """A guest whose kernel some workloads may hang or crash: they have a boot of their own, after the others.

    When one of them does end that boot, each of the rest gets one to itself: so a kernel that survives them costs one
    more boot, and one that does not costs no more than the runs that it breaks on.
    """

    def breaks_on(self, key: RunKey) -> bool:
        """Whether this run may be the kernel's last."""
        ...


@runtime_checkable
class Ages(Protocol):
    """A guest whose kernel makes some operations dearer the more of them it has done since it was booted.

    Among others, their cost would be that of an order drawn by lot. So each of these runs has a boot of its own, in
    which nothing but itself has happened before: the same history whatever else is measured.
    """

    def ages_on(self, key: RunKey) -> bool:
        """Whether this run's cost depends on how much the kernel has made before."""
        ...


@runtime_checkable
class Scatters(Protocol):
    """A guest whose processes' address layout can be drawn, so that no layout is mistaken for the operation's cost.

    Another layout changes time by more than a real change does (Mytkowicz, Diwan, Hauswirth & Sweeney, ASPLOS 2009).
    Equal seeds give equal layouts, so that the two arms of a pair can share theirs.
    """

    def scatter(self, seed: int) -> None:
        """From now on give every process the layout that this seed draws."""
        ...
