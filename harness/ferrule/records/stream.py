"""Decoding the record stream (framing: guest/core/record.h): every intact record, and a report of all damage.

The bytes come from a guest that is not trusted and over a line that others write to as well. The decoder uses a
bounded amount of memory, never raises, and returns only records whose CRC is right.
"""

from __future__ import annotations

import re
import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

RECORD_LIMIT: Final = 1000  # guest/core/record.h
INIT_PROCESS: Final = 4294967295  # the stream of the guest's init: it has no `done`
PENDING_LIMIT: Final = 4096  # bytes kept of a line that has not ended yet
STREAMS_LIMIT: Final = 1024  # streams one guest may open: a valid guest opens one a process
REMEMBERED: Final = 64  # records remembered of a stream, to distinguish a repeated record from a restart

MARK: Final = b"#fr1 "  # where a record begins
_STREAM = re.compile(rb"#fr1 ([0-9a-z]{1,16})\.(0|[1-9][0-9]{0,9}) ")
_NAME = rb"[a-z][a-z0-9_.]*"
_RECORD = re.compile(
    rb"#fr1 ([0-9a-z]{1,16})\.(0|[1-9][0-9]{0,9}) (0|[1-9][0-9]{0,19}) (%b)((?: %b=[!\"$-}]*)*)" % (_NAME, _NAME)
)
_ESCAPE = re.compile(r"%([0-9A-F]{2})?")
_CRC = re.compile(rb" ~([0-9a-f]{8})")


@dataclass(frozen=True)
class Record:
    """One record, as sent. Values are percent-decoded text; bytes that are not UTF-8 are replaced."""

    run: str
    process: int
    seq: int
    kind: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Damage:
    """A record that did not arrive as sent. `run` and `process` name its stream, as far as they can be read.

    corrupt: a wrong CRC or grammar. cut: a record without its end, or a stream that ended without `done`. overlong: a
    record over RECORD_LIMIT. loss: a hole in the sequence. duplicate: a record that came before, not returned again.
    """

    kind: Literal["corrupt", "loss", "cut", "overlong", "duplicate"]
    run: str | None
    process: int | None
    detail: str


@dataclass(frozen=True)
class Restart:
    """A stream started over under the same name: the guest rebooted, or its payload was started again."""

    run: str
    process: int
    detail: str


@dataclass(frozen=True)
class Noise:
    """A line, or part of a line, that is no record: output of the kernel's log, firmware or a shell."""

    text: str


Event = Record | Damage | Restart | Noise


@dataclass
class _Stream:
    """The state of one stream: the next sequence number, and (number, CRC) of the last records."""

    due: int = 0
    finished: bool = False
    recent: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))


class Decoder:
    """Takes bytes as they come, in pieces of any size; returns events in the order of the bytes."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._skipping = False  # inside a record that is too long, until its line ends or another record begins
        self._streams: dict[tuple[str, int], _Stream] = {}

    def feed(self, chunk: bytes) -> list[Event]:
        """Events that these bytes complete."""
        events: list[Event] = []
        *lines, rest = (self._pending + chunk).split(b"\n")
        for line in lines:
            self._line(bytes(line), events)
            self._skipping = False
        self._pending = rest
        if len(rest) > PENDING_LIMIT:
            self._relieve(events)
        return events

    def close(self) -> list[Event]:
        """Events of the end: a last line without newline, and streams that never sent `done`."""
        events: list[Event] = []
        self._line(bytes(self._pending), events)
        self._pending.clear()
        self._skipping = False
        for (run, process), stream in self._streams.items():
            if not stream.finished and process != INIT_PROCESS:
                events.append(Damage("cut", run, process, f"the stream ended before record {stream.due}, without done"))
        self._streams.clear()
        return events

    def _relieve(self, events: list[Event]) -> None:
        """Drop an unfinished line that is too long to be kept, but not a record that begins at its end."""
        last = self._pending.rfind(MARK)
        whole = last >= 0 and len(self._pending) - last <= PENDING_LIMIT
        keep = last if whole else len(self._pending) - (len(MARK) - 1)
        self._line(bytes(self._pending[:keep]), events)
        self._skipping = not whole and (self._skipping or last >= 0)
        del self._pending[:keep]

    def _line(self, line: bytes, events: list[Event]) -> None:
        """Decode a line. It may hold several records, when newlines were lost, with other text around them."""
        head, *bodies = line.split(MARK)
        if not self._skipping:
            _noise(head, events)
        for body in bodies:
            self._segment(MARK + body, events)

    def _segment(self, text: bytes, events: list[Event]) -> None:
        """Decode the text from one mark to the next, or to the end of the line."""
        end = _CRC.search(text)
        length = end.end() + 1 if end else len(text)
        if length > RECORD_LIMIT:
            what = f"a record of {length} bytes, the limit is {RECORD_LIMIT}"
            events.append(Damage("overlong", *_sender(text), what))
            return
        if end is None:
            events.append(Damage("cut", *_sender(text), f"a record ends early: {_show(text)}"))
            return
        body, crc = text[: end.start()], int(end[1], 16)
        found = _RECORD.fullmatch(body) if zlib.crc32(body) == crc else None
        fields = _fields(found[5].decode("ascii")) if found else None
        if found is None or fields is None:
            events.append(Damage("corrupt", *_sender(text), f"a record is damaged: {_show(text)}"))
        else:
            record = Record(found[1].decode(), int(found[2]), int(found[3]), found[4].decode(), fields)
            self._place(record, crc, events)
        _noise(text[end.end() :], events)

    def _place(self, record: Record, crc: int, events: list[Event]) -> None:
        """Put an intact record into its stream: the next one, one after a hole, a repeated one, or a restart."""
        run, process, seq = record.run, record.process, record.seq
        if (run, process) not in self._streams and len(self._streams) == STREAMS_LIMIT:
            events.append(Damage("corrupt", run, process, f"more than {STREAMS_LIMIT} streams: not followed"))
            return
        stream = self._streams.setdefault((run, process), _Stream())
        if seq < stream.due:
            if (seq, crc) in stream.recent and not (seq == 0 and stream.due > 1):
                events.append(Damage("duplicate", run, process, f"record {seq} came again"))
                return
            events.append(Restart(run, process, f"record {seq} came after record {stream.due - 1}"))
            stream = self._streams[run, process] = _Stream()
        if seq > stream.due:
            last = f" to {seq - 1}" if seq > stream.due + 1 else ""
            events.append(Damage("loss", run, process, f"record {stream.due}{last} did not arrive"))
        stream.due = seq + 1
        stream.finished = record.kind == "done"
        stream.recent.append((seq, crc))
        events.append(record)


def _sender(text: bytes) -> tuple[str | None, int | None]:
    """Run and process of a bad record, as far as they can be read."""
    name = _STREAM.match(text)
    return (name[1].decode(), int(name[2])) if name else (None, None)


def _fields(text: str) -> dict[str, str] | None:
    """The fields of a record's text, which matches the grammar; None when one is malformed or given twice."""
    words = [word.partition("=") for word in text.split(" ")[1:]]
    fields = {key: value for key, _, value in words}
    if len(fields) != len(words):
        return None
    if "%" in text:
        for key, value in fields.items():
            if "" in _ESCAPE.findall(value):
                return None
            plain = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), value)
            fields[key] = plain.encode("latin-1").decode("utf-8", "replace")
    return fields


def _noise(text: bytes, events: list[Event]) -> None:
    shown = text.strip(b"\r").decode("utf-8", "replace")
    if shown:
        events.append(Noise(shown))


def _show(text: bytes) -> str:
    """The beginning of a bad record, safe to print."""
    return ascii(text[:80].decode("latin-1"))[1:-1]
