"""`gate --explain`: a kernel with one changed function, and the function named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ferrule.cli import main

from tests.support.places import ROOT

needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not here")


@needs_qemu
def test_the_changed_function_is_named_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five instructions are put into one function of floor's kernel, which null_call enters once a call."""
    baselines = tmp_path / "baselines"
    words = [
        "gate",
        "--guest",
        "floor",
        "--workload",
        "null_call,map_unmap[size=4096]",
        "--baselines",
        str(baselines),
        "--explain",
    ]
    assert main([*words, "--update-baseline", "--boots", "2"]) == 0
    assert len(list(baselines.glob("*.anatomy/*.anatomy.json"))) == 2
    shutil.copytree(ROOT / "guest", tmp_path / "guest")
    source = tmp_path / "guest/os/floor/kernel/space.c"
    text = source.read_text()
    head, brace, body = text.partition("memory_map(")
    body, found, rest = body.partition("{\n")
    assert brace
    assert found
    source.write_text(f'{head}{brace}{body}{found}    __asm__ volatile("nop; nop; nop; nop; nop");\n{rest}')
    monkeypatch.setenv("FERRULE_ROOT", str(tmp_path))
    capsys.readouterr()
    junit = tmp_path / "junit.xml"
    assert main([*words, "--strict", "--junit", str(junit)]) == 1
    output = capsys.readouterr().out
    assert "by function: +5 memory_map (" in output
    assert "more functions" not in output
    assert output.count("by function: ") == 1  # null_call did not change
    assert "by function: +5 memory_map (" in junit.read_text()
