"""A kernel under test in the exact tier: compared with an accepted baseline, and with a base counted before it."""

from __future__ import annotations

import json
import shutil
from argparse import Namespace
from pathlib import Path

import pytest
from ferrule import guests
from ferrule.cli import main
from ferrule.errors import EXIT_OK, UsageError
from ferrule.gate import kernel
from ferrule.gate.command import again
from ferrule.gate.formats import summary, table
from ferrule.gate.verdict import Finding, Report, Verdict
from ferrule.images import debian
from ferrule.machine.options import GuestOptions

USAGE = {
    "--base base": "--base base: what is compared with it? give --candidate KERNEL",
    "--candidate no": "--candidate no: no such file; the exact tier takes a kernel",
    "--candidate new --base no": "--base no: no such file",
    "--candidate new --guest floor": "--guest floor: name one guest that boots a kernel of yours",
    "--candidate new --guest linux,redox": "--guest linux,redox: name one guest",
    "--candidate new --guest ssh://a@b": "--guest ssh://a@b: name one guest",
    "--candidate new --base base --baselines kept": "--base: is counted here and now",
    "--candidate new --base base --update-baseline": "--base: is counted here and now",
    "--candidate new --pairs 3": "--pairs: is a flag of --tier time",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("new", "base"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("words", USAGE)
def test_what_cannot_be_compared_is_refused_in_a_line(
    words: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gate", *words.split()]) == 2
    message = capsys.readouterr().err
    assert USAGE[words] in message
    assert len(message.splitlines()) == 1


def asked(**more: object) -> Namespace:
    given = {"guest": None, "kernel_build": None, "guest_file": ["redox.image=x"], "baselines": None, "boots": None}
    return Namespace(**{**given, "update_baseline": False, "base": None, "candidate": None, **more})


def counted(parsed: Namespace, code: int = EXIT_OK) -> tuple[list[Namespace], Report]:
    """The flags of each count, and the report; a count that fails is a harness failure."""
    taken: list[Namespace] = []

    def count(flags: Namespace) -> Report:
        taken.append(flags)
        found = Finding("linux", "null_call", Verdict.OK, "the same", "exact", 5.0, 5.0)
        return Report((found,), () if code == EXIT_OK else ("no boot",), hints=("accept it",))

    return taken, kernel.gate(parsed, count)


def test_without_a_candidate_nothing_changes() -> None:
    plain = asked()
    assert counted(plain)[0] == [plain]


def test_the_candidate_is_what_the_guest_boots() -> None:
    (linux,), _ = counted(asked(candidate="new"))
    assert (linux.guest, linux.linux_kernel, linux.kernel_build) == ("linux", "new", "candidate")
    (redox,), _ = counted(asked(candidate="new", guest="redox", kernel_build="nightly"))
    assert (redox.guest, redox.guest_file) == ("redox", ["redox.image=x", "redox.kernel=new"])
    assert redox.kernel_build == "nightly"


def test_a_base_is_accepted_first_and_then_compared_with() -> None:
    (base, candidate), report = counted(asked(candidate="new", base="old"))
    assert (base.linux_kernel, candidate.linux_kernel) == ("old", "new")
    assert (base.update_baseline, candidate.update_baseline) == (True, False)
    assert base.baselines == candidate.baselines
    assert not Path(base.baselines).exists()
    assert report.hints == (), "the base's baseline is gone: there is nothing to update"
    assert summary.render(report).startswith("## Gate against old: 1 ok"), "a comment may hold another section"
    assert table.render(report).splitlines()[-1].startswith("gate against old: 1 ok")


def test_the_command_that_makes_a_baseline_names_the_candidate_once() -> None:
    (flags,), _ = counted(asked(candidate="new", guest_file=[]))
    assert flags.linux_kernel == "new"
    assert again(flags) == "ferrule gate --candidate 'new' --update-baseline"


@pytest.mark.parametrize("guest", [None, "redox"])
@pytest.mark.parametrize("flag", ["candidate", "base"])
def test_an_error_of_a_kernel_names_the_flag_that_was_given(flag: str, guest: str | None) -> None:
    given = f"--guest-file {guest}.kernel" if guest else "--linux-kernel"

    def count(flags: Namespace) -> Report:
        path = flags.guest_file[-1].partition("=")[2] if guest else flags.linux_kernel
        if path == flag:
            raise UsageError(f"{given}{'=' if guest else ' '}{path}: is no kernel")
        return Report((Finding("linux", "null_call", Verdict.OK, "the same", "exact", 5.0, 5.0),))

    with pytest.raises(UsageError, match=f"^--{flag} {flag}: is no kernel$"):
        kernel.gate(asked(candidate="candidate", base="base", guest=guest), count)


def test_a_base_that_cannot_be_counted_is_no_verdict_on_the_candidate() -> None:
    taken, report = counted(asked(candidate="new", base="old"), code=3)
    assert len(taken) == 1
    assert (report.exit_code, report.failures) == (3, ("base: no boot",))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A kernel as a build leaves it: a file."""
    if reason := guests.unavailable("linux", GuestOptions(accel="icount")):
        pytest.skip(reason)
    return Path(shutil.copy(debian.fetch() / debian.IMAGE, tmp_path / "bzImage"))


def test_a_kernel_is_compared_with_its_accepted_baseline(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """pti=on: another page table in each system call; eight more instructions in Debian's 6.1."""
    words = ["gate", "--candidate", str(image), "--baselines", str(image.parent / "kept"), "--workload", "null_call"]
    assert main([*words, "--update-baseline", "--boots", "2"]) == 0
    (kept,) = (image.parent / "kept").iterdir()
    assert kept.name.startswith("linux-candidate-")
    assert main([*words, "--linux-append", "pti=on"]) == 1
    assert "REGRESSED" in capsys.readouterr().out
    assert "kernel.append" not in json.loads(kept.read_text())["key"]


def test_a_kernel_is_compared_with_the_one_before_it(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["gate", "--candidate", str(image), "--base", str(image), "--workload", "null_call", "--boots", "2"]
    assert main(words) == 0
    assert "bzImage: 1 ok" in capsys.readouterr().out
