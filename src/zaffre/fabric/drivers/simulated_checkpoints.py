"""Checkpoints on a simulated host: they live in the volumes, as in qcow2 files, so they go when a volume goes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from zaffre.fabric.drivers.hypervisor import (
    CheckpointMissing,
    GuestCheckpoint,
    GuestMissing,
    GuestSpec,
    GuestState,
    HypervisorRefused,
    StopReason,
    StorageFull,
    VolumeMissing,
)
from zaffre.fabric.drivers.simulated_store import SimulatedStore, StoredGuest, StoredPart


@dataclass(frozen=True)
class SimulatedCheckpoints:
    """One host's checkpoints. Every method acts at once; errors are those of the `Hypervisor` Protocol."""

    host: str
    store: SimulatedStore
    free_bytes: Callable[[], int]
    put: Callable[[StoredGuest], None]
    """Keeps a guest, and tells about it."""
    booting: Callable[[str, float], None]

    def of_guest(self, guest_id: str) -> list[GuestCheckpoint]:
        """Return what the guest's disks have, oldest first."""
        return list(self._read(self._disks(self._guest(guest_id).defined)).values())

    def create(self, guest_id: str, checkpoint_id: str) -> GuestCheckpoint:
        """Take a checkpoint, or find that it is there."""
        guest = self._guest(guest_id)
        disks = self._disks(guest.defined)
        found = self._read(disks).get(checkpoint_id)
        if found is not None and found.whole:
            return found
        memory_bytes = 0 if guest.live is None else guest.live.memory_mib << 20
        if memory_bytes > self.free_bytes():
            raise StorageFull(self.host, memory_bytes, self.free_bytes())
        with self.store.transaction():
            for number, volume in enumerate(disks):
                stored = self.store.volume(self.host, volume)
                part = StoredPart(checkpoint_id, volume, stored.content if stored is not None else None)
                if number == 0 and guest.live is not None:
                    part = replace(part, memory_bytes=memory_bytes, memory=guest)
                self.store.put_part(self.host, part)
        return GuestCheckpoint(checkpoint_id, memory_bytes, with_memory=guest.live is not None, whole=True)

    def restore(self, spec: GuestSpec, checkpoint_id: str) -> None:
        """Bring guest and disks back to a checkpoint."""
        disks = self._disks(spec)
        found = self._read(disks).get(checkpoint_id)
        if found is None or not found.whole:
            raise CheckpointMissing(self.host, checkpoint_id)
        before = self.store.guest(self.host, spec.id) or StoredGuest(self.host, spec)
        parts = [part for part in self.store.parts(self.host, disks) if part.id == checkpoint_id]
        with self.store.transaction():
            for part in parts:
                volume = self.store.volume(self.host, part.volume)
                if volume is not None:
                    self.store.put_volume(replace(volume, content=part.content))
        memory = next((part.memory for part in parts if part.memory is not None), None)
        self.put(_woken(spec, memory) if memory is not None else _off(spec, before))
        if memory is not None and memory.ready_at_s is not None and not memory.booted:
            self.booting(spec.id, memory.ready_at_s)

    def delete(self, guest_id: str, checkpoint_id: str) -> None:
        """Remove what there is of a checkpoint."""
        guest = self.store.guest(self.host, guest_id)
        if guest is not None:
            self.store.remove_parts(self.host, [disk.volume for disk in guest.defined.disks], checkpoint_id)

    def _guest(self, guest_id: str) -> StoredGuest:
        guest = self.store.guest(self.host, guest_id)
        if guest is None:
            raise GuestMissing(self.host, guest_id)
        return guest

    def _disks(self, spec: GuestSpec) -> list[str]:
        for disk in spec.disks:
            if disk.format != "qcow2":
                cause = f"its disk {disk.volume} is not in qcow2 format"
                raise HypervisorRefused(self.host, f"keep checkpoints of guest {spec.id}", cause)
            if not self.store.has_volume(self.host, disk.volume):
                raise VolumeMissing(self.host, disk.volume)
        return [disk.volume for disk in spec.disks]

    def _read(self, disks: Sequence[str]) -> dict[str, GuestCheckpoint]:
        parts: dict[str, list[StoredPart]] = {}
        for part in self.store.parts(self.host, disks):
            parts.setdefault(part.id, []).append(part)
        return {
            checkpoint_id: GuestCheckpoint(
                checkpoint_id,
                sum(part.memory_bytes for part in found),
                with_memory=any(part.memory is not None for part in found),
                whole=len(found) == len(disks),
            )
            for checkpoint_id, found in parts.items()
        }


def _woken(spec: GuestSpec, memory: StoredGuest) -> StoredGuest:
    """Return the guest as it was, under the title and labels it has now."""
    live = replace(memory.live or spec, title=spec.title, labels=spec.labels)
    return replace(memory, defined=spec, live=live, stop_reason=None)


def _off(spec: GuestSpec, before: StoredGuest) -> StoredGuest:
    """Return the guest off; if it was on, its power has been cut."""
    reason = before.stop_reason if before.live is None else StopReason.DESTROYED
    return StoredGuest(before.host, spec, state=GuestState.STOPPED, stop_reason=reason)
