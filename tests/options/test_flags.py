"""The flags of a measurement: one definition, the same choices as the types behind them."""

from __future__ import annotations

import argparse
from typing import get_args

from ferrule.options import flags
from ferrule.records.samples import Aim


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    flags.add_to(parser)
    return parser.parse_args(words)


def test_choices_are_those_of_the_types() -> None:
    assert get_args(Aim) == flags.AIMS


def test_every_flag_has_a_help_of_two_lines_at_most() -> None:
    for flag in flags.every():
        assert 0 < len(flag.help) <= 100, flag.name


def test_repeatable_flags_start_from_nothing_each_time() -> None:
    assert parsed("--extra=a", "--extra=b").extra == ["a", "b"]
    assert parsed().extra == []
    assert parsed().guest_file == []
