"""Makes a disk image of one partition with a GUID partition table (UEFI specification 2.10, 5.3)."""

from __future__ import annotations

import hashlib
import struct
import uuid
import zlib
from typing import Final

SECTOR: Final = 512
FIRST: Final = 2048  # first sector of the partition: at 1 MiB, as partitioning tools do
LINUX_DATA: Final = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
_ENTRIES, _ENTRY_BYTES = 128, 128
_TABLE: Final = _ENTRIES * _ENTRY_BYTES // SECTOR  # sectors of the entries, which are at both ends of the disk


def disk(partition: bytes, name: str = "root") -> bytes:
    """The disk image for a partition of whole sectors. Its GUIDs come from its content: same content, same bytes."""
    if not partition or len(partition) % SECTOR:
        raise ValueError(f"a partition of {len(partition)} bytes is not whole sectors")
    last = FIRST + len(partition) // SECTOR - 1
    end = last + 1 + _TABLE  # sector of the header's copy, after the copy of the entries
    own, whole = (hashlib.sha256(what + partition).digest()[:16] for what in (b"partition", b"disk"))
    place = struct.pack("<QQQ", FIRST, last, 0)
    entries = (LINUX_DATA.bytes_le + own + place + name.encode("utf-16-le")).ljust(_ENTRIES * _ENTRY_BYTES, b"\0")

    def header(here: int, other: int, table: int) -> bytes:
        sectors = (here, other, 2 + _TABLE, last)
        more = (table, _ENTRIES, _ENTRY_BYTES, zlib.crc32(entries))
        head = struct.pack("<8sIIII4Q16sQIII", b"EFI PART", 0x10000, 92, 0, 0, *sectors, whole, *more)
        return (head[:16] + struct.pack("<I", zlib.crc32(head)) + head[20:]).ljust(SECTOR, b"\0")

    protective = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, end)
    record = (bytes(446) + protective).ljust(510, b"\0") + b"\x55\xaa"
    front = (record + header(1, end, 2) + entries).ljust(FIRST * SECTOR, b"\0")
    return front + partition + entries + header(end, 1, last + 1)
