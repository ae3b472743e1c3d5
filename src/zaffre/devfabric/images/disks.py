"""Disk images, put together from files without mounting anything."""

from pathlib import Path
from typing import Literal

from zaffre.devfabric.commands import Commands

_MIB = 1024 * 1024
_SECTOR = 512
_BOOT_CODE_LENGTH = 440
"""Bytes of a disk's first sector before the disk's signature and the partition table."""

_SYSLINUX = """\
DEFAULT linux
PROMPT 0
LABEL linux
 KERNEL /vmlinuz
 INITRD /initrd.img
 APPEND {command_line}
"""


def make_boot_volume(
    commands: Commands, path: Path, *, size_mib: int, label: str, kernel: Path, initrd: Path, command_line: str
) -> None:
    """Make a FAT file system that starts a kernel, in the raw file `path`.

    It boots under BIOS as a whole disk, without partitions, and also as a partition.
    """
    with path.open("wb") as file:
        file.truncate(size_mib * _MIB)
    commands.run("mkfs.vfat", "-n", label, path)
    commands.run("syslinux", "--install", path)
    configuration = path.with_suffix(".cfg")
    configuration.write_text(_SYSLINUX.format(command_line=command_line))
    for source, name in ((kernel, "vmlinuz"), (initrd, "initrd.img"), (configuration, "syslinux.cfg")):
        commands.run("mcopy", "-i", path, source, f"::/{name}")


def make_grub_disk(commands: Commands, path: Path, tree: Path, *, size_mib: int, label: str) -> None:
    """Make a disk in the raw file `path` with one ext4 partition holding `tree`, booted by the GRUB that is in it.

    The tree must have GRUB's `boot.img` and a `core.img` in `boot/grub/i386-pc`. They go where BIOS and GRUB look for
    them: the first sector, around the partition table, and the sectors after it, which no partition uses.
    """
    with path.open("wb") as file:
        file.truncate(size_mib * _MIB)
    commands.run("sfdisk", "--quiet", path, input_bytes=b"label: dos\nstart=1MiB, type=83, bootable\n")
    partition_kib = (size_mib - 1) * 1024
    offset = f"-E offset={_MIB}".split()
    commands.run(
        *["mke2fs", "-q", "-t", "ext4", "-L", label, *offset, "-d", tree, path, f"{partition_kib}k"], timeout_s=600.0
    )
    grub = tree / "boot" / "grub" / "i386-pc"
    boot, core = (grub / "boot.img").read_bytes(), (grub / "core.img").read_bytes()
    with path.open("r+b") as file:
        file.write(boot[:_BOOT_CODE_LENGTH])
        file.seek(_SECTOR)
        file.write(core)


def compress_disk(commands: Commands, raw: Path, path: Path, method: Literal["zlib", "zstd"]) -> None:
    """Turn a raw disk into a compressed qcow2 file: smaller with zlib, many times faster with zstd."""
    options = ["-O", "qcow2", "-c", "-o", f"compression_type={method}"]
    commands.run("qemu-img", "convert", "-f", "raw", *options, raw, path, timeout_s=600.0)
