"""Hosts that exist only in memory or in one file: the simulated twin of the libvirt driver.

It keeps the same promises, which the same tests check, and it is how a thousand hosts fit into a test. What it shows
about libvirt and QEMU is nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid5

from zaffre.fabric.drivers.console import ConsoleChannel, ConsoleKind
from zaffre.fabric.drivers.guest_facts import GuestFacts
from zaffre.fabric.drivers.host_listeners import HostListeners
from zaffre.fabric.drivers.hypervisor import (
    Accelerator,
    GuestCheckpoint,
    GuestDisk,
    GuestKeepsDisk,
    GuestKeepsPort,
    GuestObservation,
    GuestPort,
    GuestSpec,
    GuestState,
    HostAddress,
    HostConnected,
    HostEvent,
    HostFacts,
    HostListener,
    HostLost,
    HostUnreachable,
    HypervisorRefused,
    MigrationTarget,
    Report,
    StopReason,
    VolumeFacts,
)
from zaffre.fabric.drivers.measurements import HostCounters
from zaffre.fabric.drivers.simulated_capacity import parse_uri
from zaffre.fabric.drivers.simulated_faults import Faults
from zaffre.fabric.drivers.simulated_latency import REALISTIC, Action, LatencyModel
from zaffre.fabric.drivers.simulated_store import StoredVolume
from zaffre.fabric.drivers.simulated_world import SimulatedWorld
from zaffre.fabric.drivers.volume_names import check_guest_volumes, check_volume_name

__all__ = ["REALISTIC", "Action", "Faults", "LatencyModel", "SimulatedDriver", "SimulatedHypervisor", "SimulatedWorld"]

_DEADLINE_S = 60.0
"""The longest deadline of the libvirt driver; the twin uses it for everything."""

_READ_BYTES = 1024 * 1024
_MOVE_STEPS = 10
"""How often the progress of a move is told."""
_ENGINES = UUID("9f3e0a4c-6c0d-5f0e-8a27-3d1f5b0c7e11")
"""Namespace of the UUIDs that hosts' engines get from their names."""

Result = TypeVar("Result")


class SimulatedDriver:
    """Opens the hosts of one world."""

    name = "simulated"

    def __init__(self, world: SimulatedWorld) -> None:
        self.world = world

    def open(self, address: HostAddress) -> "SimulatedHypervisor":
        """Return a door to the host; to be called on the event loop.

        Raises:
            SimulatedUriUnfit: the address's URI is not `simulated:///NAME`.
        """
        return SimulatedHypervisor(address, self.world)


class SimulatedHypervisor:
    """A `Hypervisor` of a simulated world; see the Protocol for what its methods promise."""

    def __init__(self, address: HostAddress, world: SimulatedWorld) -> None:
        name, capacity = parse_uri(address.uri)
        self._address = address
        self._world = world
        self._host = world.host(name, capacity)
        self._listeners = HostListeners()
        self._connected = False
        self._closed = False
        self._stop_listening = world.listen(name, self._hear)
        # Later, as with a real host: whoever opened the door must have had the time to subscribe.
        asyncio.get_running_loop().call_soon(self._connect)

    @property
    def address(self) -> HostAddress:
        """Where this door leads."""
        return self._address

    @property
    def connected(self) -> bool:
        """Whether the last attempt to reach the host succeeded."""
        return self._connected

    def subscribe(self, listener: HostListener) -> Callable[[], None]:
        """Call `listener` for every event of this host, until the returned function is called."""
        return self._listeners.subscribe(listener)

    async def facts(self) -> HostFacts:
        """Read what the host is."""
        return await self._perform(Action.FACTS, self._facts)

    async def probe_accelerator(self, deadline_s: float = 10.0) -> Accelerator:  # noqa: ARG002 - it never hangs here
        """Return the accelerator that the host's URI gives it."""
        return await self._perform(Action.PROBE_ACCELERATOR, lambda: self._host.capacity.accelerator)

    # Volumes -----------------------------------------------------------------------------------------------------

    async def volumes(self) -> Sequence[VolumeFacts]:
        """List the pool's volumes."""
        return await self._perform(Action.VOLUMES, self._host.volumes)

    async def has_volume(self, name: str) -> bool:
        """Tell whether the pool has a volume with this name."""
        return await self._perform(Action.HAS_VOLUME, partial(self._host.has_volume, name))

    async def upload_volume(self, name: str, source: Path | bytes, volume_format: str = "raw") -> None:
        """Make the volume's content equal to `source`."""
        check_volume_name(self._address.name, name)
        await self._perform(Action.UPLOAD_VOLUME, partial(self._host.upload, name, source, volume_format))

    async def create_overlay(self, name: str, backing_volume: str, size_gib: int) -> None:
        """Create a qcow2 volume whose unwritten parts are read from `backing_volume`."""
        check_volume_name(self._address.name, name)
        create = partial(self._host.create_overlay, name, backing_volume, size_gib)
        await self._perform(Action.CREATE_OVERLAY, create)

    async def create_blank(self, name: str, size_gib: int) -> None:
        """Create an empty qcow2 volume."""
        check_volume_name(self._address.name, name)
        await self._perform(Action.CREATE_BLANK, partial(self._host.create_blank, name, size_gib))

    async def receive_disk(self, name: str, size_gib: int, length: int, parts: AsyncIterator[bytes]) -> None:
        """Make the volume's content equal to that of a qcow2 volume of another host."""
        check_volume_name(self._address.name, name)
        content = b"".join([part async for part in parts])
        receive = partial(self._host.receive_disk, name, size_gib, length, content)
        await self._perform(Action.RECEIVE_DISK, receive)

    async def volume_capacity(self, name: str) -> int:
        """Return how many bytes a guest sees of a volume."""
        volume = await self._perform(Action.VOLUME_CAPACITY, partial(self._host.volume, name))
        return volume.capacity_bytes

    async def grow_disk(self, name: str, size_gib: int, guest_id: str | None = None) -> None:  # noqa: ARG002 - no matter
        """Make a qcow2 volume at least this large."""
        await self._perform(Action.GROW_DISK, partial(self._host.grow_disk, name, size_gib))

    async def delete_volume(self, name: str) -> None:
        """Remove the volume if it is there."""
        await self._perform(Action.DELETE_VOLUME, partial(self._host.delete_volume, name))

    async def read_volume(self, name: str, offset: int, length: int) -> AsyncIterator[bytes]:
        """Yield up to `length` bytes from `offset`; ends early at the end of the volume."""
        end = offset + length
        while True:
            volume = await self._perform(Action.READ_VOLUME, partial(self._host.volume, name))
            part = _content(volume, offset, min(end - offset, _READ_BYTES))
            if not part:
                return
            yield part
            offset += len(part)

    async def volume_size(self, name: str) -> int:
        """Return the number of bytes that `read_volume` can read now."""
        volume = await self._perform(Action.VOLUME_SIZE, partial(self._host.volume, name))
        return volume.allocation_bytes

    # Guests ------------------------------------------------------------------------------------------------------

    async def define(self, spec: GuestSpec) -> None:
        """Make the host know the guest as `spec` says."""
        check_guest_volumes(self._address.name, spec)
        await self._perform(Action.DEFINE, partial(self._host.define, spec))

    async def resize(self, spec: GuestSpec) -> bool:
        """Define a guest with another size, and let it have at once what it can take."""
        check_guest_volumes(self._address.name, spec)
        return await self._perform(Action.RESIZE, partial(self._host.resize, spec))

    async def start(self, guest_id: str) -> None:
        """Power on, or resume if paused."""
        await self._perform(Action.START, partial(self._host.start, guest_id, self._world.latency.boot_s))

    async def request_shutdown(self, guest_id: str) -> None:
        """Press the power button and return at once."""
        await self._perform(Action.REQUEST_SHUTDOWN, partial(self._press_power_button, guest_id))

    async def stop(self, guest_id: str) -> None:
        """Cut the power."""
        await self._perform(Action.STOP, partial(self._host.turn_off, guest_id, StopReason.DESTROYED))

    async def reset(self, guest_id: str) -> None:
        """Press the reset button of a running guest."""
        await self._perform(Action.RESET, partial(self._host.reset, guest_id, self._world.latency.boot_s))

    async def pause(self, guest_id: str) -> None:
        """Stop the guest's processors, keeping its memory."""
        await self._perform(Action.PAUSE, partial(self._host.pause, guest_id))

    async def retitle(self, guest_id: str, title: str) -> None:
        """Give a guest another title."""
        await self._perform(Action.RETITLE, partial(self._host.retitle, guest_id, title))

    async def undefine(self, guest_id: str) -> None:
        """Cut the power and forget the guest."""
        await self._perform(Action.UNDEFINE, partial(self._host.undefine, guest_id))

    async def attach_disk(self, guest_id: str, disk: GuestDisk) -> None:
        """Give the guest a disk, at once if it runs."""
        check_volume_name(self._address.name, disk.volume)
        await self._perform(Action.ATTACH_DISK, partial(self._host.attach_disk, guest_id, disk))

    async def detach_disk(self, guest_id: str, volume: str, deadline_s: float = 20.0) -> None:
        """Take a disk from the guest, which is asked for it if it runs."""
        if self._world.faults.keeps_disks(self._host.name, guest_id) and self._host.runs_with(guest_id, volume):
            await self._world.clock.sleep(deadline_s)
            raise GuestKeepsDisk(self._address.name, guest_id, volume)
        await self._perform(Action.DETACH_DISK, partial(self._host.detach_disk, guest_id, volume))

    async def attach_port(self, guest_id: str, port: GuestPort) -> None:
        """Give the guest a network interface, at once if it runs."""
        await self._perform(Action.ATTACH_PORT, partial(self._host.attach_port, guest_id, port))

    async def detach_port(self, guest_id: str, port: GuestPort, deadline_s: float = 20.0) -> None:
        """Take a network interface from the guest, which is asked for it if it runs."""
        if self._world.faults.keeps_disks(self._host.name, guest_id) and self._host.runs_with_port(guest_id, port):
            await self._world.clock.sleep(deadline_s)
            raise GuestKeepsPort(self._address.name, guest_id, port.mac)
        await self._perform(Action.DETACH_PORT, partial(self._host.detach_port, guest_id, port.port_id))

    async def change_medium(self, guest_id: str, volume: str | None) -> None:
        """Put a raw volume into the guest's removable drive, or leave it empty."""
        if self._world.faults.keeps_disks(self._host.name, guest_id) and self._host.runs_with_medium(guest_id):
            raise GuestKeepsDisk(self._address.name, guest_id, "the medium in its drive")
        await self._perform(Action.CHANGE_MEDIUM, partial(self._host.change_medium, guest_id, volume))

    async def open_console(self, guest_id: str, kind: ConsoleKind) -> ConsoleChannel:
        """Open the guest's screen or its first serial port."""
        await self._perform(Action.OPEN_CONSOLE, partial(self._host.check_guest, guest_id))
        return await self._world.consoles(self._host.name).open(guest_id, kind)

    async def migrate(self, guest_id: str, target: MigrationTarget, report: Report) -> None:
        """Move a guest that is on to another host while it runs."""
        name, _capacity = parse_uri(target.uri)
        moves = self._world.moves
        move = (self._host.name, guest_id)
        duration_s = self._world.duration_s(self._host.name, Action.MIGRATE)
        moves.add(move)
        try:
            for step in range(_MOVE_STEPS):
                if move not in moves:
                    raise HypervisorRefused(self._address.name, f"move guest {guest_id}", "it was aborted")
                await report(step / _MOVE_STEPS)
                await self._world.clock.sleep(duration_s / _MOVE_STEPS)
            await self._perform(Action.MIGRATE, partial(self._host.move, guest_id, self._world.host(name)), 0.0)
        finally:
            moves.discard(move)

    async def abort_migration(self, guest_id: str) -> None:
        """End a guest's move, if one is under way."""
        move = (self._host.name, guest_id)
        await self._perform(Action.ABORT_MIGRATION, lambda: self._world.moves.discard(move))

    async def observe(self, guest_id: str) -> GuestObservation | None:
        """Read one guest; None when the host does not know it."""
        return await self._perform(Action.OBSERVE, partial(self._host.observe, guest_id))

    async def observe_all(self) -> Sequence[GuestObservation]:
        """Read every guest on the host."""
        return await self._perform(Action.OBSERVE_ALL, self._host.observe_all)

    async def guest_facts(self, guest_id: str) -> GuestFacts | None:
        """Ask the guest's agent about the guest, unless it has been silenced."""
        facts = await self._perform(Action.GUEST_FACTS, partial(self._host.guest_facts, guest_id))
        return None if self._world.faults.has_silent_agent(self._host.name, guest_id) else facts

    # Checkpoints -------------------------------------------------------------------------------------------------

    async def checkpoints(self, guest_id: str) -> Sequence[GuestCheckpoint]:
        """Read which checkpoints a guest's disks have."""
        return await self._perform(Action.CHECKPOINTS, partial(self._host.checkpoints.of_guest, guest_id))

    async def create_checkpoint(self, guest_id: str, checkpoint_id: str) -> GuestCheckpoint:
        """Take a checkpoint."""
        create = partial(self._host.checkpoints.create, guest_id, checkpoint_id)
        return await self._perform(Action.CREATE_CHECKPOINT, create)

    async def restore_checkpoint(self, spec: GuestSpec, checkpoint_id: str) -> None:
        """Bring the guest back to a checkpoint."""
        check_guest_volumes(self._address.name, spec)
        await self._perform(Action.RESTORE_CHECKPOINT, partial(self._restore, spec, checkpoint_id))

    async def delete_checkpoint(self, guest_id: str, checkpoint_id: str) -> None:
        """Remove a checkpoint, or what there is of it."""
        delete = partial(self._host.checkpoints.delete, guest_id, checkpoint_id)
        await self._perform(Action.DELETE_CHECKPOINT, delete)

    async def measure(self) -> HostCounters:
        """Read the counters of the host and of all its running guests."""
        return await self._perform(Action.MEASURE, self._host.measure)

    async def withdraw(self) -> None:
        """Take back nothing: a simulated host has its storage pool from the beginning."""

    async def close(self) -> None:
        """Close the door. Guests go on running."""
        if not self._closed:
            self._stop_listening()
        self._closed = True
        self._connected = False
        self._listeners.clear()

    # Details -----------------------------------------------------------------------------------------------------

    async def _perform(self, action: Action, call: Callable[[], Result], duration_s: float | None = None) -> Result:
        """Let the action take its time and effect, or fail, as latency and faults have it."""
        failure = self._world.faults.next_failure(self._host.name, action)
        if duration_s is None:
            duration_s = self._world.duration_s(self._host.name, action)
        self._check_reachable()
        await self._world.clock.sleep(min(duration_s, _DEADLINE_S))
        self._check_reachable()
        if failure is not None and not failure.takes_effect:
            raise failure.error
        result = call()
        if failure is not None:
            raise failure.error
        if duration_s > _DEADLINE_S:
            raise HostUnreachable(self._address.name, f"it took longer than {_DEADLINE_S:g} s to {action}")
        return result

    def _check_reachable(self) -> None:
        cause = "the connection was closed" if self._closed else self._world.faults.cause_unreachable(self._host.name)
        if cause is not None:
            raise HostUnreachable(self._address.name, cause)

    def _connect(self) -> None:
        if self._closed:
            return
        cause = self._world.faults.cause_unreachable(self._host.name)
        self._hear(HostConnected() if cause is None else HostLost(cause))

    def _hear(self, event: HostEvent) -> None:
        if isinstance(event, (HostConnected, HostLost)):
            self._connected = isinstance(event, HostConnected)
        self._listeners.announce(event)

    def _facts(self) -> HostFacts:
        capacity = self._host.capacity
        return HostFacts(
            hostname=self._host.name,
            engine_uuid=str(uuid5(_ENGINES, self._host.name)),
            engine_version="simulated",
            vcpus=capacity.vcpus,
            memory_mib=capacity.memory_mib,
            storage_gib=capacity.storage_gib,
            storage_free_gib=self._host.free_bytes() >> 30,
        )

    def _restore(self, spec: GuestSpec, checkpoint_id: str) -> None:
        self._host.define(spec)
        self._host.checkpoints.restore(spec, checkpoint_id)

    def _press_power_button(self, guest_id: str) -> None:
        if self._host.check_guest(guest_id) is GuestState.RUNNING:
            self._world.press_power_button(self._host.name, guest_id)


def _content(volume: StoredVolume, offset: int, length: int) -> bytes:
    """Return a part of the volume; what nobody ever wrote, and what the world did not keep, reads as zeros."""
    if volume.content is not None:
        return volume.content[offset : offset + length]
    if volume.source is None or not volume.source.exists():
        return bytes(max(0, min(length, volume.allocation_bytes - offset)))
    with volume.source.open("rb") as file:
        file.seek(offset)
        return file.read(length)
