"""The records that one process of a plan sends, and an assembler that receives them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun
from ferrule.records.assemble import Assembler
from ferrule.records.hello import Sent
from ferrule.records.samples import Accel
from ferrule.records.stream import Damage, Event, Record

NULL, FORK = RunKey("null_call"), RunKey("process_create")
PIPE = RunKey("pipe_latency", (("size", 64),), "cross_core")
KEYS = (NULL, PIPE, FORK)
PLAN = Plan(run="a1", processes=2, batches=4, warm=1, each=10, pin=True, cpus=(0, 1), runs=tuple(map(PlannedRun, KEYS)))
TICKS = {NULL: [10_000, 10_001, 10_002, 10_003], PIPE: [50_000] * 4}


def stream(process: int = 0, plan: Plan = PLAN) -> list[Record]:
    """The records that one process of the plan sends: all runs are ok except FORK, which the OS does not support."""
    made: list[Record] = []

    def say(kind: str, **fields: object) -> None:
        text = {key.replace("__", "."): str(value) for key, value in fields.items()}
        made.append(Record(plan.run, process, len(made), kind, text))

    crc = f"{zlib.crc32(plan.render()):08x}"
    hello = {"os": "linux", "arch": "x86_64", "build": "abcd", "plan": crc, "process": process}
    say("hello", proto=1, compiler="gcc", flags="-O2", **hello)
    say("fact", name="kernel.release", value="6.1.0")
    say("fact", name="cpu.model", value="Example CPU")
    say("clock", counter="tsc", hz=2 * 10**9, hz_error_ppb=50, resolution=2, multiplication=3, cost=4, verdict="ok")
    say("ref", what="pair", n=0, t="50,50,50,51,50,50,50")
    say("ref", what="loop", n=1000, t="1050,1050,1050,1050,1050,1050")
    say("ref", what="loop", n=2000, t="2050,2050,2050,2050,2050,2050")
    say("mark", tick=0, ns=1_000_000_000)
    keys = [planned.key for planned in plan.runs]
    for index, key in enumerate(keys):
        params = {f"p__{name}": value for name, value in key.params}
        say("begin", i=index, pos=len(keys) - 1 - index, workload=key.workload, place=key.place, **params)
        if key is FORK:
            say("end", i=index, status="unsupported", batches=0, hist=0, operation="os_process_start", error=38)
        else:
            two = key is PIPE
            per = {"per": "round_trip", "bytes": 128, "switches": 2} if two else {"per": "call"}
            say("ready", i=index, n=100, ends=1 + two, place=key.place, **per, **params)
            cpus = {"cpu": 0, "cpu2": 1} if two else {"cpu": 0}
            say("batch", i=index, b=0, warm=1, t=99_999, **cpus)
            say("batch", i=index, b=1, warm=0, t=",".join(map(str, TICKS[key][:2])), **cpus)
            say("batch", i=index, b=3, warm=0, t=",".join(map(str, TICKS[key][2:])), **cpus)
            say("pace", i=index, n=10_000, b=0, t="20000,20001,20002")
            say("pace", i=index, n=10_000, b=3, t="20003,20004,20005")
            for buckets in ("90:7,91:2", "300:1"):
                say("hist", i=index, b=buckets)
            say("end", i=index, status="ok", batches=5, hist=10, hist_min=90, hist_max=5000, voluntary=9, involuntary=1)
        say("mark", tick=2_000_000_000 * (index + 1), ns=1_000_000_000 * (index + 2))
    say("done", runs=len(keys), ok=len(set(keys) - {FORK}))
    return made


SENT = Sent("linux", "x86_64", "abcd", PLAN.render())


def assemble(events: Sequence[Event], plan: Plan = PLAN, accel: Accel = "metal", sent: Sent | None = SENT) -> Assembler:
    made = Assembler("local", accel, 3, plan, {"host.load": "0.1"}, sent=sent)
    for event in events:
        made.feed(event, arrival(event))
    return made


def arrival(event: Event) -> float:
    """Seconds on a host whose clock agrees with the guest's."""
    return event.seq * 3.0 / 27 if isinstance(event, Record) else 0.0


def with_losses(records: Sequence[Record], lost: set[int]) -> list[Event]:
    """The decoder's events when the records with these sequence numbers are lost."""
    events: list[Event] = []
    due = 0
    for record in records:
        if record.seq in lost:
            continue
        if record.seq != due:
            events.append(Damage("loss", record.run, record.process, f"record {due} did not arrive"))
        events.append(record)
        due = record.seq + 1
    return events
