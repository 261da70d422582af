"""`ferrule`: the command line beside pytest. `ferrule run` is `pytest suites` with our exit codes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence

from ferrule import exits, paths
from ferrule.commands.parser import parse
from ferrule.errors import EXIT_INFRASTRUCTURE, EXIT_USAGE

# pytest's own exit codes (pytest.ExitCode) in ours: failed tests, internal error, usage error, nothing collected.
FROM_PYTEST = {1: EXIT_INFRASTRUCTURE, 3: EXIT_INFRASTRUCTURE, 4: EXIT_USAGE, 5: EXIT_USAGE}
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
        return run(arguments[1:])
    parsed = parse(arguments)
    done: int = parsed.action(parsed)
    return done


def run(arguments: Sequence[str]) -> int:
    """Run the suites with pytest; arguments are pytest's and ours."""
    paths.guest()  # missing sources are said here, in one line
    # The settings are named: pytest would look for them above every argument that happens to be a folder.
    quiet = [
        "-q",
        "-rN",
        "--no-header",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(paths.suites()),
        "-c",
        str(paths.suites() / "pytest.ini"),
    ]
    if not any(argument.startswith(THEIR_TABLE) for argument in arguments):
        quiet.append("--benchmark-quiet")
    # A fresh interpreter: pytest wants to import its plugins itself, and this one has imported half of ours.
    command = [sys.executable, "-m", "pytest", *quiet, str(paths.suites()), *arguments]
    child = subprocess.Popen(command, preexec_fn=_interruptible)  # noqa: PLW1509 - before any thread
    # Whoever ends us means the measurement: it stores what is finished, and leaves no guest behind.
    signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGINT))
    while True:
        try:
            status = child.wait()
        except KeyboardInterrupt:  # the terminal has told pytest too: let it store what is finished
            continue
        return FROM_PYTEST.get(status, status if status >= 0 else EXIT_INFRASTRUCTURE)


def _interruptible() -> None:
    """In the child: a shell's `&` leaves SIGINT ignored, and with it nobody could end the measurement."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(main())
