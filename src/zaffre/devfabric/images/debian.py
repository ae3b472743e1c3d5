"""The image `debian-12`: a minimal Debian with cloud-init and QEMU's guest agent, on one partition, booted by GRUB.

The root partition grows to the disk's size at first boot. The agent starts when cloud-init has finished, so an agent
that answers means that the guest is as its user data asked for. Building it takes a minute or two and needs root,
because the tree must keep its owners.
"""

import shlex
from pathlib import Path

from zaffre.devfabric.commands import Commands
from zaffre.devfabric.errors import CommandFailed, ImageFailed
from zaffre.devfabric.images.disks import compress_disk, make_grub_disk
from zaffre.devfabric.images.image import Assembled, Image
from zaffre.devfabric.progress import Progress

_HOOK = Path(__file__).parent / "debian_hook"
_DISK_MIB = 2048
_BOOTSTRAP_TIMEOUT_S = 1800.0

_PACKAGES = (
    "ca-certificates",
    "cloud-guest-utils",
    "cloud-init",
    "curl",
    "dbus",
    "fdisk",
    "grub-pc",
    "iproute2",
    "iputils-ping",
    "less",
    "linux-image-cloud-amd64",
    "netplan.io",
    "openssh-server",
    "procps",
    "qemu-guest-agent",
    "sudo",
    "systemd-resolved",
    "systemd-sysv",
    "udev",
    "vim-tiny",
    "zstd",
)

_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/man/*", "/usr/share/locale/*")
_KEPT = ("/usr/share/doc/*/copyright",)


def assemble(work: Path, progress: Progress) -> Assembled:
    """Build the image in the directory `work`."""
    commands = Commands()
    tree, raw, disk = work / "tree", work / "disk.raw", work / "disk.qcow2"
    with progress.step("Install Debian into a directory"):
        _bootstrap(commands, tree)
    with progress.step("Make the disk"):
        make_grub_disk(commands, raw, tree, size_mib=_DISK_MIB, label="root")
    with progress.step("Compress the disk"):
        compress_disk(commands, raw, disk, "zstd")
    return Assembled(disk, _installed(commands, tree))


def _bootstrap(commands: Commands, tree: Path) -> None:
    """Install Debian, with mmdebstrap in a mount namespace of its own: whatever it mounts ends with it."""
    options = [f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT]
    options += [f"--dpkgopt=path-include={path}" for path in _KEPT]
    options += [f"--include={','.join(_PACKAGES)}", f'--customize-hook=sh {shlex.quote(str(_HOOK))} "$1"']
    bootstrap = ["mmdebstrap", "--mode=root", "--variant=minbase", *options, "bookworm", str(tree)]
    enclosed = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *bootstrap]
    try:
        commands.run(*enclosed, timeout_s=_BOOTSTRAP_TIMEOUT_S)
    except CommandFailed as failure:
        raise ImageFailed(
            failure.detail,
            remedy="Check that a Debian mirror can be reached and that you are root, then try again.",
            target="debian-12",
        ) from failure


def _installed(commands: Commands, tree: Path) -> tuple[str, ...]:
    listed = commands.run("dpkg-query", f"--admindir={tree}/var/lib/dpkg", "-W", "-f=${Package}=${Version}\\n")
    return tuple(sorted(listed.split()))


DEBIAN_12 = Image(
    name="debian-12",
    title="Debian 12 (bookworm) with cloud-init",
    default_user="debian",
    minimum_memory_mib=512,
    minimum_disk_gib=2,
    programs={
        "dpkg-query": "dpkg",
        "mke2fs": "e2fsprogs",
        "mmdebstrap": "mmdebstrap",
        "qemu-img": "qemu-utils",
        "sfdisk": "fdisk",
        "unshare": "util-linux",
    },
    sources=("debian.py", "debian_hook", "debian_root", "disks.py"),
    assemble=assemble,
)
