"""Results without a ratio: those of different processors with the same name."""

from __future__ import annotations

import pytest
from ferrule.errors import UsageError
from ferrule.stats.compare import compare
from ferrule.stats.summary import summarise

from tests.support import synthetic as make
from tests.support.synthetic import CALL

GOLDEN = {"host.cpu.vendor": "GenuineIntel", "host.cpu.family": "6", "host.cpu.model_number": "143"}
NEOVERSE = {"host.cpu.implementer": "0x41", "host.cpu.part": "0xd0c", "host.cpu.variant": "0x3"}


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        (GOLDEN, GOLDEN | {"host.cpu.model_number": "207"}, "(model 143 and model 207)"),
        (GOLDEN | {"host.cpu.stepping": "4"}, GOLDEN | {"host.cpu.stepping": "8"}, "(stepping 4 and stepping 8)"),
        (GOLDEN, GOLDEN | {"host.cpu.vendor": "AMD", "host.cpu.family": "25"}, "(vendor GenuineIntel, family 6 and "),
        (NEOVERSE, NEOVERSE | {"host.cpu.variant": "0x4"}, "(variant 0x3 and variant 0x4)"),
        (NEOVERSE, NEOVERSE | {"host.cpu.implementer": "0x4e"}, "(implementer 0x41 and implementer 0x4e)"),
    ],
)
def test_processors_that_share_a_name_are_distinguished(
    one: dict[str, str], other: dict[str, str], difference: str
) -> None:
    summary = summarise(make.run("x", [100.0] * 7, CALL), make.conditions())
    with pytest.raises(UsageError) as caught:
        compare(summary, make.conditions(facts=one), summary, make.conditions(facts=other))
    assert f"processors of one name differ {difference}" in str(caught.value)
    old = make.conditions(facts={"host.governor": "performance"})  # stored before this was recorded
    for facts in (one, other):
        assert compare(summary, old, summary, make.conditions(facts=facts)).ratio == 1.0
        assert compare(summary, make.conditions(facts=facts | {"host.cpu.microcode": "1"}), summary, old).ratio == 1.0
    counts = {"accel": "icount", "unit": "instructions"}
    counted = [make.conditions(facts=facts, **counts) for facts in (one, other)]
    counted_summary = summarise(make.run("x", [154.5] * 7, CALL), counted[0])
    assert compare(counted_summary, counted[0], counted_summary, counted[1]).ratio == 1.0
