"""One simulated host: what happens on it, at once and without asking who wants it.

The doors (`SimulatedHypervisor`) and the mischief (`Faults`) both act through this, so that what an administrator does
behind Zaffre's back has the same effects as what Zaffre does.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from zaffre.fabric.drivers import simulated_disks as disks
from zaffre.fabric.drivers import simulated_ports as ports
from zaffre.fabric.drivers.domain_xml import VCPUS_READY
from zaffre.fabric.drivers.guest_facts import GuestFacts
from zaffre.fabric.drivers.hypervisor import (
    GuestChanged,
    GuestDisk,
    GuestMissing,
    GuestObservation,
    GuestPort,
    GuestRemoved,
    GuestSpec,
    GuestState,
    HostEvent,
    HypervisorRefused,
    StopReason,
    StorageFull,
    VolumeFacts,
    VolumeMissing,
)
from zaffre.fabric.drivers.measurements import HostCounters
from zaffre.fabric.drivers.simulated_capacity import SimulatedCapacity
from zaffre.fabric.drivers.simulated_checkpoints import SimulatedCheckpoints
from zaffre.fabric.drivers.simulated_console import append, boot_lines, ready_lines
from zaffre.fabric.drivers.simulated_facts import guest_facts
from zaffre.fabric.drivers.simulated_measurements import host_counters
from zaffre.fabric.drivers.simulated_store import SimulatedStore, StoredGuest, StoredVolume

_OVERLAY_BYTES = 196_624
"""What a new qcow2 volume takes up: its header and tables."""

_KEPT_CONTENT_BYTES = 1024 * 1024
"""Larger files are not copied into the store; their volumes remember where they came from."""


class SimulatedHost:
    """A host's guests and volumes. Every method acts at once; errors are those of the `Hypervisor` Protocol.

    Args:
        name: the host's name in the world.
        capacity: what it has.
        store: where its guests and volumes are kept.
        now_s: tells the world's time in Unix seconds.
        announce: told about every event of this host.
        booting: told when a guest begins to boot, with its id and the Unix time at which it will be ready.
    """

    def __init__(
        self,
        name: str,
        capacity: SimulatedCapacity,
        store: SimulatedStore,
        *,
        now_s: Callable[[], float],
        announce: Callable[[HostEvent], None],
        booting: Callable[[str, float], None],
    ) -> None:
        self.name = name
        self.capacity = capacity
        self._store = store
        self._now_s = now_s
        self._announce = announce
        self._booting = booting
        self.checkpoints = SimulatedCheckpoints(name, store, self.free_bytes, self._put, booting)

    # Guests ------------------------------------------------------------------------------------------------------

    def define(self, spec: GuestSpec) -> None:
        """Define the guest, or change its definition, and create its serial log."""
        with self._store.transaction():
            guest = self._store.guest(self.name, spec.id)
            self._store.put_guest(StoredGuest(self.name, spec) if guest is None else replace(guest, defined=spec))
            if not self._store.has_volume(self.name, spec.serial_log_volume):
                self._store.put_volume(StoredVolume(self.name, spec.serial_log_volume, "raw", None, 0, 0, b""))
        self._tell(spec.id)

    def resize(self, spec: GuestSpec) -> bool:
        """Define a guest with another size; one that is on has its processors at once and its memory at its start."""
        guest = self._guest(spec.id)
        self.define(spec)
        if guest.live is None:
            return True
        ready = max(guest.live.vcpus, VCPUS_READY)
        live = replace(guest.live, vcpus=spec.vcpus if spec.vcpus <= ready else guest.live.vcpus)
        self._put(replace(guest, defined=spec, live=live))
        return (live.vcpus, live.memory_mib) == (spec.vcpus, spec.memory_mib)

    def start(self, guest_id: str, boot_s: float) -> None:
        """Power on, or resume; a running guest is left alone."""
        guest = self._guest(guest_id)
        if guest.state is GuestState.RUNNING:
            return
        if guest.state is GuestState.PAUSED:
            self._resume(guest)
            return
        try:
            self._check_start(guest.defined)
        except (VolumeMissing, HypervisorRefused):
            self._put(_off(guest, StopReason.FAILED))
            raise
        self._boot(replace(guest, live=guest.defined, state=GuestState.RUNNING, stop_reason=None), boot_s)

    def reset(self, guest_id: str, boot_s: float) -> None:
        """Let a running guest boot anew."""
        guest = self._guest(guest_id)
        if guest.state is not GuestState.RUNNING:
            raise HypervisorRefused(self.name, f"reset guest {guest_id}", f"it is {guest.state}")
        self._boot(guest, boot_s)

    def pause(self, guest_id: str) -> None:
        """Pause a running guest; a paused one is left alone."""
        guest = self._guest(guest_id)
        if guest.state is GuestState.RUNNING:
            self._put(replace(guest, state=GuestState.PAUSED))
        elif guest.state is not GuestState.PAUSED:
            raise HypervisorRefused(self.name, f"pause guest {guest_id}", f"it is {guest.state}")

    def turn_off(self, guest_id: str, reason: StopReason) -> None:
        """End a guest that is on, for the given reason; others, and absent ones, are left alone."""
        guest = self._store.guest(self.name, guest_id)
        if guest is not None and guest.live is not None:
            self._put(_off(guest, reason))

    def retitle(self, guest_id: str, title: str) -> None:
        """Give a guest another title, now and at its next start."""
        guest = self._guest(guest_id)
        live = None if guest.live is None else replace(guest.live, title=title)
        self._put(replace(guest, defined=replace(guest.defined, title=title), live=live))

    def attach_disk(self, guest_id: str, disk: GuestDisk) -> None:
        """Give the guest a disk, unless it has it."""
        guest = self._guest(guest_id)
        self._check_chain(disk.volume)
        self._put(disks.changed(guest, lambda spec: disks.with_disk(self.name, spec, disk)))

    def detach_disk(self, guest_id: str, volume: str) -> None:
        """Take a disk from the guest, if both are there."""
        guest = self._store.guest(self.name, guest_id)
        if guest is not None:
            self._put(disks.changed(guest, lambda spec: disks.without_disk(spec, volume)))

    def attach_port(self, guest_id: str, port: GuestPort) -> None:
        """Give the guest the interface, unless it has it."""
        guest = self._guest(guest_id)
        self._put(disks.changed(guest, lambda spec: ports.with_port(self.name, spec, port)))

    def detach_port(self, guest_id: str, port_id: str) -> None:
        """Take an interface from the guest, if both are there."""
        guest = self._store.guest(self.name, guest_id)
        if guest is not None:
            self._put(disks.changed(guest, lambda spec: ports.without_port(spec, port_id)))

    def runs_with_port(self, guest_id: str, port: GuestPort) -> bool:
        """Tell whether the guest runs and has the interface."""
        guest = self._store.guest(self.name, guest_id)
        return guest is not None and guest.live is not None and port.port_id in ports.ports_of(guest.live)

    def change_medium(self, guest_id: str, volume: str | None) -> None:
        """Put a volume into the guest's drive, or leave it empty."""
        guest = self._guest(guest_id)
        self._check_chain(volume)
        self._put(disks.changed(guest, lambda spec: replace(spec, iso_volume=volume)))

    def runs_with(self, guest_id: str, volume: str) -> bool:
        """Tell whether the guest runs and has the volume as a disk."""
        guest = self._store.guest(self.name, guest_id)
        return guest is not None and guest.live is not None and volume in disks.volumes_of(guest.live)

    def runs_with_medium(self, guest_id: str) -> bool:
        """Tell whether the guest runs and has something in its drive."""
        guest = self._store.guest(self.name, guest_id)
        return guest is not None and guest.live is not None and guest.live.iso_volume is not None

    def undefine(self, guest_id: str) -> None:
        """Cut the power and forget the guest."""
        self.turn_off(guest_id, StopReason.DESTROYED)
        if self._store.remove_guest(self.name, guest_id):
            self._announce(GuestRemoved(guest_id))

    def move(self, guest_id: str, target: "SimulatedHost") -> None:
        """Let a guest that is on go on on another host, with the content of its disks."""
        guest = self._store.guest(self.name, guest_id)
        if guest is None:
            return
        if guest.live is None:
            raise HypervisorRefused(self.name, f"move guest {guest_id}", f"it is {guest.state}")
        with self._store.transaction():
            for disk in guest.live.disks:
                volume, there = self.volume(disk.volume), target.volume(disk.volume)
                if volume.capacity_bytes != there.capacity_bytes or volume.backing != there.backing:
                    cause = f"{disk.volume} is another disk on {target.name}"
                    raise HypervisorRefused(self.name, f"move guest {guest_id}", cause)
                self._store.put_volume(replace(volume, host=target.name))
            self._store.put_guest(replace(guest, host=target.name))
            self._store.remove_guest(self.name, guest_id)
        self._announce(GuestRemoved(guest_id))
        target.take_over(guest_id)

    def take_over(self, guest_id: str) -> None:
        """Tell of a guest that came from another host."""
        guest = self._guest(guest_id)
        self._check_start(guest.defined)
        if not guest.booted and guest.ready_at_s is not None:
            self._booting(guest_id, guest.ready_at_s)
        self._tell(guest_id)

    def check_guest(self, guest_id: str) -> GuestState:
        """Return the guest's state.

        Raises:
            GuestMissing: there is no such guest.
        """
        return self._guest(guest_id).state

    def observe(self, guest_id: str) -> GuestObservation | None:
        """Return one guest as it is now."""
        guest = self._store.guest(self.name, guest_id)
        return None if guest is None else self._observation(guest)

    def guest_facts(self, guest_id: str) -> GuestFacts | None:
        """Return what a guest that is ready says about itself."""
        guest = self._guest(guest_id)
        if guest.live is None or not self._observation(guest).ready:
            return None
        root = next((disk.volume for disk in guest.live.disks if disk.position == 0), None)
        return guest_facts(guest.live, self.volume(root).capacity_bytes if root is not None else 0)

    def stored(self, guest_id: str) -> StoredGuest | None:
        """Return all that is known of a guest."""
        return self._store.guest(self.name, guest_id)

    def write_serial(self, guest_id: str, output: bytes) -> None:
        """Add to the guest's serial log, if the guest is there."""
        guest = self._store.guest(self.name, guest_id)
        if guest is not None:
            self._write_console(guest, output)

    def observe_all(self) -> list[GuestObservation]:
        """Return every guest as it is now."""
        return [self._observation(guest) for guest in self._store.guests(self.name)]

    def measure(self) -> HostCounters:
        """Return the host's counters and those of its running guests, foreign ones left out."""
        running = (
            (guest.live, guest.ready_at_s or 0.0)
            for guest in self._store.guests(self.name)
            if guest.live is not None and guest.state is GuestState.RUNNING and guest.live.disks
        )
        return host_counters(self.capacity, self._now_s(), running)

    def finish_boot(self, guest_id: str) -> None:
        """Log and announce that the guest is ready, if it is and if nobody has yet."""
        guest = self._store.guest(self.name, guest_id)
        if guest is None or not self._observation(guest).ready or guest.booted:
            return
        with self._store.transaction():
            if self._store.mark_booted(self.name, guest_id):
                self._write_console(guest, ready_lines(guest.defined.title))
        self._tell(guest_id)

    # Volumes -----------------------------------------------------------------------------------------------------

    def upload(self, name: str, source: Path | bytes, volume_format: str) -> None:
        """Replace the volume's content with a file's, or with bytes."""
        size_bytes = len(source) if isinstance(source, bytes) else source.stat().st_size
        if isinstance(source, Path) and size_bytes <= _KEPT_CONTENT_BYTES:
            source = source.read_bytes()
        content, file = (source, None) if isinstance(source, bytes) else (None, source)
        with self._store.transaction():
            self._store.remove_volume(self.name, name)
            self._check_room(size_bytes)
            volume = StoredVolume(self.name, name, volume_format, None, size_bytes, size_bytes, content, file)
            self._store.put_volume(volume)

    def create_overlay(self, name: str, backing_volume: str, size_gib: int) -> None:
        """Create a volume over a backing volume, or find that it is there already."""
        backing = self.volume(backing_volume)
        if self._store.has_volume(self.name, name):
            actual = self._store.backing(self.name, name)
            if actual != backing_volume:
                cause = f"a volume of that name is there, backed by {actual or 'nothing'}"
                raise HypervisorRefused(self.name, f"create {name} on top of {backing_volume}", cause)
            return
        if backing.format != "qcow2":
            cause = f"{backing_volume} is not in qcow2 format"
            raise HypervisorRefused(self.name, f"create {name} on top of {backing_volume}", cause)
        self._check_room(_OVERLAY_BYTES)
        self._store.put_volume(StoredVolume(self.name, name, "qcow2", backing_volume, size_gib << 30, _OVERLAY_BYTES))

    def create_blank(self, name: str, size_gib: int) -> None:
        """Create an empty volume, or find that one of that name is there."""
        if not self._store.has_volume(self.name, name):
            self._check_room(_OVERLAY_BYTES)
            self._store.put_volume(StoredVolume(self.name, name, "qcow2", None, size_gib << 30, _OVERLAY_BYTES))

    def receive_disk(self, name: str, size_gib: int, length: int, content: bytes) -> None:
        """Replace the volume's content with that of another host's."""
        with self._store.transaction():
            self._store.remove_volume(self.name, name)
            self._check_room(length)
            kept = content if length <= _KEPT_CONTENT_BYTES else None
            self._store.put_volume(StoredVolume(self.name, name, "qcow2", None, size_gib << 30, length, kept))

    def grow_disk(self, name: str, size_gib: int) -> None:
        """Make a volume at least this large."""
        volume = self.volume(name)
        self._store.put_volume(replace(volume, capacity_bytes=max(volume.capacity_bytes, size_gib << 30)))

    def write(self, name: str, content: bytes) -> None:
        """Let the volume have this content, as if its guest had written it."""
        self._store.put_volume(replace(self.volume(name), content=content))

    def delete_volume(self, name: str) -> None:
        """Remove the volume if it is there."""
        self._store.remove_volume(self.name, name)

    def volumes(self) -> list[VolumeFacts]:
        """Return the facts of all volumes."""
        return self._store.volumes(self.name)

    def volume(self, name: str) -> StoredVolume:
        """Return the volume with its content.

        Raises:
            VolumeMissing: there is no such volume.
        """
        volume = self._store.volume(self.name, name)
        if volume is None:
            raise VolumeMissing(self.name, name)
        return volume

    def has_volume(self, name: str) -> bool:
        """Tell whether the volume is there."""
        return self._store.has_volume(self.name, name)

    def free_bytes(self) -> int:
        """Return what is left of the host's storage."""
        return max(0, (self.capacity.storage_gib << 30) - self._store.used_bytes(self.name))

    # Details -----------------------------------------------------------------------------------------------------

    def _guest(self, guest_id: str) -> StoredGuest:
        guest = self._store.guest(self.name, guest_id)
        if guest is None:
            raise GuestMissing(self.name, guest_id)
        return guest

    def _put(self, guest: StoredGuest) -> None:
        self._store.put_guest(guest)
        self._tell(guest.id)

    def _resume(self, guest: StoredGuest) -> None:
        self._put(replace(guest, state=GuestState.RUNNING))
        if not guest.booted and guest.ready_at_s is not None:
            self._booting(guest.id, guest.ready_at_s)

    def _boot(self, guest: StoredGuest, boot_s: float) -> None:
        ready_at_s = self._now_s() + boot_s
        booting = replace(guest, ready_at_s=ready_at_s, booted=False)
        spec = guest.live or guest.defined
        with self._store.transaction():
            self._store.put_guest(booting)
            self._write_console(booting, boot_lines(spec.title, spec.vcpus, spec.memory_mib))
        self._tell(guest.id)
        self._booting(guest.id, ready_at_s)

    def _check_start(self, spec: GuestSpec) -> None:
        for name in sorted(disks.volumes_of(spec)):
            self._check_chain(name)
        free_mib = self.capacity.memory_mib - self._store.live_memory_mib(self.name)
        if spec.memory_mib > free_mib:
            cause = f"cannot set up guest memory: {spec.memory_mib} MiB are needed and {free_mib} MiB are free"
            raise HypervisorRefused(self.name, f"start guest {spec.id}", cause)

    def _check_chain(self, name: str | None) -> None:
        while name is not None:
            if not self._store.has_volume(self.name, name):
                raise VolumeMissing(self.name, name)
            name = self._store.backing(self.name, name)

    def _check_room(self, needed_bytes: int) -> None:
        free_bytes = self.free_bytes()
        if needed_bytes > free_bytes:
            raise StorageFull(self.name, needed_bytes, free_bytes)

    def _write_console(self, guest: StoredGuest, lines: bytes) -> None:
        name = guest.defined.serial_log_volume
        old = self._store.volume(self.name, name)
        log = append(b"" if old is None else old.content or b"", lines)
        self._store.put_volume(StoredVolume(self.name, name, "raw", None, len(log), len(log), log))

    def _observation(self, guest: StoredGuest) -> GuestObservation:
        spec = guest.live or guest.defined
        due = guest.ready_at_s is not None and guest.ready_at_s <= self._now_s()
        return GuestObservation(
            id=guest.id,
            title=spec.title,
            state=guest.state,
            stop_reason=guest.stop_reason,
            ready=due and guest.state is GuestState.RUNNING,
            labels=dict(spec.labels),
            volumes=disks.volumes_of(spec),
            ports=ports.ports_of(spec),
        )

    def _tell(self, guest_id: str) -> None:
        observation = self.observe(guest_id)
        if observation is not None:
            self._announce(GuestChanged(observation))


def _off(guest: StoredGuest, reason: StopReason) -> StoredGuest:
    state = GuestState.CRASHED if reason is StopReason.CRASHED else GuestState.STOPPED
    return replace(guest, live=None, state=state, stop_reason=reason, ready_at_s=None, booted=True)
