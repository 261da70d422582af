"""Reads and checks pairs.toml: which of our workloads corresponds to which program of another benchmark."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ferrule import tomlfile
from ferrule.errors import UsageError
from ferrule.payload.key import RunKey
from ferrule.payload.registry import workloads
from ferrule.payload.selection import parse_key, variants_of
from ferrule.validate import programs
from ferrule.validate.programs import TOOLS, Centre, Tool

TABLE: Final = Path(__file__).with_name("pairs.toml")
BESIDE: Final = Path(__file__).with_name("beside")  # workloads that repeat a peer's own loop, for experiments
WRITTEN_FOR: Final = "x86_64"  # the only architecture of these workloads: they have its instructions and call numbers
PLACEHOLDER: Final = "{file}"  # in a command: a cached file of a megabyte
LOW: Final = 0.95  # the band of ratios that count as agreement
HIGH: Final = 1.05
_KEYS: Final = {"name", "tool", "as", "ours", "batch", "theirs", "reads", "ns", "times", "differs", "bar", "experiment"}
_EXPERIMENT: Final = {"what", "ours", "theirs", "times"}


@dataclass(frozen=True)
class Side:
    """What is measured on one side: workloads of ours or runs of a program, whose costs are added up."""

    keys: tuple[RunKey, ...] = ()
    commands: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " + ".join(map(str, self.keys or self.commands))


@dataclass(frozen=True)
class Experiment:
    """The same two sides with one difference removed."""

    what: str
    ours: Side
    theirs: Side
    times: float = 1.0  # one operation of this `ours` is this many operations of the pair


@dataclass(frozen=True)
class Pair:
    """One operation as both measure it."""

    name: str
    tool: Tool
    label: str  # what the tool calls it
    ours: Side
    theirs: Side
    batch: int  # operations of ours in a batch; 0: calibrated
    reads: str
    ns: float  # as in Tool, for one operation of ours
    differs: str  # what differs by construction
    bar: float | None  # by how much the ratio may differ from 1 in a validation; None: not checked there
    experiments: tuple[Experiment, ...]

    @property
    def title(self) -> str:
        """The name of the pair, for output and files."""
        return f"{self.name}: {self.tool.name} {self.label}"

    @property
    def centre(self) -> Centre:
        """The statistic of both sides: mean or median."""
        return self.tool.centre

    @property
    def sides(self) -> list[Side]:
        """All sides of the pair and of its experiments, each once."""
        every = [self.ours, self.theirs, *(side for one in self.experiments for side in (one.ours, one.theirs))]
        return list(dict.fromkeys(every))

    def value(self, command: str, folder: Path, file: Path, cpu: int, environment: Mapping[str, str]) -> float:
        """Run one command of theirs once.

        Returns:
            ns an operation of ours.

        Raises:
            InfrastructureError: it failed, or printed no number.
        """
        program, *words = shlex.split(command)
        whole = [str(folder / program), *(word.replace(PLACEHOLDER, str(file)) for word in words)]
        if self.tool.name == "will-it-scale":
            number = programs.read_windows(programs.windows(whole, cpu, environment, 1))
        else:
            number = programs.read(programs.run(whole, cpu, environment), self.reads)
        return number * self.ns if self.ns > 0 else -self.ns / number


def read(file: Path = TABLE) -> list[Pair]:
    """All pairs.

    Raises:
        UsageError: names the pair and what is wrong with it.
    """
    found = [_pair(entry, str(file)) for entry in tomlfile.read(file).get("pair", [])]
    titles = [pair.title for pair in found]
    for title in titles:
        if titles.count(title) > 1:
            raise UsageError(f"{file}: {title} is there twice")
    return found


def without_beside(pairs: Sequence[Pair]) -> list[Pair]:
    """The same pairs without the experiments whose workloads are in BESIDE."""
    own = {row.name for row in workloads().values()}
    return [
        replace(
            pair,
            experiments=tuple(one for one in pair.experiments if {key.workload for key in one.ours.keys} <= own),
        )
        for pair in pairs
    ]


def judged() -> list[Pair]:
    """The pairs that a validation checks."""
    return [pair for pair in read() if pair.bar is not None]


def chosen(pairs: Sequence[Pair], asked: str) -> list[Pair]:
    """The pairs whose title contains one of these comma-separated words; all for an empty text.

    Raises:
        UsageError: no title contains a word.
    """
    words = [word.strip() for word in asked.split(",") if word.strip()]
    for word in words:
        if not any(word in pair.title for pair in pairs):
            raise UsageError(f"--pairs {word}: no pair has this in its name; --list shows all")
    return [pair for pair in pairs if not words or any(word in pair.title for word in words)]


def _pair(entry: Mapping[str, Any], file: str) -> Pair:
    where = f"{file}: {entry.get('name', 'a pair without a name')}"
    _known(entry, _KEYS, where)
    for key in ("name", "tool", "as", "ours", "theirs"):
        if key not in entry:
            raise UsageError(f"{where}: no {key} =")
    if entry["tool"] not in TOOLS:
        raise UsageError(f"{where}: no tool {entry['tool']}; there are {', '.join(TOOLS)}")
    tool = TOOLS[entry["tool"]]
    ours, theirs = _ours(entry["ours"], where), Side(commands=tuple(entry["theirs"]))
    experiments = []
    for one in entry.get("experiment", []):
        _known(one, _EXPERIMENT, f"{where}: experiment")
        mine = _ours(one["ours"], where) if "ours" in one else ours
        other = Side(commands=tuple(one["theirs"])) if "theirs" in one else theirs
        experiments.append(Experiment(one["what"], mine, other, float(one.get("times", 1.0))))
    reads = entry.get("reads", tool.reads)
    try:
        groups = re.compile(reads).groups
    except re.error as error:
        raise UsageError(f"{where}: reads = {reads!r} is no pattern: {error}") from None
    if groups != (0 if tool.name == "will-it-scale" else 1):
        raise UsageError(f"{where}: reads = {reads!r} needs exactly one group, the number")
    ns = float(entry.get("ns", tool.ns)) * float(entry.get("times", 1.0))
    rest = entry.get("differs", ""), entry.get("bar")
    batch = entry.get("batch", 0)
    return Pair(entry["name"], tool, entry["as"], ours, theirs, batch, reads, ns, *rest, tuple(experiments))


def _ours(texts: Sequence[str], where: str) -> Side:
    known, keys = workloads((BESIDE,)), []
    for name, params, place in parse_key(",".join(texts)):
        if name not in known:
            raise UsageError(f"{where}: no workload {name}")
        try:
            keys += variants_of(known[name], params, (place or "same_core",))
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None
    return Side(keys=tuple(keys))


def _known(entry: Mapping[str, Any], keys: set[str], where: str) -> None:
    if unknown := sorted(set(entry) - keys):
        raise UsageError(f"{where}: no key {unknown[0]}; there are {', '.join(sorted(keys))}")
