"""The parser of the command line: every command with its flags and an example."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from ferrule import __version__
from ferrule.anatomy import flags as anatomy_flags
from ferrule.commands import actions, export
from ferrule.gate import flags as gate_flags
from ferrule.kernels import command as kernel_command
from ferrule.options import flags, usage
from ferrule.power import flags as power_flags
from ferrule.validate import flags as validate_flags

Add = Callable[[argparse.ArgumentParser], None]
_JSON = "print JSON instead of text"
_RESULTS = "folder of stored runs (default: results/)"


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The parsed arguments of a command; `action` runs it.

    `doctor` takes the arguments of the run that is to follow, pytest's too: `ignored` holds those that are not ours.

    Raises:
        UsageError: unknown, missing or invalid arguments.
    """
    parsed, ignored = parser().parse_known_args(arguments)
    if ignored and parsed.action is not actions.examine:
        parsed.refuse(f"unrecognized arguments: {' '.join(ignored)}")
    del parsed.refuse
    parsed.ignored = ignored
    return parsed


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    made = usage.Parser(
        prog="ferrule",
        usage="ferrule COMMAND [OPTIONS]",
        description="What does it cost to ask a kernel for something? Syscall and IPC micro-benchmarks.",
        epilog="`ferrule COMMAND --help` lists a command's options.",
        formatter_class=_Lines,
    )
    made.add_argument("--version", action="version", version=f"ferrule {__version__}")
    commands = made.add_subparsers(required=True, title="commands", metavar="COMMAND", prog="ferrule")
    for name, (what, example, add) in COMMANDS.items():
        command = commands.add_parser(
            name, help=f"{what}\n  {example}", description=_sentence(what), epilog=f"example: {example}"
        )
        add(command)
        command.set_defaults(refuse=command.error)
    return made


class _Lines(argparse.HelpFormatter):
    """Keeps the line break between what a command does and its example."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return [part for line in text.splitlines() for part in self._wrapped(line, width)]

    def _wrapped(self, line: str, width: int) -> list[str]:
        return [line] if line.startswith(" ") else super()._split_lines(line, width)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _list(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("workload", nargs="?", metavar="WORKLOAD", help="show everything about this workload")
    add("--suite", metavar="NAMES", help="the runs of these suites: quick, lmbench ... or families")
    add("--extra", metavar="PATH", action="append", default=[], help="more workloads: a file or a folder; repeatable")
    add("--extra-guest", metavar="DIR", action="append", default=[], help="more ports: a folder; repeatable")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help=_JSON)
    form.add_argument(
        "--markdown", action="store_true", help="docs/workloads.md: all workloads, and who else measures it"
    )
    add(
        "--peers",
        action="store_true",
        help="every operation that other benchmarks measure, and which workloads do here",
    )
    command.set_defaults(action=actions.show_workloads)


def _doctor(command: argparse.ArgumentParser) -> None:
    ours = {"nargs": "?", "const": True, "metavar": "FILE"}
    text = f"{_JSON}; a FILE is for the run, and doctor writes none"
    flags.add_to(command, {"--json": flags.Flag("--json", text, ours)})
    command.set_defaults(action=actions.examine)


def _run(command: argparse.ArgumentParser) -> None:
    flags.add_to(command)
    command.usage = "ferrule run [OPTIONS] [PYTEST OPTIONS]"
    command.epilog = (
        f"{command.epilog}. pytest's and pytest-benchmark's options work too (pytest --help):"
        " --benchmark-autosave, --benchmark-compare, -k, -v ..."
    )


def _gate(command: argparse.ArgumentParser) -> None:
    gate_flags.add(command)
    command.set_defaults(action=actions.gate)


def _validate(command: argparse.ArgumentParser) -> None:
    validate_flags.add(command)
    command.set_defaults(action=actions.validate)


def _agree(command: argparse.ArgumentParser) -> None:
    validate_flags.add_agree(command)
    command.set_defaults(action=actions.agree)


def _anatomy(command: argparse.ArgumentParser) -> None:
    anatomy_flags.add(command)
    command.set_defaults(action=actions.anatomy)


def _power(command: argparse.ArgumentParser) -> None:
    power_flags.add(command)
    command.set_defaults(action=actions.power)


def _compare(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    runs = "two runs (last, last~1, a run id or its beginning, or a file that --json or the history wrote)"
    add("words", nargs="+", metavar="WHAT", help=f"{runs}; or two kernels or more by their stored names")
    add("--guest", metavar="NAMES", help="of two runs only these, comma-separated; last is then their last run")
    add("--weight", metavar="FAMILIES", help="of kernels: what families weigh in their order, e.g. ipc=3,fs=0")
    add("--results", type=Path, metavar="DIR", help=_RESULTS)
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help=_JSON)
    form.add_argument("--markdown", action="store_true", help="print Markdown instead of text")
    command.set_defaults(action=actions.compare)


def _publish(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--results", type=Path, metavar="DIR", help=_RESULTS)
    add("--out", type=Path, metavar="DIR", help="where Markdown goes (default: published/ in that folder)")
    add("--site", type=Path, metavar="DIR", help="where the HTML site goes (default: site/ in that folder)")
    command.set_defaults(action=actions.publish)


COMMANDS: dict[str, tuple[str, str, Add]] = {
    "list": ("list the workloads, or show everything about one", "ferrule list pipe_latency", _list),
    "doctor": (
        "what this machine has for a run with these options, what is skipped and how to get it",
        "ferrule doctor --guest linux --transport ssh",
        _doctor,
    ),
    "kernel": (
        "real kernels by package name: build them into the cache, list them, remove them",
        "ferrule kernel get starry,hermit",
        kernel_command.add,
    ),
    "run": ("measure", "ferrule run --guest local,linux --suite ipc --quick", _run),
    "compare": (
        "kernels against each other by family, or two stored runs, with the interval of each ratio",
        "ferrule compare redox aero hermit linux --weight ipc=3,fs=0",
        _compare,
    ),
    "gate": (
        "compare with a baseline, or two builds in pairs; ends with 1 where an operation got worse",
        "ferrule gate --guest linux",
        _gate,
    ),
    "anatomy": (
        "where every instruction of an operation goes, by function: counts by a plugin in QEMU",
        "ferrule anatomy --guest linux,floor --workload pipe_latency",
        _anatomy,
    ),
    "initramfs": (
        "the Linux payload as an initial file system, for a kernel that you boot yourself",
        "ferrule initramfs --out initrd.cpio",
        export.add_initramfs,
    ),
    "disk": (
        "the Linux payload as an ext2 root disk, for a kernel that mounts one",
        "ferrule disk --out root.ext2",
        export.add_disk,
    ),
    "transcript": (
        "what became of every run in the serial output of such a boot",
        "ferrule transcript console.log",
        export.add_transcript,
    ),
    "power": (
        "what an idle kernel executes: idle seconds, wake-ups, timers, counted under QEMU",
        "ferrule power --guest linux,floor",
        _power,
    ),
    "publish": ("write the stored runs as Markdown and as an HTML site", "ferrule publish --site public", _publish),
    "agree": (
        "our workloads beside other benchmarks' own programs, in turns on one CPU: ratios with intervals",
        "ferrule agree --peers builds",
        _agree,
    ),
    "validate": ("check the harness itself against known truths", "ferrule validate --short", _validate),
}
