"""The flags of `ferrule validate`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

SEED: Final = 20261125
PARTS: Final = ("coverage", "families", "drift", "exactness", "agreement", "speed", "cost", "page")


def add(parser: argparse.ArgumentParser) -> None:
    """Add all flags."""
    flag = parser.add_argument
    flag("--only", metavar="PARTS", default="", help=f"some of {','.join(PARTS)} (default: all)")
    flag("--short", action="store_true", help="minutes instead of hours: shows that it works, and little more")
    flag("--seed", type=int, default=SEED, metavar="N", help="of everything that is drawn")
    flag("--runs", type=int, metavar="N", help="full A/A runs (default: 60)")
    flag("--corpus", type=Path, metavar="DIR", help="where finished pieces are kept (default: in the user's cache)")
    flag("--out", type=Path, metavar="FILE", help="the page (default: results/validation.md)")
    flag("--note", metavar="TEXT", action="append", default=[], help="a condition that the page states; repeatable")
    flag("--will-it-scale", type=Path, metavar="DIR", help="a built checkout of it, to be raced against")
    flag("--libmicro", type=Path, metavar="DIR", help="a built checkout of it, to be raced against")
