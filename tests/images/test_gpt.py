"""The partition table, read back by the rules of the UEFI specification."""

from __future__ import annotations

import struct
import uuid
import zlib

import pytest
from ferrule.images import gpt
from hypothesis import given
from hypothesis import strategies as st


def header(disk: bytes, sector: int) -> tuple[int, ...]:
    """Check a header; its fields (own sector, the other's, first and last usable, table's sector, entries, size)."""
    raw = disk[sector * 512 : sector * 512 + 92]
    signature, revision, size, crc = struct.unpack("<8sIII", raw[:20])
    assert (signature, revision, size) == (b"EFI PART", 0x10000, 92)
    assert zlib.crc32(raw[:16] + bytes(4) + raw[20:]) == crc
    here, other, first, last, _, table, count, entry, crc = struct.unpack("<4Q16sQIII", raw[24:92])
    assert zlib.crc32(disk[table * 512 : table * 512 + count * entry]) == crc
    return here, other, first, last, table, count, entry


@given(st.binary(min_size=1, max_size=64), st.integers(1, 64))
def test_both_tables_lead_to_the_partition(pattern: bytes, sectors: int) -> None:
    partition = (pattern * (sectors * 512))[: sectors * 512]
    disk = gpt.disk(partition, "root")
    end = len(disk) // 512 - 1
    front, back = header(disk, 1), header(disk, end)
    assert front[:2] == (1, end)
    assert back[:2] == (end, 1)
    for here, _, usable, last_usable, table, _, _ in (front, back):
        raw = disk[table * 512 : table * 512 + 128]
        assert uuid.UUID(bytes_le=raw[:16]) == gpt.LINUX_DATA
        first, last = struct.unpack("<QQ", raw[32:48])
        assert raw[56:128].decode("utf-16-le").rstrip("\0") == "root"
        assert disk[first * 512 : (last + 1) * 512] == partition
        assert usable <= first <= last <= last_usable
        assert not first <= here <= last
        assert not first <= table <= last
        assert not first <= table + 31 <= last
    assert disk == gpt.disk(partition, "root")


def test_old_partitioners_see_a_full_disk() -> None:
    disk = gpt.disk(bytes(512))
    kind, first, count = disk[450], *struct.unpack("<II", disk[454:462])
    assert (kind, first, count) == (0xEE, 1, len(disk) // 512 - 1)
    assert disk[510:512] == b"\x55\xaa"


@pytest.mark.parametrize("size", [0, 1, 513])
def test_a_partition_is_whole_sectors(size: int) -> None:
    with pytest.raises(ValueError, match="not whole sectors"):
        gpt.disk(bytes(size))
