"""Guests from outside the tree: found without being run, refused in one line where they are wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ferrule import guests, paths
from ferrule.guests import outside
from ferrule.payload import operations, port

from tests.support.patience import PATIENCE
from tests.support.places import ROOT

GUEST = '"""A guest of ours.\n\nMore."""\n\nraise RuntimeError("it was run")\n\ndef create(name, options): ...\n'


def ferrule(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    command = [sys.executable, "-m", "ferrule.cli", *arguments]
    return subprocess.run(
        command,
        cwd=cwd,
        env=kept | {"PYTHONPATH": str(ROOT / "harness")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_our_own_guests_are_read_as_they_are() -> None:
    (home,) = guests.__path__
    for source in outside.in_folder(Path(home)):
        module = guests._module(source.name)
        assert callable(module.create)
        assert source.embedded == hasattr(module, "unavailable")
        assert source.what == (module.__doc__ or "").partition("\n")[0] != ""
    assert {source.name for source in outside.in_folder(Path(home))} == set(guests.available())
    assert guests.embedded()[0] == "local"
    assert "ssh" not in guests.embedded()


def test_guests_of_a_folder_are_its_modules_that_create_one(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(GUEST + "def unavailable(options): ...\n")
    (tmp_path / "borrowed.py").write_text("from ferrule.guests.local import create\n")
    (tmp_path / "helper.py").write_text("CREATE = 1\n")
    (tmp_path / "not-a-module.py").write_text(GUEST)
    (tmp_path / "cut.py").write_text("def create(name, options:\n")
    found = {source.name: source for source in outside.in_folder(tmp_path)}
    assert set(found) == {"mine", "borrowed", "cut"}
    assert (found["mine"].what, found["mine"].embedded) == ("A guest of ours.", True)
    assert not found["borrowed"].embedded


@pytest.mark.parametrize(
    ("files", "status", "message"),
    [
        (None, 2, "--extra-guest bench: no such folder"),
        ({"notes.txt": ""}, 2, "--extra-guest bench: holds no guest"),
        ({"linux.py": GUEST}, 2, "linux.py: there is a guest linux already"),
        ({"floor/start.c": ""}, 2, "floor: there is a port floor already"),
        ({"mine.py": GUEST}, 3, "mine.py: RuntimeError: it was run"),
        ({"mine.py": GUEST.replace('RuntimeError("it was run")', "SystemExit(1)")}, 3, "mine.py: SystemExit: 1"),
        ({"mine.py": "def create(name, options:\n"}, 3, "mine.py: SyntaxError: "),
        ({"mine.py": GUEST.replace("raise", "# raise")}, 2, "no such guest; there are: aero, "),
    ],
)
def test_what_is_wrong_with_a_folder_is_one_line(
    files: dict[str, str] | None, status: int, message: str, tmp_path: Path
) -> None:
    for name, text in (files or {}).items():
        (tmp_path / "bench" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bench" / name).write_text(text)
    guest = "mine" if status == 3 else "yours"
    done = ferrule(tmp_path, "run", "--extra-guest=bench", f"--guest={guest}", "--verify-only", "--workload=null_call")
    assert done.returncode == status, done.stdout + done.stderr
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_package_that_exits_when_imported_costs_its_own_guest_alone(tmp_path: Path) -> None:
    about = tmp_path / "exits-1.dist-info"
    (tmp_path / "exits").mkdir()
    about.mkdir()
    (tmp_path / "exits/__init__.py").write_text("raise SystemExit(1)\n")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: exits\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[ferrule.guests]\nmine = exits.mine\n")
    program = f"import sys; sys.path.append({str(tmp_path)!r}); from ferrule.guests import outside, _module; "
    program += "print(outside.installed()['mine'].what); _module('mine')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "its package cannot be imported\n"
    assert done.stderr.splitlines()[-1].endswith("InfrastructureError: guest mine: exits.mine: SystemExit: 1")


def test_a_port_outside_is_built_as_if_it_were_in_the_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port, "_further", [])
    folder = tmp_path / "mine"
    for name in ("start.c", "port.h", "more/deep.h", "part.c"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("#define OS_HAS_NULL_CALL\n" if name == "port.h" else "")
    (folder / "build.toml").write_text('[objects.part]\nsources = ["os/mine/part.c", "core/text.c"]\n')
    assert port.add(tmp_path) == port.add(tmp_path) == ["mine"]
    assert port.ports()["mine"] == folder
    found = port.read("mine")
    assert [port.place(path) for path in found.sources] == ["guest/os/mine/part.c", "guest/os/mine/start.c"]
    assert found.objects["part"].sources == (folder / "part.c", paths.guest() / "core/text.c")
    assert {folder / "port.h", folder / "more/deep.h", paths.guest() / "os/os.h"} <= set(port.headers())
    assert "os_null_call" not in operations.ports()["mine"]
