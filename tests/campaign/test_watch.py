"""Hostile guests: programs in the payload's place that know its plan, its token and its build."""

from __future__ import annotations

import io
import platform
import sys
import zlib
from pathlib import Path

import pytest
from ferrule.campaign.budget import Budget
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import PlainProgress
from ferrule.guests.local import LocalExecution, LocalGuest
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import Payload, build_payload
from ferrule.payload.key import RunKey
from ferrule.payload.plan import parse
from ferrule.records.samples import GuestResult

NATIVE = "x86_64" if platform.machine() == "x86_64" else "aarch64"
NULL = RunKey("null_call")
SHORT = Budget(boots=1, processes=1, batches=5, warm=1, each=20, target_ns=50_000, limit_ns=100_000_000, name="test")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")

SAY = """
import itertools, sys, time, zlib
count = itertools.count()
def say(text, run={run!r}):
    line = f"#fr1 {{run}}.0 {{next(count)}} {{text}}".encode()
    sys.stdout.buffer.write(line + b" ~%08x\\n" % zlib.crc32(line))
    sys.stdout.buffer.flush()
hello = "hello proto=1 os={os} arch={arch} build={build} plan={crc} process=0 runs=1"
begin = "begin i=0 pos=0 workload=null_call place=same_core"
clock = "clock counter=tsc hz=1000000000 resolution=1 cost=1 verdict=ok"
"""


class Liar(LocalGuest):
    """A guest that runs a program of the test instead of the payload."""

    def __init__(self, built: Payload, program: str) -> None:
        super().__init__(NATIVE, GuestOptions(cpus=()))
        self._built, self._program = built, program

    def execute(self, payload: bytes, processes: int, boot: int) -> LocalExecution:
        start = next(at for at, (one, two) in enumerate(zip(payload, self._built.image, strict=True)) if one != two)
        text = payload[start : payload.index(b"\0", start)]
        about = {"os": self._built.os, "arch": self._built.arch, "build": self._built.build_id}
        prologue = SAY.format(run=parse(text).run, crc=f"{zlib.crc32(text):08x}", **about)
        script = f"#!{sys.executable}\n{prologue}\n{self._program}\n".encode()
        return super().execute(script, processes, boot)


def lied_to(program: str, patience: float = 1.0, kind: type[Liar] = Liar) -> GuestResult:
    built = build_payload("linux", NATIVE)
    guest = kind(built, program)
    guest.boot_seconds = 2.0
    progress = PlainProgress(io.StringIO())
    return Campaign([guest], {"local": [NULL]}, lambda _: built, SHORT, 5, progress, patience=patience).run()["local"]


@pytest.mark.parametrize(
    "drip",
    [
        "say(f'fact name=a{next(count)} value=b')",
        "say('mark tick=1 ns=1')",
        "say('log text=here')",
        "say('hello proto=1', run='zz')",
        "say('ref what=pair n=0 t=1')",
    ],
)
def test_no_drip_of_valid_records_holds_the_harness(drip: str) -> None:
    result = lied_to(f"say(hello)\nwhile True:\n    {drip}\n    time.sleep(0.05)")
    assert result.runs[NULL].status in ("missing", "lost", "hung")
    assert result.errors
    for error in result.errors:
        assert "not finished 3 s after it began" in error or "no record for 1 s" in error or "records" in error


def test_a_run_that_never_ends_is_hung_however_much_it_says() -> None:
    drip = "say('ready i=0 n=1 per=call place=same_core')"
    result = lied_to(f"say(hello)\nsay(clock)\nsay(begin)\nwhile True:\n    {drip}\n    time.sleep(0.05)")
    assert result.runs[NULL].status == "hung"
    assert "not finished 3 s after it began during null_call" in result.runs[NULL].reason


def test_another_build_is_refused_by_name() -> None:
    result = lied_to("say(hello.replace('build=', 'build=0'))\ntime.sleep(60)")
    assert result.runs[NULL].status == "missing"
    assert "local: runs something else: its hello says build='0" in result.runs[NULL].reason


def test_a_stale_stream_is_not_taken_for_this_one(tmp_path: Path) -> None:
    result = lied_to("say(hello, run='0000000')\nsay('done runs=0 ok=0', run='0000000')")
    assert result.runs[NULL].status == "missing"
    assert "ended before its first record" in result.runs[NULL].reason


class Advising(Liar):
    def when_silent(self) -> str:
        return "try another port"


@pytest.mark.parametrize("program", ["pass", "time.sleep(60)"])
def test_a_guest_without_a_record_is_reported_with_advice(program: str) -> None:
    result = lied_to(program, kind=Advising)
    assert result.errors
    for error in result.errors:
        assert "sent nothing within 2 s of its start; try another port" in error or (
            "ended before its first record" in error and error.splitlines()[0].endswith("; try another port")
        )
    assert "try another port" not in "".join(lied_to(program).errors)
