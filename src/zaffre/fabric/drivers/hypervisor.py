"""What Zaffre asks of a host: the Protocol that the libvirt driver and its simulated twin both fulfil.

A `Hypervisor` is an open door to one host. It knows guests and volumes, not tenants: plans, quotas, placement and
addresses are decided before a call arrives here. Three rules make the callers simple:

- Every method that changes something is idempotent. Asking for what is already so succeeds and changes nothing, so a
  step that was interrupted can be run again. Removing what is absent succeeds.
- Methods raise only the errors below. `HostUnreachable` means that nothing is known about the outcome; every other
  error means that the host answered.
- Every method has a deadline of its own and none of them blocks the event loop.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from zaffre.fabric.drivers.console import ConsoleChannel, ConsoleKind
from zaffre.fabric.drivers.guest_facts import GuestFacts
from zaffre.fabric.drivers.measurements import HostCounters
from zaffre.foundation.errors import Conflict, DomainError, Unavailable


class HostUnreachable(Unavailable):
    """The host does not answer; whether the last call took effect is unknown."""

    code = "host.unreachable"
    title = "A host does not answer"

    def __init__(self, host: str, cause: str) -> None:
        super().__init__(
            f"Host {host} does not answer: {cause}.",
            remedy="Zaffre keeps reconnecting; check that the host is up and that libvirtd listens on its address.",
            target=host,
        )
        self.cause = cause


class HostPoolUnusable(HostUnreachable):
    """The host answers, and nothing can be done with it: its storage pool cannot be used."""

    code = "host.pool_unusable"
    title = "A host's storage pool cannot be used"

    def __init__(self, host: str, cause: str) -> None:
        super().__init__(host, cause)
        self.detail = f"Host {host} answers, but its storage pool cannot be used: {cause}."
        self.remedy = "Check that the pool's directory can be made and written on the host, or name another one."


class HypervisorRefused(DomainError):
    """The host answered with an error that Zaffre has no better name for."""

    code = "host.refused"
    title = "The host refused the request"
    status = 502

    def __init__(self, host: str, action: str, cause: str) -> None:
        super().__init__(
            f"Host {host} refused to {action}: {cause}",
            remedy="See the host's libvirtd and QEMU logs; the operator can act on this host from the hosts page.",
            target=host,
        )


class GuestMissing(Conflict):
    """The host has no guest with this id."""

    code = "host.guest_missing"
    title = "The guest is not on the host"

    def __init__(self, host: str, guest_id: str) -> None:
        super().__init__(
            f"Host {host} has no guest {guest_id}.",
            remedy="Start the virtual machine again to rebuild it from its disks, or delete it.",
            target=guest_id,
        )


class VolumeMissing(Conflict):
    """The host has no volume with this name."""

    code = "host.volume_missing"
    title = "The volume is not on the host"

    def __init__(self, host: str, volume: str) -> None:
        super().__init__(
            f"Host {host} has no volume {volume}.",
            remedy="Restore the volume on the host's storage pool, or delete the virtual machine that used it.",
            target=volume,
        )


class StorageFull(Conflict):
    """The host's storage pool has no room for what was asked."""

    code = "host.storage_full"
    title = "The host's storage is full"

    def __init__(self, host: str, needed_bytes: int, free_bytes: int) -> None:
        super().__init__(
            f"Host {host} has {free_bytes} bytes free in its storage pool and {needed_bytes} are needed.",
            remedy="Free space in the host's storage pool or add a host.",
            target=host,
        )


class GuestKeepsDisk(DomainError):
    """A running guest does not let go of a disk or of the medium in its drive."""

    code = "host.guest_keeps_disk"
    title = "The guest does not let go"
    status = 504

    def __init__(self, host: str, guest_id: str, volume: str) -> None:
        super().__init__(
            f"The guest {guest_id} on host {host} was asked to give up {volume} and still holds it.",
            remedy="Unmount it inside the guest and try again, or stop the virtual machine first.",
            target=guest_id,
        )


class GuestKeepsPort(DomainError):
    """A running guest does not let go of a network interface."""

    code = "host.guest_keeps_port"
    title = "The guest does not let go"
    status = 504

    def __init__(self, host: str, guest_id: str, mac: str) -> None:
        super().__init__(
            f"The guest {guest_id} on host {host} was asked to give up its network interface {mac} and still holds it.",
            remedy="Try again once its operating system has started, or stop the virtual machine first.",
            target=guest_id,
        )


class CheckpointMissing(Conflict):
    """The host does not have the whole of a checkpoint."""

    code = "host.checkpoint_missing"
    title = "The checkpoint is not on the host"

    def __init__(self, host: str, checkpoint_id: str) -> None:
        super().__init__(
            f"Host {host} does not have checkpoint {checkpoint_id} in all disks of its virtual machine.",
            remedy="It cannot be gone back to; delete it, or choose another.",
            target=checkpoint_id,
        )


class GuestBusy(Unavailable):
    """The host is doing something else with the guest."""

    code = "host.guest_busy"
    title = "The guest is busy on its host"

    def __init__(self, host: str, action: str) -> None:
        super().__init__(
            f"Host {host} was asked to {action} while it is still doing something else with the guest.",
            remedy="Try again when that has ended; saving much memory can take minutes.",
            target=host,
        )


class Accelerator(StrEnum):
    """How a host runs guests' instructions."""

    KVM = "kvm"
    TCG = "tcg"
    """Emulated by QEMU: works everywhere, about ten times slower."""


class GuestState(StrEnum):
    """A guest's power state as its host reports it."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    CRASHED = "crashed"


class StopReason(StrEnum):
    """Why a guest that is not running stopped, as far as the host knows."""

    GUEST_SHUTDOWN = "guest_shutdown"
    """The guest's operating system powered off."""
    DESTROYED = "destroyed"
    """Somebody cut its power: Zaffre, or an administrator on the host."""
    CRASHED = "crashed"
    FAILED = "failed"
    """It could not be started."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class HostAddress:
    """Where a host is and how to find things on it."""

    name: str
    uri: str
    """libvirt connection URI, or `simulated:///NAME` for the twin."""
    pool_path: str
    """Absolute directory on the host for Zaffre's volumes (the storage pool `zaffre`); created when absent."""
    integration_bridge: str = "br-int"
    """Open vSwitch bridge that guests' ports are plugged into."""


@dataclass(frozen=True)
class HostFacts:
    """What a host is, read from the host itself."""

    hostname: str
    engine_uuid: str
    """libvirt's host UUID: tells two hosts with one address apart, and one host with two addresses."""
    engine_version: str
    """For people, for example `libvirt 9.0.0, QEMU 7.2.18`."""
    vcpus: int
    memory_mib: int
    storage_gib: int
    """Capacity of the file system that holds the storage pool."""
    storage_free_gib: int


@dataclass(frozen=True)
class GuestDisk:
    """A disk of a guest: a volume in the host's pool."""

    volume: str
    format: str
    """`qcow2` or `raw`."""
    position: int = 0
    """0 is the root disk, 1 to `guest_slots.DATA_DISKS` are data disks: where it is plugged in. There may be gaps."""
    serial: str | None = None
    """By which the guest can find it, at most 20 characters: Linux shows `/dev/disk/by-id/virtio-SERIAL`."""


@dataclass(frozen=True)
class GuestPort:
    """A network port of a guest. The network plane recognises the guest's interface by `port_id`."""

    port_id: str
    """UUID; becomes the Open vSwitch interface id."""
    mac: str
    mtu: int
    position: int = 0
    """0 to `guest_slots.NETWORK_PORTS` - 1: where it is plugged in. There may be gaps."""


@dataclass(frozen=True)
class GuestSpec:
    """Everything a host must know to build a guest."""

    id: str
    """UUID; also the guest's SMBIOS system UUID."""
    title: str
    """For people looking at the host; not unique."""
    vcpus: int
    memory_mib: int
    accelerator: Accelerator
    disks: tuple[GuestDisk, ...]
    """In the order of their positions."""
    seed_volume: str | None
    """An ISO 9660 volume with the cloud-init NoCloud seed, attached as the last virtio disk, read-only.

    Not a SATA CD-ROM: Debian's cloud kernel has no AHCI driver, so its guests would never see it. cloud-init finds the
    seed on any block device by its file system label `cidata`."""
    serial_log_volume: str
    """A volume of the pool that receives everything the guest writes to its first serial port."""
    ports: tuple[GuestPort, ...]
    iso_volume: str | None = None
    """What is in the guest's removable drive, which every guest has. A SCSI drive, for the same reason."""
    labels: dict[str, str] = field(default_factory=dict[str, str])
    """Kept with the guest and returned in observations; Zaffre writes who owns it."""


@dataclass(frozen=True)
class GuestObservation:
    """A guest as its host sees it now."""

    id: str
    title: str
    state: GuestState
    stop_reason: StopReason | None
    """Set exactly when the guest is not running and not paused."""
    ready: bool
    """The guest has connected to its agent channel `org.qemu.guest_agent.0`: it is up and willing to serve.
    False for a guest that is not running."""
    labels: dict[str, str]
    """Empty for a guest that Zaffre did not make."""
    volumes: frozenset[str] = frozenset()
    """Names of the volumes in its disks and drive: as it runs, or as it would start."""
    ports: frozenset[str] = frozenset()
    """Ids of its network ports: as it runs, or as it would start."""


@dataclass(frozen=True)
class GuestCheckpoint:
    """A state of a guest that its host can bring it back to: of its disks, and of its memory if it was on."""

    id: str
    memory_bytes: int
    """What its memory takes up in the pool."""
    with_memory: bool
    whole: bool
    """Whether every disk of the guest has its part. One that is not whole cannot be gone back to."""


@dataclass(frozen=True)
class VolumeFacts:
    """A volume as the host's pool knows it."""

    name: str
    capacity_bytes: int
    """What a guest sees."""
    allocation_bytes: int
    """What it takes up now."""


@dataclass(frozen=True)
class GuestChanged:
    """A guest appeared or changed state."""

    observation: GuestObservation


@dataclass(frozen=True)
class GuestRemoved:
    """A guest's definition is gone from the host."""

    guest_id: str


@dataclass(frozen=True)
class HostConnected:
    """The host answers (again). Events may have been missed: read everything."""


@dataclass(frozen=True)
class HostLost:
    """The host does not answer: the connection broke, or the first attempt failed. The driver goes on trying."""

    cause: str


@dataclass(frozen=True)
class MigrationTarget:
    """Where a guest is to go on."""

    uri: str
    """How its present host reaches the new one's hypervisor."""
    address: HostAddress
    """The new host, with its own pool and bridge."""


Report = Callable[[float], Awaitable[None]]
"""Told how far something is, from 0 to 1. What it raises ends the waiting."""

HostEvent = GuestChanged | GuestRemoved | HostConnected | HostLost
HostListener = Callable[[HostEvent], None]


class Hypervisor(Protocol):
    """An open door to one host."""

    @property
    def address(self) -> HostAddress:
        """Where this door leads."""
        ...

    @property
    def connected(self) -> bool:
        """Whether the last attempt to reach the host succeeded."""
        ...

    def subscribe(self, listener: HostListener) -> Callable[[], None]:
        """Call `listener` on the event loop for every event of this host; returns the way to unsubscribe.

        Events are hints: they arrive within a second when the connection is up, and may be lost when it is not.
        """
        ...

    async def facts(self) -> HostFacts:
        """Read what the host is."""
        ...

    async def probe_accelerator(self, deadline_s: float = 10.0) -> Accelerator:
        """Find out which accelerator works by running a guest of one boot sector under KVM.

        A host can offer /dev/kvm on which guests hang, so only a guest that ran proves it. When the guest does not
        report within `deadline_s` the answer is TCG. Leaves nothing behind.
        """
        ...

    # Volumes -----------------------------------------------------------------------------------------------------

    async def volumes(self) -> Sequence[VolumeFacts]:
        """List the pool's volumes, freshly read."""
        ...

    async def has_volume(self, name: str) -> bool:
        """Tell whether the pool has a volume with this name, without reading the whole pool."""
        ...

    async def upload_volume(self, name: str, source: Path | bytes, volume_format: str = "raw") -> None:
        """Make the volume's content equal to `source`, a file on this machine or bytes, replacing what was there.

        Args:
            name: volume name; at most 200 characters of `[A-Za-z0-9._-]`.
            source: content to send.
            volume_format: `raw` or `qcow2`: what the content is, never guessed from the content.
        """
        ...

    async def create_overlay(self, name: str, backing_volume: str, size_gib: int) -> None:
        """Create a qcow2 volume of `size_gib` whose unwritten parts are read from `backing_volume` (qcow2).

        A volume of that name which already has this backing is left as it is.

        Raises:
            VolumeMissing: the backing volume is not on the host.
            StorageFull: the pool has no room.
        """
        ...

    async def create_blank(self, name: str, size_gib: int) -> None:
        """Create an empty qcow2 volume of `size_gib`. A volume of that name is left as it is.

        Raises:
            StorageFull: the pool has no room.
        """
        ...

    async def receive_disk(self, name: str, size_gib: int, length: int, parts: AsyncIterator[bytes]) -> None:
        """Make the volume's content equal to that of a qcow2 volume of another host, replacing what was there.

        Args:
            name: of the new volume.
            size_gib: what a guest sees of the disk; checked against what has arrived.
            length: how many bytes will come.
            parts: those bytes, as `read_volume` of the other host yields them.

        Raises:
            StorageFull: the pool has no room.
            HypervisorRefused: what arrived is not the disk that was announced.
        """
        ...

    async def volume_capacity(self, name: str) -> int:
        """Return how many bytes a guest sees of a volume.

        Raises:
            VolumeMissing: there is no such volume.
        """
        ...

    async def grow_disk(self, name: str, size_gib: int, guest_id: str | None = None) -> None:
        """Make a qcow2 volume at least this large; the guest that uses it, if it runs, sees that at once.

        Raises:
            VolumeMissing: there is no such volume.
        """
        ...

    async def delete_volume(self, name: str) -> None:
        """Remove the volume if it is there."""
        ...

    def read_volume(self, name: str, offset: int, length: int) -> AsyncIterator[bytes]:
        """Yield up to `length` bytes from `offset`; ends early at the end of the volume.

        Raises:
            VolumeMissing: there is no such volume.
        """
        ...

    async def volume_size(self, name: str) -> int:
        """Return the number of bytes that `read_volume` can read now: for a growing log, its present end.

        Raises:
            VolumeMissing: there is no such volume.
        """
        ...

    # Guests ------------------------------------------------------------------------------------------------------

    async def define(self, spec: GuestSpec) -> None:
        """Make the host know the guest as `spec` says. A running guest takes changes at its next start."""
        ...

    async def resize(self, spec: GuestSpec) -> bool:
        """Define a guest with another size, and let it have at once what can be given to or taken from it as it runs.

        Returns whether it has all of its size now; otherwise it gets the rest at its next start. A guest that is off
        has it in any case.

        Raises:
            GuestMissing: there is no such guest.
        """
        ...

    async def start(self, guest_id: str) -> None:
        """Power on, or resume if paused. A running guest is left alone.

        Raises:
            GuestMissing: there is no such guest.
            VolumeMissing: one of its volumes is gone.
        """
        ...

    async def request_shutdown(self, guest_id: str) -> None:
        """Press the power button and return at once; the guest may take its time or ignore it.

        Raises:
            GuestMissing: there is no such guest.
        """
        ...

    async def stop(self, guest_id: str) -> None:
        """Cut the power. A stopped or absent guest is left alone."""
        ...

    async def reset(self, guest_id: str) -> None:
        """Press the reset button of a running guest.

        Raises:
            GuestMissing: there is no such guest.
            HypervisorRefused: it is not running.
        """
        ...

    async def pause(self, guest_id: str) -> None:
        """Stop the guest's processors, keeping its memory. A paused guest is left alone.

        Raises:
            GuestMissing: there is no such guest.
            HypervisorRefused: it is not running.
        """
        ...

    async def retitle(self, guest_id: str, title: str) -> None:
        """Give a guest another title, running or not. It is not disturbed.

        Raises:
            GuestMissing: there is no such guest.
        """
        ...

    async def undefine(self, guest_id: str) -> None:
        """Cut the power and forget the guest. Its volumes stay."""
        ...

    async def attach_disk(self, guest_id: str, disk: GuestDisk) -> None:
        """Give the guest a disk, at once if it runs. One that it has is left alone.

        Raises:
            GuestMissing: there is no such guest.
            VolumeMissing: there is no such volume.
            HypervisorRefused: something else is plugged in at the disk's position.
        """
        ...

    async def detach_disk(self, guest_id: str, volume: str, deadline_s: float = 20.0) -> None:
        """Take a disk from the guest, which is asked for it if it runs. An absent disk or guest is fine.

        Raises:
            GuestKeepsDisk: the guest has not let go within `deadline_s`. It may still do so later.
        """
        ...

    async def attach_port(self, guest_id: str, port: GuestPort) -> None:
        """Give the guest a network interface, at once if it runs. One that it has is left alone.

        Raises:
            GuestMissing: there is no such guest.
            HypervisorRefused: something else is plugged in at the port's position.
        """
        ...

    async def detach_port(self, guest_id: str, port: GuestPort, deadline_s: float = 20.0) -> None:
        """Take a network interface from the guest, which is asked for it if it runs. An absent one or guest is fine.

        Raises:
            GuestKeepsPort: the guest has not let go within `deadline_s`. It may still do so later.
        """
        ...

    async def change_medium(self, guest_id: str, volume: str | None) -> None:
        """Put a raw volume into the guest's removable drive, or leave it empty, at once if the guest runs.

        Raises:
            GuestMissing: there is no such guest.
            VolumeMissing: there is no such volume.
            GuestKeepsDisk: the guest has locked the drive, because it uses what is in it.
        """
        ...

    async def open_console(self, guest_id: str, kind: ConsoleKind) -> ConsoleChannel:
        """Open the guest's screen or its first serial port. A serial port is taken from whoever has it open.

        Raises:
            GuestMissing: there is no such guest.
            GuestOff: its power is off.
            ConsoleUnavailable: this host cannot give out consoles of that kind.
        """
        ...

    async def migrate(self, guest_id: str, target: MigrationTarget, report: Report) -> None:
        """Move a guest that is on to another host while it runs, with its memory and the content of its disks.

        The new host has volumes of the same names already: empty ones of the same size over the same backing for its
        disks, whole ones for what it only reads. The hosts do the work between them: when the caller goes away it goes
        on, and another call joins it. Returns when it has ended, whichever way: see where the guest is. A guest that
        is not here is left alone.

        Raises:
            HypervisorRefused: it could not be moved, or the move was aborted; it goes on here.
        """
        ...

    async def abort_migration(self, guest_id: str) -> None:
        """End a guest's move, if one is under way and not yet past the point where it goes on on the new host."""
        ...

    async def observe(self, guest_id: str) -> GuestObservation | None:
        """Read one guest; None when the host does not know it."""
        ...

    async def observe_all(self) -> Sequence[GuestObservation]:
        """Read every guest on the host, also those that Zaffre did not make."""
        ...

    async def guest_facts(self, guest_id: str) -> GuestFacts | None:
        """Ask a running guest's agent about the guest; None when it has none that answers within some seconds.

        What the agent does not know is left out. Waiting for it holds up nobody but others who ask agents.

        Raises:
            GuestMissing: there is no such guest.
        """
        ...

    # Checkpoints -------------------------------------------------------------------------------------------------

    async def checkpoints(self, guest_id: str) -> Sequence[GuestCheckpoint]:
        """Read which checkpoints a guest's disks have, also those that are not whole and those of others.

        Raises:
            GuestMissing: there is no such guest.
            VolumeMissing: one of its disks is gone.
        """
        ...

    async def create_checkpoint(self, guest_id: str, checkpoint_id: str) -> GuestCheckpoint:
        """Take a checkpoint: of the disks, and of a guest that is on also of its memory.

        A running guest stands still meanwhile, for as long as writing its memory takes. A checkpoint of this id that
        is there and whole is left as it is; one that is not is taken anew.

        Raises:
            GuestMissing: there is no such guest.
            StorageFull: the pool has no room for the guest's memory.
            HypervisorRefused: a disk cannot keep checkpoints.
        """
        ...

    async def restore_checkpoint(self, spec: GuestSpec, checkpoint_id: str) -> None:
        """Bring the guest that `spec` defines back to a checkpoint: running or paused with the memory it had, or off.

        Whatever it is doing ends. Its definition, title and labels are afterwards as `spec` says. What is in its disks
        now is lost, unless a checkpoint keeps it.

        Raises:
            CheckpointMissing: the checkpoint is not there or not whole; the guest has been left alone.
        """
        ...

    async def delete_checkpoint(self, guest_id: str, checkpoint_id: str) -> None:
        """Remove a checkpoint, or what there is of it. The guest, and its other checkpoints, stay as they are."""
        ...

    async def measure(self) -> HostCounters:
        """Read the counters of the host and of all its running guests in one question.

        A guest that is busy with a change is left out rather than waited for, and so are those Zaffre did not make.
        """
        ...

    async def withdraw(self) -> None:
        """Take back what opening this door made on the host: the storage pool, when it was not there before.

        For a host that was only looked at. Files in the pool's directory stay.
        """
        ...

    async def close(self) -> None:
        """Close the connection and end the driver's threads. Guests go on running."""
        ...


class HypervisorDriver(Protocol):
    """Opens hosts of one kind."""

    name: str
    """What a host's `driver` field says: `libvirt` or `simulated`."""

    def open(self, address: HostAddress) -> Hypervisor:
        """Return a door to the host. Connecting happens in the background and is retried until `close`."""
        ...
