"""The table of snapshots inside a qcow2 file, as far as checkpoints need it.

libvirt keeps its own list of a guest's snapshots, apart from the disks they are in. When one of the two is interrupted
or changed by somebody else they differ, and only what is in the disks can be gone back to. The file's format is QEMU's
(docs/interop/qcow2.txt): the header says how many snapshots there are and where their table begins.
"""

import struct
from dataclasses import dataclass

HEADER_BYTES = 72
MOST_SNAPSHOTS = 1024
ENTRY_BYTES = 512
"""More than an entry takes up: 40 bytes, some extra data, and two short texts."""

_MAGIC = b"QFI\xfb"
_FIXED = struct.Struct(">QIHHIIQII")


class TableUnreadable(ValueError):
    """The bytes are not a table of snapshots: damaged, or changed while they were read."""


@dataclass(frozen=True)
class DiskSnapshot:
    """A snapshot inside a disk."""

    name: str
    memory_bytes: int
    """How much of the guest's memory is with it; 0 in all but the first disk, and without memory."""


def table_place(header: bytes) -> tuple[int, int]:
    """Return the offset of the table and the number of its entries, from the first `HEADER_BYTES` of the file.

    Raises:
        TableUnreadable: this is no qcow2 file, or it has more than `MOST_SNAPSHOTS`.
    """
    if len(header) < HEADER_BYTES or header[:4] != _MAGIC:
        raise TableUnreadable("it is no qcow2 file")
    count, offset = struct.unpack_from(">IQ", header, 60)
    if count > MOST_SNAPSHOTS:
        raise TableUnreadable(f"it says that it has {count} snapshots")
    return offset, count


def read_table(table: bytes, count: int) -> list[DiskSnapshot]:
    """Read a table of `count` entries.

    Raises:
        TableUnreadable: it is cut off, or not a table.
    """
    snapshots: list[DiskSnapshot] = []
    position = 0
    try:
        for _ in range(count):
            snapshot, position = _entry(table, position)
            snapshots.append(snapshot)
    except (struct.error, UnicodeDecodeError) as error:
        raise TableUnreadable(str(error)) from error
    return snapshots


def _entry(table: bytes, position: int) -> tuple[DiskSnapshot, int]:
    _l1, _l1_size, id_length, name_length, _s, _ns, _clock, memory_bytes, extra = _FIXED.unpack_from(table, position)
    texts = position + _FIXED.size + extra
    if extra >= 8:
        (memory_bytes,) = struct.unpack_from(">Q", table, position + _FIXED.size)
    name = table[texts + id_length : texts + id_length + name_length]
    if len(name) < name_length:
        raise TableUnreadable("it ends too early")
    end = texts + id_length + name_length
    return DiskSnapshot(name.decode(), memory_bytes), (end + 7) & ~7
