"""The instructions that were seen in a boot, with all that is known of each: what windows are read against."""

from __future__ import annotations

from dataclasses import dataclass

from ferrule.anatomy.decode import Decoded
from ferrule.anatomy.flow import Handlers
from ferrule.anatomy.symbols import Functions
from ferrule.anatomy.trace import Code


@dataclass(frozen=True)
class Listing:
    """Code, what it does, whose it is, and which of it is handlers' first."""

    code: Code
    decoded: Decoded
    functions: Functions
    handlers: Handlers
