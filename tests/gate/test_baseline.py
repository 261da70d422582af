"""Baselines: the same counts give the same bytes, which are read back whole; any other file is refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from ferrule.errors import InfrastructureError
from ferrule.gate.baseline import Fault, differences, entry_of, file_name, find, load, parse, render, save
from hypothesis import given
from hypothesis import strategies as st

from tests.support.gate_findings import KEY, baseline, exact, path, reading

STORED = baseline(null_call=exact(323), map_unmap=path(14049, 14217))
readings = st.lists(st.floats(0, 1e9), min_size=1, max_size=5).map(reading)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20), readings, max_size=6))
def test_what_was_written_is_read(of: dict[str, object]) -> None:
    made = baseline(**{name: entry_of(one) for name, one in of.items()})  # type: ignore[arg-type]
    text = render(made)
    assert parse(text, "x.json") == made
    assert render(parse(text, "x.json")) == text


def test_it_is_canonical() -> None:
    text = render(STORED)
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
    text = render(STORED)
    assert old in text
    unsealed = re.sub(r',\s*"sum": "[0-9a-f]{8}"', "", text.replace(old, new))  # as before checksums were added
    with pytest.raises(InfrastructureError, match="is no baseline"):
        parse(unsealed, "x.json")


def test_its_name_holds_guest_kernel_qemu_and_cpu() -> None:
    assert file_name(KEY) == "linux-6.1.0_0123-7.2.22-QEMU_CPU_2.5+.json"
    assert "/" not in file_name({**KEY, "guest": "ssh://root@../../etc", "cpu.model": "../x"})


def test_it_is_found_by_what_is_known_before_a_boot(tmp_path: Path) -> None:
    written = save(tmp_path / "new", STORED)
    assert load(written) == STORED
    known = {name: text for name, text in KEY.items() if name != "cpu.model"}
    assert find(tmp_path / "new", known) == (STORED, "")
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


COMMAND = "qemu -machine q35 -m 512 -smp 1 -append 'console=ttyS0 nokaslr panic=-1' -cpu max"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("-m 512", "-m 1024", "machine -m '512', here it is '1024'"),
        ("panic=-1'", "panic=-1 mitigations=off'", 'machine "panic=-1\'", here it is "panic=-1 mitigations=off\'"'),
        (" nokaslr", "", "machine 'nokaslr', which is not here"),
        ("nokaslr ", "nokaslr quiet ", "machine not 'quiet', which is here"),
        ("-m 512 -smp 1", "-m 256 -smp 2", "machine -m '512', here it is '256' and -smp '1', here it is '2'"),
        (COMMAND, "x", f"machine {COMMAND!r}, here it is 'x'"),
    ],
)
def test_of_long_texts_the_words_that_differ_are_named(old: str, new: str, expected: str) -> None:
    assert old in COMMAND
    assert differences({"machine": COMMAND}, {"machine": COMMAND.replace(old, new)}) == [expected]


def test_a_kernel_with_a_name_finds_what_was_accepted_before_it_had_one(tmp_path: Path) -> None:
    key = {**KEY, "kernel.sha256": "aa", "kernel.features": "x"}
    save(tmp_path, replace(STORED, key=key))
    rebuilt = {name: text for name, text in KEY.items() if name not in ("cpu.model", "kernel.build")}
    found, why = find(tmp_path, rebuilt | {"kernel.sha256": "bb", "kernel.features": "x"})
    assert found is None
    assert why.endswith(
        "the nearest has kernel.sha256 'aa', here it is 'bb';"
        " builds of one kernel are compared without accepting each when they have a name: --kernel-build NAME"
    )
    assert find(tmp_path, rebuilt | {"kernel.build": "nightly"})[0] is not None
    assert find(tmp_path, rebuilt | {"kernel.build": "nightly", "qemu": "9"})[0] is None
    save(tmp_path, replace(STORED, key={**KEY, "kernel.build": "nightly"}))
    assert find(tmp_path, rebuilt | {"kernel.build": "other"})[0] == replace(STORED, key=key)
    found, _ = find(tmp_path, rebuilt | {"kernel.build": "nightly"})
    assert found is not None
    assert found.key["kernel.build"] == "nightly"


def test_faults_are_kept_and_are_no_counts(tmp_path: Path) -> None:
    faulty = replace(STORED, faults={"fork": Fault("hung", "no record for 20 s")})
    assert load(save(tmp_path, faulty)) == faulty
    for faults in ({"null_call": Fault("wrong", "")}, {"x": Fault("ok", "")}, {"x": Fault("unsupported", "")}):
        with pytest.raises(InfrastructureError, match="faults"):
            parse(render(replace(STORED, faults=faults)), "x.json")
