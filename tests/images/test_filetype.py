"""A file of another type in place of a kernel: refused at once; the error names its type and the wanted one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ferrule import guests
from ferrule.errors import UsageError
from ferrule.images import filetype, guestfile
from ferrule.machine.options import GuestOptions

from tests.support.kinds import KINDS
from tests.support.patience import PATIENCE

needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not here")
ACCEPTED = {  # guest and key -> the kinds that are accepted
    ("aero", "kernel"): {"cd"},
    ("redox", "kernel"): {"elf"},
    ("redox", "image"): {"disk", "unknown"},
    ("hermit", "kernel"): {"archive"},
    ("hermit", "loader"): {"elf", "elf32"},
    ("starry", "kernel"): {"efi"},
    ("starry", "firmware"): {"firmware", "unknown"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_named(kind: str) -> None:
    content, words = KINDS[kind]
    assert filetype.name(content).startswith(words)


@needs_qemu
@pytest.mark.parametrize(("guest", "key"), ACCEPTED, ids=map(".".join, ACCEPTED))
@pytest.mark.parametrize("kind", [*KINDS, "folder", "device"])
def test_what_a_guest_does_not_boot_is_refused_with_what_it_is(kind: str, guest: str, key: str, tmp_path: Path) -> None:
    path = tmp_path / "given"
    if kind == "folder":
        path.mkdir()
    elif kind == "device":
        path = Path(os.devnull)
    else:
        path.write_bytes(KINDS[kind][0])
    module = __import__(f"ferrule.guests.{guest}", fromlist=["NEEDS"])
    (need,) = (need for need in module.NEEDS if need.key == key)
    options = GuestOptions(guests_file=empty(tmp_path), guest_files={(guest, key): path})
    wanted = [guestfile.optional(one) for one in module.NEEDS]
    if kind in ACCEPTED[guest, key]:
        assert guestfile.find(guest, wanted, options).files[key].path == path
        return
    message = {"folder": "is a folder", "device": "is a device"}.get(kind) or f"is {KINDS[kind][1]}"
    with pytest.raises(UsageError) as caught:
        guestfile.find(guest, wanted, options)
    assert f"guest.{guest}.{key}: {path}: {message}" in str(caught.value)
    assert str(caught.value).endswith(f"; give {need.what}")


def empty(folder: Path) -> Path:
    file = folder / "guests.toml"
    file.write_text("")
    return file


@needs_qemu
def test_aeros_kernel_in_place_of_its_cd_ends_a_run_with_2(tmp_path: Path) -> None:
    path = tmp_path / "aero.elf"
    path.write_bytes(KINDS["elf"][0])
    words = ["run", "--guest=aero", f"--guest-file=aero.kernel={path}", f"--results={tmp_path}", "--quick"]
    run = [sys.executable, "-m", "ferrule.cli", *words]
    done = subprocess.run(run, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "is a 64-bit ELF file, not a CD image (ISO 9660); give Aero's boot CD" in done.stdout + done.stderr


@needs_qemu
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"bzimage"}))
def test_what_is_no_linux_kernel_is_named(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "given"
    path.write_bytes(KINDS[kind][0])
    with pytest.raises(UsageError, match=KINDS[kind][1] if kind != "arm64" else "raw arm64 Image"):
        guests.create("linux", GuestOptions(linux_kernel=path))
    with pytest.raises(UsageError, match="is a folder"):
        guests.create("linux", GuestOptions(linux_kernel=tmp_path))
