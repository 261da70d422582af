"""JUnit XML: a test suite for each guest, a case for each workload; CI systems show a failure's text by the change."""

from __future__ import annotations

import re
from itertools import groupby
from xml.etree import ElementTree as Xml

from ferrule.gate.verdict import Report, Verdict

_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")  # XML 1.0, 2.2 Characters
_ELEMENT = {Verdict.REGRESSED: "failure", Verdict.IMPLAUSIBLE: "error", Verdict.INCONCLUSIVE: "skipped"}


def render(report: Report) -> str:
    """The whole document."""
    root = Xml.Element("testsuites", name="ferrule gate")
    for guest, findings in groupby(sorted(report.findings, key=lambda one: one.guest), key=lambda one: one.guest):
        suite = Xml.SubElement(root, "testsuite", name=_clean(guest))
        for one in findings:
            case = Xml.SubElement(suite, "testcase", classname=_clean(f"ferrule.{guest}"), name=_clean(one.workload))
            if one.verdict in _ELEMENT:
                _add(case, _ELEMENT[one.verdict], one.verdict.value, one.why)
            else:
                Xml.SubElement(case, "system-out").text = _clean(one.why)
        _count(suite)
    if report.failures or report.ungated or report.cut:
        suite = Xml.SubElement(root, "testsuite", name="harness")
        for kind, lines in (
            ("failure", report.failures),
            ("no baseline", report.ungated),
            ("not finished", report.cut),
        ):
            for number, line in enumerate(lines, 1):
                case = Xml.SubElement(suite, "testcase", classname="ferrule.harness", name=f"{kind} {number}")
                _add(case, "error", kind, line)
        _count(suite)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _add(case: Xml.Element, element: str, kind: str, text: str) -> None:
    added = Xml.SubElement(case, element, message=_clean(text))
    if element != "skipped":
        added.set("type", kind)
    added.text = _clean(text)


def _count(suite: Xml.Element) -> None:
    suite.set("tests", str(len(suite)))
    for element, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{element}"))))


def _clean(text: str) -> str:
    """The text without the characters that XML forbids: guests may send any."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
