"""Images for kernels that the user boots: booted here by Linux with the image alone, and the output read back."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from ferrule.cli import main
from ferrule.errors import FerruleError
from ferrule.images import initramfs, kernels
from ferrule.machine.options import GuestOptions
from ferrule.payload.registry import workloads

from tests.support.patience import PATIENCE

MACHINE = ("qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", "max", "-m", "256", "-nodefaults")
WORDS = "console=ttyS0 panic=-1 quiet"
# What a kernel may have compiled in already: Linux unpacks ours after it, so that ours replaces it.
OTHERS = initramfs.archive(
    [
        initramfs.folder("etc", 0o755),
        initramfs.file("etc/hostname", b"another\n"),
        initramfs.file("init", b"#!/no/interpreter\n", 0o755),
    ]
)


def bootconfig(text: bytes) -> bytes:
    """Kernel parameters at the end of an initial file system: Documentation/admin-guide/bootconfig.rst."""
    padded = text.ljust(-(-len(text) // 4) * 4, b"\0")
    return padded + struct.pack("<II", len(padded), sum(padded) & 0xFFFFFFFF) + b"#BOOTCONFIG\n"


def boot(image: Path, words: str, log: Path) -> None:
    """Boot Linux with an initial file system and no disk."""
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    try:
        kernel = kernels.choose(GuestOptions())
    except FerruleError as error:
        pytest.skip(str(error))
    command = [
        *MACHINE,
        "-display",
        "none",
        "-no-reboot",
        "-serial",
        f"file:{log}",
        "-kernel",
        str(kernel.direct or kernel.image),
    ]
    subprocess.run([*command, "-initrd", str(image), "-append", words], timeout=PATIENCE, check=True)


def test_an_initramfs_that_linux_boots_by_itself_is_read_back(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    image, log = tmp_path / "initrd.cpio", tmp_path / "console.log"
    assert main(["initramfs", "--out", str(image), "--processes", "2"]) == 0
    boot(image, WORDS, log)
    capfd.readouterr()
    assert main(["transcript", str(log)]) == 0
    output = capfd.readouterr().out
    rows = [line.split() for line in output.splitlines()[2:]]
    names = [row.name for row in workloads().values() if not row.hidden]
    assert sorted(row[1] for row in rows) == sorted([*names, *names])
    assert {row[0] for row in rows} == {"0", "1"}
    assert sum(row[2] == "ok" for row in rows) >= 2 * 19
    assert "not finished" not in output


@pytest.mark.parametrize(
    ("behind", "words"),
    [
        pytest.param(b"", WORDS, id="behind another's files"),
        pytest.param(
            bootconfig(b'kernel {\n console = "ttyS0"\n panic = -1\n quiet\n}\n'), "bootconfig", id="with bootconfig"
        ),
    ],
)
def test_a_kernel_with_files_of_its_own_takes_ours(
    behind: bytes, words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ours, image, log = tmp_path / "ours.cpio", tmp_path / "initrd.cpio", tmp_path / "console.log"
    assert main(["initramfs", "--out", str(ours), "--workload", "null_call,pipe_latency[size=1,library=0]"]) == 0
    image.write_bytes(OTHERS + ours.read_bytes() + behind)
    boot(image, words, log)
    capfd.readouterr()
    assert main(["transcript", str(log)]) == 0
    rows = [line.split() for line in capfd.readouterr().out.splitlines()[2:]]
    found = {row[1].partition("[")[0]: "ok" in row for row in rows}
    assert found.keys() >= {"null_call", "pipe_latency"}
    assert all(found.values())


def test_anothers_files_alone_do_not_run_ours(tmp_path: Path) -> None:
    image, log = tmp_path / "initrd.cpio", tmp_path / "console.log"
    image.write_bytes(OTHERS)
    boot(image, WORDS, log)
    assert "Kernel panic" in log.read_text(errors="replace")


def test_the_same_words_give_the_same_disk(tmp_path: Path) -> None:
    images = [tmp_path / name for name in ("one", "two")]
    for image in images:
        assert main(["disk", "--out", str(image), "--workload", "null_call", "--port", "/dev/hvc0"]) == 0
    content = images[0].read_bytes()
    assert content == images[1].read_bytes()
    assert b"ferrule.port=/dev/hvc0 ferrule.processes=1 -- /payload\n" in content
    assert b"verify=only" in content


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["disk", "--out", "x", "--port", "ttyS0"], "--port ttyS0: must be a path below /dev/"),
        (["initramfs", "--out", "x", "--workload", "nul_call"], "no workload nul_call; did you mean null_call?"),
        (["initramfs", "--out", "/nowhere/x"], "--out /nowhere/x: No such file or directory"),
        (["initramfs", "--out", "x", "--processes", "0"], "must be a number from 1 to 65535"),
        (["transcript", "/nowhere/log"], "/nowhere/log: No such file or directory"),
    ],
)
def test_what_cannot_be_meant_ends_with_2(
    words: list[str], says: str, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = main(words)
    except SystemExit as end:
        code = int(str(end.code))
    assert code == 2
    assert says in capfd.readouterr().err


def test_a_log_without_records_is_reported(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    log.write_text("Linux version 6.1\n")
    assert main(["transcript", str(log)]) == 2
    assert "no record of a run in it" in capfd.readouterr().err


def test_inits_message_on_a_payload_without_records_is_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    log.write_text("[ 1.2] Run /init\nferrule-init: /payload was ended by signal 4\n[ 1.3] reboot: Power down\n")
    assert main(["transcript", str(log)]) == 2
    output = capfd.readouterr().err
    assert "its init reported: /payload was ended by signal 4; under QEMU's emulation give -cpu max" in output
