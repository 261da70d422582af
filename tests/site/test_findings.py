"""Findings of a kernel on its page: read from the page that holds them for all kernels."""

from __future__ import annotations

import pytest
from ferrule.site import findings
from ferrule.site.prose import blocks, inline

from tests.support.places import ROOT

PAGE = """# Findings

All of them.

## Alpha (1.2; QEMU 7.2)

Said before.

1. **The first <one>.** Costs 5; see `a<b>`.
   `ferrule run`
2. **The second** is half a sentence.

## Beta (3)

Tried.

```c
int x = a < b;
```

### 1. A heading

Its text with [words](https://example.org/).

### 2. Another

More.

## Gamma 2 (4)

`ferrule kernel get gamma` builds it. **It hangs**, twice.

Nothing else.
"""


def test_three_ways_of_writing_findings_are_read() -> None:
    alpha, beta, gamma = findings.read(PAGE)
    assert alpha.kernel == "Alpha (1.2; QEMU 7.2)"
    assert [str(one.title) for one in alpha.findings] == ["The first &lt;one&gt;", "The second"]
    assert "Said before" in alpha.before
    assert alpha.findings[0].text == "<p>Costs 5; see <code>a&lt;b&gt;</code>.\n   <code>ferrule run</code></p>"
    assert alpha.findings[1].text == "<p><strong>The second</strong> is half a sentence.</p>"
    assert [str(one.title) for one in beta.findings] == ["A heading", "Another"]
    assert "<pre><code>int x = a &lt; b;\n</code></pre>" in beta.before
    assert beta.findings[0].text == "<p>Its text with words.</p>"
    assert [str(one.title) for one in gamma.findings] == ["It hangs"]
    assert gamma.before == "<p>Nothing else.</p>"


@pytest.mark.parametrize(
    ("guest", "kernels"),
    [
        ("redox", ["Redox"]),
        ("redox_userland", ["Redox"]),
        ("linux:asterinas", ["Asterinas"]),
        ("starry", ["StarryOS"]),
        ("hermit", ["Hermit", "Hermit 0.11.0"]),
        ("linux", []),
        ("floor", []),
        ("ssh://user@host", []),
    ],
)
def test_a_guest_has_the_findings_of_its_kernel(guest: str, kernels: list[str]) -> None:
    assert [one.kernel.partition(" (")[0] for one in findings.of(guest)] == kernels


def test_every_section_of_the_page_is_some_kernels_and_each_finding_has_a_text() -> None:
    sections = list(findings.read((ROOT / findings.FILE).read_text()))
    found = {one.kernel for guest in ("redox", "hermit", "aero", "starry", "asterinas") for one in findings.of(guest)}
    assert found == {one.kernel for one in sections}
    assert all(one.findings for one in sections)
    assert all(finding.text and finding.title for one in sections for finding in one.findings)


def test_text_stays_text() -> None:
    assert inline("<b> `<i>` **<u>**") == "&lt;b&gt; <code>&lt;i&gt;</code> <strong>&lt;u&gt;</strong>"
    assert blocks("a\nb\n\nc") == "<p>a\nb</p>\n<p>c</p>"
