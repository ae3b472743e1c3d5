"""What this machine can do: whether a developer fabric can run here and guest images can be built here.

The answers are sentences for people, so that a caller can fall back to the simulated fabric and say why in one line.
"""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from zaffre.devfabric.commands import SYSTEM_PATH, clean_environment

FABRIC_PACKAGES = (
    "ethtool",
    "iproute2",
    "libvirt-clients",
    "libvirt-daemon",
    "libvirt-daemon-driver-qemu",
    "libvirt-daemon-system",
    "openvswitch-switch",
    "ovn-central",
    "ovn-host",
    "qemu-system-x86",
    "qemu-utils",
)
"""Debian packages that a fabric needs. Their services need not run, and the fabric does not use them."""

IMAGE_PACKAGES = ("cpio", "dosfstools", "e2fsprogs", "fdisk", "mmdebstrap", "mtools", "qemu-utils", "syslinux")
"""Debian packages that building all guest images needs."""

DEBIAN_PACKAGES = tuple(sorted({*FABRIC_PACKAGES, *IMAGE_PACKAGES}))
"""Everything to install for a fabric with all of its images."""

_FABRIC_FILES: Mapping[str, str] = {
    "/etc/libvirt": "libvirt-daemon-system",
    "/var/lib/libvirt": "libvirt-daemon-system",
    "/usr/share/openvswitch/vswitch.ovsschema": "openvswitch-switch",
    "/usr/share/ovn/ovn-nb.ovsschema": "ovn-central",
}

_FABRIC_PROGRAMS: Mapping[str, str] = {
    "ethtool": "ethtool",
    "ip": "iproute2",
    "libvirtd": "libvirt-daemon",
    "ovn-controller": "ovn-host",
    "ovn-nbctl": "ovn-central",
    "ovn-northd": "ovn-central",
    "ovn-sbctl": "ovn-central",
    "ovs-vsctl": "openvswitch-switch",
    "ovs-vswitchd": "openvswitch-switch",
    "ovsdb-server": "openvswitch-switch",
    "ovsdb-tool": "openvswitch-switch",
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "virsh": "libvirt-clients",
    "virtlogd": "libvirt-daemon",
}

_TUN_DEVICE = Path("/dev/net/tun")


@dataclass(frozen=True)
class Preflight:
    """What stands in the way; nothing, if both are empty."""

    problems: tuple[str, ...]
    """One sentence for each thing that is missing."""
    packages: tuple[str, ...]
    """Debian packages whose installation would supply the missing programs."""

    @property
    def possible(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.problems

    @property
    def sentence(self) -> str:
        """Everything that is missing in one line, with the command that helps; empty when nothing is."""
        if not self.problems:
            return ""
        line = " ".join(self.problems)
        return f"{line} Try: apt-get install {' '.join(self.packages)}" if self.packages else line


def check_fabric() -> Preflight:
    """Find out whether a developer fabric can run on this machine."""
    problems, packages = missing_programs(_FABRIC_PROGRAMS)
    absent = {package for path, package in _FABRIC_FILES.items() if not Path(path).exists()}
    if not problems and absent:
        problems.append(f"Files of {_enumerate(absent)} are missing.")
    packages |= absent
    if not _TUN_DEVICE.is_char_device():
        problems.append(f"There is no {_TUN_DEVICE}, which guests' network cards need.")
    if platform.machine() != "x86_64":
        problems.append(f"This machine is {platform.machine()}; the fabric's guests and images are for x86-64.")
    if os.geteuid() != 0:
        problems.append("A developer fabric needs root.")
    elif not _namespaces_allowed():
        problems.append("This root user may not create namespaces (an unprivileged container?).")
    return Preflight(tuple(problems), tuple(sorted(packages)))


def missing_programs(programs: Mapping[str, str]) -> tuple[list[str], set[str]]:
    """Return a sentence about the programs that are not installed, and the packages that have them.

    Args:
        programs: program name to the Debian package that has it.
    """
    missing = sorted(name for name in programs if shutil.which(name, path=SYSTEM_PATH) is None)
    if not missing:
        return [], set()
    verb = "is" if len(missing) == 1 else "are"
    return [f"{_enumerate(missing)} {verb} not installed."], {programs[name] for name in missing}


def _enumerate(names: Iterable[str]) -> str:
    *first, last = sorted(names)
    return f"{', '.join(first)} and {last}" if first else last


def _namespaces_allowed() -> bool:
    attempt = ["unshare", "--mount", "--uts", "--net", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(attempt, capture_output=True, env=clean_environment(), check=False).returncode == 0
