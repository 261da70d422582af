"""Tables of idle guests, side by side; where boots differ, a cell lists the figure of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from tabulate import tabulate

from ferrule.anatomy.formats.tables import figure, functions
from ferrule.anatomy.profile import Profile
from ferrule.power import model
from ferrule.power.host import Seen
from ferrule.power.idle import RATES, Boot, Measured, deadlines, total
from ferrule.power.refusal import NotMeasurable

ROWS: Final = {
    "interrupts": "interrupts",
    "halt": "halts",
    "timer": "timer programmings",
    "device": "device accesses",
    "port": "port accesses",
    "wrmsr": "MSR writes",
    "cr3": "address-space switches",
}


def report(found: Sequence[Measured], top: int) -> str:
    """All tables: an idle second, wake-ups, sleepers, families, energy, and where the instructions go."""
    parts = [seconds(found), rates(found)]
    if any(one.sleepers for one in found):
        parts.append(sleepers(found))
    if any(one.families for one in found):
        parts.append(families(found))
    parts.append(energy(found))
    for one in found:
        parts += [f"{one.guest}: where the instructions of an idle second go", _functions(one, top)]
    return "\n\n".join(parts)


def seconds(found: Sequence[Measured]) -> str:
    """The counts of the idle second, and what the host saw."""
    rows: list[tuple[str, ...]] = [("instructions", *(_boots(one, lambda boot: boot.instructions) for one in found))]
    rows += [(title, *(_boots(one, _count(key)) for one in found)) for key, title in ROWS.items()]
    rows.append(("round trip, instructions", *(_of_trip(one) for one in found)))
    rows.append(("round trips to an idle second", *(_ratio(one) for one in found)))
    rows.append(("host: wake-ups a second", *(_host(one, lambda seen: f"{seen.wakeups:.1f}") for one in found)))
    rows.append(("host: busy", *(_host(one, lambda seen: f"{seen.busy:.1%}") for one in found)))
    return _table(("a second of doing nothing", *(one.guest for one in found)), rows)


def rates(found: Sequence[Measured]) -> str:
    """What a wake-up costs: the instructions that one sleeper adds to an idle second, by its rate."""
    rows = [(f"{rate} Hz", *(_wakeup(one, rate) for one in found)) for rate in RATES]
    return _table(("instructions a wake-up", *(one.guest for one in found)), rows)


def _wakeup(one: Measured, rate: int) -> str:
    return added((total(one.rates[rate]) - one.boots[0].instructions) / rate) if rate in one.rates else "-"


def added(instructions: float) -> str:
    """The instructions that one wake-up adds; a text where idle seconds differ by more than it costs."""
    return figure(instructions) if instructions > 0 else "below the scatter"


def sleepers(found: Sequence[Measured]) -> str:
    """Halts and instructions beyond those of an idle window; with less than a halt each, a wake-up serves several."""
    places = sorted({place for one in found for place in one.sleepers})
    rows = [
        (f"{count} within {spread} ms", *(_deadline(one, count, spread) for one in found)) for count, spread in places
    ]
    return _table(("sleepers: halts and instructions a deadline", *(one.guest for one in found)), rows)


def _deadline(one: Measured, count: int, spread: int) -> str:
    more = one.sleepers.get((count, spread))
    if more is None or one.quiet is None:
        return "-"
    halts = more.everything.get("halt", 0.0) - one.quiet.everything.get("halt", 0.0)
    instructions = total(more) - total(one.quiet)
    return f"{figure(halts / deadlines(count))}, {figure(instructions / deadlines(count))}"


def families(found: Sequence[Measured]) -> str:
    """Idle seconds after work: instructions and halts."""
    names = sorted({family for one in found for family in one.families})
    rows = [(f"after {family}", *(_second(one.families.get(family)) for one in found)) for family in names]
    first = ("after boot", *(_second(one.idle) for one in found))
    return _table(("an idle second: instructions, halts", *(one.guest for one in found)), [first, *rows])


def _second(profile: Profile | NotMeasurable | None) -> str:
    if not isinstance(profile, Profile):
        return "-"
    return f"{figure(total(profile))}, {figure(profile.everything.get('halt', 0.0))}"


def energy(found: Sequence[Measured], inputs: model.Inputs = model.SKYLAKE_SERVER) -> str:
    """The model's results: energies and break-even rates with their ranges, and the inputs."""
    with_trip = [one for one in found if one.trip is not None and one.trip.value]
    known = [
        model.energy(model.Counts(one.boots[0].wakeups, one.boots[0].instructions, one.trip.value), inputs)
        for one in with_trip
        if one.trip is not None
    ]
    rows = [
        ("timers of an idle second, mJ", *(_range(one.second, 1e3) for one in known)),
        ("a round trip, uJ", *(_range(one.trip, 1e6) for one in known)),
        ("round trips a second that cost as much, core awake", *(_range(one.busy) for one in known)),
        ("the same, each finds the core asleep", *(_range(one.apart) for one in known)),
    ]
    table = _table(("energy, by the model", *(one.guest for one in with_trip)), rows)
    states = ", ".join(f"{state.name} {inputs.wakeup(state) * 1e6:.1f} uJ" for state in inputs.states)
    notes = [
        f"model: an instruction {_range(inputs.instruction, 1e9)} nJ; a wake-up from {states}",
        *(f"source: {source}" for source in inputs.sources),
    ]
    return "\n".join([table, *notes])


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return tabulate(list(rows), heads, disable_numparse=True)


def _boots(one: Measured, value: Callable[[Boot], float]) -> str:
    return ", ".join(dict.fromkeys(figure(value(boot)) for boot in one.boots))


def _count(key: str) -> Callable[[Boot], float]:
    return lambda boot: boot.idle.everything.get(key, 0.0)


def _host(one: Measured, cell: Callable[[Seen], str]) -> str:
    seen = [boot.host for boot in one.boots]
    return ", ".join("-" if isinstance(each, NotMeasurable) else cell(each) for each in seen)


def _of_trip(one: Measured) -> str:
    return f"{figure(one.trip.value)} ({one.trip.workload.partition('[')[0]})" if one.trip else "-"


def _ratio(one: Measured) -> str:
    return figure(one.boots[0].instructions / one.trip.value) if one.trip and one.trip.value else "-"


def _range(of: model.Range, scale: float = 1.0) -> str:
    return f"{of.low * scale:.3g} to {of.high * scale:.3g}"


def _functions(one: Measured, top: int) -> str:
    """The table of functions. Interrupts are not separate here: they are what is to be shown."""
    nodes = [replace(node, interrupt=False) for node in one.idle.nodes]
    return functions(replace(one.idle, nodes=nodes, value=one.boots[0].instructions), top)
