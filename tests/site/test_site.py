"""The site: the same bytes each time, links and ids that resolve, no table or axis with different conditions."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import posixpath
import re
import subprocess
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ferrule.anatomy import profile
from ferrule.anatomy.profile import Function, Node, Profile, Row
from ferrule.errors import UsageError
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult, Meaning, RunResult
from ferrule.report import history, verified
from ferrule.report.publish import publish
from ferrule.site.build import build

from tests.support import synthetic as make
from tests.support.html import Reader, read
from tests.support.places import ROOT
from tests.support.synthetic import CALL, TRIP

COUNTED: dict[str, Any] = {"accel": "icount", "unit": "instructions", "cpus": ()}
HOSTILE = '<script>alert(1)</script> "quoted" & more'


def store(folder: Path, *results: GuestResult, day: int = 1) -> None:
    moment = datetime(2026, 3, day, tzinfo=UTC)
    history.append(folder, results, seed=1, budget="quick", declared=make.DECLARED, moment=moment)


def kernel(name: str, cost: float, *others: RunResult, **conditions: Any) -> GuestResult:
    """Costs in ns, which are two ticks each, and a tick is an instruction."""
    sizes = [
        make.run("context_switch", [cost * (2 + n)] * 6, TRIP, params=(("procs", n), ("size", 0))) for n in (2, 8, 96)
    ]
    runs = [make.run("null_call", [cost] * 6, CALL, each=True), make.run("pipe_latency", [9 * cost] * 6, TRIP), *sizes]
    found = make.guest([*runs, *others], name, **(COUNTED | {"os": name} | conditions))
    found.errors.append(f"{name}: {HOSTILE}\n | tail")
    return found


def profiled(guest: str) -> Profile:
    functions = [Function("core::fmt<T>", 16, "kernel", True), Function("main", 32, "payload", True)]
    nodes = [Node(-1, 1, False, 3.0, 1.0), Node(0, 0, False, 61.0, 1.0)]
    rows = {"calls": Row(2.0, 2.0, 2.0), "cr3": Row(1.5, 1.0, 2.0)}
    return Profile(
        guest, "null_call", "call", 10, 2, 64.0, 0.0, 0.0, 1.0, functions, nodes, rows, {"kernel": "6.1"}, {}
    )  # fmt: skip


def idle_of(guest: str, value: float) -> dict[str, Any]:
    second = {"value": value, "interrupted": 5.0, "everything": {"halt": 3.0}, "conditions": {"kernel": HOSTILE}}
    trip = {"value": 100.0, "workload": "pipe_latency[size=1]"}
    host = {"reason": "no accounting"}
    return {"guest": guest, "boots": [{"idle": second, "host": host}], "rates": {"10": second | {"value": value + 50}},
            "sleepers": [], "families": {}, "trip": trip}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("results")
    faults = [
        RunResult(RunKey("page_fault"), "wrong", HOSTILE),
        RunResult(RunKey("process_create"), "hung", "no answer"),
        RunResult(RunKey("scheme_call"), "unsupported", "os_call: errno 38"),
    ]
    store(made, kernel("redox", 150, **{"kernel": "0.5"}), day=1)
    store(made, kernel("linux", 300), kernel("floor", 5), kernel("redox", 200, *faults, **{"kernel": "0.6"}), day=2)
    metal = {"accel": "metal", "unit": "ns", "cpus": (0, 1), "os": "linux"}
    teams = [make.run("null_call", [cost] * 6, Meaning("call", team=n), params=(("threads", n),))
             for n, cost in ((1, 1000.0), (4, 2000.0))]  # fmt: skip
    store(made, kernel("local", 77777, *teams, **metal), day=2)
    store(made, kernel("linux", 88888, accel="tcg", unit="ns"), day=3)
    tried = make.guest([RunResult(RunKey("pipe_latency"), "ok")], "ssh://a@b:1", **COUNTED)
    verified.append(made, [tried], seed=1, declared=make.DECLARED, moment=datetime(2026, 3, 2, tzinfo=UTC))
    (made / "anatomy").mkdir()
    for guest in ("linux", "redox"):
        (made / "anatomy" / f"{guest}{profile.SUFFIX}").write_text(profile.render(profiled(guest)))
    (made / "power").mkdir()
    unasked = idle_of("floor", 20.0)
    unasked["boots"][0]["host"] = {"reason": "not asked for"}
    idle = {"guests": [idle_of("redox", 9000.0), unasked], "host": None}
    (made / "power" / "idle.json").write_text(json.dumps(idle))
    return made


@pytest.fixture(scope="module")
def site(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("site")
    build(folder, made, made)
    return made


def pages(site: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(site.rglob("*")):
        if path.suffix == ".html":
            yield path.relative_to(site).as_posix(), path


def test_the_same_history_gives_the_same_bytes(folder: Path, site: Path, tmp_path: Path) -> None:
    written = build(folder, tmp_path / "again", tmp_path / "again")
    names = [path.relative_to(tmp_path / "again").as_posix() for path in written]
    assert sorted([name for name, _ in pages(site)] + ["overview.svg"]) == names
    for name, path in pages(site):
        assert (tmp_path / "again" / name).read_bytes() == path.read_bytes(), name


def test_every_link_leads_to_a_page_and_an_id_of_the_site(site: Path) -> None:
    read_pages = {name: read(path) for name, path in pages(site)}
    for name, page in read_pages.items():
        assert len(page.ids) == len(set(page.ids)), f"{name}: an id stands twice"
        for link in page.links:
            target, _, fragment = link.partition("#")
            where = posixpath.normpath(posixpath.join(posixpath.dirname(name), target)) if target else name
            assert where in read_pages, f"{name}: {link}"
            assert not fragment or fragment in read_pages[where].ids, f"{name}: {link}"


def test_no_page_fetches_anything_and_guests_text_stays_text(site: Path) -> None:
    for name, path in pages(site):
        page = read(path)
        assert not page.fetched, name
        text = path.read_text()
        assert "<script>alert" not in text, name
        assert not re.search(r"https?://|url\(|@import", re.sub(r'xmlns="[^"]*"', "", text)), name
        (policy,) = re.findall(r'Security-Policy" content="([^"]*)"', text)
        allowed = [
            f"{kind}-src 'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"
            for kind, tag in (("style", "style"), ("script", "script"))
            for inline in re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        ]
        assert unescape(policy) == "; ".join(["default-src 'none'", *allowed])


def test_pictures_have_words_and_headings_have_no_gaps(site: Path) -> None:
    for name, path in pages(site):
        page = read(path)
        assert all(one.get("role") == "img" and one.get("aria-label") for one in page.labels), name
        levels = [int(one[1]) for one in page.headings]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(there <= here + 1 for here, there in pairwise(levels)), f"{name}: {levels}"


def tables(path: Path) -> list[str]:
    return re.findall(r"<(?:table|svg).*?</(?:table|svg)>", path.read_text(), re.DOTALL)


def test_numbers_of_different_conditions_share_no_table_and_no_axis(site: Path) -> None:
    for name in ("index.html", "workloads/null_call.html", "curves.html", "kernels/linux.html"):
        for table in tables(site / name):
            assert not ("77.8" in table and "600" in table), name
    text = "".join(path.read_text() for _, path in pages(site))
    assert "88888" not in text
    assert "88.9" not in text, "an emulator's time"


def test_a_cell_leads_to_the_record_with_its_conditions(site: Path) -> None:
    front = (site / "index.html").read_text()
    found = re.search(r'href="(records/[^"#]+-redox\.html)#(r-null-call)"[^>]*>400<', front)
    assert found is not None
    record = (site / found[1]).read_text()
    row = re.search(rf'<tr id="{found[2]}">.*?</tr>', record, re.DOTALL)
    assert row is not None
    assert "400 instr [400, 400]" in row[0]
    for fact in ("icount", "gcc 12", "Example CPU", "redox.jsonl", "budget quick, seed 1"):
        assert fact in record


def test_ratios_and_the_four_marks_stand_apart(site: Path) -> None:
    front = (site / "index.html").read_text()
    (row,) = re.findall(r'<tr data-text="null_call [^"]*">(?:(?!</tr>).)*?0\.67.*?</tr>', front, re.DOTALL)
    assert re.findall(r'class="over lx">([^<]+)<', row) == ["0.02\u00d7", "0.67\u00d7"], "floor and redox over linux"
    assert re.findall(r'class="over fl">([^<]+)<', row) == ["60\u00d7", "40\u00d7"]
    matrix = (site / "compatibility.html").read_text()
    kinds = {
        kind for table in tables(site / "compatibility.html")[:1] for kind in re.findall(r'<td class="c (\w+)', table)
    }
    assert kinds == {"works", "wrong", "dead", "refused", "none"}
    assert "ENOSYS" in matrix


def test_a_page_tells_what_changed_since_another_build(site: Path) -> None:
    page = (site / "kernels/redox.html").read_text()
    assert "Since the build before" in page
    assert re.search(r"null_call.*?300 instr.*?400 instr.*?1\.333 \(exact\)", page, re.DOTALL)
    assert "kernel 0.5 -&gt; 0.6" in page
    assert "page_fault" in page
    assert "Since the" not in (site / "kernels/floor.html").read_text()


def test_curves_anatomy_history_and_idle_seconds_are_told(site: Path) -> None:
    curves = (site / "curves.html").read_text()
    assert "context_switch" in curves
    assert re.search(r"<text[^>]*>96</text>", curves)
    anatomy = (site / "workloads/null_call.html").read_text()
    for part in ("core::fmt", "95.3 %", "1.50 [1, 2]", "runs, oldest first"):
        assert part in anatomy
    power = (site / "power.html").read_text()
    for part in ("9\u202f005", "90", "not measurable", "not asked", "AgileWatts"):
        assert part in power
    assert "redox 9\u202f005" in (site / "index.html").read_text()


def test_tails_are_a_table_and_a_curve(site: Path) -> None:
    page = (site / "workloads/null_call.html").read_text()
    (table,) = [one for one in tables(site / "workloads/null_call.html") if "redox</td><td>90 instr" in one]
    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', table)
    assert heads == ["operation", "kernel", "p50", "p90", "p99", "p99.9", "largest"]
    assert "<td>290 instr [287, 292]</td><td>9\u202f000 instr of 24000</td>" in table
    assert "redox: the largest of 24000 9\u202f000 instr" in page
    assert "one of so many takes longer" in page


def test_a_curve_over_threads_is_what_all_of_them_get_done(site: Path) -> None:
    curves = (site / "curves.html").read_text()
    (figure,) = re.findall(r"<figure>(?:(?!</figure>).)*over threads.*?</figure>", curves, re.DOTALL)
    assert "operations a second of all over threads" in figure
    assert "local: 1: 1.00000 M/s" in figure
    assert "local: 4: 2.00000 M/s [2.00000, 2.00000], 50.0000 %" in figure
    assert re.search(r'class="s guide"><path [^>]*/>\s*<text[^>]*>linear<', figure), "four times the rate of one"


def test_a_kernel_page_has_its_findings_and_a_workload_page_its_calls(site: Path) -> None:
    redox = (site / "kernels/redox.html").read_text()
    assert "Findings in Redox" in redox
    assert "Findings in" not in (site / "kernels/linux.html").read_text()
    pipe = (site / "workloads/pipe_latency.html").read_text()
    (table,) = re.findall(r"<table[^>]*><caption>What the kernel is asked, by port.*?</table>", pipe, re.DOTALL)
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tr>")[2:]]
    assert [row[:2] for row in rows] == [
        ["write", "timed"], ["read", "timed"], ["read", "other end"], ["write", "other end"],
    ]  # fmt: skip
    assert "<code>write</code>" in rows[0]


def test_the_picture_tells_what_it_shows(folder: Path, site: Path) -> None:
    text = (site / "overview.svg").read_text()
    reader = Reader()
    reader.feed(text)
    assert not reader.open
    assert "redox 0.67\u00d7" in text
    assert text.count('class="a1"') == 3, "a family each of null_call, pipe_latency and context_switch"
    assert "{fill:#e6e9ec}" in text, "in the dark, too"
    assert {path.name for path in build(folder, site, site)} >= {"overview.svg"}


def test_a_page_that_is_none_any_more_goes_and_others_files_stay(folder: Path, tmp_path: Path) -> None:
    build(folder, tmp_path, tmp_path)
    old, own = tmp_path / "workloads/gone.html", tmp_path / "workloads/notes.html"
    old.write_bytes((tmp_path / "index.html").read_bytes())
    own.write_text("<p>mine</p>")
    build(folder, tmp_path, tmp_path)
    assert not old.exists()
    assert own.exists()


LONG = json.dumps({"guests": [{"guest": "redox", "boots": [{"idle": {"value": "x" * 5000}}]}]})


@pytest.mark.parametrize("text", ["{", "[]", '{"guests": [{"guest": "redox"}]}', '{"guests": 7}', LONG])
def test_a_file_that_is_no_idle_table_is_named(text: str, tmp_path: Path) -> None:
    store(tmp_path, kernel("linux", 300))
    (tmp_path / "power").mkdir()
    (tmp_path / "power/odd.json").write_text(text)
    with pytest.raises(UsageError, match=r"odd\.json: is no idle table") as caught:
        build(tmp_path, tmp_path / "site", tmp_path)
    assert len(str(caught.value)) < 1000


def test_committed_pages_are_those_that_publish_writes(tmp_path: Path) -> None:
    """From the committed results only, whatever else was measured in this checkout."""
    done = subprocess.run(["git", "archive", "HEAD", "results"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(tmp_path, filter="data")
    results, out = tmp_path / "results", tmp_path / "out"
    made = build(results, tmp_path / "site", out)
    assert len(made) > 50
    written = {path.name: path.read_bytes() for path in [*publish(results, out), *made] if path.parent == out}
    committed = {path.name: path.read_bytes() for path in (results / "published").iterdir()}
    assert committed.keys() == written.keys()
    for name, content in committed.items():
        assert content == written[name], f"results/published/{name}: run `nox -s publish` and commit what it writes"
