"""The user's kernels and images: found by guests.toml and by flag, and every wrong way of naming them."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from ferrule.cli import main
from ferrule.errors import ToolMissing, UsageError
from ferrule.images import guestfile
from ferrule.images.guestfile import Need
from ferrule.machine.options import GuestOptions
from hypothesis import given
from hypothesis import strategies as st

from tests.support import hostile
from tests.support.patience import PATIENCE

NEEDS = (
    Need("kernel", "its kernel", "upstream's daily image"),
    Need("image", "a disk image", "upstream's build", required=False),
)
CONTENT = b"a kernel"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
KEYS = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the user's files in it, no guests.toml yet."""
    (tmp_path / "kernel").write_bytes(CONTENT)
    (tmp_path / "image").write_bytes(b"a disk")
    return tmp_path


def found(folder: Path, text: str, **options: Path) -> guestfile.Found:
    file = folder / "guests.toml"
    file.write_text(text)
    flags = {("redox", key): path for key, path in options.items()}
    return guestfile.find("redox", NEEDS, GuestOptions(guests_file=file, guest_files=flags), ("features",))


def test_files_stand_beside_guests_toml(folder: Path) -> None:
    seen = found(folder, f'[guest.redox]\nkernel = "kernel"\nsha256 = "{DIGEST.upper()}"\nfeatures = "smp"')
    assert seen.files["kernel"] == guestfile.UserFile(folder / "kernel", DIGEST)
    assert "image" not in seen.files
    assert seen.settings == {"features": "smp"}


def test_the_flag_goes_before_the_file_and_its_hash(folder: Path) -> None:
    text = f'[guest.redox]\nkernel = "kernel"\nsha256 = "{DIGEST}"'
    assert found(folder, text, kernel=folder / "image").files["kernel"].path == folder / "image"


def test_what_was_made_is_taken_where_nothing_is_named(folder: Path) -> None:
    file = folder / "guests.toml"
    file.write_text("")
    made, options = {"kernel": folder / "kernel"}, GuestOptions(guests_file=file)
    assert guestfile.find("redox", NEEDS, options, (), made).files["kernel"] == guestfile.UserFile(
        folder / "kernel", DIGEST
    )
    file.write_text('[guest.redox]\nkernel = "image"')
    assert guestfile.find("redox", NEEDS, options, (), made).files["kernel"].path == folder / "image"
    file.write_text(f'[guest.redox]\nsha256 = "{"0" * 64}"')
    with pytest.raises(UsageError, match=r"guest\.redox\.kernel: .*its SHA-256 is"):
        guestfile.find("redox", NEEDS, options, (), made)


def test_a_file_that_we_can_make_comes_with_the_command(folder: Path) -> None:
    needs = (Need("kernel", "its kernel", "upstream", command="ferrule kernel get redox"),)
    (folder / "guests.toml").write_text("")
    with pytest.raises(ToolMissing, match="its kernel; make it: ferrule kernel get redox; or get it: upstream; then"):
        guestfile.find("redox", needs, GuestOptions(guests_file=folder / "guests.toml"))


def test_every_file_may_have_its_hash(folder: Path) -> None:
    text = f'[guest.redox]\nkernel = "kernel"\nimage = "image"\nimage_sha256 = "{DIGEST}"'
    with pytest.raises(UsageError, match=r"guest\.redox\.image: .*its SHA-256 is [0-9a-f]{64}, not " + DIGEST):
        found(folder, text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[guest", "guests.toml: no TOML"),
        ("a = " + "[" * 100_000, "guests.toml: nested too deeply"),
        ("a = " + "9" * 5000, "guests.toml: no TOML"),
        ("guest.redox.kernel = nan", "must be a text in quotes"),
        ("#" * (1 << 21), "no TOML file of ours is over"),
        ("guest = 1", "must be tables"),
        ("guest.redox = 1", "must be tables"),
        ("[redox]", "redox: unknown"),
        ("[guest.redox]\nkernel = 1", r"guest\.redox\.kernel: must be a text"),
        ('[guest.redox]\nkernal = "kernel"', "kernal: unknown key; there are kernel, image, features"),
        ('[guest.redox]\nkernel = "nothing"', r"guest\.redox\.kernel: .*nothing: no such file"),
        ('[guest.redox]\nkernel = "kernel"\nsha256 = "12"', "sha256: is not 64 hexadecimal digits"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        found(folder, text)


def test_no_guests_toml_where_one_was_named(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"elsewhere\.toml: No such file"):
        guestfile.find("redox", NEEDS, GuestOptions(guests_file=folder / "elsewhere.toml"))


def test_what_is_missing_is_asked_for(folder: Path) -> None:
    with pytest.raises(ToolMissing) as caught:
        found(folder, '[guest.redox]\nimage = "image"')
    message = str(caught.value)
    assert "needs its kernel" in message
    assert "upstream's daily image" in message
    assert "--guest-file redox.kernel=FILE" in message
    text = message.partition("guests.toml: ")[2].replace("FILE", "kernel")  # the line that the message asks for works
    assert found(folder, text).files["kernel"].sha256 == DIGEST


def test_unavailable_says_what_find_would(folder: Path) -> None:
    options = GuestOptions(guests_file=folder / "guests.toml")
    (folder / "guests.toml").write_text("")
    assert "needs its kernel" in (guestfile.unavailable("redox", NEEDS, options) or "")
    (folder / "guests.toml").write_text('[guest.redox]\nkernel = "kernel"')
    assert guestfile.unavailable("redox", NEEDS, options) is None
    (folder / "kernel").unlink()
    with pytest.raises(UsageError, match="no such file"):  # named and missing: an error, not a skipped guest
        guestfile.unavailable("redox", NEEDS, options)


@given(st.dictionaries(st.tuples(KEYS, KEYS), st.text(min_size=1).filter(lambda text: "\0" not in text)))
def test_flags_are_read_as_they_are_written(files: dict[tuple[str, str], str]) -> None:
    texts = [f"{guest}.{key}={path}" for (guest, key), path in files.items()]
    assert guestfile.parse_files(texts) == {key: Path(path) for key, path in files.items()}


@pytest.mark.parametrize("texts", [["kernel=x"], ["redox.kernel"], ["redox.kernel="], ["a.b=c", "a.b=d"]])
def test_flags_that_mean_nothing_are_refused(texts: list[str]) -> None:
    with pytest.raises(UsageError, match="--guest-file "):
        guestfile.parse_files(texts)


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, st.text()), min_size=1))
def test_a_file_of_texts_is_read_as_written(
    tmp_path_factory: pytest.TempPathFactory, expected: dict[str, dict[str, str]]
) -> None:
    file = tmp_path_factory.mktemp("toml") / "guests.toml"
    tables = [
        f"[guest.{name}]\n" + "".join(f"{key} = {_quoted(value)}\n" for key, value in table.items())
        for name, table in expected.items()
    ]
    file.write_text("\n".join(tables), encoding="utf-8")
    assert guestfile.read(file) == expected


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes, but no surrogates."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def test_a_byte_order_mark_is_let_pass(folder: Path) -> None:
    assert found(folder, '\ufeff[guest.redox]\nkernel = "kernel"').files["kernel"].path == folder / "kernel"


@given(st.binary(max_size=100) | st.text(max_size=100).map(lambda text: f"[guest.{text}]\n{text} = {text}".encode()))
def test_whatever_the_file_holds_is_read_or_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "hostile.toml"
    file.write_bytes(content)
    hostile.outcome(lambda: guestfile.read(file))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[guest.redox]\nkernal = "x"', "guest.redox.kernal: unknown key; there are kernel, image"),
        ('[guest.plan9]\nkernel = "x"', "guest.plan9: there is no such guest; there are aero"),
        ('[guest.local]\nkernel = "x"', "guest.local: is never read; the local guest takes no files of yours"),
        ('[guest.redox_userland]\nimage = "x"', "write its keys into [guest.redox]"),
        ('[guest.hermit]\nkernel = "nothing"\nloader = "nothing"', "nothing: no such file"),
    ],
)
def test_a_wrong_guests_toml_ends_a_run_before_it_begins(
    folder: Path, text: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "guests.toml").write_text(text)
    given = ["--guests-file", str(folder / "guests.toml")]
    named = [] if "nothing" in text else ["--guest=local"]
    # In a process of its own: `ferrule run` replaces its process by the measurement.
    command = [sys.executable, "-m", "ferrule.cli", "run", *named, "--workload=null_call", "--quick", "--no-history"]
    done = subprocess.run([*command, *given], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    (error,) = [line for line in (done.stdout + done.stderr).splitlines() if words in line]
    assert error.startswith("ferrule: ")
    assert main(["gate", "--guest=hermit", "--workload=null_call", *given]) == 2
