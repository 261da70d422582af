"""A kernel really built: a library of a few lines around one small crate, by the cargo of this machine."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from ferrule import kernels
from ferrule.errors import BuildFailed, InfrastructureError, UsageError
from ferrule.kernels import build, command, recipe, source, store, toolchain
from ferrule.kernels.crates import Crate
from ferrule.kernels.recipe import Edit, EditSet, Recipe
from ferrule.kernels.tools import Tools

CRATE = Crate("cfg-if", "1.0.0", "baf1de4339761588bc0619e3cbc0120ee582ebb74b53b4efbf79117bd2da40fd")
MAIN = """
#![no_std]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }
cfg_if::cfg_if! { if #[cfg(unix)] { #[unsafe(no_mangle)] extern "C" fn kernel() -> &'static str { file!() } } }
"""
NOTHING = EditSet((1, 0), None)


def small(target: str, **changes: object) -> Recipe:
    made = Recipe(
        name="small",
        about="a library",
        file="libsmall.a",
        form="archive",
        target=target,
        main=MAIN,
        flags=("-Cpanic=abort",),
        dependencies={"cfg-if": {"version": "=1.0.0"}},
        crates=(CRATE,),
        sets=(NOTHING,),
        minutes=1,
        download=1,
        disk=10,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> build.Plan:
    """A plan of the small kernel, for the machine's own target, in a cache of its own."""
    here = [one for one in toolchain.found("x86_64-unknown-linux-gnu") if one.has_target and one.number >= (1, 85)]
    if not here or not shutil.which("cc"):
        pytest.skip("no Rust compiler of 2025 or later with cargo is here")
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    wanted = small(here[0].host)
    monkeypatch.setattr(recipe, "names", lambda: ["small"])
    monkeypatch.setattr(recipe, "read", lambda name: wanted)
    return build.Plan(wanted, here[0], Tools(Path("/bin/false"), "none", None), NOTHING)


def make(plan: build.Plan) -> store.Made:
    return build.make(plan, lambda _: None, lambda _: None)


def test_it_is_kept_with_its_manifest_and_the_folder_of_the_build_is_gone(plan: build.Plan) -> None:
    steps: list[str] = []
    made = build.make(plan, lambda _: None, steps.append)
    assert {"cfg_if", "ferrule_small"} <= set(steps)
    assert sorted(path.name for path in made.folder.iterdir()) == ["crates.txt", "libsmall.a", "manifest.json"]
    assert not [path for path in made.folder.parent.iterdir() if path.is_dir() and path != made.folder]
    manifest = json.loads((made.folder / "manifest.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(made.image.read_bytes()).hexdigest()
    licence = "MIT/Apache-2.0"
    assert manifest["crates"] == [{"name": "cfg-if", "version": "1.0.0", "sha256": CRATE.sha256, "licence": licence}]
    assert kernels.files("small") == {"kernel": made.image}
    assert kernels.facts(made.image)["kernel.crates"].startswith("cfg-if 1.0.0; 1 in all, list ")


def test_the_same_bytes_wherever_it_is_built(plan: build.Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make(plan).image.read_bytes()
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "another" / "cache"))
    monkeypatch.setenv("RUSTFLAGS", "-Copt-level=0")  # a user's own, which must not show
    assert make(plan).image.read_bytes() == first
    assert os.fsencode(tmp_path) not in first
    assert b"/kernel/" in first or b"src/lib.rs" in first


def test_what_is_there_is_not_built_again(plan: build.Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(plan)
    monkeypatch.setenv("PATH", "/nowhere")  # nothing could be built
    output = io.StringIO()
    command.get(["small"], output)
    assert output.getvalue() == f"small: in the cache: {made.image}\n"


def test_an_edit_changes_a_copy_and_the_result(plan: build.Plan) -> None:
    before = make(plan)
    packages = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo") / "registry" / "src"
    (origin,) = list(packages.glob("*/cfg-if-1.0.0/src/lib.rs"))[:1]
    content = origin.read_text()
    edit = Edit(
        "cfg-if 1.0.0",
        "src/lib.rs",
        hashlib.sha256(content.encode()).hexdigest(),
        (("#[macro_export]", '#[unsafe(no_mangle)] pub extern "C" fn edited() {}\n#[macro_export]', 1),),
    )
    changed = replace(plan, edits=EditSet((1, 0), None, (edit,)))
    assert changed.key != plan.key
    made = make(changed)
    assert made.manifest["edited"] == ["cfg-if 1.0.0"]
    assert b"edited" in made.image.read_bytes()
    assert b"edited" not in before.image.read_bytes()
    assert origin.read_text() == content


def test_a_build_that_fails_names_the_log_and_goes_on_from_there(plan: build.Plan) -> None:
    broken = replace(plan, recipe=replace(plan.recipe, main=MAIN.replace("loop {}", "loop { broken }")))
    with pytest.raises(
        BuildFailed, match=r"small: cargo ended with exit status 101; its whole output: \S+cargo.log\n +\| error"
    ) as failed:
        make(broken)
    log = Path(str(failed.value).partition("its whole output: ")[2].splitlines()[0])
    assert "broken" in log.read_text()
    with pytest.raises(BuildFailed):
        make(broken)
    assert log.read_text().count("error: could not compile") == 1, "the log is of the last try only"
    left = list(log.parent.rglob("*cfg_if*.rlib"))
    assert left, "what was built is there for the next try"


def test_a_checksum_that_is_not_the_registrys_is_refused(plan: build.Plan) -> None:
    wrong = replace(plan.recipe, crates=(replace(CRATE, sha256="0" * 64),))
    with pytest.raises(InfrastructureError, match=r"cargo fetch: .*checksum"):
        make(replace(plan, recipe=wrong))


def test_a_file_of_another_hash_is_not_edited() -> None:
    edit = Edit("a 1.0.0", "src/lib.rs", hashlib.sha256(b"one").hexdigest(), (("one", "two", 1),))
    assert source.apply(edit, b"one") == b"two"
    with pytest.raises(InfrastructureError, match=r"a 1\.0\.0: src/lib\.rs: its SHA-256 is .*: not edited"):
        source.apply(edit, b"one ")
    with pytest.raises(InfrastructureError, match="'two' is there 0 times, not 1"):
        source.apply(replace(edit, replace=(("two", "one", 1),)), b"one")


def test_a_kernel_of_an_earlier_list_is_not_taken(plan: build.Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(plan)
    later = replace(plan.recipe, main=MAIN + "// more\n")
    monkeypatch.setattr(recipe, "read", lambda name: later)
    assert [one.current for one in store.all_made()] == [False]
    assert kernels.files("small") == {}
    assert store.remove("small") > made.manifest["bytes"]
    assert store.all_made() == []


def test_a_truncated_image_is_ignored(plan: build.Plan) -> None:
    made = make(plan)
    made.image.write_bytes(made.image.read_bytes()[:-1])
    assert store.newest("small") is None


@pytest.mark.parametrize("text", ["", " , ", "linux", "starry,linux"])
def test_unknown_names_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"kernel .*there are: hermit, starry"):
        command._names(text)
