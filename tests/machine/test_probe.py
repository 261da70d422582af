"""Small files of a kernel, read here and as a script prints them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ferrule.machine import probe
from ferrule.transports import ssh_scripts
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hosts import write

ODD = {
    "sys/a/one": "text",
    "sys/b[1]/two": "a \\040 b\\n\n  c",
    "sys/c x/three": "t",
    "proc/empty": "",
    "sys/b1/two": "x",
}


def scripted(names: list[str], *, exact: bool) -> probe.Texts:
    words = ["sh", "-c", ssh_scripts.FILES, "mark", "-f" if exact else "+f", *names]
    return probe.marked(subprocess.run(words, capture_output=True, text=True, check=True).stdout, "mark")


def test_the_script_prints_what_is_read_here(tmp_path: Path) -> None:
    write(tmp_path, ODD)
    (tmp_path / "proc/unended").write_bytes(b"no newline")
    (tmp_path / "proc/folder").mkdir()
    for exact, names in (
        (False, ["sys/[ab]/*", "sys/c */three", "proc/*", "gone/*"]),
        (True, ["sys/b[1]/two", "sys/c x/three", "sys/a/*"]),
    ):
        here = probe.here([f"/{name}" for name in names], exact=exact, root=str(tmp_path))
        there = scripted([f"{tmp_path}/{name}" for name in names], exact=exact)
        assert {path.removeprefix(str(tmp_path)): text for path, text in there.items()} == dict(here)
        assert here["/sys/c x/three"] == "t"
    assert here["/sys/b[1]/two"] == "a \\040 b\\n\n  c"


def test_this_hosts_files_are_the_same_either_way() -> None:
    here, there = probe.here(), scripted(list(probe.FILES), exact=False)
    moving = ("/proc/loadavg", "/proc/self/status", "/proc/cpuinfo")
    assert {path: text for path, text in here.items() if path not in moving} == {
        path: text for path, text in there.items() if path not in moving
    }
    assert set(moving[:2]) <= there.keys()


@given(st.sets(st.integers(0, 9999), max_size=50))
def test_lists_of_cpus_read_back(cpus: set[int]) -> None:
    assert probe.listed(probe.ranges(cpus)) == cpus


@given(st.text(max_size=40))
def test_a_list_of_any_text_is_bounded(text: str) -> None:
    assert all(0 <= cpu <= 9999 for cpu in probe.listed(text))
    assert not probe.listed("0-99999999")
    assert not probe.listed("0-9999," * 2000 + "1")
