"""`ferrule`: the command line beside pytest. `ferrule run` is `pytest suites` with our exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ferrule import exits, paths
from ferrule.errors import EXIT_INFRASTRUCTURE, EXIT_USAGE

# pytest's own exit codes (pytest.ExitCode) in ours: failed tests, internal error, usage error, nothing collected.
FROM_PYTEST = {1: EXIT_INFRASTRUCTURE, 3: EXIT_INFRASTRUCTURE, 4: EXIT_USAGE, 5: EXIT_USAGE}
# A shell's `&` leaves SIGINT ignored, and with it nobody could interrupt the measurement.
SUITES = "ferrule.suites"
SUITE_FILES = ("test_*.py", "bench_*.py")  # as in suites/pytest.ini
MEASURE = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    " import pytest; from ferrule import terminal; from ferrule.cli import ended, importable;"
    " status = pytest.main(importable(sys.argv[1:]), plugins=[terminal]); sys.exit(ended(int(status)))"
)
# -qq: no line that counts tests, for our own last lines say what was found; -v brings it back. The warning is that
# pytest cannot rewrite asserts in a plugin that it was started with; ours has none.
QUIET = ("-qq", "-rN", "--no-header", "-p", "no:cacheprovider", *("-W", "ignore:Module already imported"))
# Our tables say what pytest-benchmark's says, with intervals; theirs is for those who ask for it.
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
    from ferrule.commands.parser import parse  # a measurement does not wait for it

    parsed = parse(arguments)
    done: int = parsed.action(parsed)
    return done


def run(arguments: Sequence[str]) -> NoReturn:
    """Run the suites with pytest; arguments are pytest's and ours."""
    paths.guest()  # missing sources are said here, in one line
    # The settings are named: pytest would look for them above every argument that happens to be a folder.
    quiet = [*QUIET, f"--rootdir={paths.suites()}", "-c", str(paths.suites() / "pytest.ini")]
    if not any(argument.startswith(THEIR_TABLE) for argument in arguments):
        quiet.append("--benchmark-quiet")
    # A fresh interpreter: pytest wants to import its plugins itself, and this one has imported half of ours. It takes
    # this one's place: whoever ends `ferrule run`, in whatever way, ends the measurement.
    sys.stdout.flush()
    sys.stderr.flush()
    # pytest takes brackets in a path for parameters: then by the package's name. For want of a path it would load the
    # conftest.py of the folder one stands in, and of tests/ there, which is none of ours.
    path = str(paths.suites())
    ours = ["--noconftest", "--pyargs", SUITES] if "[" in path else [path]
    os.environ.pop("PYTEST_XDIST_WORKER", None)  # a caller's: pytest-benchmark would keep what a worker found to itself
    os.execv(sys.executable, [sys.executable, "-c", MEASURE, *quiet, *ours, *arguments])  # noqa: S606


def importable(arguments: Sequence[str]) -> list[str]:
    """Arguments in which suites of the user whose path has a bracket are named by module, their folders on sys.path.

    pytest takes brackets in a path for parameters, and in a module's name there are none.
    """
    found: list[str] = []
    for argument in arguments:
        text, colons, test = argument.partition("::")
        path = Path(text)
        suites = [path] if path.suffix == ".py" and path.is_file() else []
        if "[" in text and not argument.startswith("-") and os.path.isdir(text):  # noqa: PTH112 - any text is let pass
            suites = [file for pattern in SUITE_FILES for file in sorted(path.rglob(pattern))]
        if "[" not in text or not suites:  # a folder without any may be what a flag before it names
            found.append(argument)
            continue
        for file in suites:
            sys.path.insert(0, str(file.parent.absolute()))
            found += ["--pyargs", file.stem + colons + test]
    return found


def ended(status: int) -> int:
    """Our exit code of a measurement that pytest ended with one of its own."""
    return FROM_PYTEST.get(status, status)


if __name__ == "__main__":
    sys.exit(main())
