"""Images for kernels that somebody else boots: booted here by Linux with nothing but the image, and read back."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from ferrule.cli import main
from ferrule.errors import FerruleError
from ferrule.images import kernels
from ferrule.machine.options import GuestOptions
from ferrule.payload.registry import workloads

from tests.support.patience import PATIENCE

WORDS = "console=ttyS0 panic=-1 quiet"


def test_an_initramfs_that_linux_boots_by_itself_is_read_back(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    try:
        kernel = kernels.choose(GuestOptions())
    except FerruleError as error:
        pytest.skip(str(error))
    image, log = tmp_path / "initrd.cpio", tmp_path / "console.log"
    assert main(["initramfs", "--out", str(image), "--processes", "2"]) == 0
    command = [
        "qemu-system-x86_64",
        "-M",
        "q35",
        "-accel",
        "tcg",
        "-cpu",
        "max",
        "-m",
        "256",
        "-nodefaults",
        "-display",
        "none",
    ]
    command += ["-no-reboot", "-serial", f"file:{log}", "-kernel", str(kernel.direct or kernel.image)]
    subprocess.run([*command, "-initrd", str(image), "-append", WORDS], timeout=PATIENCE, check=True)
    capfd.readouterr()
    assert main(["transcript", str(log)]) == 0
    said = capfd.readouterr().out
    rows = [line.split() for line in said.splitlines()[2:]]
    names = [row.name for row in workloads().values() if not row.hidden]
    assert sorted(row[1] for row in rows) == sorted([*names, *names])
    assert {row[0] for row in rows} == {"0", "1"}
    assert sum(row[2] == "ok" for row in rows) >= 2 * 19
    assert "not finished" not in said


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


def test_a_log_without_records_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    log.write_text("Linux version 6.1\n")
    assert main(["transcript", str(log)]) == 2
    assert "no record of a run in it" in capfd.readouterr().err
