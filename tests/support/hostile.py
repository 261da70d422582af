"""Stored documents as somebody may have left them: one value, key or text of a good one turned into something else."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from ferrule.errors import FerruleError
from ferrule.text import STEERING
from hypothesis import strategies as st

DEEP = 100_000
HOSTILE = (  # as JSON writes them
    *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e308", "-1", "0", "-0.0", "0.5", "1.5", "2", "1e3"),
    *("9" * 400, "-" + "9" * 400, "9" * 5000, "9223372036854775808", "18446744073709551616", "true", "null"),
    *('""', '"\\ud800"', '"\\u001b]0;title\\u0007"', '"\\u202e"', '"../../../X"', '"/X"', '"1"', '"nan"', '"\\n"'),
    *(json.dumps("x" * 5000), json.dumps("x" * (1 << 21)), "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP),
    *("[]", "{}", "[1.5]", '["1"]', "[null]", "[[1]]", "[true]", "[-1]", "[0]", "[9223372036854775808]"),
    *('{"shape":[],"data":5}', '{"shape":[1],"data":[1]}', '{"shape":[-1],"data":[1]}', '{"shape":[2,2],"data":[1]}'),
    *('{"shape":[0,2],"data":[]}', '{"shape":[1.0],"data":[1]}', '{"shape":1,"data":[1]}', '{"data":[1]}'),
    *('{"a":1,"a":2}', '{"\\u001b[2J":1}'),
)
_HOLE = "\x00hole"


def places(document: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where something stands in a document; of a long list of plain numbers its first and last."""
    yield path
    if isinstance(document, dict):
        for key, value in document.items():
            yield from places(value, (*path, key))
    elif isinstance(document, list):
        plain = document and all(isinstance(one, (int, float)) for one in document)
        for at in sorted({0, len(document) - 1}) if plain else range(len(document)):
            yield from places(document[at], (*path, at))


@st.composite
def texts(draw: st.DrawFn, document: Any) -> str:
    """JSON of the document with one to three changes."""
    made, holes = copy.deepcopy(document), []
    for number in range(draw(st.integers(1, 3))):
        if not (where := [place for place in places(made) if place]):
            break
        path = draw(st.sampled_from(where))
        held: Any = made
        for step in path[:-1]:
            held = held[step]
        what: str = draw(st.sampled_from(["value", "value", "value", "gone", "renamed", "twice"]))
        if what == "gone":
            del held[path[-1]]
        elif what == "renamed" and isinstance(held, dict):
            held[draw(st.sampled_from(["", "x", "\x1b[31m", "\ud800", "k" * 3000]))] = held.pop(path[-1])
        elif what == "twice" and isinstance(held, list):
            held.insert(0, held[int(path[-1])])
        else:
            held[path[-1]] = f"{_HOLE}{number}"
            holes.append((json.dumps(f"{_HOLE}{number}"), draw(st.sampled_from(HOSTILE))))
    text = json.dumps(made, separators=(",", ":"))
    for hole, value in holes:
        text = text.replace(hole, value)
    return text


def outcome(read: Callable[[], object]) -> object:
    """What reading gives, or the error of ours; any other exception is the test's failure."""
    try:
        found = read()
    except FerruleError as error:
        said = str(error)
        assert not STEERING.search(said), ascii(said[:200])
        assert len(said.splitlines()) == 1, said[:400]
        assert len(said) < 2000, said[:400]
        return error
    for text in re.findall(r".+", str(found)) if isinstance(found, str) else ():
        assert not STEERING.search(text), ascii(text[:200])
    return found
