"""Recipes built twice, in caches at different paths, give equal images. Takes long; run by `nox -s rebuild`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from ferrule import cli
from ferrule.kernels import store

KERNELS = [name for name in os.environ.get("FERRULE_REBUILD", "").split(",") if name]


@pytest.mark.skipif(not KERNELS, reason="long; FERRULE_REBUILD names kernels, as nox -s rebuild does")
@pytest.mark.parametrize("name", KERNELS)
def test_equal_images(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sums = []
    for cache in ("one", "another/cache"):
        monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / cache))
        monkeypatch.setenv("TZ", "UTC" if cache == "one" else "Asia/Tokyo")
        assert cli.main(["kernel", "get", name]) == 0
        made = store.newest(name)
        assert made is not None
        sums.append(hashlib.sha256(made.image.read_bytes()).hexdigest())
        assert store.remove(name) > 0
        print(f"{name}: {sums[-1]}, {made.manifest['cost']}")
    assert len(set(sums)) == 1
