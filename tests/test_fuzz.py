"""Fuzzers on every reader and on the C core, for a moment; `nox -s fuzz` gives each FERRULE_FUZZ seconds.

What they found is kept in tests/fuzz/corpus, a folder a target, and read here with or without a fuzzer. The
core runs under AddressSanitizer and UBSan: by libFuzzer where clang has it, else over the corpus alone.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import hostile
from tests.support.assembling import stream
from tests.support.formats import reader
from tests.support.patience import PATIENCE
from tests.support.places import ROOT
from tests.support.reading import stream_is_read
from tests.test_formats import FORMATS

SECONDS = int(os.environ.get("FERRULE_FUZZ", "1"))
HOME = ROOT / "tests" / "fuzz"
CORPUS, CORE = HOME / "corpus", ROOT / "guest" / "core"
TARGETS = sorted(path.stem for path in (HOME / "core").glob("*.c") if path.stem != "replay")
UNITS = [str(CORE / f"{name}.c") for name in ("plan", "record", "hist", "text")]
SANITIZE = ["-g", "-O1", "-std=gnu11", "-fno-sanitize-recover=all", f"-I{CORE}", f"-I{HOME / 'core'}"]
FOUND = sorted(path for path in CORPUS.glob("*/*") if not path.parent.name.startswith("core-"))
WAIT = PATIENCE + 4 * SECONDS


def build(target: str, folder: Path) -> tuple[str, bool]:
    """A program that runs the target, and whether it generates inputs itself."""
    program, source = str(folder / target), str(HOME / "core" / f"{target}.c")
    replay = ["-fsanitize=address,undefined", str(HOME / "core" / "replay.c")]
    ways = [("clang", ["-fsanitize=fuzzer,address,undefined"]), ("clang", replay), ("gcc", replay)]
    for compiler, flags in ways:
        if shutil.which(compiler):
            made = [compiler, *SANITIZE, *flags, source, *UNITS, "-o", program]
            if subprocess.run(made, capture_output=True, check=False).returncode == 0:
                return program, flags is not replay
    pytest.skip("neither clang nor gcc with its sanitizers is here")


@pytest.mark.parametrize("target", TARGETS)
def test_the_core_under_sanitizers(target: str, tmp_path: Path) -> None:
    program, looks = build(target, tmp_path)
    kept = sorted(map(str, (CORPUS / f"core-{target}").iterdir()))
    assert kept
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}  # the leak check does not work under ptrace
    runs = [[program, *kept]]
    if looks:
        new = tmp_path / "new"
        new.mkdir()
        bounds = [f"-max_total_time={SECONDS}", "-max_len=2048", "-timeout=60", f"-artifact_prefix={tmp_path}/"]
        runs.append([program, *bounds, str(new), str(CORPUS / f"core-{target}")])
    for run in runs:
        done = subprocess.run(run, capture_output=True, env=environment, timeout=WAIT, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_stays_mended(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path))
    if path.parent.name == "stream":
        stream_is_read(path.read_bytes())
        return
    with reader(FORMATS[path.parent.name]) as read:
        hostile.outcome(lambda: read(path.read_bytes()))


def test_each_folder_of_the_corpus_has_a_target() -> None:
    known = {"stream", *FORMATS, *(f"core-{target}" for target in TARGETS)}
    assert {path.name for path in CORPUS.iterdir()} <= known
    assert stream()


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed: nox -s fuzz has it")
@pytest.mark.parametrize("name", ["stream", *FORMATS])
def test_a_reader_under_atheris(name: str, tmp_path: Path) -> None:
    kept = CORPUS / name
    bounds = [f"-max_total_time={SECONDS}", "-timeout=120", f"-artifact_prefix={tmp_path}/", "-rss_limit_mb=4096"]
    run = [sys.executable, "-m", "tests.fuzz.readers", name, str(tmp_path / "new"), *bounds]
    run += [str(kept)] if kept.is_dir() else []
    done = subprocess.run(run, capture_output=True, timeout=WAIT, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
