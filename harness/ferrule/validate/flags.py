"""The flags of `ferrule validate` and `ferrule agree`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

SEED: Final = 20261125
ROUNDS: Final = 8  # beside other benchmarks
PEERS: Final = "folder with your builds of will-it-scale, libMicro and UnixBench (default: $FERRULE_PEERS)"
PARTS: Final = ("coverage", "families", "drift", "exactness", "agreement", "speed", "cost", "page")


def add(parser: argparse.ArgumentParser) -> None:
    """Add all flags."""
    flag = parser.add_argument
    flag("--only", metavar="PARTS", default="", help=f"some of {','.join(PARTS)} (default: all)")
    flag("--short", action="store_true", help="minutes instead of hours: tests that it runs; figures mean little")
    flag("--seed", type=int, default=SEED, metavar="N", help="of everything that is random")
    flag("--runs", type=int, metavar="N", help="full A/A runs (default: 60)")
    flag("--corpus", type=Path, metavar="DIR", help="folder of finished parts (default: in the user's cache)")
    flag("--out", type=Path, metavar="FILE", help="the page (default: results/validation.md)")
    flag("--note", metavar="TEXT", action="append", default=[], help="a condition that the page states; repeatable")
    flag("--peers", type=Path, metavar="DIR", help=PEERS)


def add_agree(parser: argparse.ArgumentParser) -> None:
    """Add all flags of `ferrule agree`."""
    flag = parser.add_argument
    flag("--peers", type=Path, metavar="DIR", help=PEERS)
    flag("--pairs", metavar="WORDS", default="", help="only pairs with one of these in their name")
    flag("--list", action="store_true", help="name all pairs, measure nothing")
    flag("--rounds", type=int, default=ROUNDS, metavar="N", help=f"number of rounds (default: {ROUNDS})")
    flag("--cpu", type=int, metavar="N", help="CPU on which both run (default: the one that a measurement takes)")
    flag("--seed", type=int, default=1, metavar="N", help="of every order")
    flag("--json", type=Path, metavar="FILE", help="store the run here, round by round; continue a stored one")
    flag("--markdown", type=Path, metavar="FILE", help="write the tables as Markdown")
    flag("--show", action="store_true", help="measure nothing: show what --json FILE holds")
