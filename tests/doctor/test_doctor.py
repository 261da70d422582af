"""The doctor's findings on this machine, and on one where nothing is installed."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import get_args

import pytest
from ferrule import doctor, guests
from ferrule.doctor.capabilities import capabilities
from ferrule.doctor.finding import Finding, missing
from ferrule.doctor.guests import at_hand
from ferrule.doctor.host import cpu_model, judge, steal_share
from ferrule.machine import accel
from ferrule.machine.options import AccelChoice, GuestOptions
from hypothesis import given
from hypothesis import strategies as st

from tests.support.kinds import CD

CHOICES: tuple[AccelChoice, ...] = get_args(AccelChoice)
STATES = st.sampled_from(["ok", "note", "missing"])
WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=12)
FINDINGS = st.builds(Finding, WORDS, WORDS, STATES, WORDS, WORDS, WORDS, st.lists(WORDS, max_size=3).map(tuple))
TIMES = st.lists(st.integers(0, 10**12), min_size=8, max_size=10)


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CC", "FERRULE_QEMU"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))


def test_this_machine_is_examined() -> None:
    found = doctor.examine(GuestOptions(), guests.embedded())
    by_name = {finding.name: finding for finding in found}
    assert {"Python", "C compiler", "QEMU", "counter", "cpu", "load"} <= by_name.keys()
    assert by_name["Python"].state == "ok"
    for finding in found:
        assert finding.detail, finding
        assert "\n" not in finding.detail, finding
        if finding.state != "ok":
            assert finding.costs, f"{finding}: says nothing about what it costs"


@pytest.mark.usefixtures("bare_machine")
def test_a_bare_machine_gets_every_command() -> None:
    found = {finding.name: finding for finding in capabilities(GuestOptions())}
    for name, package in {"QEMU": "qemu-system-x86", "qemu-user, riscv64": "qemu-user-static"}.items():
        assert found[name].state == "missing"
        assert found[name].remedy.endswith(f"apt-get install -y --no-install-recommends {package}")
        assert "apt-get" not in found[name].detail, "advice belongs into the remedy"
    assert "accelerator" not in found, "without QEMU there is nothing to accelerate"
    text = doctor.render(found.values(), colour=False)
    assert text.splitlines()[-1].startswith("all that is missing at once: ")


@pytest.mark.usefixtures("bare_machine")
def test_a_compiler_that_does_not_run_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    found = {finding.name: finding for finding in capabilities(GuestOptions())}
    assert found["C compiler"].state == "missing"
    assert "no-such-compiler" in found["C compiler"].detail
    assert found["C compiler"].remedy == "unset CC"


@given(st.lists(FINDINGS, max_size=8))
def test_rendering_drops_nothing(found: list[Finding]) -> None:
    plain = doctor.render(found, colour=False)
    assert "\x1b" not in plain
    for finding in found:
        for text in (finding.section, finding.name, finding.state, finding.detail, finding.costs, finding.remedy):
            assert text in plain


def test_colour_is_for_terminals() -> None:
    finding = missing("tools", "perf", "not on PATH", "no cross-check", "linux-perf")
    assert "\x1b[31m" in doctor.render([finding], colour=True)
    assert "\x1b" not in doctor.render([finding])


@pytest.mark.parametrize(
    ("name", "text", "state"),
    [
        ("governor", "performance", "ok"),
        ("governor", "powersave", "note"),
        ("boost", "1", "note"),
        ("no_turbo", "1", "ok"),
        ("no_turbo", "0", "note"),
        ("smt", "0", "ok"),
        ("smt", "1", "note"),
        ("hypervisor", "none", "ok"),
        ("hypervisor", "KVM", "note"),
        ("quota", "none", "ok"),
        ("quota", "0.5 CPUs (50000 of 100000 us, group /a)", "note"),
        ("placement", "cross core", "ok"),
        ("placement", "smt siblings", "note"),
        ("clocksource", "tsc", "ok"),
    ],
)
def test_facts_are_judged(name: str, text: str, state: str) -> None:
    finding = judge(name, text)
    assert finding.state == state
    assert bool(finding.costs) == (state == "note")


@pytest.mark.parametrize(
    ("cpuinfo", "model"),
    [
        ("processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n", "AMD EPYC"),
        ("hart\t: 0\nisa\t: rv64imafdc\nuarch\t: sifive,u74-mc\n", "sifive,u74-mc"),
        ("CPU implementer\t: 0x41\nCPU part\t: 0xd0c\n", "CPU implementer 0x41 CPU part 0xd0c"),
        ("", "of unknown model"),
    ],
)
def test_cpu_models(cpuinfo: str, model: str) -> None:
    assert cpu_model(cpuinfo) == model


@given(st.text(), st.text())
def test_unreadable_kernel_files_are_no_error(first: str, second: str) -> None:
    assert cpu_model(first)
    assert steal_share(first, second) is None or "cpu " in first


@given(TIMES, st.lists(st.integers(0, 10**6), min_size=8, max_size=8))
def test_stolen_time_is_a_share_of_all_time(before: list[int], spent: list[int]) -> None:
    after = [early + late for early, late in zip(before, spent, strict=False)]
    share = steal_share(*(f"cpu  {' '.join(map(str, times))}\ncpu0 1 2 3\n" for times in (before, after)))
    if sum(spent) == 0:
        assert share is None
    else:
        assert share == pytest.approx(spent[7] / sum(spent))


def test_guests_are_found_or_the_remedy_is_named() -> None:
    """Every guest that needs no address, and for each missing one the exact line to write."""
    found = {finding.name: finding for finding in at_hand(GuestOptions(), guests.embedded())}
    assert list(found) == guests.embedded()
    assert found["local"].state == "ok"
    for name, finding in found.items():
        if finding.state == "missing" and f"--guest-file {name}." in finding.remedy:
            line = finding.remedy.partition("guests.toml: ")[2]
            (key,) = tomllib.loads(line)["guest"][name]
            assert f"{name}.{key}=FILE" in finding.remedy
            assert "get it: " in finding.detail


def test_what_the_run_will_find_is_not_called_missing(tmp_path: Path) -> None:
    """A kernel named only by the run's options is found; one that they name wrongly is missing."""
    kernel = tmp_path / "kernel"
    kernel.write_bytes(CD)
    table = tmp_path / "mine.toml"
    table.write_text(f'[guest.aero]\nkernel = "{kernel}"\n')
    for options in (GuestOptions(guests_file=table), GuestOptions(guest_files={("aero", "kernel"): kernel})):
        (finding,) = at_hand(options, ["aero"])
        assert finding.state == "ok", finding
    (without,) = at_hand(GuestOptions(guests_file=tmp_path / "none.toml"), ["aero"])
    assert without.state == "missing"
    wrong = GuestOptions(linux_kernel=table)
    found = [one for one in (*capabilities(wrong), *at_hand(wrong, ["linux"])) if one.name.startswith("linux")]
    assert [one.state for one in found] == ["missing", "missing"]
    assert all(str(table) in one.detail for one in found)


def test_an_accelerator_that_is_asked_for_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accel, "_kvm", lambda _: (False, "no /dev/kvm"))
    found = {kind: {one.name: one for one in capabilities(GuestOptions(accel=kind))} for kind in CHOICES}
    if "accelerator" not in found["auto"]:
        pytest.skip("no QEMU")
    states = {kind: findings["accelerator"].state for kind, findings in found.items()}
    assert states == {"auto": "note", "kvm": "missing", "tcg": "note", "icount": "ok"}


@pytest.mark.parametrize("known", ["linux-image-amd64", "linux-image-generic", None])
def test_a_kernel_is_promised_only_where_apt_offers_it(
    known: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ubuntu's package names differ from Debian's; where apt lists neither, the doctor reports it."""
    image = f"linux-image-6.8.0-31-{'generic' if known == 'linux-image-generic' else 'amd64'}"
    for tool in ("apt-get", "apt-cache"):
        answer = f'case "$*" in *"{known}") echo "Depends: {image}"; exit 0;; esac\n' if known else ""
        (tmp_path / tool).write_text(f"#!/bin/sh\n{answer}echo 'E: No packages found' >&2\nexit 100\n")
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    (kernel,) = [one for one in capabilities(GuestOptions()) if one.name == "linux kernel"]
    assert kernel.state == ("ok" if known else "note")
    assert (image if known else "neither linux-image-amd64 nor linux-image-generic") in kernel.detail
