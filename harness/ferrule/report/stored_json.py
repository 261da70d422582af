"""What `--json` wrote, read back into the columns of tables and comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferrule.checksum import check
from ferrule.errors import InfrastructureError, UsageError
from ferrule.payload.key import RunKey
from ferrule.payload.selection import parse_key
from ferrule.records.samples import Conditions, Ended, Meaning, Status, Surroundings
from ferrule.report.codec import Malformed, decode, loads
from ferrule.report.columns import Column, Declared, Entry, catalog
from ferrule.stats.flags import Flag
from ferrule.stats.interval import Interval, Scope
from ferrule.stats.summary import Summary
from ferrule.stats.tails import Tails
from ferrule.stats.variance import Components


def read(path: Path) -> list[Column]:
    """A column a guest.

    Raises:
        UsageError: not a file that `--json` wrote.
        InfrastructureError: it cannot be read, or was changed; names file and key.
    """
    try:
        document = loads(path.read_bytes())
    except OSError as error:
        raise InfrastructureError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise InfrastructureError(f"{path}: not JSON ({error})") from None
    if not isinstance(document, dict) or not isinstance(document.get("ferrule"), dict):
        raise UsageError(f"{path}: no results of Ferrule's; name a file that `ferrule run --json FILE` wrote")
    try:
        check(document)
        return _columns(document)
    except KeyError as error:
        raise InfrastructureError(f"{path}: key {error.args[0]} is missing") from None
    except (Malformed, UsageError, TypeError, AttributeError, ValueError) as error:
        raise InfrastructureError(f"{path}: {error}") from None


def _columns(document: dict[str, Any]) -> list[Column]:
    runs: dict[str, dict[str, dict[str, str]]] = decode(
        dict[str, dict[str, dict[str, str]]], document["ferrule"]["runs"], ".ferrule.runs"
    )
    conditions: dict[str, Conditions] = {}
    found: dict[str, dict[RunKey, Summary]] = {guest: {} for guest in runs}
    for benchmark in document["benchmarks"]:
        extra = benchmark["extra_info"]
        under = decode(Conditions, extra["conditions"], ".conditions")
        conditions[under.guest] = under
        key = _key(benchmark["group"].partition(" (")[0])
        found.setdefault(under.guest, {})[key] = _summary(key, extra, benchmark["stats"]["data"])
    declared = catalog()
    doubts = decode(dict[str, dict[str, str]], document["ferrule"].get("doubts", {}), ".ferrule.doubts")
    return [
        Column(
            guest,
            conditions.get(guest),
            max((one.n_boots for one in summaries.values()), default=0),
            tuple(_entry(_key(name), outcome, summaries, declared) for name, outcome in runs.get(guest, {}).items()),
            doubts=doubts.get(guest, {}),
        )
        for guest, summaries in found.items()
    ]


def _key(text: str) -> RunKey:
    ((name, params, place),) = parse_key(text)
    return RunKey(name, tuple(sorted(params.items())), place or "same_core")


def _entry(
    key: RunKey, outcome: dict[str, str], summaries: dict[RunKey, Summary], declared: Mapping[str, Declared]
) -> Entry:
    row = declared.get(key.workload)
    status: Status = decode(Status, outcome["status"], ".status")  # type: ignore[arg-type]
    family, control = (row.family, bool(row.control)) if row is not None else ("other", False)
    return Entry(key, family, control, status, outcome["reason"], summaries.get(key))


def _summary(key: RunKey, extra: dict[str, Any], data: list[Any]) -> Summary:
    """As extra_info.py wrote it; values of processes are pytest-benchmark's, in seconds."""

    def part(kind: Any, name: str) -> Any:
        return decode(kind, extra[name], f".{name}")

    processes = part(int, "processes")
    interval = Interval(
        part(float, "estimate"),
        part(float | None, "low"),
        part(float | None, "high"),
        part(float | None, "confidence"),
        part(str, "method"),
        part(Scope, "scope"),
        processes,
    )
    return Summary(
        key=key,
        meaning=part(Meaning, "meaning"),
        place=part(str, "place"),
        params=tuple(part(dict[str, int], "params").items()),
        unit=part(str, "unit"),
        interval=interval,
        per_process=tuple(1e9 * one for one in decode(list[float], data, ".data")),
        boots=tuple(part(list[int], "boot_of_process")),
        batches=part(int, "batches"),
        batch_sizes=tuple(part(list[int], "operations_per_batch")),
        subtraction=part(float, "subtraction_u"),
        tails=part(Tails | None, "tails"),
        throughput=part(Interval | None, "throughput"),
        components=part(Components, "variance_components"),
        contamination=part(float, "contamination"),
        flags=tuple(decode(Flag, name.upper(), ".flags") for name in part(dict[str, str], "flags")),
        host_ppm=part(float | None, "host_ppm"),
        involuntary=part(int | None, "involuntary_switches"),
        surroundings=part(Surroundings | None, "surroundings"),
        ended=part(Ended, "ended"),
        cycles=part(Interval | None, "core_cycles"),
    )
