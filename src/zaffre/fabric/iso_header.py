"""Reading the primary volume descriptor of an ISO 9660 medium before it is taken into the library.

An ISO is given to guests as raw bytes, so nothing it says can reach a host's files; the check keeps a mistaken file or
one that was cut short from becoming a medium that no guest can read. Layout: ECMA-119, sections 6.2.1 and 8.4.
"""

import struct
from typing import NoReturn

from zaffre.fabric.image_header import ImageHeader, ImageRefused

SECTOR_BYTES = 2048
DESCRIPTOR_AT = 16 * SECTOR_BYTES
ISO_HEADER_BYTES = DESCRIPTOR_AT + SECTOR_BYTES
PRIMARY = b"\x01CD001\x01"
"""Type 1 (primary), the standard's identifier, version 1."""
_VOLUME_BLOCKS_AT = 80
_BLOCK_BYTES_AT = 128
BLOCK_SIZES = (512, 1024, 2048)


def read_iso_header(first_bytes: bytes, size_bytes: int) -> ImageHeader:
    """Check the beginning of an ISO.

    Args:
        first_bytes: at least the first `ISO_HEADER_BYTES` bytes, or all there are.
        size_bytes: of the whole content.

    Raises:
        ImageRefused: it is not ISO 9660, or is cut short.
    """
    descriptor = first_bytes[DESCRIPTOR_AT:ISO_HEADER_BYTES]
    if len(descriptor) < SECTOR_BYTES or not descriptor.startswith(PRIMARY):
        _refuse("it is not an ISO 9660 medium", "Upload an .iso file; a disk goes into an image of kind disk.")
    (blocks,) = struct.unpack_from("<I", descriptor, _VOLUME_BLOCKS_AT)
    (block_bytes,) = struct.unpack_from("<H", descriptor, _BLOCK_BYTES_AT)
    if block_bytes not in BLOCK_SIZES or not blocks:
        _refuse("its volume descriptor is damaged", "Upload the whole file again.")
    if blocks * block_bytes > size_bytes:
        _refuse(
            f"it says that it has {blocks * block_bytes} bytes and only {size_bytes} arrived",
            "The file is cut short: fetch it again from its source.",
        )
    return ImageHeader(size_bytes)


def _refuse(reason: str, remedy: str) -> NoReturn:
    raise ImageRefused(f"The image is refused: {reason}.", remedy=remedy, target="content")
