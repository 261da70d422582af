"""All samples of a guest, as they are stored: what a process's runs share is stored once, and the whole is compressed.

The layout is one JSON object: `runs`, each with its key and how it ended, and `processes`, each with its clock, its
references and the samples of its runs, which name their run by its index in `runs` (`of`).
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ferrule.checksum import compact
from ferrule.errors import InfrastructureError
from ferrule.payload.key import RunKey
from ferrule.records.samples import Conditions, GuestResult, ProcessSamples, RunResult
from ferrule.report.codec import Malformed, decode, encode, loads, shown
from ferrule.text import one_line

LAYOUT: Final = 2  # 1 was a line a run, with clock and references in each of its processes
LARGEST: Final = 1 << 30  # bytes unpacked: no run has so many samples
PRESET: Final = 1  # of xz: a million samples in 1 s; the default takes 14 s and makes 4/5 of the size
_SHARED: Final = ("boot", "process", "clock", "reference", "surroundings")


@dataclass(frozen=True)
class Head:
    """The guest that the samples are of."""

    guest: str
    boots: int
    conditions: Conditions | None


def block(runs: Iterable[RunResult]) -> dict[str, Any]:
    """Runs with their samples, in plain JSON types."""
    kept: list[dict[str, Any]] = []
    processes: dict[bytes, dict[str, Any]] = {}
    for number, run in enumerate(runs):
        about = encode(replace(run, processes=[]))
        about.pop("processes")
        kept.append(about)
        for samples in run.processes:
            found = encode(samples)
            shared = {name: found.pop(name) for name in _SHARED}
            process = processes.setdefault(compact(shared), shared | {"samples": []})
            process["samples"].append({"of": number} | {name: one for name, one in found.items() if one is not None})
    return {"runs": kept, "processes": list(processes.values())}


def unblock(data: Mapping[str, Any]) -> dict[RunKey, RunResult]:
    """The runs of a block.

    Raises:
        Malformed: it is not a block.
    """
    if not all(isinstance(data.get(name), list) for name in ("runs", "processes")):
        raise Malformed("no runs and processes")
    runs = [decode(RunResult, one) for one in data["runs"]]
    for process in data["processes"]:
        try:
            shared = {name: process[name] for name in _SHARED}
            for one in process["samples"]:
                own = {name: value for name, value in one.items() if name != "of"}
                runs[_place(one["of"], len(runs))].processes.append(decode(ProcessSamples, shared | own))
        except (KeyError, TypeError, AttributeError) as error:
            raise Malformed(f"a process is malformed: {one_line(str(error))[:200]}") from None
    return {run.key: run for run in runs}


def _place(number: object, count: int) -> int:
    if type(number) is not int or not 0 <= number < count:
        raise Malformed(f"of={shown(number)} is none of {count} runs")
    return number


def pack(result: GuestResult) -> bytes:
    """All samples of one guest. The same samples give the same bytes."""
    head = encode(Head(result.guest, result.boots, result.conditions))
    text = compact({"layout": LAYOUT} | head | block(result.runs.values()))
    return lzma.compress(text, check=lzma.CHECK_CRC64, preset=PRESET)


def load(path: Path) -> GuestResult:
    """The samples behind a stored line, of this layout or the one before.

    Raises:
        InfrastructureError: the file is missing or damaged.
    """
    try:
        packed = path.read_bytes()
        return _old(packed) if path.suffix == ".gz" else _unpacked(packed)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise InfrastructureError(f"{path}: no raw samples can be read: {one_line(str(error))}") from None


def _unpacked(packed: bytes) -> GuestResult:
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ)
    text = unpacker.decompress(packed, LARGEST)
    if not unpacker.eof or unpacker.unused_data:
        raise Malformed("it is cut, too large, or has trailing bytes")
    data = loads(text)
    if not isinstance(data, dict) or data.get("layout") != LAYOUT:
        raise Malformed(f"its layout is not {LAYOUT}")
    return _result({name: data.get(name) for name in ("guest", "boots", "conditions")}, unblock(data))


def _old(packed: bytes) -> GuestResult:
    unpacker = zlib.decompressobj(wbits=31)
    text = unpacker.decompress(packed, LARGEST)
    if not unpacker.eof:
        raise Malformed("it is cut, or too large")
    rows = [loads(line) for line in text.split(b"\n") if line]
    if not rows:
        raise Malformed("it is empty")
    return _result(rows[0], {run.key: run for run in (decode(RunResult, row) for row in rows[1:])})


def _result(head: object, runs: dict[RunKey, RunResult]) -> GuestResult:
    found = decode(Head, head)
    return GuestResult(found.guest, found.conditions, runs, boots=found.boots)
