"""The Redox userland guest: what it accepts, and its dialogue with a real shell in place of Redox."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ferrule import guests
from ferrule.errors import GuestNotStarted, ToolMissing, UsageError
from ferrule.guests.redox_userland import ImageGuest, classify
from ferrule.guests.redoxer import RedoxerGuest
from ferrule.machine.guest import Execution, Guest
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_payload, patch_plan
from ferrule.records.stream import Record

from tests.support.executions import read_all, undamaged
from tests.support.places import ROOT

STAND_IN = ROOT / "tests" / "support" / "redox" / "machine.py"


def program(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in ("#!/bin/sh", *lines)))
    path.chmod(0o755)
    return path


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script in place of QEMU that shows a Redox login; gives the path of the image to name."""
    folder = tmp_path / "standin"
    folder.mkdir()
    words = f'FERRULE_STANDIN="{folder}" exec "{sys.executable}" "{STAND_IN}" "$@"'  # QEMU does not get our environment
    monkeypatch.setenv("FERRULE_QEMU", str(program(tmp_path / "qemu", words)))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    image = tmp_path / "harddrive.img"
    image.write_bytes(bytes(1 << 20))
    return image


def guest(image: Path | None, **options: object) -> Guest:
    table = image.parent / "guests.toml" if image else Path("/proc/none")
    if image and not table.exists():
        table.write_text(f'[guest.redox]\nimage = "{image.name}"\n')
    asked = {"accel": "tcg", "guests_file": table, "boot_seconds": 20.0, **options}
    return guests.create("redox_userland", GuestOptions(**asked))  # type: ignore[arg-type]


def payload(text: str) -> bytes:
    """The host's payload, as the stand-in runs the host's shell."""
    try:
        return patch_plan(build_payload("linux", "x86_64").image, text)
    except ToolMissing as missing:
        pytest.skip(str(missing))


def records(execution: Execution) -> list[Record]:
    return undamaged(read_all(execution), ended=False)


def test_processes_run_one_after_the_other(standin: Path) -> None:
    made = guest(standin)
    assert isinstance(made, ImageGuest)
    with made.execute(payload("run=ab\nverify=only\npin=0\nw null_call\n"), 2, 0) as execution:
        found = records(execution)
        assert execution.ending().detail == "exit status 0"
        assert "kernel: started" in execution.console()
    assert [record.process for record in found if record.kind == "done"] == [0, 1]


def test_a_bad_plan_ends_it(standin: Path) -> None:
    with guest(standin).execute(payload("run=ab\nw no_such_workload\n"), 2, 0) as execution:
        assert [record.kind for record in records(execution)] == ["hello", "log"]
        ending = execution.ending()
    assert (ending.clean, ending.detail) == (False, "exit status 2")


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ('image = "harddrive.img"\npassword = "wrong"', "ended before a shell came"),
        ('image = "harddrive.img"\nuser = "nobody"', "ended before a shell came"),
    ],
)
def test_a_login_that_fails_is_an_error_in_time(standin: Path, table: str, what: str) -> None:
    (standin.parent / "guests.toml").write_text(f"[guest.redox]\n{table}\n")
    with pytest.raises(GuestNotStarted, match=what) as error:
        guest(standin).execute(b"", 1, 0)
    assert "Login failed" in error.value.tail


def test_a_machine_without_the_disk_is_an_error(standin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = guest(standin)
    words = f'FERRULE_STANDIN="{standin.parent / "standin"}" exec "{sys.executable}" "{STAND_IN}"'  # no "$@": no disk
    other = program(standin.parent / "other", words)
    monkeypatch.setattr(made, "_program", str(other))
    (Path(standin.parent) / "standin" / "scheme").mkdir()
    with pytest.raises(GuestNotStarted, match="no disk of the guest holds the payload: there is none"):
        made.execute(b"\x7fELF", 1, 0)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"cpus": (1, 0)}, "--cpu 1,0: the redox_userland guest pins to CPU 0 only"),
        ({"memory": 64}, "--memory 64: the redox_userland guest needs 256 MiB"),
        ({"accel": "icount", "smp": 2}, "--accel icount: .* on one CPU only"),
    ],
)
def test_options_it_cannot_honour_are_refused(standin: Path, options: dict[str, object], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        guest(standin, **options)


def test_what_is_missing_is_reported_with_the_line_to_write(standin: Path) -> None:
    options = GuestOptions(guests_file=standin.parent / "empty.toml")
    (standin.parent / "empty.toml").write_text("")
    reason = guests.unavailable("redox_userland", options)
    assert reason is not None
    assert 'guest.redox.image = "FILE"' in reason
    assert "cargo install redoxer" in reason
    with pytest.raises(ToolMissing, match=r"--guest-file redox\.image=FILE"):
        guests.create("redox_userland", options)


def test_the_two_guests_share_a_table(standin: Path) -> None:
    (standin.parent / "guests.toml").write_text('[guest.redox]\nimage = "harddrive.img"\nkernel = "kernel"\n')
    options = GuestOptions(guests_file=standin.parent / "guests.toml")
    with pytest.raises(UsageError, match=r"kernel: .*no such file"):
        guests.unavailable("redox", options)
    (standin.parent / "kernel").write_bytes(b"\x7fELF\x02\x01\x01".ljust(64, b"\0"))
    assert guests.unavailable("redox_userland", options) is None
    assert guests.unavailable("redox", options) is None


def test_conditions_name_no_folder(standin: Path) -> None:
    conditions = guest(standin).describe()
    assert str(standin.parent) not in "".join(conditions.values())
    assert "snapshot=on" in conditions["qemu.command"]
    assert conditions["transport"] == "typed"


def test_redoxer_runs_a_process_a_boot(standin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Upstream's tool: `redoxer exec --output - -- PROGRAM ARGUMENT` prints the program's output when it ends."""
    (standin.parent / "empty.toml").write_text("")
    program(standin.parent / "redoxer", '[ "$REDOXER_QEMU_ARGS" = "-smp 1 -accel tcg" ] || exit 3', "shift 4", '"$@"')
    monkeypatch.setenv("PATH", f"{standin.parent}:/usr/bin:/bin")
    options = GuestOptions(accel="tcg", guests_file=standin.parent / "empty.toml")
    assert guests.unavailable("redox_userland", options) is None
    made = guests.create("redox_userland", options)
    assert isinstance(made, RedoxerGuest)
    with made.execute(payload("run=ab\nverify=only\npin=0\nw null_call\n"), 2, 0) as execution:
        found = records(execution)
        assert execution.ending().clean
    assert [record.process for record in found if record.kind == "done"] == [0, 1]
    with made.execute(payload("w no_such_workload\n"), 1, 0) as execution:
        read_all(execution)
        assert not execution.ending().clean


@pytest.mark.parametrize(
    ("status", "errors", "detail"),
    [
        (0, "", "the guest reset itself or powered off"),
        (1, "qemu: no disk\n", "QEMU: qemu: no disk"),
    ],
)
def test_every_ending_has_its_message(status: int, errors: str, detail: str) -> None:
    assert classify(status, "", errors).detail == detail
