"""Files for other viewers, each read back by the rules of its format."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from ferrule.anatomy import profile as own
from ferrule.anatomy.formats import FORMATS, callgrind, flame, folded, speedscope, tables, write
from ferrule.anatomy.profile import Node
from ferrule.errors import UsageError

from tests.support.profiles import PROFILE


def test_json_comes_back_whole() -> None:
    assert own.parse(own.render(PROFILE), "x") == replace(PROFILE, notes=("a note",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no profile"),
        ("[]", "schema"),
        ('{"schema": 99}', "schema"),
        (own.render(replace(PROFILE, nodes=[Node(0, 0, False, 1.0, 0.0)])), "broken"),
        (own.render(replace(PROFILE, nodes=[Node(-1, 9, False, 1.0, 0.0)])), "broken"),
        (own.render(PROFILE).replace('"share"', '"shore"'), "is no profile"),
    ],
)
def test_what_is_no_profile_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=rf"some\.json: .*{words}"):
        own.parse(text, "some.json")


def test_folded_stacks_add_up_and_hold_no_stray_separator() -> None:
    lines = folded.render(PROFILE).splitlines()
    assert sum(int(line.rpartition(" ")[2]) for line in lines) == 4 * 105
    assert "workload_loop;kernel::context::switch::switch;a<b> & c:d 120" in lines


def test_callgrind_sums_are_those_of_all_operations() -> None:
    text = callgrind.render(PROFILE)
    assert re.search(r"^summary: 420$", text, re.MULTILINE)
    assert re.search(
        r"^fn=\(\d+\) workload_loop\n0 40\ncfi=kernel\ncob=kernel\ncfn=\(\d+\).*\ncalls=8 0\n0 380$", text, re.MULTILINE
    )
    assert "tick [interrupt]" in text


@pytest.mark.skipif(shutil.which("callgrind_annotate") is None, reason="callgrind_annotate is not here")
def test_callgrind_annotate_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "callgrind.out.1"
    file.write_text(callgrind.render(PROFILE))
    done = subprocess.run(["callgrind_annotate", str(file)], capture_output=True, text=True, check=True)
    assert "PROGRAM TOTALS" in done.stdout
    assert "kernel::context::switch::switch" in done.stdout


def test_speedscope_has_what_its_schema_wants() -> None:
    file = json.loads(speedscope.render(PROFILE))
    (one,) = file["profiles"]
    assert {"type", "name", "unit", "startValue", "endValue", "samples", "weights"} == set(one)
    assert one["type"] == "sampled"
    assert one["unit"] in ("none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes")
    assert len(one["samples"]) == len(one["weights"])
    assert all(0 <= frame < len(file["shared"]["frames"]) for sample in one["samples"] for frame in sample)
    assert one["endValue"] == sum(one["weights"]) == 105


def test_the_flame_graph_is_svg_whose_boxes_lie_within_their_callers() -> None:
    root = ET.fromstring(flame.render(PROFILE))
    boxes = [(g[0].text or "", g[1].attrib) for g in root.iter("{http://www.w3.org/2000/svg}g")]
    assert [text.partition(":")[0] for text, _ in boxes] == ["workload_loop", "kernel", "a<b> & c;d", "tick"]
    edges = [(float(box["x"]), float(box["x"]) + float(box["width"]), float(box["y"])) for _, box in boxes]
    for (left, right, y), (inner_left, inner_right, inner_y) in pairwise(edges):
        assert left <= inner_left
        assert inner_right <= right + 0.5
        assert inner_y < y


def test_a_flame_graphs_heading_and_legend_fit_a_phone() -> None:
    """390 pixels: a wider text cannot be read on a phone without scrolling."""
    root = ET.fromstring(flame.render(PROFILE))
    texts = [text for text in root.findall("{http://www.w3.org/2000/svg}text") if text.text]
    assert len(texts) == 2 + 4
    for text in texts:
        letter = 0.61 * float(text.get("font-size", "11"))
        assert float(text.attrib["x"]) + letter * len(text.text or "") <= 390, text.text


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not here: apt-get install chromium")
def test_a_browser_draws_the_flame_graph_and_shows_what_is_tapped(tmp_path: Path) -> None:
    """The graph in a page, whose script taps the first box."""
    tap = (
        "<script>document.querySelectorAll('svg g')[1].dispatchEvent(new MouseEvent('click', {bubbles: true}))</script>"
    )
    (tmp_path / "page.html").write_text(f"<!doctype html><body>{flame.render(PROFILE)}{tap}</body>")
    command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'user'}"]
    done = subprocess.run(
        [*command, "--dump-dom", f"file://{tmp_path / 'page.html'}"], capture_output=True, text=True, check=True
    )
    assert re.search(r'id="described">kernel::context::switch::switch: 95 instructions, 90\.5%', done.stdout)


def test_speedscope_takes_it_by_its_published_schema() -> None:
    """The schema of the npm package: `npm install -g speedscope`."""
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not here: pip install jsonschema")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not here, by which speedscope is installed")
    home = subprocess.run([npm, "root", "-g"], capture_output=True, text=True, check=True).stdout.strip()
    schema = Path(home) / "speedscope/dist/release/file-format-schema.json"
    if not schema.exists():
        pytest.skip("speedscope is not here: npm install -g speedscope")
    rules = json.loads(schema.read_text())
    jsonschema.validate(json.loads(speedscope.render(PROFILE)), rules)
    broken = json.loads(speedscope.render(PROFILE))
    broken["profiles"][0]["unit"] = "instructions"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, rules)


def test_tables_show_ranges_and_leave_out_what_is_nowhere() -> None:
    text = tables.made_of([PROFILE])
    assert "90 [80, 100]" in text
    assert "system calls" not in text
    rows = tables.functions(PROFILE, 1).splitlines()
    assert rows[2].split() == ["60", "60.0%", "95", "context::switch::switch", "kernel"]
    assert "2 more functions" in rows[3]


def test_every_format_is_written_under_a_name_of_its_own(tmp_path: Path) -> None:
    written = write(tmp_path, [PROFILE], FORMATS)
    assert len({path.name for path in written}) == len(FORMATS)
    assert all(path.read_text() for path in written)
    assert all(path.name.startswith("redox-pipe_latency") for path in written)
