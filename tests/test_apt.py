"""The command that installs packages has the same form in every message."""

from __future__ import annotations

import os

import pytest
from ferrule.apt import install

from tests.support.places import ROOT


def test_installing_asks_for_root_only_where_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert install(["b", "a", "b"]) == "sudo apt-get install -y --no-install-recommends b a"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert install(["a"]) == "apt-get install -y --no-install-recommends a"


def test_no_module_has_a_text_of_its_own() -> None:
    files = [path for path in (ROOT / "harness").rglob("*.py") if "apt-get install" in path.read_text()]
    assert [path.name for path in files] == ["apt.py"]
