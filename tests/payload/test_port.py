"""Ports as the build reads them: the settings of build.toml, and a message of one line for each invalid one."""

from __future__ import annotations

from pathlib import Path

import pytest
from ferrule.errors import UsageError
from ferrule.payload import port
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """guest/os/mine of a tree with one source."""
    (tmp_path / "guest" / "core").mkdir(parents=True)
    mine = tmp_path / "guest" / "os" / "mine"
    mine.mkdir(parents=True)
    for name in ("start.c", "init.c", "more.c", "mine.ld"):
        (mine / name).touch()
    monkeypatch.setenv("FERRULE_ROOT", str(tmp_path))
    return mine


def test_a_port_is_its_folder(folder: Path) -> None:
    assert port.read("mine") == port.Port((folder / "more.c", folder / "start.c"))


def test_a_build_file_adds_to_it(folder: Path) -> None:
    file = folder / "build.toml"
    part = '[objects.part]\nsources = ["os/mine/m*.c"]\nflags = ["-mno-red-zone"]\n'
    file.write_text('arches = ["x86_64"]\nlink = ["-Wl,-T,x"]\n' + part)
    found = port.read("mine")
    assert (found.arches, found.link) == (("x86_64",), ("-Wl,-T,x",))
    assert found.objects == {"part": port.Part((folder / "more.c",), ("-mno-red-zone",))}
    assert set(found.extras) == {file, folder / "mine.ld", folder / "more.c"}


def test_a_port_may_be_linked_against_a_library(folder: Path) -> None:
    (folder / "build.toml").write_text(
        'pie = true\nflags = ["-mx"]\n[library]\nname = "lib.a"\noptional = ["sys_mmap"]\n'
    )
    found = port.read("mine")
    assert (found.pie, found.flags) == (True, ("-mx",))
    assert found.library == port.Library("lib.a", ("sys_mmap",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("arches = [", "build.toml: "),
        ("arch = []", "unknown key arch; there are arches, flags, library, link, objects, pie"),
        ('link = "-s"', "link: must be a list of strings"),
        ("link = [1]", "link: must be a list of strings"),
        ("objects = 1", "objects: must be tables"),
        ("[objects]\npart = 1", "objects.part: must be a table"),
        ("[objects.part]\nflags = []", "objects.part: has no sources"),
        ('[objects.part]\nsources = ["absent/*.c"]', r"objects.part: nothing in guest/ matches absent/\*.c"),
        ("[objects.part]\nsource = []", "unknown key source; there are flags, sources"),
        ("pie = 1", "pie: must be true or false"),
        ("flags = 1", "flags: must be a list of strings"),
        ('library = "lib.a"', "library: must be a table with a name"),
        ("[library]\noptional = []", "library: must be a table with a name"),
        ('[library]\nname = "lib.a"\npath = "lib.a"', "unknown key path; there are name, optional"),
    ],
)
def test_an_invalid_build_file_is_reported_in_one_line(folder: Path, text: str, words: str) -> None:
    (folder / "build.toml").write_text(text)
    with pytest.raises(UsageError, match=words) as caught:
        port.read("mine")
    assert str(folder / "build.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_port_that_is_not_there(folder: Path) -> None:
    with pytest.raises(UsageError, match="os yours: there is no port of that name in guest/os/; there are: mine"):
        port.read("yours")


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    root = tmp_path_factory.mktemp("tree")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FERRULE_ROOT", str(root))
        for name in ("guest/core", "guest/os/mine"):
            (root / name).mkdir(parents=True)
        (root / "guest/os/mine/start.c").touch()
        (root / "guest/os/mine/build.toml").write_bytes(content)
        try:
            found = port.read("mine")
        except UsageError:
            return
        assert found.objects == {}
