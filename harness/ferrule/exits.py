"""How a command ends: always with one of four exit codes; output that cannot be written changes no verdict.

    0  ok          2  wrong usage
    1  regression  3  everything else: a machine, file, guest or tool that fails, an interruption, a fault of Ferrule's

A reader that closes early (`| head -1`) is no error: the command continues without output and ends with its own code.
Output that fails for another reason (a full disk) turns a 0 into a 3. Characters that the terminal's encoding lacks are
written in ASCII.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import Final, NoReturn

from ferrule.errors import EXIT_INFRASTRUCTURE, EXIT_OK, EXIT_USAGE, FerruleError, InfrastructureError
from ferrule.text import one_line, visible

TRACE: Final = "FERRULE_TRACEBACK"  # in the environment: faults are shown with their traceback
_ENCODABLE: Final = "ferrule.ascii"  # name of the error handler
_ASCII: Final = {"µ": "u", "μ": "u", "×": "x", "±": "+/-", "–": "-", "—": "-", "…": "...", "≤": "<=", "≥": ">="}  # noqa: RUF001
_ENDS: Final = (signal.SIGTERM, signal.SIGHUP)


class Ended(KeyboardInterrupt):
    """A signal other than Ctrl-C ended this process: cleanup is the same as for Ctrl-C."""

    def __init__(self, number: int) -> None:
        self.name = signal.Signals(number).name
        super().__init__(self.name)


class _Descriptor(io.FileIO):
    """A standard stream's descriptor. The first failed write is recorded, and all further writes are discarded."""

    broken: OSError | None = None

    def write(self, data: object) -> int:
        """See io.RawIOBase."""
        view = memoryview(data)  # type: ignore[arg-type]
        while self.broken is None:
            try:
                written: int | None = super().write(view)
                if written is not None:
                    return written
                select.select([], [self], [])  # another process that shares it has made it non-blocking
            except OSError as error:
                self.broken = error
        return view.nbytes


class Output:
    """Standard output and error of one command."""

    def __init__(self) -> None:
        self._out, self._err = _Descriptor(1, "wb", closefd=False), _Descriptor(2, "wb", closefd=False)

    def streams(self) -> tuple[io.TextIOWrapper, io.TextIOWrapper]:
        """Text streams over both, in the encodings that the interpreter chose."""
        out, err = (_text(raw, old) for raw, old in ((self._out, sys.stdout), (self._err, sys.stderr)))
        return out, err

    def settle(self, code: int) -> int:
        """Flush both streams; the exit code of a command that would end with `code`."""
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # ValueError: it is closed
                stream.flush()
        error = self._out.broken
        if error is None or error.errno == errno.EPIPE:
            return code
        report(InfrastructureError(f"standard output: {error.strerror}; output is lost"))
        return code or EXIT_INFRASTRUCTURE


def _text(raw: _Descriptor, old: object) -> io.TextIOWrapper:
    encoding = old.encoding if isinstance(old, io.TextIOWrapper) else "utf-8"
    by_line = raw.isatty() or raw.fileno() == 2
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, _ENCODABLE, line_buffering=by_line)


def _encodable(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if character in _ASCII:
        return _ASCII[character], error.start + 1
    return codecs.backslashreplace_errors(error)


codecs.register_error(_ENCODABLE, _encodable)


@contextmanager
def output() -> Iterator[Output | None]:
    """In the `with` block, standard streams that survive a closed reader; None where a test has replaced them."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:  # closed: the next file to be opened would get that number, and receive our output
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is not sys.__stdout__:
        yield None
        return
    before, made = (sys.stdout, sys.stderr), Output()
    sys.stdout, sys.stderr = made.streams()
    try:
        yield made
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        sys.stdout, sys.stderr = before


def guarded(command: Callable[[], int]) -> int:
    """Run a command; returns the process's exit code, however the command ended.

    Raises:
        SystemExit: the command exits by itself, as argparse does after --help.
    """
    with ExitStack() as stack:
        streams = stack.enter_context(output())
        stack.enter_context(ended_by_signals())
        leaves = False
        try:
            code = command()
        except SystemExit as end:
            code, leaves = _status(end), True
        except BaseException as error:
            code = report(error)
        code = streams.settle(code) if streams else code
    if leaves:
        raise SystemExit(code)
    return code


def _status(end: SystemExit) -> int:
    """The exit code of a SystemExit, which carries a number, None or a text."""
    if isinstance(end.code, str):
        print(end.code, file=sys.stderr)
        return EXIT_USAGE
    return end.code or EXIT_OK


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the process as Ctrl-C does, with cleanup. Ignored signals stay ignored."""
    mine = threading.current_thread() is threading.main_thread()
    numbers = [number for number in _ENDS if mine and signal.getsignal(number) is signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _: FrameType | None) -> NoReturn:
    raise Ended(number)


def report(error: BaseException) -> int:
    """Print in one line why a command ends; a guest's last lines may follow. Returns the exit code."""
    known = as_known(error)
    with suppress(OSError, ValueError, AttributeError):  # AttributeError: there is no standard error
        sys.stdout.flush()
    with suppress(OSError, ValueError):
        print(f"ferrule: {visible(str(known))}", file=sys.stderr, flush=True)
        if known is not error and os.environ.get(TRACE):
            traceback.print_exception(error)
    return known.exit_code


def as_known(error: BaseException) -> FerruleError:
    """Any exception as one of ours, whose text says what to do."""
    if isinstance(error, FerruleError):
        return error
    if isinstance(error, Ended):
        return InfrastructureError(f"ended by {error.name} before it was finished")
    if isinstance(error, KeyboardInterrupt):
        return InfrastructureError("interrupted before it was finished")
    if isinstance(error, MemoryError):
        return InfrastructureError("out of memory; close other programs, or measure fewer workloads at once")
    if isinstance(error, OSError) and error.strerror:
        name = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        return InfrastructureError(f"{name}{one_line(error.strerror)}{_where(error) if not name else ''}")
    what = one_line(f"{type(error).__name__}: {error}")[:300]
    return InfrastructureError(f"a fault of Ferrule's: {what}{_where(error)}; report it with what {TRACE}=1 shows")


def _where(error: BaseException) -> str:
    """The innermost of our own lines in the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}ferrule{os.sep}" in frame.filename] or frames
    return f" (in {ours[-1].name}, {os.path.basename(ours[-1].filename)}:{ours[-1].lineno})" if ours else ""  # noqa: PTH119
