"""The instructions seen in a boot, with all that is known of each: windows refer to them by number."""

from __future__ import annotations

from dataclasses import dataclass

from ferrule.anatomy.decode import Decoded
from ferrule.anatomy.flow import Handlers
from ferrule.anatomy.symbols import Functions
from ferrule.anatomy.trace import Code


@dataclass(frozen=True)
class Listing:
    """Code, its decoded properties, its functions, and the first instructions of handlers."""

    code: Code
    decoded: Decoded
    functions: Functions
    handlers: Handlers
