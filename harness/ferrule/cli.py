"""`ferrule`: the command line beside pytest. `ferrule run` is `pytest suites` with our exit codes."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from ferrule import __version__, exits, paths
from ferrule.errors import EXIT_INFRASTRUCTURE, EXIT_OK, EXIT_USAGE, UsageError
from ferrule.gate import flags
from ferrule.validate import flags as validate_flags

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
    if arguments[:1] == ["run"]:  # all that follows is pytest's: argparse must not touch it
        return run(arguments[1:])
    parsed = _parser().parse_args(arguments)
    done: int = parsed.action(parsed)
    return done


def run(arguments: Sequence[str]) -> int:
    """Run the suites with pytest; arguments are pytest's and ours."""
    root = paths.root()
    # The settings are named: pytest would look for them above every argument that happens to be a folder.
    quiet = [
        "-q",
        "-rN",
        "--no-header",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(root),
        "-c",
        str(root / "pyproject.toml"),
    ]
    if not any(argument.startswith(THEIR_TABLE) for argument in arguments):
        quiet.append("--benchmark-quiet")
    # A fresh interpreter: pytest wants to import its plugins itself, and this one has imported half of ours.
    command = [sys.executable, "-m", "pytest", *quiet, str(root / "suites"), *arguments]
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ferrule", description="Syscall and IPC micro-benchmarks.")
    parser.add_argument("--version", action="version", version=f"ferrule {__version__}")
    commands = parser.add_subparsers(required=True, metavar="list | doctor | run | gate | validate | compare | publish")
    listed = commands.add_parser("list", help="the workloads: what one operation of each is")
    listed.set_defaults(action=_list)
    doctor = commands.add_parser("doctor", help="what this machine has, what is skipped and how to get it")
    doctor.set_defaults(action=_doctor)
    commands.add_parser("run", help="measure; takes the same options as pytest suites")
    gate = commands.add_parser("gate", help="measure, compare with the baseline, and end with 1 where it got worse")
    flags.add(gate)
    gate.set_defaults(action=_gate)
    validation = commands.add_parser("validate", help="put the harness to the test against known truths")
    validate_flags.add(validation)
    validation.set_defaults(action=_validate)
    compare = commands.add_parser("compare", help="two stored runs, side by side with the interval of their ratio")
    compare.add_argument("base", help="run id in the history")
    compare.add_argument("candidate", help="run id in the history")
    compare.add_argument("--results", type=Path, help="history folder (default: results/ of the checkout)")
    compare.set_defaults(action=_compare)
    publish = commands.add_parser("publish", help="write the stored runs as Markdown tables")
    publish.add_argument("--results", type=Path, help="history folder (default: results/ of the checkout)")
    publish.add_argument("--out", type=Path, help="where to (default: published/ in the history folder)")
    publish.set_defaults(action=_publish)
    return parser


def _list(_: argparse.Namespace) -> int:
    from ferrule.payload.registry import workloads

    rows = [
        (row.family, row.name, row.per, " ".join(f"{key}={value}" for key, value in row.params), row.what)
        for row in workloads().values()
    ]
    print(tabulate(sorted(rows), headers=("family", "workload", "per", "parameters", "one operation")))
    return EXIT_OK


def _doctor(_: argparse.Namespace) -> int:
    from ferrule import doctor

    print(doctor.render(doctor.examine()))
    return EXIT_OK


def _gate(parsed: argparse.Namespace) -> int:
    from ferrule.gate.command import gate

    return gate(parsed)


def _history(asked: Path | None) -> Path:
    """The folder that stored runs are read from.

    Raises:
        UsageError: the one asked for is none that can be read.
    """
    if asked is not None:
        try:
            os.scandir(asked).close()
        except OSError as error:
            raise UsageError(f"--results {asked}: {error.strerror or error}") from None
    return asked or paths.root() / "results"


def _compare(parsed: argparse.Namespace) -> int:
    from ferrule.report import history
    from ferrule.report.comparison import compare_runs

    folder = _history(parsed.results)
    base, candidate = history.load_run(folder, parsed.base), history.load_run(folder, parsed.candidate)
    print(compare_runs(base, candidate))
    return EXIT_OK


def _validate(parsed: argparse.Namespace) -> int:
    from ferrule.validate.command import validate

    return validate(parsed)


def _publish(parsed: argparse.Namespace) -> int:
    from ferrule.report.publish import publish

    folder = _history(parsed.results)
    for path in publish(folder, parsed.out or folder / "published"):
        print(path)
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
