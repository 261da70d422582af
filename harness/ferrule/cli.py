"""`ferrule`: the command line beside pytest. `ferrule run` is `pytest suites` with our exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ferrule import exits, paths, programs
from ferrule.errors import EXIT_INFRASTRUCTURE, EXIT_USAGE

# pytest's own exit codes (pytest.ExitCode) in ours: failed tests, internal error, usage error, nothing collected.
FROM_PYTEST = {1: EXIT_INFRASTRUCTURE, 3: EXIT_INFRASTRUCTURE, 4: EXIT_USAGE, 5: EXIT_USAGE}
SUITES = "ferrule.suites"
SUITE_FILES = ("test_*.py", "bench_*.py")  # as in suites/pytest.ini
MEASURE = "from ferrule.cli import measure; measure()"
# -qq: no line that counts tests, because our own last lines report what was found; -v restores it. The ignored warning
# is that pytest cannot rewrite asserts in a plugin that it was started with; ours has no asserts.
QUIET = ("-qq", "-rN", "--no-header", "-p", "no:cacheprovider", *("-W", "ignore:Module already imported"))
# Named, because PYTEST_DISABLE_PLUGIN_AUTOLOAD in the user's environment turns off plugins that are not.
PLUGINS = ("-p", "benchmark", "-p", "ferrule")
# Our tables show what pytest-benchmark's table shows, with intervals; these options request its table as well.
THEIR_TABLE = tuple(
    f"--benchmark-{what}" for what in ("compare", "histogram", "columns", "sort", "group-by", "verbose")
)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point.

    Returns:
        0 ok, 1 regression found, 2 usage, 3 infrastructure.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    return exits.guarded(lambda: _command(arguments))


def _command(arguments: Sequence[str]) -> int:
    helps = {"-h", "--help"} & set(arguments)
    if arguments[:1] == ["run"] and not helps:  # all that follows is pytest's: argparse must not touch it
        run(arguments[1:])
    from ferrule.commands.parser import parse  # imported here: a measurement does not need it

    parsed = parse(arguments)
    done: int = parsed.action(parsed)
    return done


def run(arguments: Sequence[str]) -> NoReturn:
    """Run the suites with pytest; arguments are pytest's and ours."""
    paths.guest()  # reports missing sources in one line
    paths.current()  # and a current folder that is gone
    # Name the settings file: pytest would otherwise search for one above every argument that is a folder.
    quiet = [*QUIET, *PLUGINS, f"--rootdir={paths.suites()}", "-c", str(paths.suites() / "pytest.ini")]
    if not any(argument.startswith(THEIR_TABLE) for argument in arguments):
        quiet.append("--benchmark-quiet")
    # A fresh interpreter: pytest must import its plugins itself, and this one has imported half of ours. It replaces
    # this process, so that every way to end `ferrule run` ends the measurement.
    sys.stdout.flush()
    sys.stderr.flush()
    # pytest reads brackets in a path as parameters: the suites are then named by their package. Without a path pytest
    # would load conftest.py of the current folder and of its tests/, which are not ours: hence --noconftest.
    path = str(paths.suites())
    ours = ["--noconftest", "--pyargs", SUITES] if "[" in path else [path]
    os.environ.pop("PYTEST_XDIST_WORKER", None)  # a caller's: pytest-benchmark saves nothing in a worker
    os.execv(sys.executable, [*programs.python(MEASURE), *quiet, *ours, *arguments])  # noqa: S606


def measure() -> NoReturn:
    """What that interpreter does: run pytest on the arguments; a fault of pytest's or a plugin's is no regression."""
    # A shell's `&` leaves SIGINT ignored: without it a measurement in the background could not be interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        import pytest

        from ferrule import terminal

        status = pytest.main(importable(sys.argv[1:]), plugins=[terminal])
    except Exception as error:
        sys.exit(exits.report(error))
    sys.exit(ended(int(status)))


def importable(arguments: Sequence[str]) -> list[str]:
    """The arguments, with the user's suites whose path has a bracket named by module; their folders go on sys.path.

    pytest reads brackets in a path as parameters; a module's name has none.
    """
    found: list[str] = []
    for argument in arguments:
        text, colons, test = argument.partition("::")
        path = Path(text)
        suites = [path] if path.suffix == ".py" and path.is_file() else []
        if "[" in text and not argument.startswith("-") and os.path.isdir(text):  # noqa: PTH112 - accepts any text
            suites = [file for pattern in SUITE_FILES for file in sorted(path.rglob(pattern))]
        if "[" not in text or not suites:  # a folder without suites may be the value of a flag
            found.append(argument)
            continue
        for file in suites:
            sys.path.insert(0, str(file.parent.absolute()))
            found += ["--pyargs", file.stem + colons + test]
    return found


def ended(status: int) -> int:
    """Our exit code for pytest's exit code of a measurement."""
    return FROM_PYTEST.get(status, status)


if __name__ == "__main__":
    sys.exit(main())
