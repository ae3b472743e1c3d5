"""An image for simulated hosts, which look at its header and nothing else."""

import struct
from pathlib import Path

_CLUSTER = 0x10000


def write_simulated_image(file: Path) -> Path:
    """Write an empty qcow2 image of 1 GiB (QEMU's docs/interop/qcow2.txt, version 3); returns the file."""
    header = struct.pack(
        ">4sIQIIQIIQQIIQQQQII",
        *(b"QFI\xfb", 3, 0, 0, 16, 2**30, 0, 2, 3 * _CLUSTER),
        *(_CLUSTER, 1, 0, 0),
        *(0, 0, 0, 4, 104),
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(header.ljust(4 * _CLUSTER, b"\0"))
    return file
