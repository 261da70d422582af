"""A fuzzer of one reader: `python -m tests.fuzz.readers NAME CORPUS [libFuzzer's flags]`. Needs atheris.

NAME is a format of tests/test_formats.py, or `stream`. Failing inputs are kept in tests/fuzz/corpus/NAME and read
by every run of the tests.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

try:
    import atheris
except ImportError:
    sys.exit("tests.fuzz.readers: atheris is not installed; nox -s fuzz installs it where it has a wheel")

with atheris.instrument_imports(include=["ferrule"]):
    from tests.support import hostile
    from tests.support.formats import reader
    from tests.support.reading import stream_is_read
    from tests.test_formats import FORMATS


def main(name: str, corpus: Path, flags: list[str]) -> None:
    corpus.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        os.environ["FERRULE_CACHE"] = stack.enter_context(tempfile.TemporaryDirectory())
        read: Callable[[bytes], object] = stream_is_read
        if name != "stream":
            read = stack.enter_context(reader(FORMATS[name]))
            for number, content in enumerate(FORMATS[name].good()):
                (corpus / f"good-{number}").write_bytes(content)

        def once(data: Any) -> None:
            hostile.outcome(lambda: read(bytes(data)))

        atheris.Setup([sys.argv[0], str(corpus), *flags], once)  # new inputs go into the first folder
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
