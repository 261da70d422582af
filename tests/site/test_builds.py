"""The source that a kernel file was built from, on the pages of kernels and records."""

from __future__ import annotations

from pathlib import Path

import pytest
from ferrule.errors import UsageError
from ferrule.site import builds
from ferrule.site.build import build

from tests.site.test_site import kernel, store
from tests.support.places import ROOT

SUM = "ab" * 32


def test_a_kernel_and_its_record_tell_the_source(tmp_path: Path) -> None:
    store(tmp_path, kernel("redox", 150, facts={"kernel.sha256": SUM}), kernel("linux", 300))
    (tmp_path / builds.FILE).write_text(f'["{SUM}"]\nsource = "alpha at 1"\nbuilt = "with <care>"\n')
    written = build(tmp_path, tmp_path / "site", tmp_path)
    naming = {path.name for path in written if "alpha at 1: with &lt;care&gt;" in path.read_text()}
    assert {name.partition("-")[0] for name in naming} == {"redox.html", "20260301"}
    assert all("redox" in name for name in naming)
    assert len(naming) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('["AB"]\nsource = "a"\nbuilt = "b"\n', "'AB' is no SHA-256"),
        (f'["{SUM}"]\nsource = "a"\n', "key built is missing; it takes source and built"),
        (f'["{SUM}"]\nsource = "a"\nbuilt = 7\n', "int where str belongs"),
        (f'"{SUM}" = 3\n', "where an object belongs"),
        (f'["{SUM}"]\nsource = "a"\nbuilt = "b"\nextra = "c"\n', "unknown key 'extra'"),
        ("[", "no TOML"),
    ],
)
def test_a_file_that_is_no_list_of_builds_is_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / builds.FILE).write_text(text)
    with pytest.raises(UsageError, match=r"kernels\.toml: ") as caught:
        builds.take(tmp_path)
    assert message in str(caught.value)


def test_no_list_is_no_fault(tmp_path: Path) -> None:
    assert builds.take(tmp_path) == {}


def test_the_committed_list_is_one() -> None:
    assert len(builds.take(ROOT / "results")) > 4
