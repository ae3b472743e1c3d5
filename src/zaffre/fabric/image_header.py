"""Reading a qcow2 header before an image is trusted.

QEMU opens whatever a header names: a backing file or an external data file of an uploaded image would let a tenant read
any file of a host. So an image is taken only when its header names neither, and says nothing that we do not understand.
Layout: QEMU's docs/interop/qcow2.txt, all integers big-endian.
"""

import struct
from dataclasses import dataclass
from typing import NoReturn

from zaffre.foundation.errors import InvalidInput

HEADER_BYTES = 112
MAGIC = b"QFI\xfb"
_FIXED = struct.Struct(">4sIQIIQIIQ")
"""Magic, version, backing file's offset and size, cluster bits, virtual size, encryption, L1 size, L1 offset."""
_VERSION_3 = struct.Struct(">QQQII")
"""Incompatible, compatible and autoclear features, refcount order, header length; at byte 72."""

DIRTY = 1 << 0
CORRUPT = 1 << 1
EXTERNAL_DATA = 1 << 2
COMPRESSION_TYPE = 1 << 3
EXTENDED_L2 = 1 << 4
UNDERSTOOD = DIRTY | COMPRESSION_TYPE | EXTENDED_L2

BYTES_PER_GIB = 2**30


class ImageRefused(InvalidInput):
    """The content is not an image that can be taken."""

    code = "image.refused"
    title = "The image is refused"


@dataclass(frozen=True)
class ImageHeader:
    """What matters of a header."""

    virtual_size_bytes: int


def read_header(first_bytes: bytes, size_bytes: int, limit_bytes: int) -> ImageHeader:
    """Check the beginning of an image.

    Args:
        first_bytes: at least the first `HEADER_BYTES` bytes, or all there are.
        size_bytes: of the whole content.
        limit_bytes: largest virtual size.

    Raises:
        ImageRefused: it is not qcow2, refers to other files, is encrypted or damaged, or is too large.
    """
    if len(first_bytes) < HEADER_BYTES or not first_bytes.startswith(MAGIC):
        _refuse("it is not in qcow2 format", "Convert it: qemu-img convert -O qcow2 SOURCE IMAGE.qcow2.")
    _, version, backing_at, backing_size, cluster_bits, virtual, encryption, l1_entries, l1_at = _FIXED.unpack_from(
        first_bytes
    )
    if version not in (2, 3):
        _refuse(f"its qcow2 version {version} is unknown", "Convert it with a current qemu-img.")
    if backing_at or backing_size:
        _refuse("it refers to a backing file", "Flatten it: qemu-img convert -O qcow2 SOURCE IMAGE.qcow2.")
    if encryption:
        _refuse("it is encrypted", "Decrypt it: qemu-img convert -O qcow2 SOURCE IMAGE.qcow2.")
    if version == 3:
        _check_features(first_bytes)
    if not 9 <= cluster_bits <= 21 or l1_at + 8 * l1_entries > size_bytes:
        _refuse("its header is damaged or the content is cut short", "Upload the whole file again.")
    if not 0 < virtual <= limit_bytes:
        _refuse(
            f"its disk has {virtual} bytes and the limit is {limit_bytes}",
            "Shrink it, or ask the operator to raise library.image_limit_gib.",
        )
    return ImageHeader(virtual)


def _check_features(first_bytes: bytes) -> None:
    incompatible, *_ = _VERSION_3.unpack_from(first_bytes, _FIXED.size + 24)
    if incompatible & EXTERNAL_DATA:
        _refuse("it refers to an external data file", "Convert it: qemu-img convert -O qcow2 SOURCE IMAGE.qcow2.")
    if incompatible & CORRUPT:
        _refuse("it is marked corrupt", "Repair it: qemu-img check -r all IMAGE.qcow2.")
    if incompatible & ~UNDERSTOOD:
        _refuse(
            "it uses qcow2 features that Zaffre does not know", "Convert it with plain `qemu-img convert -O qcow2`."
        )


def _refuse(reason: str, remedy: str) -> NoReturn:
    raise ImageRefused(f"The image is refused: {reason}.", remedy=remedy, target="content")
