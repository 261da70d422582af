"""`ferrule agree`: runs our workloads and other benchmarks' own programs in turns on one CPU."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ferrule import __version__, guests
from ferrule.campaign.progress import Progress, progress_on
from ferrule.errors import EXIT_OK, UsageError
from ferrule.files import write_whole
from ferrule.machine import host
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import Payload, build_payload
from ferrule.validate import agreed, agreement, programs
from ferrule.validate.agreement import Run
from ferrule.validate.bench import Bench
from ferrule.validate.pairs import BESIDE, WRITTEN_FOR, Pair, chosen, read, without_beside


def agree(parsed: argparse.Namespace) -> int:
    """Measure what is missing, and show all of it.

    Raises:
        UsageError: a flag has no effect here, or the file is of another payload.
        InfrastructureError: nothing could be measured.
    """
    pairs = chosen(read(), parsed.pairs)
    if parsed.list:
        print("\n".join(f"{pair.title}: {pair.ours} / {pair.theirs}" for pair in pairs))
        return EXIT_OK
    if parsed.rounds < 1:
        raise UsageError(f"--rounds {parsed.rounds}: give 1 or more")
    if parsed.show:
        if parsed.json is None:
            raise UsageError("--show: give the run's --json FILE")
        run = agreement.load(parsed.json)
    else:
        with progress_on(sys.stderr) as progress:
            run = _measure(parsed, pairs, progress)
    if parsed.markdown is not None:
        write_whole(parsed.markdown, agreed.markdown(run, pairs).encode())
    print(agreed.text(run, pairs))
    return EXIT_OK


def _measure(parsed: argparse.Namespace, pairs: Sequence[Pair], progress: Progress) -> Run:
    folders = programs.find(programs.folder_of(parsed.peers))
    cpus = None if parsed.cpu is None else (parsed.cpu, parsed.cpu)
    guest = guests.create("local", GuestOptions(cpus=cpus))
    try:
        beside = guest.arch == WRITTEN_FOR
        pairs = pairs if beside else without_beside(pairs)
        payload = build_payload(guest.os, guest.arch, extra_workloads=[BESIDE] if beside else [])
        run = Run(_conditions(payload, guest.cpus[:1], folders), parsed.seed)
        if parsed.json is not None and parsed.json.exists():
            run = _continued(parsed.json, run)
        bench = Bench(guest, payload, Progress())
        rounds, out = parsed.rounds, parsed.json
        agreement.measure(run, pairs, bench, folders, rounds=rounds, out=out, note=progress.note)
        return run
    finally:
        guest.close()


def _continued(file: Path, fresh: Run) -> Run:
    """The stored run, which is to be continued: its conditions must be those of `fresh`."""
    old = agreement.load(file)
    for name, value in fresh.conditions.items():
        if name not in ("began", "load") and old.conditions.get(name) != value:
            raise UsageError(f"--json {file}: {name} was {old.conditions.get(name)} and is {value}; name another file")
    return old


def _conditions(payload: Payload, cpus: Sequence[int], folders: Mapping[str, Path]) -> dict[str, str]:
    facts = host.here(tuple(cpus))
    conditions = {
        "ferrule": f"{__version__}, payload {payload.build_id[:12]}",
        "compiler": f"{payload.compiler} {payload.flags}",
        "peers": ", ".join(programs.version(tool, folder) for tool, folder in folders.items()),
        "kernel": facts.get("host.kernel", ""),
        "processor": facts.get("host.cpu.model", ""),
        "hypervisor": facts.get("host.hypervisor", ""),
        "mitigations": facts.get("host.mitigations", ""),
        "cpu": ",".join(map(str, cpus)),
        "began": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "load": f"{os.getloadavg()[0]:.1f}",
    }
    return {name: value for name, value in conditions.items() if value}
