"""Our files and temporary folders: complete at whatever moment we end, and removed once their process has ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ferrule import files


def leave(folder: Path, code: str) -> int:
    """Let another process make something in a folder and kill it; returns its process id."""
    program = f"from pathlib import Path; from ferrule import files; folder = Path({str(folder)!r}); {code}"
    command = [sys.executable, "-c", f"{program}; print('made', flush=True); input()"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"made\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    return child.pid


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    pid = leave(tmp_path, "files.Scratch(folder).path.joinpath('payload').write_text('x')")
    part = tmp_path / f"{files.PART}{pid}-0123"
    part.write_text("half")
    ours, foreign = files.Scratch(tmp_path), tmp_path / "notes"
    foreign.mkdir()
    swept = files.sweep(tmp_path)
    assert part in swept
    assert len(swept) == 2
    assert sorted(tmp_path.iterdir()) == sorted([ours.path, foreign])
    ours.close()
    assert list(tmp_path.iterdir()) == [foreign]


def test_what_a_living_process_holds_stays_however_old(tmp_path: Path) -> None:
    locked = files.Scratch(tmp_path)
    os.utime(locked.path, (0, 0))
    assert files.sweep(tmp_path) == []
    assert locked.path.is_dir()
    locked.close()
    locked.close()
    assert not locked.path.exists()


def test_another_users_things_and_links_stay(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    (tmp_path / f"{files.FOLDER}1-x").symlink_to(target)
    assert files.sweep(tmp_path) == []
    assert target.is_dir()


def test_a_file_is_replaced_at_once_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "below" / "page"
    files.write_whole(path, b"old")
    files.write_whole(path, b"new", 0o600)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    (tmp_path / "below" / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        files.write_whole(tmp_path / "below" / "folder", b"x")
    assert sorted(one.name for one in path.parent.iterdir()) == ["folder", "page"]
