"""The history: round trips, what it does when the disk or a writer fails, pages and comparisons made from it."""

from __future__ import annotations

import gzip
import json
import resource
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ferrule.errors import InfrastructureError, UsageError
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult
from ferrule.report import history, journal, raw
from ferrule.report.codec import decode
from ferrule.report.columns import columns
from ferrule.report.markdown import escape
from ferrule.report.publish import publish
from ferrule.stats.flags import Flag
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import synthetic as make
from tests.support.places import METRICS

CALL = make.CALL
DECLARED = make.DECLARED
MOMENT = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def results() -> list[GuestResult]:
    return make.results()


# --- history


def store(folder: Path, results: list[GuestResult], moment: datetime = MOMENT) -> Path:
    return history.append(folder, results, seed=5, budget="quick", declared=DECLARED, moment=moment)


def test_history_gives_back_what_was_stored(tmp_path: Path, results: list[GuestResult]) -> None:
    home = store(tmp_path, results)
    assert home.parent == tmp_path / "2026"
    stored = history.load(tmp_path)
    assert [one.column for one in stored] == columns([results[1], results[0]], DECLARED)  # in order of names
    line = json.loads((home / "local.jsonl").read_text())
    assert line["null_call"] == pytest.approx(history.eight([101.4 * (1 + i / 1000) for i in range(7)]), rel=1e-3)
    assert (line["seed"], line["budget"], line["ts"]) == (5, "quick", "2026-03-01T12:00:00Z")


def test_every_number_can_be_computed_again(tmp_path: Path, results: list[GuestResult]) -> None:
    home = store(tmp_path, results)
    for one in history.load(tmp_path):
        line = json.loads(one.path.read_text())
        again = columns([raw.load(home / line["raw"])], DECLARED)[0]
        assert again.entries == one.column.entries
        assert again.conditions == one.column.conditions


def test_metrics_explains_every_key(tmp_path: Path, results: list[GuestResult]) -> None:
    explained = METRICS.read_text()
    home = store(tmp_path, results)
    line = json.loads((home / "local.jsonl").read_text())
    runs = {str(decode(RunKey, entry["key"])) for entry in line["entries"]}
    keys = (set(line) - runs) | set(line["conditions"]) | set(line["entries"][0]) | set(line["entries"][0]["summary"])
    assert [key for key in sorted(keys) if f"\n{key}:" not in explained and f"\n  {key}:" not in explained] == []
    for flag in Flag:
        assert f"\n    {flag.name}:" in explained


def test_a_run_is_found_by_the_beginning_of_its_id(tmp_path: Path, results: list[GuestResult]) -> None:
    store(tmp_path, results)
    store(tmp_path, results, MOMENT.replace(year=2027))
    assert {one.ts[:4] for one in history.load_run(tmp_path, "2027")} == {"2027"}
    with pytest.raises(UsageError, match="several runs begin so"):
        history.load_run(tmp_path, "20")
    for year in range(2028, 2038):
        store(tmp_path, results, MOMENT.replace(year=year))
    with pytest.raises(UsageError, match=r"several runs begin so: 2030[^ ]+, (\S+, ){6}2037\S+ and 4 more$"):
        history.load_run(tmp_path, "20")
    with pytest.raises(UsageError, match="the latest are: 20260301"):
        history.load_run(tmp_path, "1999")


def test_a_torn_line_is_cut_off_and_the_rest_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    journal.append_line(path, {"a": 1})
    with path.open("ab") as out:
        out.write(b'{"torn": ' + b"9" * 100_000)
    assert [record for _, record in journal.lines(path)] == [{"a": 1}]
    journal.append_line(path, {"b": 2})
    assert [record for _, record in journal.lines(path)] == [{"a": 1}, {"b": 2}]


def test_a_full_disk_is_one_clear_error_and_leaves_the_file_whole(tmp_path: Path) -> None:
    """A file-size limit stands in for the full disk: it stops the write half-way in the same manner."""
    path = tmp_path / "x.jsonl"
    journal.append_line(path, {"a": 1})
    before = path.read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
        with pytest.raises(InfrastructureError, match=r"x\.jsonl: cannot store results: File too large"):
            journal.append_line(path, {"b": "x" * 5000})
        with pytest.raises(InfrastructureError, match=r"page\.md: cannot be written"):
            journal.write_whole(tmp_path / "page.md", b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"

    def write(name: int) -> None:
        for i in range(20):
            journal.append_line(path, {"name": name, "i": i, "pad": "x" * 5000})

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [(record["name"], record["i"]) for _, record in journal.lines(path)]
    assert sorted(found) == [(name, i) for name in range(4) for i in range(20)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[1]", "not a JSON object"),
        ("{", "not JSON"),
        ('{"schema": 99}', "schema 99, this Ferrule reads 1"),
        ('{"schema": 1}', "key run_id is missing"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "2026" / "machine" / "local.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(f"{line}\n")
    with pytest.raises(InfrastructureError) as caught:
        history.load(tmp_path)
    assert message in str(caught.value)
    assert "local.jsonl:1" in str(caught.value)


def test_damaged_raw_samples_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    for content in (b"", b"no gzip", gzip.compress(b"{}\n"), gzip.compress(b"["), gzip.compress(b"[]")[:-9]):
        path.write_bytes(content)
        with pytest.raises(InfrastructureError, match="no raw samples can be read"):
            raw.load(path)


@settings(max_examples=50)
@given(st.text(max_size=30))
def test_slugs_are_safe_file_names(text: str) -> None:
    found = history.slug(text)
    assert found
    assert set(found) <= set("0123456789abcdefghijklmnopqrstuvwxyz_.-")
    assert found[0] not in ".-"
    assert history.slug("ssh://me@Host:2222") == "ssh_me_host_2222"


# --- publishing


def test_pages_depend_on_nothing_but_the_history(tmp_path: Path, results: list[GuestResult]) -> None:
    folder = tmp_path / "results"
    store(folder, results)
    store(folder, results[:1], MOMENT.replace(day=2))
    first = {path.name: path.read_bytes() for path in publish(folder, tmp_path / "one")}
    second = {path.name: path.read_bytes() for path in publish(folder, tmp_path / "two")}
    assert first == second
    page = "".join(text.decode() for name, text in first.items() if name != "README.md")
    assert "20260302-120000" in page  # the latest run of local
    assert "20260301-120000" in page  # and of linux
    assert str(tmp_path) not in page
    with pytest.raises(UsageError, match="no stored runs"):
        publish(tmp_path / "empty", tmp_path / "out")


@given(st.text(max_size=40))
def test_markdown_takes_any_text_literally(text: str) -> None:
    found = escape(text)
    assert "\n" not in found
    for at, character in enumerate(found):
        if character == "|":
            assert found[at - 1] == "\\"
