"""The interface of a guest to the rest of the harness: it executes a payload and its bytes can be read."""

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
    """How an execution ended. `clean`: success by the guest's own report; `detail` is for people."""

    clean: bool
    detail: str  # "exit status 0", "signal 11 (SIGSEGV)", "QEMU exit 33", "guest powered off"
    killed: bool = False  # by something other than the guest or its payload


class Execution(Protocol):
    """The execution of a payload: all processes of one boot. Closing it ends everything that it started."""

    def read(self, timeout: float) -> bytes:
        """Next bytes of the record stream; b"" at its end; TimeoutError when none came within `timeout` seconds."""
        ...

    def console(self) -> str:
        """The last part of the guest's output outside the record stream: kernel log, firmware, stderr (bounded)."""
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
    """An Execution whose payload reads the same counter and clock as this process."""

    def host_marks(self) -> Sequence[Mark]:
        """Counter and CLOCK_MONOTONIC as read here: before the first process, and after each that has ended."""
        ...


@runtime_checkable
class CountsStops(Protocol):
    """An Execution on another host, where a CPU quota may stop the payload."""

    def throttled(self) -> Mapping[int, int]:
        """For each process that has ended, in how many periods it was stopped; empty where there is no quota."""
        ...


@runtime_checkable
class OneProcess(Protocol):
    """An Execution whose whole machine is one process of this host."""

    @property
    def pid(self) -> int:
        """That process."""
        ...


class Guest(Protocol):
    """An OS that payloads can run on. One module per guest; guests/__init__.py chooses one by name."""

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
        """Release everything that is kept between boots."""
        ...


@runtime_checkable
class Advises(Protocol):
    """A guest that knows why one of its kernels may send no record at all."""

    def when_silent(self) -> str:
        """What the user may try when a boot sends no record; empty: nothing is known."""
        ...


@runtime_checkable
class Fragile(Protocol):
    """A guest whose kernel may hang or crash in some workloads: these run in a boot of their own, after the others.

    If one of them ends that boot, each of the rest gets a boot to itself. So a kernel that survives them costs one more
    boot, and any other costs no more than one boot for each run that breaks it.
    """

    def breaks_on(self, key: RunKey) -> bool:
        """Whether the kernel may hang or crash in this run."""
        ...


@runtime_checkable
class Ages(Protocol):
    """A guest whose kernel makes some operations slower the more of them it has done since it was booted.

    In a boot with other runs, their cost would depend on the random order of the runs. So each of these runs has a boot
    of its own, which always has the same history, whatever else is measured.
    """

    def ages_on(self, key: RunKey) -> bool:
        """Whether this run's cost depends on how much the kernel has done before."""
        ...


@runtime_checkable
class Scatters(Protocol):
    """A guest whose processes can get a random address layout, so that a layout's effect is not taken for a change.

    Another layout can change times by more than a real change does (Mytkowicz, Diwan, Hauswirth & Sweeney, ASPLOS
    2009). Equal seeds give equal layouts, so that the two arms of a pair can share a layout.
    """

    def scatter(self, seed: int) -> None:
        """From now on give every process the layout of this seed."""
        ...
