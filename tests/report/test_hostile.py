"""Stored runs are untrusted input: each value is read as it was stored, or refused with one line."""

from __future__ import annotations

import gzip
import json
import lzma
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from ferrule.errors import InfrastructureError
from ferrule.records.samples import GuestResult, Meaning
from ferrule.report import history, raw, verified
from ferrule.report.codec import Malformed, decode, loads
from ferrule.report.comparison import Side, compare_runs, render
from ferrule.report.publish import publish
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import hostile
from tests.support import synthetic as make
from tests.support.places import ROOT

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANY = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])


@cache
def stored() -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A run of two workloads: the machine, its line without a checksum, and its samples."""
    meaning = Meaning("call")
    runs = [make.run(name, [300.0 + i for i in range(7)], meaning, each=name == "a_call") for name in ("a_call", "b")]
    with TemporaryDirectory() as folder:
        root = Path(folder)
        where = history.append(root, [make.guest(runs)], seed=1, budget="quick", declared={}, moment=MOMENT)
        line = json.loads((where / "local.jsonl").read_text())
        samples = json.loads(lzma.decompress((where / line["raw"]).read_bytes()))
    line.pop("sum", None)
    return where.name, line, samples


MACHINE, LINE, SAMPLES = stored()
OLD = [{"guest": "local", "boots": 1, "conditions": None}, {"key": {"workload": "a_call"}, "status": "ok"}]


@MANY
@given(hostile.texts(LINE))
def test_a_line_is_read_or_refused_and_what_is_read_can_be_shown(text: str) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        home = root / "2026" / MACHINE
        (home / "verify").mkdir(parents=True)
        (home / "local.jsonl").write_text(f"{json.dumps(LINE)}\n{text}\n")
        (home / "verify" / "local.jsonl").write_text(f"{text}\n")
        hostile.outcome(lambda: verified.load(root))
        found = hostile.outcome(lambda: history.load(root))
        if isinstance(found, list):
            sides = [Side(name, [one.column for one in part]) for name, part in (("a", found[:1]), ("b", found[1:]))]
            hostile.outcome(lambda: render(compare_runs(*sides)))
        hostile.outcome(lambda: publish(root, root / "pages" / "of" / "mine"))
        written = {path.relative_to(root).parts[0] for path in root.rglob("*") if path.is_file()}
        assert written <= {"2026", "pages"}
        assert all(path.parent == root / "pages" / "of" / "mine" for path in (root / "pages").rglob("*.md"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"per_process": [], "boots": [], "batch_sizes": []}, "a result of no process"),
        ({"per_process": []}, "a result of no process"),
        ({"boots": [0]}, "7 values, 1 boots and 7 batch sizes of the same processes"),
        ({"batch_sizes": [1] * 8}, "7 values, 7 boots and 8 batch sizes of the same processes"),
    ],
)
def test_values_of_each_process_are_there_for_all(changed: dict[str, list[int]], message: str, tmp_path: Path) -> None:
    line = json.loads(json.dumps(LINE))
    line["entries"][0]["summary"].update(changed)
    home = tmp_path / "2026" / MACHINE
    home.mkdir(parents=True)
    (home / "local.jsonl").write_text(json.dumps(line) + "\n")
    with pytest.raises(InfrastructureError, match=rf"local\.jsonl:1: \.entries\[0\]\.summary: {message}"):
        history.load(tmp_path)


@MANY
@given(hostile.texts(SAMPLES))
def test_samples_are_read_or_refused(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.json.xz"
        path.write_bytes(lzma.compress(text.encode("utf-8", "surrogatepass"), preset=0))
        found = hostile.outcome(lambda: raw.load(path))
    assert isinstance(found, (GuestResult, InfrastructureError))


@MANY
@given(st.integers(0, len(OLD) - 1).flatmap(lambda at: st.tuples(st.just(at), hostile.texts(OLD[at]))))
def test_samples_of_the_layout_before_are_read_or_refused(drawn: tuple[int, str]) -> None:
    rows = [json.dumps(row) for row in OLD]
    rows[drawn[0]] = drawn[1]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.jsonl.gz"
        path.write_bytes(gzip.compress("\n".join(rows).encode("utf-8", "surrogatepass"), 1))
        found = hostile.outcome(lambda: raw.load(path))
    assert isinstance(found, (GuestResult, InfrastructureError))


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "2026" / "m" / "local.jsonl"
        path.parent.mkdir(parents=True)
        path.write_bytes(content + b"\n")
        hostile.outcome(lambda: history.load(Path(folder)))
        path.write_bytes(content)
        hostile.outcome(lambda: raw.load(path))
        path.write_bytes(b"\x1f\x8b\x08" + content)
        hostile.outcome(lambda: raw.load(path))


@pytest.mark.parametrize("machine", ["../../../X", "..", "/X", "a/b", "X", ".hidden", "", "a\x1b[2J", "x" * 300])
def test_a_machines_name_leads_nowhere(machine: str, tmp_path: Path) -> None:
    path = tmp_path / "results" / "2026" / "m" / "local.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(LINE | {"machine": machine}) + "\n")
    with pytest.raises(InfrastructureError, match=r"local\.jsonl:1: \.?machine"):
        publish(tmp_path / "results", tmp_path / "results" / "published")
    assert [one.name for one in tmp_path.iterdir()] == ["results"]


@pytest.mark.parametrize("text", hostile.HOSTILE, ids=lambda text: text[:20])
def test_json_is_read_strictly(text: str) -> None:
    infinite = text[:2] in ("Na", "In", "-I") or text.lstrip("-") == "1e999"
    if infinite or len(text) in (5000, 2 * hostile.DEEP, 6 * hostile.DEEP + 1) or '"a":2' in text:
        with pytest.raises(Malformed) as caught:
            loads(text)
        assert len(str(caught.value)) < 300
    else:
        assert loads(text) == json.loads(text)


@pytest.mark.parametrize("digits", ["1e999", "-1e999", "9" * 4000 + ".5", "1" + "0" * 400 + "e1"])
def test_an_infinite_number_is_none(digits: str) -> None:
    with pytest.raises(Malformed, match="is no number") as caught:
        loads(f'{{"value": {digits}}}')
    assert len(str(caught.value)) < 100


def test_the_checkouts_own_history_is_read() -> None:
    assert len(history.load(ROOT / "results")) > 1


def test_a_key_in_a_message_is_in_its_line() -> None:
    with pytest.raises(Malformed) as caught:
        decode(dict[str, int], {"load\n1": "x"}, "facts")
    assert str(caught.value).isprintable()
    assert "load 1" in str(caught.value)
    with pytest.raises(Malformed, match=r"^facts\.k{80}: str where int belongs") as caught:
        decode(dict[str, int], {"k" * 3000: "x"}, "facts")
