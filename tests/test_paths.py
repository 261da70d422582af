"""Where the cache is: when there is none, the message names the variable that gives one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ferrule import paths
from ferrule.errors import InfrastructureError

ADVICE = "set FERRULE_CACHE to a folder that can be written and run from"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FERRULE_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)


def test_the_nearest_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, below in (("HOME", ".cache/ferrule"), ("XDG_CACHE_HOME", "ferrule"), ("FERRULE_CACHE", "")):
        monkeypatch.setenv(name, str(tmp_path / name))
        assert paths.cache("x") == tmp_path / name / below / "x"
        assert paths.cache("x").is_dir()


def test_a_relative_xdg_cache_home_is_ignored_as_its_specification_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert paths.cache("x") == tmp_path / "home/.cache/ferrule/x"
    assert not list(here.iterdir())


@pytest.mark.parametrize("name", ["HOME", "XDG_CACHE_HOME", "FERRULE_CACHE"])
def test_a_folder_that_cannot_be_made_is_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(name, str(tmp_path / "file"))
    with pytest.raises(InfrastructureError, match=f"cache {tmp_path}/file.*: Not a directory; {ADVICE}"):
        paths.cache("x")


def test_no_home_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 5)  # a container's user without a password entry
    with pytest.raises(InfrastructureError, match=f"cache: there is no home folder; {ADVICE}"):
        paths.cache("x")
