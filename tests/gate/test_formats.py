"""Every output of a gate is read back by code other than that which wrote it."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from ferrule.errors import InfrastructureError
from ferrule.gate.flags import OUTPUTS
from ferrule.gate.formats import benchfmt, bmf, gha, junit, metrics, otava, summary, table, write
from ferrule.gate.formats.measured import measured, name_of
from ferrule.gate.formats.moment import Moment
from ferrule.gate.verdict import Estimate, Finding, Report, Verdict
from hypothesis import given

from tests.support.gate_findings import reports

SLOW = Finding(
    "local",
    "open_close",
    Verdict.REGRESSED,
    "+3.00 % [+2.80, +3.20], 60 pairs, p 1e-09",
    "time",
    500.0,
    515.0,
    (514.0, 515.0, 516.0),
    256,
    "ns",
    Estimate(1.03, 1.028, 1.032, 1e-9, 60),
)
MOMENT = Moment("2026-01-02T03:04:05+00:00", "abc123")
OK = Finding("linux", "null_call", Verdict.OK, "unchanged", "exact", 323.0, 323.0, (323.0, 323.0), 512)
BAD = Finding(
    "linux",
    "pipe_bandwidth[size=4096,cross_core]",
    Verdict.REGRESSED,
    "1000 -> 1010, +10 instructions (+1.00 %); allowed +5",
    "exact",
    1000.0,
    1010.0,
    (1010.0, 1010.0),
    16,
)
REPORT = Report((OK, BAD), conditions=("linux: kernel 6.1",))


@given(reports)
def test_junit_has_one_case_a_finding(report: Report) -> None:
    root = Xml.fromstring(junit.render(report).encode())
    cases = root.findall("testsuite[@name!='harness']/testcase") if report.findings else []
    of_harness = root.findall("testsuite/testcase[@classname='ferrule.harness']")
    assert len(cases) + len(of_harness) >= len(report.findings)
    assert len(of_harness) == len(report.failures) + len(report.ungated)
    assert len(root.findall(".//failure")) == len(report.having(Verdict.REGRESSED))
    assert len(root.findall(".//skipped")) == len(report.having(Verdict.INCONCLUSIVE))
    assert len(root.findall(".//error")) == len(report.having(Verdict.IMPLAUSIBLE)) + len(of_harness)
    for suite in root:
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))


def test_junit_has_the_figures() -> None:
    failure = Xml.fromstring(junit.render(REPORT)).find(".//failure")
    assert failure is not None
    assert failure.text == failure.get("message") == BAD.why


@given(reports)
def test_gha_and_bmf_have_every_plausible_value(report: Report) -> None:
    expected = {name: value for name, _, value in measured(report)}
    rows = json.loads(gha.render(report))
    assert {row["name"]: row["value"] for row in rows} == expected
    assert all(set(row) == {"name", "unit", "value", "range", "extra"} for row in rows)
    found = json.loads(bmf.render(report))
    assert {name: of["value"] for name, measure in found.items() for of in measure.values()} == expected
    assert all(of["lower_value"] <= of["upper_value"] for measure in found.values() for of in measure.values())
    assert {one for measure in found.values() for one in measure} <= {"instructions", "latency"}


@given(reports)
def test_metrics_have_every_plausible_value_once(report: Report) -> None:
    *lines, end = metrics.render(report).splitlines()
    assert end == "# EOF"
    samples = [
        re.fullmatch(r'ferrule_(\w+)\{guest="(.*)",workload="(.*)"\} (\S+)', line) for line in lines if line[0] != "#"
    ]
    found = [(float(sample[4]), sample[1]) for sample in samples if sample is not None]
    assert len(found) == len(samples)
    assert sorted(found) == sorted((value, one.unit) for _, one, value in measured(report))
    declared = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert len(declared) == len(set(declared))


def test_labels_of_metrics_are_escaped() -> None:
    odd = Finding("a", 'b"\\\n', Verdict.OK, "", "exact", 1.0, 1.0, (1.0,), 1)
    assert metrics.render(Report((odd,))).splitlines()[1] == r'ferrule_instructions{guest="a",workload="b\"\\?"} 1.0'


@given(reports)
def test_nothing_implausible_is_exported(report: Report) -> None:
    names = {name for name, _, _ in measured(report)}
    odd = {name_of(one) for one in report.having(Verdict.IMPLAUSIBLE)}
    assert not names & odd
    assert not (names and report.failures)


@given(reports)
def test_benchfmt_lines_are_name_count_value_unit(report: Report) -> None:
    units: list[list[str]] = []
    results: list[list[str]] = []
    for line in benchfmt.render(report).splitlines():
        words = line.split()
        (units if words[0] == "Unit" else results).append(words)
    declared = {words[1] for words in units}
    assert all(len(words) == 4 and words[3] in declared for words in results)
    assert all(words[0].startswith("Benchmark") and words[0][9].isupper() and int(words[1]) > 0 for words in results)
    counts = sorted(float(words[2]) for words in results)
    assert counts == sorted(count for _, one, _ in measured(report) for count in one.boots)


def test_benchfmt_names_parameters_as_key_and_value() -> None:
    lines = benchfmt.render(REPORT).splitlines()
    assert "BenchmarkNull_call/guest=linux 512 323.0 instr/op" in lines
    assert "BenchmarkPipe_bandwidth/size=4096/place=cross_core/guest=linux 16 1010.0 instr/op" in lines
    assert "Unit instr/op better=lower assume=exact" in lines


@given(reports)
def test_otava_appends_a_row_a_run(report: Report) -> None:
    values = {name: value for name, _, value in measured(report)}
    once = otava.append(report, "", MOMENT)
    if not values:
        assert once == ""
        return
    rows = list(csv.DictReader(io.StringIO(otava.append(report, once, MOMENT), newline="")))
    assert len(rows) == 2
    for row in rows:
        assert (row.pop("time"), row.pop("commit")) == (MOMENT.time, MOMENT.commit)
        assert {name: float(text) for name, text in row.items()} == values


def test_otava_leaves_no_gap() -> None:
    before = otava.append(REPORT, "", MOMENT)
    with pytest.raises(ValueError, match=r"linux/pipe_bandwidth.* was not measured"):
        otava.append(Report((OK,)), before, MOMENT)
    with pytest.raises(ValueError, match="first columns"):
        otava.append(REPORT, "a,b\n1,2\n", MOMENT)


@given(reports)
def test_table_and_summary_list_every_finding(report: Report) -> None:
    text, page = table.render(report), summary.render(report)
    assert report.headline in text
    assert text.count("harness failure: ") >= len(report.failures)
    assert page.startswith("## Gate: ")
    folded = page.count("<details>")
    quiet = [one for one in report.findings if one.verdict is Verdict.OK and not one.changed]
    assert folded == bool(quiet)


def test_times_show_the_ratios_interval_in_every_format() -> None:
    report = Report((SLOW,))
    for page in (table.render(report), junit.render(report), summary.render(report).replace("\\", "")):
        assert "+3.00" in page
        assert "[+2.80, +3.20]" in page
    assert "1 regressed (ns for one operation)" in table.render(report)
    (row,) = json.loads(gha.render(report))
    assert (row["name"], row["unit"], row["value"], row["range"]) == ("local/open_close", "ns/op", 515.0, "514..516")
    assert json.loads(bmf.render(report)) == {
        "local/open_close": {"latency": {"value": 515.0, "lower_value": 514.0, "upper_value": 516.0}}
    }
    assert "BenchmarkOpen_close/guest=local 256 514.0 ns/op" in benchfmt.render(report).splitlines()
    assert otava.append(report, "", MOMENT).splitlines()[1].endswith(",515.0")


def test_summary_puts_the_regression_before_the_unchanged() -> None:
    page = summary.render(REPORT)
    assert page.index("REGRESSED") < page.index("1 unchanged")
    assert "+1.00" in page


def test_all_files_are_written_and_two_are_appended_to(tmp_path: Path) -> None:
    files: dict[str, Path | None] = {name: tmp_path / name for name in OUTPUTS}
    write(REPORT, files)
    first = {name: (tmp_path / name).read_text() for name in OUTPUTS}
    assert all(first.values())
    write(REPORT, files)
    again = {name: (tmp_path / name).read_text() for name in OUTPUTS}
    assert {name for name in OUTPUTS if again[name] != first[name]} == {"summary", "otava"}


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match=r"--junit .*: Is a directory"):
        write(REPORT, {"junit": tmp_path})
