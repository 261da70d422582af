"""Baselines: the same bytes for the same counts, read back whole, refused when they are anything else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from ferrule.errors import InfrastructureError
from ferrule.gate.baseline import differences, entry_of, file_name, find, load, parse, render, save
from hypothesis import given
from hypothesis import strategies as st

from tests.support.gate_findings import KEY, baseline, exact, path, reading

HELD = baseline(null_call=exact(323), map_unmap=path(14049, 14217))
readings = st.lists(st.floats(0, 1e9), min_size=1, max_size=5).map(reading)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20), readings, max_size=6))
def test_what_was_written_is_read(of: dict[str, object]) -> None:
    made = baseline(**{name: entry_of(one) for name, one in of.items()})  # type: ignore[arg-type]
    text = render(made)
    assert parse(text, "x.json") == made
    assert render(parse(text, "x.json")) == text


def test_it_is_canonical() -> None:
    text = render(HELD)
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=2) + "\n"
    assert list(json.loads(text))[-1] == "sum"
    with pytest.raises(InfrastructureError, match="changed after it was stored"):
        parse(text.replace('"value": 323.0', '"value": 323.5').replace('"high": 323.0', '"high": 323.5'), "x.json")


@given(st.binary(max_size=60))
def test_other_files_are_refused_with_one_line(content: bytes) -> None:
    with pytest.raises(InfrastructureError, match=r"x\.json: is no baseline"):
        parse(content.decode("latin-1"), "x.json")


@pytest.mark.parametrize(
    ("old", "new"),
    [('"n": 512', '"n": 0'), ('"value": 323.0', '"value": NaN'), ('"value": 323.0', '"value": 1.0'), ('"kind"', '"k"')],
)
def test_impossible_values_are_refused(old: str, new: str) -> None:
    text = render(HELD)
    assert old in text
    unsealed = re.sub(r',\s*"sum": "[0-9a-f]{8}"', "", text.replace(old, new))  # as one of before there were checksums
    with pytest.raises(InfrastructureError, match="is no baseline"):
        parse(unsealed, "x.json")


def test_its_name_holds_guest_kernel_qemu_and_cpu() -> None:
    assert file_name(KEY) == "linux-6.1.0_0123-7.2.22-QEMU_CPU_2.5+.json"
    assert "/" not in file_name({**KEY, "guest": "ssh://root@../../etc", "cpu.model": "../x"})


def test_it_is_found_by_what_is_known_before_a_boot(tmp_path: Path) -> None:
    written = save(tmp_path / "new", HELD)
    assert load(written) == HELD
    known = {name: text for name, text in KEY.items() if name != "cpu.model"}
    assert find(tmp_path / "new", known) == (HELD, "")
    found, why = find(tmp_path / "new", {**known, "qemu": "9.0.0"})
    assert found is None
    assert "qemu '7.2.22 (Debian 1:7.2)', here it is '9.0.0'" in why
    assert find(tmp_path / "new", {**known, "guest": "floor"})[0] is None
    assert find(tmp_path / "none", known)[0] is None


def test_keys_differ_only_in_what_is_known() -> None:
    assert differences(KEY, {"guest": "linux"}) == []
    assert differences(KEY, {"guest": "floor", "arch": "x86_64"}) == [
        "arch 'nothing', here it is 'x86_64'",
        "guest 'linux', here it is 'floor'",
    ]
