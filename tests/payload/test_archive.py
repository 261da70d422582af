"""The index of a static library: read as ar writes it; anything else is refused in one line."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from ferrule.errors import UsageError
from ferrule.payload import archive
from hypothesis import given
from hypothesis import strategies as st

from tests.support import archives

NAMES = st.text(alphabet="abc_xyz019.$", min_size=1, max_size=12)
MEMBERS = st.dictionaries(
    st.text(alphabet="abco.", min_size=1, max_size=15), st.tuples(st.binary(max_size=40), st.lists(NAMES, max_size=5))
)


@given(MEMBERS, st.sampled_from([4, 8]))
def test_what_is_defined_is_found(members: dict[str, tuple[bytes, list[str]]], width: int) -> None:
    content = {name: content for name, (content, _) in members.items()}
    symbols = {name: names for name, (_, names) in members.items()}
    assert archive.parse(archives.archive(content, symbols, width)) == {
        name for names in symbols.values() for name in names
    }


def test_ar_agrees(tmp_path: Path) -> None:
    if shutil.which("ar") is None or shutil.which("cc") is None:
        pytest.skip("no ar and cc here")
    (tmp_path / "one.c").write_text("int first(void) { return 1; }\nstatic int hidden;\nint *second = &hidden;\n")
    subprocess.run(["cc", "-c", "one.c"], cwd=tmp_path, check=True)
    subprocess.run(["ar", "rcs", "libone.a", "one.o"], cwd=tmp_path, check=True)
    assert archive.symbols(tmp_path / "libone.a") == {"first", "second"}


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda content: archive.MAGIC + content))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        found = archive.parse(content)
    except ValueError:
        return
    assert all(name in content.decode(errors="replace") for name in found)


@given(st.data())
def test_a_cut_index_is_refused(data: st.DataObject) -> None:
    whole = archives.archive({"a.o": b""}, {"a.o": ["sys_read", "sys_write"]})
    index = len(archives.MAGIC) + 60 + 4 * 3 + len("sys_read\0sys_write\0")
    cut = data.draw(st.integers(0, index - 1))
    with pytest.raises(ValueError, match="archive"):
        archive.parse(whole[:cut])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x7fELF", r"lib\.a: not an ar archive; name a static library"),
        (b"!<arch>\n", r"lib\.a: an archive without a symbol index"),
        (None, r"lib\.a: No such file"),
    ],
)
def test_what_is_no_library_is_told_in_a_line(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "lib.a"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        archive.symbols(path)
