"""The image `tiny`: Debian's cloud kernel and busybox in an initramfs, on a small disk that boots under BIOS.

It behaves like a small, honest cloud guest (see `tiny_root`): it reads a NoCloud seed, configures its network by DHCP,
answers HTTP, signals readiness on its agent channel, runs user-data scripts and obeys the power button. Building it
takes a few seconds, booting it two to three under TCG.
"""

import gzip
import shutil
from pathlib import Path

from zaffre.devfabric.commands import Commands
from zaffre.devfabric.images.disks import compress_disk, make_boot_volume
from zaffre.devfabric.images.image import Assembled, Image
from zaffre.devfabric.images.modules import load_order
from zaffre.devfabric.images.packages import cloud_kernel_package, download, unpack
from zaffre.devfabric.progress import Progress

_ROOT = Path(__file__).parent / "tiny_root"
_MODULES = (
    "virtio_pci",
    "virtio_net",
    "virtio_blk",
    "virtio_scsi",  # the removable drive
    "sr_mod",
    "virtio_console",
    "virtio_rng",
    "virtio_balloon",  # tells the host how much memory the guest uses
    "isofs",
    "button",
    "evdev",
    "pvpanic_mmio",  # tells the host that the kernel has panicked
)
_DISK_MIB = 48
_COMMAND_LINE = "console=tty0 console=ttyS0 quiet panic=5 tsc=reliable no_timer_check cryptomgr.notests"


def assemble(work: Path, progress: Progress) -> Assembled:
    """Build the image in the directory `work`."""
    commands = Commands()
    packages, system, root = (work / name for name in ("packages", "system", "root"))
    packages.mkdir()
    with progress.step("Download the kernel and busybox"):
        versions = download(commands, ["busybox-static", cloud_kernel_package(commands)], packages)
    with progress.step("Unpack them"):
        unpack(commands, packages, system)
    with progress.step("Make the initramfs"):
        _furnish(root, system)
        _pack(commands, root, work / "initrd.img")
    with progress.step("Make the disk"):
        disk = _make_disk(commands, work, next((system / "boot").glob("vmlinuz-*")))
    return Assembled(disk, versions)


def _furnish(root: Path, system: Path) -> None:
    """Put our files, busybox and the kernel modules into the initramfs's tree."""
    shutil.copytree(_ROOT, root)
    for file in root.rglob("*"):
        if file.is_file():
            file.chmod(0o755 if file.read_bytes().startswith(b"#!") else 0o644)
    (root / "bin").mkdir(exist_ok=True)
    shutil.copy(system / "bin" / "busybox", root / "bin" / "busybox")
    target = root / "lib" / "modules"
    target.mkdir()
    tree = next((system / "lib" / "modules").iterdir()) / "kernel"
    modules = load_order(tree, _MODULES)
    for module in modules:
        shutil.copy(module, target)
    (target / "order").write_text("".join(f"{module.stem}\n" for module in modules))


def _pack(commands: Commands, root: Path, path: Path) -> None:
    """Pack the tree as the kernel wants its initramfs: a compressed cpio archive in the format `newc`."""
    names = sorted(str(entry.relative_to(root)) for entry in root.rglob("*"))
    archive = path.with_suffix(".cpio")
    commands.run(
        *["cpio", "--quiet", "--create", "--format=newc", "--reproducible", "--owner=0:0", f"--file={archive}"],
        directory=root,
        input_bytes="\n".join(names).encode(),
    )
    path.write_bytes(gzip.compress(archive.read_bytes(), 6, mtime=0))


def _make_disk(commands: Commands, work: Path, kernel: Path) -> Path:
    raw, disk = work / "disk.raw", work / "disk.qcow2"
    make_boot_volume(
        commands,
        raw,
        size_mib=_DISK_MIB,
        label="TINY",
        kernel=kernel,
        initrd=work / "initrd.img",
        command_line=_COMMAND_LINE,
    )
    compress_disk(commands, raw, disk, "zlib")
    return disk


TINY = Image(
    name="tiny",
    title="Zaffre tiny (busybox test guest, console without password)",
    default_user="root",
    minimum_memory_mib=128,
    minimum_disk_gib=1,
    programs={
        "apt-cache": "apt",
        "apt-get": "apt",
        "cpio": "cpio",
        "dpkg-deb": "dpkg",
        "mcopy": "mtools",
        "mkfs.vfat": "dosfstools",
        "qemu-img": "qemu-utils",
        "syslinux": "syslinux",
    },
    sources=("tiny.py", "disks.py", "modules.py", "packages.py", "tiny_root"),
    assemble=assemble,
)
