"""What an image's content is: a disk that guests start from, or an ISO that is put into their drive."""

from enum import StrEnum


class ImageKind(StrEnum):
    """What an image is for."""

    DISK = "disk"
    """A disk in qcow2 format; virtual machines' root disks are overlays of it."""
    ISO = "iso"
    """An ISO 9660 medium, such as an installer or drivers."""


class ImageFormat(StrEnum):
    """How an image's content is laid out. Each kind has one."""

    QCOW2 = "qcow2"
    ISO = "iso"


FORMAT_OF = {ImageKind.DISK: ImageFormat.QCOW2, ImageKind.ISO: ImageFormat.ISO}
VOLUME_FORMAT_OF = {ImageKind.DISK: "qcow2", ImageKind.ISO: "raw"}
"""What hosts are told. An ISO is raw to QEMU, and is never probed: whatever it begins with, it names no other file."""


def image_volume(image_id: str, kind: ImageKind = ImageKind.DISK) -> str:
    """Return the name of an image's volume on hosts."""
    return f"image-{image_id}.{FORMAT_OF[kind]}"
