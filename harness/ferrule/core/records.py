"""The payload's own record writer and CRC, on this host: the decoder is tested against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferrule.core._native import native

Value = str | int | Sequence[int] | Mapping[int, int]


def crc32(data: bytes) -> int:
    """crc32_of(): the CRC that frames a record; equal to zlib.crc32."""
    ffi, lib = native()
    return int(lib.crc32_of(ffi.from_buffer(data), len(data)))


class Encoder:
    """One stream of records, written by guest/core/record.c."""

    def __init__(self, run: str, process: int) -> None:
        self._ffi, self._lib = native()
        self._bytes = self._ffi.new("char[4096]")
        self._buffer: Any = self._ffi.new("struct host_buffer *", {"bytes": self._bytes, "capacity": 4096})
        self._record: Any = self._ffi.new("struct record *")
        sink = self._ffi.addressof(self._lib, "host_sink")
        self._lib.record_init(self._record, sink, self._buffer, run.encode(), process)

    def encode(self, kind: str, fields: Mapping[str, Value]) -> list[bytes]:
        """The lines of one record; more than one, of the same kind and with the other fields repeated, for long lists.

        A str is text, an int a number, a sequence a list of numbers, a mapping {bucket: members} of a histogram. At
        most one field may be a list or mapping; it comes last.
        """
        lists = {key: value for key, value in fields.items() if not isinstance(value, str | int)}
        plain = {key: value for key, value in fields.items() if isinstance(value, str | int)}
        if len(lists) > 1:
            raise ValueError(f"record {kind}: more than one list: {', '.join(lists)}")
        if not lists:
            self._begin(kind, plain)
            return [self._end()]
        ((key, value),) = lists.items()
        return (
            self._histogram(kind, plain, key, value)
            if isinstance(value, Mapping)
            else self._list(kind, plain, key, value)
        )

    def _list(self, kind: str, plain: Mapping[str, str | int], key: str, values: Any) -> list[bytes]:
        lines: list[bytes] = []
        left = list(values)
        while left:
            self._begin(kind, plain)
            taken = int(self._lib.record_u64_list(self._record, key.encode(), left, len(left)))
            lines.append(self._end())
            if taken == 0:
                raise ValueError(f"record {kind}: no room for {key}")
            left = left[taken:]
        return lines

    def _histogram(
        self, kind: str, plain: Mapping[str, str | int], key: str, members: Mapping[int, int]
    ) -> list[bytes]:
        lines: list[bytes] = []
        counts = self._ffi.new("uint32_t[]", int(self._lib.HIST_BUCKETS))
        for bucket, count in members.items():
            counts[bucket] = count
        following = self._ffi.new("uint32_t *")
        more = 1
        while more:
            self._begin(kind, plain)
            more = self._lib.record_buckets(self._record, key.encode(), counts, len(counts), following)
            lines.append(self._end())
        return lines

    def _begin(self, kind: str, plain: Mapping[str, str | int]) -> None:
        self._lib.record_begin(self._record, kind.encode())
        for key, value in plain.items():
            if isinstance(value, str):
                self._lib.record_text(self._record, key.encode(), value.encode())
            elif value < 0:
                self._lib.record_i64(self._record, key.encode(), value)
            else:
                self._lib.record_u64(self._record, key.encode(), value)

    def _end(self) -> bytes:
        self._buffer.used = 0
        self._lib.record_end(self._record)
        return bytes(self._ffi.buffer(self._bytes, self._buffer.used))
