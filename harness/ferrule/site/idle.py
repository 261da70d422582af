"""Stored idle tables (`ferrule power --out`): what a kernel executes in a second without any request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ferrule.anatomy.formats.tables import figure
from ferrule.errors import InfrastructureError, UsageError
from ferrule.power import model
from ferrule.power.tables import ROWS, added
from ferrule.report.codec import loads
from ferrule.site import chart
from ferrule.site.marks import grouped
from ferrule.site.page import Page
from ferrule.text import one_line

FOLDER = "power"
Guest = Mapping[str, Any]
Amount = tuple[str, float | None]


def pages(folder: Path) -> Iterator[Page]:
    """One page, a section for each stored file.

    Raises:
        UsageError: a file is no idle table; names it.
        InfrastructureError: it cannot be read.
    """
    blocks = [_block(path) for path in sorted((folder / FOLDER).glob("*.json"))]
    yield Page("power.html", "power.html", "Power", "power", {"blocks": blocks})


def seconds(folder: Path) -> list[tuple[str, str]]:
    """The instructions of each guest's idle second, fewest first; from the last file that has the guest."""
    found: dict[str, Amount] = {}
    for path in sorted((folder / FOLDER).glob("*.json")):
        block = _block(path)
        found |= dict(zip(block["guests"], block["tables"][0]["rows"][0][1], strict=True))
    ordered = sorted(found.items(), key=lambda item: (item[1][1] or 0.0, item[0]))
    return [(guest, text) for guest, (text, _) in ordered]


def _block(path: Path) -> dict[str, Any]:
    try:
        stored = loads(path.read_bytes())
        found: Sequence[Guest] = stored["guests"]
        return {
            "title": f"Idle seconds ({path.name})",
            "guests": [one["guest"] for one in found],
            "tables": [table for table in (_seconds(found), _rates(found), _energy(found)) if table["rows"]],
            "charts": [_bars(found)],
            "conditions": [
                *(_conditions(one) for one in found),
                *(f"Model: {one}" for one in model.SKYLAKE_SERVER.sources),
            ],
        }
    except OSError as error:
        raise InfrastructureError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, ArithmeticError, KeyError, TypeError, AttributeError, IndexError) as error:
        what = one_line(f"{type(error).__name__} {error}")[:200]
        raise UsageError(f"{path}: is no idle table ({what}); make a new one by ferrule power --out") from None


def _total(profile: Guest) -> float:
    """Instructions, interrupts included."""
    return float(profile["value"]) + float(profile["interrupted"])


def _boots(one: Guest, value_of: Callable[[Guest], float]) -> Amount:
    """The figures of all boots, equal ones once, and the value of the first boot."""
    values = [value_of(boot) for boot in one["boots"]]
    return ", ".join(dict.fromkeys(grouped(figure(value)) for value in values)), values[0]


def _of_idle(key: str) -> Callable[[Guest], float]:
    return lambda boot: float(boot["idle"]["everything"].get(key, 0.0))


def _seconds(found: Sequence[Guest]) -> dict[str, Any]:
    rows = [("instructions", [_boots(one, lambda boot: _total(boot["idle"])) for one in found])]
    for key, title in ROWS.items():
        cells = [_boots(one, _of_idle(key)) for one in found]
        if any(value for _, value in cells):
            rows.append((title, cells))
    rows.append(("round trip of two ends, instructions", [_trip(one) for one in found]))
    rows.append(("break-even: round trips a second that cost as many instructions", [_even(one) for one in found]))
    rows.append(("host: wake-ups a second", [_host(one, "wakeups", ".1f") for one in found]))
    rows.append(("host: busy", [_host(one, "busy", ".1%") for one in found]))
    return {"title": "A second of doing nothing", "head": "a second", "rows": rows}


def _rates(found: Sequence[Guest]) -> dict[str, Any]:
    rates = sorted({int(rate) for one in found for rate in one["rates"]})
    rows = [(f"{rate} Hz", [_wakeup(one, rate) for one in found]) for rate in rates]
    return {"title": "Instructions that one wake-up adds, by the rate of a sleeper", "head": "rate", "rows": rows}


def _energy(found: Sequence[Guest]) -> dict[str, Any]:
    """The model's energies and break-even rates, with the ranges that follow from its inputs."""
    known = [_modelled(one) for one in found]
    titles = (
        "timers of an idle second, mJ",
        "a round trip, uJ",
        "break-even: round trips a second, core awake",
        "break-even: round trips a second, each finds the core asleep",
    )
    rows = [(title, [cells[number] for cells in known]) for number, title in enumerate(titles)]
    title = "Energy by a model: counts times published energies of a core; nothing of it is measured"
    return {"title": title, "head": "by the model", "rows": rows}


def _modelled(one: Guest) -> list[Amount]:
    trip, idle = one["trip"], one["boots"][0]["idle"]
    if not trip or not trip["value"]:
        return [("", None)] * 4
    counts = model.Counts(float(idle["everything"].get("halt", 0.0)), _total(idle), float(trip["value"]))
    found = model.energy(counts)
    pairs = ((found.second, 1e3), (found.trip, 1e6), (found.busy, 1.0), (found.apart, 1.0))
    return [(f"{_three(of.low * scale)} to {_three(of.high * scale)}", of.low * scale) for of, scale in pairs]


def _three(value: float) -> str:
    """Three significant digits, without an exponent."""
    text = f"{value:.3g}"
    return grouped(f"{float(text):.0f}") if "e+" in text else text


def _wakeup(one: Guest, rate: int) -> Amount:
    profile = one["rates"].get(str(rate))
    if profile is None:
        return "", None
    value = (_total(profile) - _total(one["boots"][0]["idle"])) / rate
    return (grouped(added(value)), value) if value > 0 else (added(value), None)


def _trip(one: Guest) -> Amount:
    trip = one["trip"]
    if not trip:
        return "", None
    return f"{grouped(figure(trip['value']))} ({trip['workload'].partition('[')[0]})", float(trip["value"])


def _even(one: Guest) -> Amount:
    trip = one["trip"]
    if not trip or not trip["value"]:
        return "", None
    value = _total(one["boots"][0]["idle"]) / trip["value"]
    return _three(value), value


def _host(one: Guest, name: str, form: str) -> Amount:
    seen = [boot["host"] for boot in one["boots"]]
    known = [float(each[name]) for each in seen if each and name in each]
    if not known:
        asked = any(each and each.get("reason") != "not asked for" for each in seen)
        return ("not measurable" if asked else "not asked"), None
    return ", ".join(grouped(f"{value:{form}}") for value in known), known[0]


def _bars(found: Sequence[Guest]) -> tuple[str, Any]:
    totals = {one["guest"]: _boots(one, lambda boot: _total(boot["idle"])) for one in found}
    ordered = sorted(totals.items(), key=lambda item: item[1][1] or 0.0)
    title = "Instructions in an idle second"
    values = ", ".join(f"{name} {text}" for name, (text, _) in ordered)
    return title, chart.bars({name: (value or 0.0, text) for name, (text, value) in ordered}, f"{title}: {values}")


def _conditions(one: Guest) -> str:
    conditions = one["boots"][0]["idle"]["conditions"]
    return f"{one['guest']}: " + "; ".join(f"{name} {text}" for name, text in sorted(conditions.items()))
