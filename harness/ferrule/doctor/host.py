"""The host as a place to measure on: its counter, and everything about it that moves numbers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ferrule.core import characterise
from ferrule.doctor.finding import Finding
from ferrule.errors import FerruleError
from ferrule.guests.local import create as local_guest
from ferrule.machine.options import GuestOptions
from ferrule.records.conditions import CORES

STEAL_WINDOW = 0.5  # seconds
STEAL_LIMIT = 0.01  # of the time: a batch is then disturbed often enough to move the tail
LOAD_LIMIT = 0.25  # runnable tasks a CPU

_SECTION, _TIMER = "host", "timer"
_SYS_CPU = "/sys/devices/system/cpu"


@dataclass(frozen=True)
class _Disturbance:
    """When a fact (by its name in LocalGuest.describe) moves numbers, how, and the setting that stops it."""

    when: Callable[[str], bool]
    costs: str
    setting: tuple[str, str] = ("", "")  # value, file under _SYS_CPU


_VERDICTS = {
    "backwards": "counter or clock runs backwards: no number from this host can be trusted",
    "stuck": "counter or clock stands still: no number from this host can be trusted",
    "coarse": "the counter's step is over a microsecond: batches grow with it",
    "unsteady": "two halves of a short calibration disagree by over 0.1 %: the machine is busy, or its counter drifts",
}
_TURBO = "the clock rate depends on heat and on what other cores do"
_DISTURBING = {
    "governor": _Disturbance(
        lambda text: text != "performance",
        "the clock rate changes while a run goes on",
        ("performance", "cpu*/cpufreq/scaling_governor"),
    ),
    "boost": _Disturbance(lambda text: text == "1", _TURBO, ("0", "cpufreq/boost")),
    "no_turbo": _Disturbance(lambda text: text == "0", _TURBO, ("1", "intel_pstate/no_turbo")),
    "smt": _Disturbance(
        lambda text: text == "1", "a busy sibling thread slows the measured one", ("off", "smt/control")
    ),
    "hypervisor": _Disturbance(lambda text: text != "none", "numbers are this virtual machine's, not the hardware's"),
    "quota": _Disturbance(lambda text: text != "none", "it stops the payload in the middle of batches"),
    "placement": _Disturbance(
        lambda text: text != CORES, "the ends of cross_core runs are no two cores of one package: --cpu A,B"
    ),
}


def timer() -> Iterator[Finding]:
    """What the CPU's counter is good for: the same C that runs in the guests, asked on this host."""
    try:
        timing = characterise()
    except FerruleError as error:
        detail = str(error).partition("\n")[0]
        yield Finding(_TIMER, "counter", "missing", detail, "guests' clocks are not compared with this host's counter")
        return
    error_ppm = timing.hz_error_ppb / 1000
    detail = f"{timing.counter} at {timing.hz / 1e6:.3f} MHz ± {error_ppm:.2g} ppm against CLOCK_MONOTONIC_RAW"
    if timing.verdict == "ok":
        yield Finding(_TIMER, "counter", "ok", detail)
    else:
        yield Finding(_TIMER, "counter", "note", f"{detail}: {timing.verdict}", _VERDICTS[timing.verdict])
    cost = f"{timing.cost} ticks ({timing.cost_ns:.1f} ns) a pair of readings, median {timing.cost_median}"
    yield Finding(_TIMER, "cost", "ok", f"{cost}; smallest step {timing.resolution} ticks")


def conditions(options: GuestOptions) -> Iterator[Finding]:
    """CPU, load, steal, and the facts that every local result carries, judged where they disturb."""
    cpus = os.cpu_count() or 1
    yield Finding(_SECTION, "cpu", "ok", f"{cpu_model(_read('/proc/cpuinfo'))}, {cpus} CPUs")
    yield _load(cpus)
    yield from _steal()
    try:
        facts = local_guest("local", options).describe()
    except FerruleError as error:
        yield Finding(_SECTION, "local guest", "missing", str(error), costs="nothing is measured on this host itself")
        return
    for name, text in facts.items():
        if text and name != "host.load":
            yield judge(name.removeprefix("host."), text)


def cpu_model(cpuinfo: str) -> str:
    """The processor's name out of /proc/cpuinfo's text: x86 says `model name`, RISC-V `uarch`, Arm numbers only."""
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in cpuinfo.splitlines())}
    arm = " ".join(f"{key} {fields[key]}" for key in ("CPU implementer", "CPU part") if key in fields)
    return fields.get("model name") or fields.get("uarch") or arm or "of unknown model"


def judge(name: str, text: str) -> Finding:
    """A fact as a finding: fine, or worth a note with what to do about it."""
    disturbs = _DISTURBING.get(name)
    if disturbs is None or not disturbs.when(text):
        return Finding(_SECTION, name, "ok", text)
    value, path = disturbs.setting
    tee = "tee" if os.geteuid() == 0 else "sudo tee"
    return Finding(
        _SECTION, name, "note", text, disturbs.costs, f"echo {value} | {tee} {_SYS_CPU}/{path}" if path else ""
    )


def _load(cpus: int) -> Finding:
    load = os.getloadavg()
    text = " ".join(f"{value:.2f}" for value in load) + f" on {cpus} CPUs"
    if load[0] > LOAD_LIMIT * cpus:
        return Finding(_SECTION, "load", "note", text, "other programs run on the measured CPUs: wait, or stop them")
    return Finding(_SECTION, "load", "ok", text)


def _steal() -> Iterator[Finding]:
    """Time that a hypervisor gave to others, over a short window."""
    before = _read("/proc/stat")
    time.sleep(STEAL_WINDOW)
    share = steal_share(before, _read("/proc/stat"))
    if share is None:
        return
    text = f"{share:.1%} of the last {STEAL_WINDOW:g} s"
    if share > STEAL_LIMIT:
        yield Finding(_SECTION, "steal", "note", text, "the hypervisor gives this machine's CPUs to others")
    else:
        yield Finding(_SECTION, "steal", "ok", text)


def steal_share(before: str, after: str) -> float | None:
    """Share of all CPU time stolen between two readings of /proc/stat (proc_stat(5)); None when they do not say."""
    first, second = _cpu_times(before), _cpu_times(after)
    if len(first) < 8 or len(second) < 8:
        return None
    spent = [late - early for early, late in zip(first[:8], second[:8], strict=True)]  # guest time is in user's
    return spent[7] / sum(spent) if sum(spent) > 0 else None


def _cpu_times(stat: str) -> list[int]:
    line = next((line for line in stat.splitlines() if line.startswith("cpu ")), "")
    return [int(word) for word in line.split()[1:] if word.isdigit()]


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
