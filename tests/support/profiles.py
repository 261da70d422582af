"""A made-up anatomy of an operation: four functions, one of them in an interrupt."""

from __future__ import annotations

from ferrule.anatomy.profile import Function, Node, Profile, Row

PROFILE = Profile(
    guest="redox",
    workload="pipe_latency[size=1]",
    per="round_trip",
    operations=4,
    batches=2,
    value=100.0,
    interrupted=5.0,
    asleep_ns=0.0,
    share=1.0,
    functions=[
        Function("workload_loop", 0x1000, "payload", True),
        Function("_RNvNtNtCsbOSPMxg8HUy_6kernel7context6switch6switch", 0x2000, "kernel", True),
        Function("a<b> & c;d", 0x3000, "kernel", True),
        Function("tick", 0x4000, "kernel", True),
    ],
    nodes=[
        Node(-1, 0, False, 10.0, 0.0),
        Node(0, 1, False, 60.0, 2.0),
        Node(1, 2, False, 30.0, 1.0),
        Node(2, 3, True, 5.0, 0.25),
    ],
    made_of={"payload": Row(10, 10, 10), "kernel": Row(90, 80, 100), "syscall": Row(0, 0, 0)},
    conditions={"kernel": "Redox"},
    everything={"halt": 1.0},
    notes=("a note",),
)
