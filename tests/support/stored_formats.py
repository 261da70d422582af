"""Formats that measurements and gates store: the history, samples, unfinished runs, baselines, pairs."""

from __future__ import annotations

import gzip
import json
import lzma
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ferrule.campaign.ledger import Executed
from ferrule.checksum import seal_in_place
from ferrule.gate import baseline as baselines
from ferrule.gate.paired import stored as pairs
from ferrule.records.samples import GuestResult, Meaning
from ferrule.report import history, raw, series, stored_json, unfinished, verified
from ferrule.report.codec import encode
from ferrule.report.columns import columns
from ferrule.report.extra_info import extra_info
from ferrule.report.journal import append_line
from ferrule.validate import agreement
from ferrule.validate.pairs import read as read_pairs

from tests.support import synthetic as make
from tests.support.damage import Document, documents_changed
from tests.support.formats import Format, document_lies, lines_lie
from tests.support.gate_findings import baseline, exact, path
from tests.support.gate_pairs import head, taken

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
COSTS = {"null_call": 150.0, "pipe": 900.0}


def result() -> GuestResult:
    meaning = Meaning("call")
    return make.guest(
        [make.run(name, [300.0 + i for i in range(3)], meaning, each=name == "a_call") for name in ("a_call", "b")]
    )


def in_a_history(name: str) -> list[bytes]:
    with TemporaryDirectory() as folder:
        home = history.append(Path(folder), [result()], seed=1, budget="quick", declared={}, moment=MOMENT)
        verified.append(Path(folder), [result()], seed=1, declared={}, moment=MOMENT)
        (found,) = home.glob(name)
        return [found.read_bytes()]


def unfinished_runs() -> list[bytes]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "unfinished" / "20260301-120000-0001.jsonl"
        journal = unfinished.Unfinished(file)
        journal.begin({"run_id": file.stem, "seed": 7}, {"budget": "quick"}, {"local": list(result().runs)})
        for number in range(2):
            journal.process("local", number, result())
            journal.execution("local", number, Executed(number, 1.5, (0.1, 1.4), 2, None, {"loss": 1}))
        content = file.read_bytes()
        journal.close(complete=True)
    return [content]


def of_unfinished(found: unfinished.Found) -> Iterator[object]:
    yield found.head
    for one in found.results.values():
        yield from of_samples(one)


def of_samples(found: GuestResult) -> Iterator[object]:
    yield found.guest, encode(found.conditions)
    for key, run in found.runs.items():
        yield str(key), encode(replace(run, processes=[]))
        for process in run.processes:
            yield str(key), encode(process)


def of_history(found: list[history.Stored]) -> Iterator[object]:
    for one in found:
        yield one.run_id, one.ts, one.seed, encode(one.column)


def of_baseline(found: baselines.Baseline) -> Iterator[object]:
    yield encode(found.key), encode(found.record), encode(found.protocol)
    yield from (encode(found.entries), encode(found.faults))


def of_pairs(found: tuple[Any, list[Any]]) -> Iterator[object]:
    yield encode(found[0])
    yield from map(encode, found[1])


def packed(good: list[bytes], draw: random.Random) -> bytes:
    """Samples with changed content, compressed as stored ones are."""
    (text,) = [lzma.decompress(one) for one in good]
    return lzma.compress(documents_changed(_PACKED.setdefault(text, Document(text.decode())), draw).encode(), preset=0)


_PACKED: dict[bytes, Document] = {}


def old_samples() -> list[bytes]:
    rows = [{"guest": "local", "boots": 1, "conditions": None}, {"key": {"workload": "a_call"}, "status": "ok"}]
    return [gzip.compress("\n".join(map(json.dumps, rows)).encode(), mtime=0)]


def stored_pairs() -> list[bytes]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "gate.jsonl"
        append_line(file, {"head": encode(head(COSTS, 6))})
        for pair in taken(COSTS, pairs=6):
            append_line(file, {"pair": encode(pair)})
        return [file.read_bytes()]


def json_files() -> list[bytes]:
    """The file that --json writes for a run with two operations."""
    found, (column,) = result(), columns([result()])
    assert found.conditions is not None
    shown = [(entry.key, entry.summary) for entry in column.entries if entry.summary is not None]
    benchmarks = [
        {
            "group": str(key),
            "extra_info": extra_info(summary, found.conditions, seed=1),
            "stats": {"data": [one / 1e9 for one in summary.per_process]},
        }
        for key, summary in shown
    ]
    runs = {"local": {str(key): {"status": "ok", "reason": ""} for key, _ in shown}}
    document = {"ferrule": {"runs": runs, "doubts": {}}, "benchmarks": benchmarks}
    seal_in_place(document)
    return [json.dumps(document, indent=4).encode()]


def briefs(path: Path) -> object:
    """Reads the cached briefs of a history's file, after they are copied to where the cache keeps them."""
    stored = path.with_name("local.jsonl")
    if not stored.exists():
        stored.write_bytes(in_a_history("local.jsonl")[0])
    text = path.read_bytes().replace(b"FILE", json.dumps(str(stored))[1:-1].encode())
    place = series.place(stored)
    place.write_bytes(text)
    return [encode(one) for one in series.briefs(stored)]


def kept_briefs() -> list[bytes]:
    with TemporaryDirectory() as folder:
        stored = Path(folder) / "local.jsonl"
        stored.write_bytes(in_a_history("local.jsonl")[0])
        series.briefs(stored)
        text = series.place(stored).read_bytes()
        return [text.replace(json.dumps(str(stored))[1:-1].encode(), b"FILE")]


def a_baseline() -> list[bytes]:
    return [baselines.render(baseline(a=exact(323), b=path(9, 11))).encode()]


def an_agreement() -> list[bytes]:
    (pair, *_) = read_pairs()
    values = {str(pair.ours): [100.0, 101.5], str(pair.theirs): [104.0, 103.0]}
    run = agreement.Run({"cpu": "1"}, 7, [{pair.title: values}, {pair.title: values}], {"other": "not here"})
    return [agreement.as_json(run, [pair]).encode()]


def all_of(folder: Path) -> list[history.Stored]:
    return history.load(folder.parents[2])


def all_verified(folder: Path) -> list[history.Stored]:
    return verified.load(folder.parents[3])


STORED: dict[str, Format] = {
    "history": Format(
        lambda: in_a_history("local.jsonl"),
        lambda p: history.load(p.parents[2]),
        "2026/m/local.jsonl",
        of_history,
        lines_lie,
    ),
    "verifications": Format(
        lambda: in_a_history("verify/local.jsonl"),
        lambda p: verified.load(p.parents[3]),
        "2026/m/verify/local.jsonl",
        of_history,
        lines_lie,
    ),
    "unfinished": Format(unfinished_runs, unfinished.read, "2026/m/unfinished/x.jsonl", of_unfinished, lines_lie),
    "samples": Format(lambda: in_a_history("local.raw/*.json.xz"), raw.load, "x.json.xz", of_samples, packed),
    "old-samples": Format(old_samples, raw.load, "x.jsonl.gz", of_samples),
    "baseline": Format(
        lambda: [baselines.render(baseline(a=exact(323), b=path(9, 11))).encode()],
        baselines.load,
        "b.json",
        of_baseline,
        document_lies,
    ),
    "pairs": Format(stored_pairs, pairs.load, "gate.jsonl", of_pairs, lines_lie),
    "json": Format(json_files, stored_json.read, "run.json", lambda found: map(encode, found), document_lies),
    "agreement": Format(an_agreement, agreement.load, "run.json", lambda found: iter([vars(found)]), document_lies),
    "briefs": Format(kept_briefs, briefs, "briefs.json", iter, document_lies),
}
