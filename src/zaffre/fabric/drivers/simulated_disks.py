"""Disks of simulated guests: how a change of them changes what a guest is."""

from collections.abc import Callable
from dataclasses import replace

from zaffre.fabric.drivers.hypervisor import GuestDisk, GuestSpec, HypervisorRefused
from zaffre.fabric.drivers.simulated_store import StoredGuest


def changed(guest: StoredGuest, change: Callable[[GuestSpec], GuestSpec]) -> StoredGuest:
    """Return the guest with a change to what it is, now if it is on, and at its next start."""
    live = None if guest.live is None else change(guest.live)
    return replace(guest, live=live, defined=change(guest.defined))


def with_disk(host: str, spec: GuestSpec, disk: GuestDisk) -> GuestSpec:
    """Return a guest that has the disk.

    Raises:
        HypervisorRefused: it has another at that position.
    """
    if any(each.volume == disk.volume for each in spec.disks):
        return spec
    if any(each.position == disk.position for each in spec.disks):
        cause = f"it has another disk at position {disk.position}"
        raise HypervisorRefused(host, f"attach {disk.volume} to guest {spec.id}", cause)
    return replace(spec, disks=tuple(sorted((*spec.disks, disk), key=lambda each: each.position)))


def without_disk(spec: GuestSpec, volume: str) -> GuestSpec:
    """Return a guest that does not have the disk."""
    return replace(spec, disks=tuple(disk for disk in spec.disks if disk.volume != volume))


def volumes_of(spec: GuestSpec) -> frozenset[str]:
    """Return the names of the volumes in a guest's disks and drive."""
    others = (name for name in (spec.seed_volume, spec.iso_volume) if name is not None)
    return frozenset([*(disk.volume for disk in spec.disks), *others])
