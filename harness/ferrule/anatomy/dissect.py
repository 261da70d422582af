"""From a trace to profiles: the sum of every window is compared with the ticks of its own batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferrule.anatomy import made_of, stacks
from ferrule.anatomy.decode import HALT, Flow, decode
from ferrule.anatomy.flow import Followed, follow
from ferrule.anatomy.listing import Listing
from ferrule.anatomy.made_of import Batch
from ferrule.anatomy.profile import Function, Node, Profile, Row
from ferrule.anatomy.sites import Sites
from ferrule.anatomy.sources import Image, Known
from ferrule.anatomy.symbols import assign
from ferrule.anatomy.trace import Window, read
from ferrule.anatomy.tree import ROOT, Tree, share_whole
from ferrule.errors import InfrastructureError
from ferrule.payload.build import Payload
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult, ProcessSamples, RunResult
from ferrule.stats.per_op import ENTRY, exact_overhead


@dataclass(frozen=True)
class Dissection:
    """What the windows of one boot have in common."""

    guest: str
    listing: Listing
    windows: Sequence[Window]
    followed: Sequence[Followed]
    loops: Mapping[str, int]  # by workload: the number of its loop among the instrument's loop= arguments
    addresses: Mapping[str, int]  # by workload: address of the loop in memory
    base: int  # load address of the payload minus its link address
    note: str


def open_trace(
    guest: str,
    prefix: Path,
    sites: Sites,
    *,
    payload: Payload,
    kernel: Known,
    library: Path | None,
    last: Mapping[str, int] | None = None,
) -> Dissection:
    """Read a boot's trace; `last`: how many windows of each workload to read, counted from the end.

    Raises:
        InfrastructureError: there is no trace, or it is damaged.
    """
    loops = {name: place for place, name in enumerate(sites.loops)}
    code, windows = read(prefix, {loops[name]: count for name, count in last.items()} if last is not None else None)
    decoded = decode(code)
    followed, handlers = follow(code, decoded, windows)
    base = windows[0].base if windows else 0
    image = Image(payload, base, library)
    called = (decoded.flow == Flow.CALL) & (decoded.target != 0)
    starts = [*decoded.target[called].tolist(), *handlers.all.tolist()]
    functions = assign(code.address, image.groups(code), [*image.symbols, *kernel.symbols], starts)
    addresses = {name: address + base for name, address in sites.loops.items()}
    listing = Listing(code, decoded, functions, handlers)
    return Dissection(guest, listing, windows, followed, loops, addresses, base, kernel.note)


def of_last(runs: Sequence[RunResult]) -> dict[str, int]:
    """How many windows are read, by workload: those of its batches, and one more before them.

    Earlier windows belong to the calibration and to warm-up batches.
    """
    return {run.key.workload: len(run.processes[0].ticks) + 1 for run in runs}


def _batches(run: RunResult) -> int:
    return len(run.processes[0].warm_ticks) + len(run.processes[0].ticks)


def spans(runs: Sequence[RunResult]) -> dict[RunKey, slice]:
    """Which windows of a loop belong to which run: in the order they were run. For batches without calibration only."""
    found: dict[RunKey, slice] = {}
    for workload in {run.key.workload for run in runs}:
        start = 0
        for run in sorted(
            (one for one in runs if one.key.workload == workload), key=lambda one: one.processes[0].position
        ):
            end = start + _batches(run)
            found[run.key], start = slice(start, end), end
    return found


def of_any(boots: Sequence[Dissection], run: RunResult, result: GuestResult, span: slice = slice(None)) -> Profile:
    """The profile of one run, which was in one of these boots: after a failure a guest is booted again without the run.

    Raises:
        InfrastructureError: in no boot do the window sums equal what the batches counted.
    """
    failure = InfrastructureError(f"{result.guest}: {run.key}: the instrument saw no batch")
    for of in boots:
        try:
            return dissect(of, run, result, span)
        except InfrastructureError as error:
            failure = error
    raise failure


def dissect(of: Dissection, run: RunResult, result: GuestResult, span: slice = slice(None)) -> Profile:
    """The profile of one run; `span`: its windows among those of its loop, if other runs use the same loop.

    Raises:
        InfrastructureError: a window's sum is not what its batch counted.
    """
    process = run.processes[0]
    place = of.loops[run.key.workload]
    own = [number for number, window in enumerate(of.windows) if window.loop == place][span]
    ticks = [*process.warm_ticks.tolist(), *process.ticks.tolist()]
    operations, measured = process.ran or process.n, len(process.ticks)
    if len(own) < measured:
        raise InfrastructureError(f"{of.guest}: {run.key}: {len(own)} windows for {measured} batches")
    checked = list(zip(own[::-1], ticks[::-1], strict=False))[::-1]
    asked = _asked_ticks(run, operations)
    asleep = [_check(of, number, tick + asked, run) for number, tick in checked]
    walker = stacks.Walker(of.listing)
    batches = []
    for number in own[-measured - 1 :]:  # one more, to know the call stacks at the start of those that are counted
        counted = number in own[-measured:]
        interrupted = walker.walk(of.windows[number], of.followed[number], counted)
        if counted:
            batches.append(Batch(of.windows[number], of.followed[number], interrupted, operations))
    return _profile(of, run, result, walker.tree, batches=batches, asleep=sum(asleep[-measured:]))


def _asked_ticks(run: RunResult, operations: int) -> int:
    """Ticks that a batch's operations were asked to wait: the payload subtracts them (guest/payload/run.c)."""
    asked = run.meaning.asked if run.meaning else 0
    return operations * asked * int(run.processes[0].clock.hz) // 10**9


def _check(of: Dissection, number: int, ticks: int, run: RunResult) -> int:
    """Compare a window's sum with its batch: returns how long the CPU was halted, in instructions.

    Raises:
        InfrastructureError: the sums differ, and no halt explains it.
    """
    window, followed = of.windows[number], of.followed[number]
    total = int(followed.completed.sum())
    slept = bool(of.listing.decoded.counted[HALT][window.code].any())
    if total == ticks or (slept and total < ticks):
        return ticks - total
    raise InfrastructureError(
        f"{of.guest}: {run.key}: a batch counted {ticks} instructions and {total} were seen: the batch is rejected"
    )


def _profile(
    of: Dissection, run: RunResult, result: GuestResult, tree: Tree, *, batches: Sequence[Batch], asleep: int
) -> Profile:
    process, operations = run.processes[0], sum(batch.operations for batch in batches)
    interrupted = sum(own for own, irq in zip(tree.own, tree.interrupt, strict=True) if irq)
    value = _value(process, sum(tree.own) - interrupted, len(batches), operations)
    overhead = sum(tree.own) - interrupted - value * operations
    loop = _function_at(of, of.addresses[run.key.workload])
    mark = made_of.marker(of.listing, loop, batches)
    columns = [made_of.columns(of.listing, mark, batch) for batch in batches]
    rows = made_of.count(columns, mark, batches)
    notes = [of.note, f"the sum over all addresses equals the ticks of each of {len(batches)} batches"]
    used = sorted(set(tree.function))
    known = of.listing.functions
    functions = [Function(known.names[i], known.addresses[i], known.groups[i], known.named[i]) for i in used]
    if unnamed := sum(not function.named for function in functions):
        notes.append(f"{unnamed} of {len(functions)} functions have no symbol: their names are addresses")
    if run.meaning and run.meaning.asked:
        notes.append(f"an operation was asked to wait {run.meaning.asked} ns: what it did meanwhile is counted here")
    facts = dict(result.conditions.facts) if result.conditions else {}
    return Profile(
        guest=of.guest,
        workload=str(run.key),
        per=run.meaning.per if run.meaning else "call",
        operations=operations,
        batches=len(batches),
        value=value,
        interrupted=interrupted / operations,
        asleep_ns=asleep / operations,
        share=share_whole(tree),
        functions=functions,
        nodes=_nodes(tree, operations, overhead, loop, {function: place for place, function in enumerate(used)}),
        made_of={**rows, "payload": _payload(rows, value)},
        conditions={key: facts[key] for key in sorted(facts) if key.startswith(("kernel.", "qemu.", "loader."))}
        | {"kernel": result.conditions.kernel if result.conditions else ""},
        everything=made_of.everything(of.listing, columns, batches),
        notes=tuple(notes),
        payload_at=_payload_at(of, batches, operations),
    )


def _payload_at(of: Dissection, batches: Sequence[Batch], operations: int) -> dict[str, float]:
    """How often an operation executes each instruction of the payload, by link address."""
    times = np.zeros(of.listing.code.address.size, np.int64)
    for batch in batches:
        done = batch.window.code[batch.followed.completed & ~batch.interrupted]
        times += np.bincount(done, minlength=times.size)
    groups = of.listing.functions.groups
    own = [n for n in np.flatnonzero(times).tolist() if groups[int(of.listing.functions.of[n])] == "payload"]
    address = of.listing.code.address
    return {
        f"{int(address[n]) - of.base:#x}": int(times[n]) / operations for n in sorted(own, key=lambda n: address[n])
    }


def _value(process: ProcessSamples, total: int, batches: int, operations: int) -> float:
    """As in stats/per_op.py: without counter and loop, and without the few instructions to enter and leave a loop."""
    taken = exact_overhead(process.reference)
    value = (total - taken.pair * batches) / operations - taken.loop
    n = operations / batches
    return round(value) if abs(value - round(value)) * n <= min(ENTRY, n / 8.0) + 1e-6 else value


def _payload(rows: Mapping[str, Row], value: float) -> Row:
    """The payload's row, without counter and loop: what the other rows leave of the value."""
    mean = value - rows["kernel"].value - rows["other"].value
    off = rows["payload"].value - mean
    return Row(mean, min(mean, rows["payload"].low - off), max(mean, rows["payload"].high - off))


def _function_at(of: Dissection, address: int) -> int:
    found = np.flatnonzero(of.listing.code.address == np.uint64(address))
    return int(of.listing.functions.of[found[0]]) if found.size else -1


def _nodes(tree: Tree, operations: int, overhead: float, loop: int, place: Mapping[int, int]) -> list[Node]:
    """The tree for one operation. Counter and loop are subtracted where they are: around the loop's function, in it."""
    own = [float(one) for one in tree.own]
    around = [number for number, parent in enumerate(tree.parent) if parent == ROOT]
    inside = [number for number, function in enumerate(tree.function) if function == loop]
    callers = {tree.parent[number] for number in inside}
    for number in [*(one for one in around if one in callers), *inside]:
        taken = min(max(own[number], 0.0), overhead)
        own[number] -= taken
        overhead -= taken
    return [
        Node(parent, place[function], irq, mine / operations, calls / operations)
        for parent, function, irq, mine, calls in zip(
            tree.parent, tree.function, tree.interrupt, own, tree.calls, strict=True
        )
    ]
