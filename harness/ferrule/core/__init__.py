"""guest/core on this host: its C sources, compiled and bound to Python: counters, plans, records and histograms."""

from ferrule.core.clock import HostClock, Mark, Timing, batch_floor, characterise, mark, next_batch, pace
from ferrule.core.histogram import BUCKETS, Histogram, bucket_bounds, bucket_middles, bucket_of
from ferrule.core.plans import parse_plan, plan_order
from ferrule.core.records import Encoder, crc32

__all__ = [
    "BUCKETS",
    "Encoder",
    "Histogram",
    "HostClock",
    "Mark",
    "Timing",
    "batch_floor",
    "bucket_bounds",
    "bucket_middles",
    "bucket_of",
    "characterise",
    "crc32",
    "mark",
    "next_batch",
    "pace",
    "parse_plan",
    "plan_order",
]
