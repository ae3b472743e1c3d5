"""Image content for tests."""

import struct

SECTOR_BYTES = 2048


def iso(
    blocks: int = 20, *, identifier: bytes = b"CD001", block_bytes: int = SECTOR_BYTES, content: bytes = b""
) -> bytes:
    """Return a minimal ISO 9660 medium of `blocks` sectors; keywords spoil it, `content` makes it unlike others."""
    descriptor = bytearray(b"\x01" + identifier + b"\x01".ljust(SECTOR_BYTES - 6, b"\0"))
    struct.pack_into("<I", descriptor, 80, blocks)
    struct.pack_into("<H", descriptor, 128, block_bytes)
    medium = b"\0" * (16 * SECTOR_BYTES) + bytes(descriptor) + content
    return medium.ljust(blocks * SECTOR_BYTES, b"\0")
