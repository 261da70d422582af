"""Boot times in tables and in the history."""

from __future__ import annotations

from pathlib import Path

from ferrule.records.samples import GuestResult, Start
from ferrule.report import history, tables

from tests.support import synthetic as make


def booted(name: str, *starts: Start) -> GuestResult:
    made = make.guest([make.run("null_call", [154.5] * 7, make.CALL)], name, accel="icount", unit="instructions")
    made.starts = list(starts)
    return made


def test_boots_are_reported_to_the_instruction_or_by_their_range(tmp_path: Path) -> None:
    equal, apart = [Start(15, 33)] * 2, [Start(None, 40), Start(None, 44)]
    results = [booted("redox", *equal), booted("aero", *apart), booted("hermit")]
    text = tables.render(results, budget="quick", seed=5, declared=make.DECLARED)
    table = text[text.index("Boot: ") :].split("\n\n")[0].splitlines()
    assert [line.split("  ")[0] for line in table[3:]] == ["kernel entered", "payload begins"]
    assert [" ".join(line.split()[2:]) for line in table[3:]] == [
        "15 (2 boots equal) not seen",
        "33 (2 boots equal) [40, 44] (2 boots)",
    ]
    assert "hermit" not in table[1]
    history.append(tmp_path, results, seed=5, budget="quick", declared=make.DECLARED)
    stored = {one.column.guest: one.column.starts for one in history.load(tmp_path)}
    assert stored == {"redox": tuple(equal), "aero": tuple(apart), "hermit": ()}


def test_where_no_counter_counts_from_power_on_there_is_no_such_table() -> None:
    assert "Boot: " not in tables.render([booted("local")], budget="quick", seed=5, declared=make.DECLARED)
