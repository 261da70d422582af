"""QEMU's command line, its discovery, and the accelerator probe on this machine."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ferrule import guests
from ferrule.errors import InfrastructureError, ToolMissing, UsageError
from ferrule.machine import accel, qemu
from ferrule.machine.options import GuestOptions
from ferrule.machine.qemu import Machine
from ferrule.machine.transcript import Transcript
from hypothesis import given
from hypothesis import strategies as st

needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not here")
MACHINE = Machine("/usr/bin/qemu", "tcg", Path("/k/vmlinuz"))


def value(argv: list[str], flag: str) -> str:
    assert argv.count(flag) == 1, f"{flag} must stand once in {argv}"
    return argv[argv.index(flag) + 1]


def test_icount_fixes_all_that_could_differ() -> None:
    argv = qemu.arguments(replace(MACHINE, accel="icount"))
    assert value(argv, "-icount") == "shift=0,sleep=off"
    assert value(argv, "-rtc") == "base=2020-01-01,clock=vm"
    assert value(argv, "-accel") == "tcg,thread=single"
    assert value(argv, "-cpu") == "max,-rdrand,-rdseed"


def test_kvm_shows_the_guest_the_real_cpu_and_tcg_all_it_can() -> None:
    assert value(qemu.arguments(replace(MACHINE, accel="kvm")), "-cpu") == "host"
    assert "-icount" not in qemu.arguments(MACHINE)
    assert value(qemu.arguments(MACHINE), "-cpu") == "max"


@given(
    st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), unique=True, max_size=4),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
    st.text(st.characters(codec="utf-8", exclude_characters="\0,"), min_size=1),
)
def test_every_part_arrives_whole(ports: list[str], words: str, name: str) -> None:
    chardevs = {port: f"file,path=/dev/fd/{i}" for i, port in enumerate(ports)}
    machine = replace(MACHINE, initrd=Path("/tmp") / f"{name},b", command_line=words, ports=chardevs)
    argv = qemu.arguments(machine)
    assert argv == qemu.arguments(machine)
    assert value(argv, "-append") == words
    assert value(argv, "-initrd") == str(machine.initrd)  # Qemu gives it a name without commas
    assert [argv[i + 1] for i, word in enumerate(argv) if word == "-serial"] == [f"chardev:{port}" for port in ports]
    assert "-no-reboot" in argv
    assert "-nodefaults" in argv


def test_conditions_name_no_folder_and_no_descriptor() -> None:
    machine = replace(MACHINE, initrd=Path("/tmp/x/initrd"), ports={"results": "file,path=/dev/fd/7"})
    text = qemu.conditions(machine)
    assert "/" not in text.replace("/dev", "X").split(" -device ")[0]
    assert text == qemu.conditions(replace(machine, program="/opt/qemu", ports={"results": "file,path=/dev/fd/9"}))


def test_a_missing_qemu_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("FERRULE_QEMU", raising=False)
    with pytest.raises(ToolMissing, match=r"apt-get install .*qemu-system-x86$"):
        qemu.find()
    monkeypatch.setenv("FERRULE_QEMU", "/nowhere/qemu")
    with pytest.raises(ToolMissing, match="FERRULE_QEMU=/nowhere/qemu"):
        qemu.find()


def test_ferrule_qemu_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRULE_QEMU", "/bin/true")
    assert qemu.find() == "/bin/true"


def test_a_qemu_that_does_not_run_is_an_error() -> None:
    with pytest.raises(InfrastructureError, match="/bin/false"):
        qemu.version("/bin/false")


def test_the_probe_image_is_a_multiboot_kernel() -> None:
    image = accel.image()
    words = [int.from_bytes(image[i : i + 4], "little") for i in range(0, 32, 4)]
    magic, flags, checksum, header, load, load_end, bss_end, entry = words
    assert magic == 0x1BADB002
    assert (magic + flags + checksum) % (1 << 32) == 0
    assert flags & 1 << 16
    assert (header, load_end, bss_end) == (load, load + len(image), load + len(image))
    assert entry == load + 32


@needs_qemu
def test_tcg_passes_the_probe() -> None:
    works, reason = accel.probe("tcg", qemu.find(), deadline=20.0)
    assert works, reason


@needs_qemu
def test_the_choice_is_one_that_works_and_is_made_once() -> None:
    program = qemu.find()
    choice = accel.choose(GuestOptions(), program)
    assert accel.choose(GuestOptions(), program) == choice, "the result is kept for the session"
    assert choice.accel in ("kvm", "icount")
    if choice.accel == "icount":
        assert "kvm" in choice.reason
        with pytest.raises(UsageError, match=r"--accel kvm: .*use --accel tcg"):
            accel.choose(GuestOptions(accel="kvm"), program)
    assert choice.reason


@pytest.fixture
def no_kvm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accel, "_kvm", lambda _: (False, "no /dev/kvm"))


@pytest.mark.usefixtures("no_kvm")
@pytest.mark.parametrize(
    ("options", "obstacle", "expected"),
    [
        (GuestOptions(), None, accel.Choice("icount", "no /dev/kvm")),
        (GuestOptions(), "its network is counted", accel.Choice("tcg", "no /dev/kvm; its network is counted")),
        (GuestOptions(verify_only=True), None, accel.Choice("tcg", "no /dev/kvm")),
        (GuestOptions(accel="icount", verify_only=True), None, accel.Choice("icount", "as asked")),
        (GuestOptions(accel="tcg"), None, accel.Choice("tcg", "as asked")),
    ],
)
def test_without_kvm_instructions_are_counted_where_they_can_be(
    options: GuestOptions, obstacle: str | None, expected: accel.Choice
) -> None:
    assert accel.choose(options, "/nowhere/qemu", obstacle) == expected


@pytest.mark.usefixtures("no_kvm")
def test_an_obstacle_to_counting_refuses_it_by_name() -> None:
    two = GuestOptions(accel="icount", smp=2)
    with pytest.raises(UsageError, match="--accel icount: QEMU counts instructions on one CPU only, not 2"):
        accel.choose(two, "/nowhere/qemu", accel.one_cpu(two))
    assert accel.one_cpu(GuestOptions(smp=1)) is None


@pytest.mark.usefixtures("no_kvm")
@needs_qemu
@pytest.mark.parametrize(
    ("options", "expected"),
    [({}, "icount"), ({"smp": 2}, "icount"), ({"verify_only": True}, "tcg"), ({"accel": "tcg"}, "tcg")],
)
def test_a_guest_without_kvm_counts_by_default(options: dict[str, Any], expected: str) -> None:
    """The floor's counts hold on two CPUs too: each of them runs alone."""
    assert guests.create("floor", GuestOptions(**options)).accel == expected


@pytest.mark.parametrize("script", ["exit 33", "exit 1", "echo broken >&2; exit 0", "kill -SEGV $$", "sleep 60"])
def test_only_the_right_answer_in_time_counts(tmp_path: Path, script: str) -> None:
    """Scripts in place of QEMU that end in each possible way."""
    program = tmp_path / "qemu"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    works, reason = accel.probe("kvm", str(program), deadline=1.0)
    assert works == (script == "exit 33")
    assert reason.startswith("kvm")


# A boot sector that answers every byte at the first serial port with the next one: wait for the line status' data ready
# (16550, port base + 5, bit 0), read, add 1, write.
ANSWERS = bytes.fromhex("ba fd 03 ec a8 01 74 f8 b2 f8 ec fe c0 ee eb f0").ljust(510, b"\0") + b"\x55\xaa"


@needs_qemu
def test_a_machine_can_be_typed_to(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(ANSWERS.ljust(1 << 20, b"\0"))
    drive = ("-drive", f"file={tmp_path / 'disk'},if=none,id=disk,format=raw", "-device", "ide-hd,drive=disk")
    machine = Machine(qemu.find(), "tcg", None, devices=drive, ports={qemu.RESULTS: "file"}, typed=True)
    running = qemu.Qemu(machine)
    try:
        running.type(b"HAL")
        assert running.streams.read(time.monotonic() + 60) in (b"I", b"IB", b"IBM")
    finally:
        running.close()
    running.close()


def test_a_plugin_is_loaded_and_is_no_condition() -> None:
    with_it = replace(MACHINE, plugin="/tmp/x/trace.so,out=/tmp/x/y")
    assert value(qemu.arguments(with_it), "-plugin") == "/tmp/x/trace.so,out=/tmp/x/y"
    assert "-plugin" not in qemu.arguments(MACHINE)
    assert qemu.conditions(with_it) == qemu.conditions(MACHINE)


def test_a_process_list_shows_who_started_qemu_and_a_guest_is_confined() -> None:
    """Neither is a condition of a measurement: the machine is the same with and without."""
    argv = qemu.command(MACHINE)
    assert value(argv, "-name") == f"ferrule-{os.getpid()},debug-threads=on"
    assert argv[: len(qemu.arguments(MACHINE))] == qemu.arguments(MACHINE)
    assert "-name" not in qemu.conditions(MACHINE)
    assert "-sandbox" not in qemu.conditions(MACHINE)


@needs_qemu
def test_this_qemu_runs_in_its_sandbox_and_sees_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    program = qemu.find()
    monkeypatch.setenv("SECRET_TOKEN", "x")
    monkeypatch.setenv("QEMU_AUDIO_DRV", "x")
    assert set(qemu.environment()) <= {"PATH", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH"}
    if not qemu.confines(program):
        pytest.skip("this QEMU is built without seccomp")
    assert value(qemu.command(replace(MACHINE, program=program)), "-sandbox") == qemu.SANDBOX
    assert accel.probe("tcg", program, deadline=60.0) == (True, "tcg booted a probe")


def test_a_password_that_a_terminal_echoes_is_not_shown() -> None:
    transcript = Transcript()
    transcript.hide("s3cret")
    transcript.hide("")
    transcript.add(b"login: root\r\nPassword: s3\x1b[Kcret\r\n")
    assert transcript.text() == "login: root\nPassword: (hidden)\n"
    assert "s3cret" not in transcript.tail()
