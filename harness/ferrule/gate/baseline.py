"""The baseline: what a guest's operations cost when it was last accepted, in a file to be committed.

    results/baselines/<guest>-<kernel build>-<QEMU version>-<CPU model>.json

Its *key* is everything that changes an instruction count but is not under test; numbers with different keys are never
compared. What is under test is not in the key but in the *record*: the payload's build-id always, and the kernel's
hash when the build has a name of its own (--kernel-build).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

from ferrule.checksum import KEY as SUM
from ferrule.checksum import check, seal
from ferrule.errors import InfrastructureError
from ferrule.gate import conditions
from ferrule.gate.reading import Reading
from ferrule.gate.verdict import Kind
from ferrule.payload.key import Params
from ferrule.records.samples import WITHOUT, Meaning, Status
from ferrule.report.codec import Malformed, decode, encode, loads
from ferrule.report.journal import write_whole

SCHEMA: Final = 1
Key = Mapping[str, str]


@dataclass(frozen=True)
class Entry:
    """One operation's accepted count."""

    kind: Kind
    value: float  # instructions an operation
    low: float  # of all boots
    high: float
    share: float  # of batches that agree, in the worst boot
    n: int  # operations a batch: frozen, the same in every later run
    meaning: Meaning
    place: str
    params: Params
    unit: str


@dataclass(frozen=True)
class Fault:
    """One operation that gave no count when the baseline was accepted, and why: known, not gated."""

    status: Status  # wrong, failed, crashed, hung ...
    reason: str


@dataclass(frozen=True)
class Protocol:
    """How it was measured; a later run is measured the same way."""

    batches: int  # a boot
    warm: int
    seed: int  # of the order of runs
    boots: int  # behind each entry


@dataclass(frozen=True)
class Baseline:
    """A whole file."""

    schema: int
    key: Mapping[str, str]
    record: Mapping[str, str]  # what was under test, and other facts that are not compared
    protocol: Protocol
    entries: Mapping[str, Entry]  # by run key as text
    faults: Mapping[str, Fault] = field(default_factory=dict)  # likewise


def entry_of(reading: Reading) -> Entry:
    """What the baseline keeps of a reading."""
    return Entry(
        kind=reading.kind,
        value=reading.value,
        low=min(reading.values),
        high=max(reading.values),
        share=min(reading.shares),
        n=reading.sizes[0],
        meaning=reading.meaning,
        place=reading.place,
        params=reading.params,
        unit=reading.unit,
    )


def render(baseline: Baseline) -> str:
    """Canonical JSON: sorted keys, indent of two, a newline at the end. The same baseline gives the same bytes."""
    ordered = json.loads(json.dumps(encode(baseline), sort_keys=True, allow_nan=False))
    return json.dumps(seal(ordered), indent=2, ensure_ascii=False) + "\n"


def parse(text: str | bytes, name: str) -> Baseline:
    """Read a baseline's text; `name` is for the error.

    Raises:
        InfrastructureError: it is no baseline of this schema, or was changed by hand; names the place.
    """
    try:
        found = loads(text)
        if not isinstance(found, dict) or found.get("schema") != SCHEMA:
            raise Malformed(f"schema is not {SCHEMA}")
        check(found)
        baseline = decode(Baseline, {key: value for key, value in found.items() if key != SUM})
        _possible(baseline)
    except ValueError as error:  # Malformed is one
        raise InfrastructureError(
            f"{name}: is no baseline ({error}); take it from version control, or delete it and use --update-baseline"
        ) from None
    return baseline


def _possible(baseline: Baseline) -> None:
    """Refuse values that no measurement gives.

    Raises:
        Malformed: names the entry.
    """
    protocol = baseline.protocol
    if min(protocol.batches, protocol.boots) < 1 or min(protocol.warm, protocol.seed) < 0:
        raise Malformed("impossible values", ".protocol")
    if any(not baseline.key.get(name) for name in ("guest", "kernel.build", "qemu", "cpu.model")):
        raise Malformed("guest, kernel.build, qemu or cpu.model is missing", ".key")
    for key, fault in baseline.faults.items():
        if fault.status in ("ok", *WITHOUT) or key in baseline.entries:
            raise Malformed(f"is {fault.status}, or has a count beside it", f".faults.{key}")
    for key, entry in baseline.entries.items():
        if entry.n < 1 or not 0 <= entry.low <= entry.value <= entry.high or not 0 < entry.share <= 1:
            raise Malformed("impossible values", f".entries.{key}")


def file_name(key: Key) -> str:
    """The name of a key's baseline file. Parts come from guests: characters that could form a path are replaced."""
    parts = (key["guest"], key["kernel.build"], key["qemu"].partition(" ")[0], key["cpu.model"])
    return "-".join(re.sub(r"[^0-9A-Za-z.+]+", "_", part).strip("_.") or "unknown" for part in parts) + ".json"


def load(path: Path) -> Baseline:
    """Read a baseline file.

    Raises:
        InfrastructureError: it cannot be read, or is no baseline.
    """
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise InfrastructureError(f"{path}: cannot be read: {error.strerror or error}") from None


def save(folder: Path, baseline: Baseline) -> Path:
    """Write it under the name of its key, atomically: a reader never sees half of it.

    Raises:
        InfrastructureError: the folder cannot be written.
    """
    path = folder / file_name(baseline.key)
    write_whole(path, render(baseline).encode())
    return path


def find(folder: Path, known: Key) -> tuple[Baseline | None, str]:
    """The baseline whose key agrees with all that is known before a boot; else None, and why not.

    For a kernel with a name, this is also a baseline that was accepted before the kernel had one.

    Raises:
        InfrastructureError: a file in the folder cannot be read, or is no baseline.
    """
    of_guest = [one for path in sorted(folder.glob("*.json")) if (one := load(path)).key.get("guest") == known["guest"]]
    named = conditions.KERNEL_HASH not in known and conditions.BUILD in known
    wanted = [known, conditions.unnamed(known)] if named else [known]
    for key in wanted:
        for one in of_guest:
            if not differences(one.key, key) and (key is known or conditions.KERNEL_HASH in one.key):
                return one, ""
    if not of_guest:
        return None, f"no baseline of {known['guest']} in {folder}"
    nearest = min((differences(one.key, known) for one in of_guest), key=len)
    advice = ""
    if [one.partition(" ")[0] for one in nearest] == [conditions.KERNEL_HASH]:
        advice = "; builds of one kernel are compared without accepting each when they have a name: --kernel-build NAME"
    return None, f"no baseline under these conditions; the nearest has {'; '.join(nearest)}{advice}"


def differences(stored: Key, known: Key) -> list[str]:
    """How a stored key differs from a known one, which may be a part of a key."""
    return [
        f"{name} {departure(stored.get(name, ''), known[name])}"
        for name in sorted(known)
        if stored.get(name) != known[name]
    ]


def departure(stored: str, here: str) -> str:
    """How two texts differ: of long ones, only the words that differ."""
    old, new = stored.split(), here.split()
    same = [block for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks() if block.size]
    if sum(block.size for block in same) < max(2, len(new) // 2):
        return f"{stored or 'nothing'!r}, here it is {here!r}"
    parts = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        was, now = " ".join(old[a:b]), " ".join(new[c:d])
        before = f"{old[a - 1]} " if tag != "equal" and a and old[a - 1].startswith("-") else ""
        if tag == "replace":
            parts.append(f"{before}{was!r}, here it is {now!r}")
        elif tag != "equal":
            parts.append(f"{before}{was!r}, which is not here" if was else f"not {before}{now!r}, which is here")
    return " and ".join(parts)
