"""Which names volumes may have, the same on every kind of host."""

import re

from zaffre.fabric.drivers.hypervisor import GuestSpec, HypervisorRefused

UNFINISHED_SUFFIX = ".unfinished"
"""Ends the name of the empty volume that stands beside one whose upload has not ended. No other may end so."""

_VOLUME_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


def check_volume_name(host: str, name: str) -> None:
    """Refuse a name that could leave the pool's directory, hide in it, or pass for one of the driver's own.

    Raises:
        HypervisorRefused: the name is not 1-200 characters of `[A-Za-z0-9._-]`, begins with a dot, or is reserved.
    """
    if not _VOLUME_NAME.fullmatch(name) or name.endswith(UNFINISHED_SUFFIX):
        raise HypervisorRefused(
            host,
            f"use a volume named {name[:250]!r}",
            f"names are 1-200 characters of [A-Za-z0-9._-], not starting with a dot, not ending in {UNFINISHED_SUFFIX}",
        )


def check_guest_volumes(host: str, spec: GuestSpec) -> None:
    """Refuse a guest with a volume whose name is not allowed: names become paths on the host.

    Raises:
        HypervisorRefused: see `check_volume_name`.
    """
    disks = [disk.volume for disk in spec.disks]
    others = [name for name in (spec.seed_volume, spec.iso_volume) if name is not None]
    for name in (*disks, *others, spec.serial_log_volume):
        check_volume_name(host, name)
