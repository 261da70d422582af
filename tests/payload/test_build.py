"""The build: the same bytes on every machine and in every folder, the plan patched in, failures as typed errors."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import pytest
from ferrule import paths
from ferrule.errors import BuildFailed, InfrastructureError, UsageError
from ferrule.payload.build import PLAN_MAGIC, build_init, build_payload, patch_plan
from ferrule.payload.plan import CAPACITY
from hypothesis import given
from hypothesis import strategies as st

from tests.support.payload_runs import ARCHES, output_of, payload

NATIVE = platform.machine()


@pytest.mark.parametrize("arch", ARCHES)
def test_it_builds_without_a_warning(arch: str) -> None:
    built = payload(arch)
    assert (built.os, built.arch) == ("linux", arch)
    assert len(bytes.fromhex(built.build_id)) == 20
    assert built.image == built.path.read_bytes()
    assert b"/" + Path.home().name.encode() + b"/" not in built.image
    assert str(paths.guest().parent).encode() not in built.image


def test_the_guests_init_builds_without_a_warning() -> None:
    assert build_init(NATIVE, strict=True).build_id != payload(NATIVE).build_id


def test_another_checkout_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = payload(NATIVE)
    shutil.copytree(paths.guest(), tmp_path / "deep" / "er" / "guest")
    monkeypatch.setenv("FERRULE_ROOT", str(tmp_path / "deep" / "er"))
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    there = build_payload("linux", NATIVE)
    assert there.path != here.path
    assert there.image == here.image
    assert there.build_id == here.build_id


def test_a_second_build_is_the_cached_one_and_a_change_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(paths.guest(), tmp_path / "guest")
    monkeypatch.setenv("FERRULE_ROOT", str(tmp_path))
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    first = build_init(NATIVE)
    made = first.path.stat().st_mtime_ns
    assert build_init(NATIVE).path.stat().st_mtime_ns == made
    header = tmp_path / "guest" / "core" / "record.h"
    header.write_text(header.read_text().replace("RECORD_LIMIT = 1000", "RECORD_LIMIT = 999"))
    changed = build_init(NATIVE)
    assert changed.path != first.path
    assert changed.build_id != first.build_id


def test_the_hello_record_says_what_was_built() -> None:
    built = payload(NATIVE)
    (hello,) = output_of(built, "--list").kind("hello")
    assert hello.fields["build"] == built.build_id
    assert hello.fields["compiler"] == built.compiler
    assert hello.fields["flags"] == built.flags
    assert (hello.fields["os"], hello.fields["arch"]) == ("linux", NATIVE)


def test_what_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="os plan9: there is no port"):
        build_payload("plan9", NATIVE)
    with pytest.raises(UsageError, match="vax"):
        build_payload("linux", "vax")
    with pytest.raises(UsageError, match="no such workload"):
        build_payload("linux", NATIVE, extra_workloads=[tmp_path / "absent.c"])


def test_what_does_not_compile_shows_the_compilers_words(tmp_path: Path) -> None:
    bad = tmp_path / "family" / "bad.c"
    bad.parent.mkdir()
    bad.write_text("#error this is the reason\n")
    with pytest.raises(BuildFailed, match="this is the reason"):
        build_payload("linux", NATIVE, extra_workloads=[bad])


def test_a_cache_that_cannot_be_written_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(InfrastructureError, match="set FERRULE_CACHE to a folder"):
        build_payload("linux", NATIVE)


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126) | st.just("\n"), max_size=500))
def test_a_patch_changes_the_section_and_nothing_else(text: str) -> None:
    image = payload(NATIVE).image
    patched = patch_plan(image, text)
    at = image.index(PLAN_MAGIC.ljust(CAPACITY, b"\0"))
    assert patched[at : at + CAPACITY] == text.encode().ljust(CAPACITY, b"\0")
    assert patched[:at] == image[:at]
    assert patched[at + CAPACITY :] == image[at + CAPACITY :]
    assert patch_plan(image, text.encode()) == patched


def test_a_patch_that_cannot_be_is_refused() -> None:
    image = payload(NATIVE).image
    with pytest.raises(UsageError, match="16384 bytes"):
        patch_plan(image, "#" * CAPACITY)
    patch_plan(image, "#" * (CAPACITY - 1))
    for text in ("w null_call\0", "w näll_call", "\r\n"):
        with pytest.raises(UsageError, match="printable ASCII"):
            patch_plan(image, text)
    with pytest.raises(InfrastructureError, match="patched already"):
        patch_plan(patch_plan(image, "w null_call"), "w null_call")
    with pytest.raises(InfrastructureError, match="not an ELF file"):
        patch_plan(b"#!/bin/sh\n", "")
    with pytest.raises(InfrastructureError, match=r"no \.plan section"):
        patch_plan(build_init(NATIVE).image, "")


@given(st.data())
def test_any_damaged_file_is_refused_or_patched_in_place(data: st.DataObject) -> None:
    image = payload(NATIVE).image
    cut = data.draw(st.integers(0, len(image)))
    try:
        assert len(patch_plan(image[:cut], "w null_call")) == cut
    except InfrastructureError:
        assert cut < len(image)


@pytest.mark.parametrize("keep", [0, 1, 2])
def test_a_program_in_the_cache_that_was_cut_is_made_anew(
    keep: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path))
    whole = build_payload("linux", NATIVE)
    whole.path.write_bytes(whole.image[: len(whole.image) * keep // 3])
    assert build_payload("linux", NATIVE).image == whole.image
