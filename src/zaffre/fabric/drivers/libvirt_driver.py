"""Hosts that run libvirt: the `Hypervisor` Protocol over libvirt's own remote protocol.

No agent of ours runs on a host. The blocking work is in the `libvirt_*` modules beside this one: the session and its
connection, workers and observer, and the functions for guests and volumes. This module gives each of them its
deadline. Everything here is one asyncio event loop's: the one that opened the host.
"""

import asyncio
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar
from weakref import WeakValueDictionary

from zaffre.fabric.drivers import libvirt_checkpoints as checkpoints
from zaffre.fabric.drivers import libvirt_consoles as consoles
from zaffre.fabric.drivers import libvirt_disks as disks
from zaffre.fabric.drivers import libvirt_guests as guests
from zaffre.fabric.drivers import libvirt_migration as migration
from zaffre.fabric.drivers import libvirt_ports as ports
from zaffre.fabric.drivers import libvirt_volumes as volumes
from zaffre.fabric.drivers.console import ConsoleChannel, ConsoleKind
from zaffre.fabric.drivers.guest_facts import GuestFacts
from zaffre.fabric.drivers.host_listeners import HostListeners
from zaffre.fabric.drivers.hypervisor import (
    Accelerator,
    GuestCheckpoint,
    GuestDisk,
    GuestKeepsDisk,
    GuestKeepsPort,
    GuestMissing,
    GuestObservation,
    GuestPort,
    GuestSpec,
    HostAddress,
    HostConnected,
    HostFacts,
    HostListener,
    HostLost,
    HypervisorRefused,
    MigrationTarget,
    Report,
    StorageFull,
    VolumeFacts,
)
from zaffre.fabric.drivers.libvirt_connection import ConnectionListener, HostConnection
from zaffre.fabric.drivers.libvirt_facts import GuestAgents
from zaffre.fabric.drivers.libvirt_measurements import measure_host
from zaffre.fabric.drivers.libvirt_observer import GuestObserver
from zaffre.fabric.drivers.libvirt_probe import PROBE_GUEST_ID, guest_reports
from zaffre.fabric.drivers.libvirt_resize import resize_guest
from zaffre.fabric.drivers.libvirt_session import HostSession
from zaffre.fabric.drivers.libvirt_transfer import VolumeDownload, VolumeReception, VolumeUpload
from zaffre.fabric.drivers.libvirt_workers import Lane
from zaffre.fabric.drivers.measurements import HostCounters
from zaffre.fabric.drivers.stream_channel import StreamChannel
from zaffre.fabric.drivers.volume_names import check_guest_volumes, check_volume_name
from zaffre.foundation.clock import Clock, SystemClock
from zaffre.foundation.errors import DomainError

_READ_DEADLINE_S = 15.0
_CHANGE_DEADLINE_S = 30.0
"""For what takes milliseconds, except that a host's first define and first facts wait for libvirt to question QEMU
about its abilities, which takes seconds."""

_START_DEADLINE_S = 60.0
_STOP_DEADLINE_S = 60.0
"""libvirt gives QEMU 15 s to end in peace, and then some to the kernel."""

_CHECKPOINT_DEADLINE_S = 600.0
"""QEMU writes and reads memory at some hundred MiB a second on a good disk, so this is for guests of tens of GiB."""

_LET_GO_DEADLINE_S = 5.0
_DETACH_POLL_S = 0.25
_MOVE_POLL_S = 0.5
_MOVE_DEADLINE_S = 24 * 3600.0
_ABORT_DEADLINE_S = 60.0
_ABORT_AGAIN_S = 10.0

Result = TypeVar("Result")


class LibvirtDriver:
    """Opens hosts that run libvirt."""

    name = "libvirt"

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()

    def open(self, address: HostAddress) -> "LibvirtHypervisor":
        """Return a door to the host; to be called on the event loop. Connecting goes on in the background."""
        return LibvirtHypervisor(address, self._clock)


class LibvirtHypervisor:
    """A `Hypervisor` over libvirt; see the Protocol for what its methods promise."""

    def __init__(self, address: HostAddress, clock: Clock) -> None:
        self._address = address
        self._clock = clock
        self._listeners = HostListeners()
        self._probing = asyncio.Lock()
        self._moving = asyncio.Lock()
        self._moves: dict[str, asyncio.Task[None]] = {}
        self._agents = GuestAgents(address)
        self._uploads: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._observer = GuestObserver(self._read_guests, self._listeners.announce)
        listener = ConnectionListener(self._on_connected, self._on_lost, self._on_guest_event)
        self._connection = HostConnection(address, listener, clock)

    @property
    def address(self) -> HostAddress:
        """Where this door leads."""
        return self._address

    @property
    def connected(self) -> bool:
        """Whether the last attempt to reach the host succeeded."""
        return self._connection.connected

    def subscribe(self, listener: HostListener) -> Callable[[], None]:
        """Call `listener` for every event of this host, until the returned function is called."""
        return self._listeners.subscribe(listener)

    async def facts(self) -> HostFacts:
        """Read what the host is."""
        return await self._change("describe itself", _read_facts)

    async def probe_accelerator(self, deadline_s: float = 10.0) -> Accelerator:
        """Find out which accelerator works by running a guest of one boot sector under KVM."""
        async with self._probing:
            works = await guest_reports(self._connection, Accelerator.KVM, self._clock, deadline_s)
        return Accelerator.KVM if works else Accelerator.TCG

    # Volumes -----------------------------------------------------------------------------------------------------

    async def volumes(self) -> Sequence[VolumeFacts]:
        """List the pool's volumes, freshly read."""
        return await self._read("list its volumes", volumes.list_volumes)

    async def has_volume(self, name: str) -> bool:
        """Tell whether the pool has a whole volume with this name."""
        return await self._read(f"look for volume {name}", partial(volumes.has_volume, name=name))

    async def upload_volume(
        self,
        name: str,
        source: Path | bytes,
        volume_format: str = "raw",  # noqa: ARG002 - libvirt keeps no record of it; each user of a volume names it
    ) -> None:
        """Make the volume's content equal to `source`."""
        check_volume_name(self._address.name, name)
        # One at a time for each volume: the first to end would declare the other's half to be whole.
        async with self._uploads.setdefault(name, asyncio.Lock()):
            await self._upload(name, VolumeUpload(name, source))

    async def _upload(self, name: str, upload: VolumeUpload) -> None:
        try:
            while await self._change(f"take volume {name}", upload.step):
                pass
        except StorageFull:
            await self._let_go(upload.discard)
            raise
        except BaseException:
            await self._let_go(upload.abort)
            raise
        finally:
            upload.close()

    async def create_overlay(self, name: str, backing_volume: str, size_gib: int) -> None:
        """Create a qcow2 volume whose unwritten parts are read from `backing_volume`."""
        check_volume_name(self._address.name, name)
        create = partial(volumes.create_overlay, name=name, backing_volume=backing_volume, size_gib=size_gib)
        await self._change(f"create volume {name}", create)

    async def create_blank(self, name: str, size_gib: int) -> None:
        """Create an empty qcow2 volume."""
        check_volume_name(self._address.name, name)
        await self._change(f"create volume {name}", partial(volumes.create_blank, name=name, size_gib=size_gib))

    async def receive_disk(self, name: str, size_gib: int, length: int, parts: AsyncIterator[bytes]) -> None:
        """Make the volume's content equal to that of a qcow2 volume of another host."""
        check_volume_name(self._address.name, name)
        reception = VolumeReception(name, length)
        async with self._uploads.setdefault(name, asyncio.Lock()):
            try:
                async for part in parts:
                    await self._change(f"take volume {name}", partial(reception.put, part=part))
                await self._change(f"take volume {name}", reception.finish)
                await self._check_capacity(name, size_gib)
            except BaseException:
                await self._let_go(reception.discard)
                raise

    async def _check_capacity(self, name: str, size_gib: int) -> None:
        capacity_bytes = await self.volume_capacity(name)
        if capacity_bytes != size_gib << 30:
            cause = f"a disk of {size_gib} GiB was sent and one of {capacity_bytes} bytes has arrived"
            raise HypervisorRefused(self._address.name, f"take volume {name}", cause)

    async def volume_capacity(self, name: str) -> int:
        """Return how many bytes a guest sees of a volume."""
        return await self._read(f"measure volume {name}", partial(volumes.volume_capacity, name=name))

    async def grow_disk(self, name: str, size_gib: int, guest_id: str | None = None) -> None:
        """Make a qcow2 volume at least this large."""
        grow = partial(disks.grow_disk, name=name, size_gib=size_gib, guest_id=guest_id)
        await self._change(f"grow volume {name}", grow)

    async def delete_volume(self, name: str) -> None:
        """Remove the volume if it is there."""
        await self._change(f"delete volume {name}", partial(volumes.delete_volume, name=name))

    async def read_volume(self, name: str, offset: int, length: int) -> AsyncIterator[bytes]:
        """Yield up to `length` bytes from `offset`; ends early at the end of the volume."""
        download = VolumeDownload(name, offset, length)
        try:
            while not download.ended:
                yield await self._read(f"read volume {name}", download.step)
        finally:
            if not download.ended:
                await self._let_go(download.abort)

    async def volume_size(self, name: str) -> int:
        """Return the number of bytes that `read_volume` can read now."""
        return await self._read(f"measure volume {name}", partial(volumes.volume_size, name=name))

    # Guests ------------------------------------------------------------------------------------------------------

    async def define(self, spec: GuestSpec) -> None:
        """Make the host know the guest as `spec` says."""
        check_guest_volumes(self._address.name, spec)
        await self._change(f"define guest {spec.id}", partial(guests.define_guest, spec=spec))

    async def resize(self, spec: GuestSpec) -> bool:
        """Define a guest with another size, and let it have at once what it can take."""
        check_guest_volumes(self._address.name, spec)
        return await self._change(f"resize guest {spec.id}", partial(resize_guest, spec=spec))

    async def start(self, guest_id: str) -> None:
        """Power on, or resume if paused."""
        await self._act("start", guest_id, guests.start_guest, deadline_s=_START_DEADLINE_S)

    async def request_shutdown(self, guest_id: str) -> None:
        """Press the power button and return at once."""
        await self._act("shut down", guest_id, guests.shut_down_guest)

    async def stop(self, guest_id: str) -> None:
        """Cut the power."""
        await self._act("stop", guest_id, guests.stop_guest, deadline_s=_STOP_DEADLINE_S)

    async def reset(self, guest_id: str) -> None:
        """Press the reset button of a running guest."""
        await self._act("reset", guest_id, guests.reset_guest)

    async def pause(self, guest_id: str) -> None:
        """Stop the guest's processors, keeping its memory."""
        await self._act("pause", guest_id, guests.pause_guest)

    async def retitle(self, guest_id: str, title: str) -> None:
        """Give a guest another title."""
        await self._change(f"retitle guest {guest_id}", partial(guests.retitle_guest, guest_id=guest_id, title=title))

    async def undefine(self, guest_id: str) -> None:
        """Cut the power and forget the guest."""
        await self._act("undefine", guest_id, guests.undefine_guest, deadline_s=_STOP_DEADLINE_S)

    async def attach_disk(self, guest_id: str, disk: GuestDisk) -> None:
        """Give the guest a disk, at once if it runs."""
        check_volume_name(self._address.name, disk.volume)
        attach = partial(disks.attach_disk, guest_id=guest_id, disk=disk)
        await self._change(f"attach {disk.volume} to guest {guest_id}", attach)

    async def detach_disk(self, guest_id: str, volume: str, deadline_s: float = 20.0) -> None:
        """Take a disk from the guest, which is asked for it if it runs."""
        action = f"detach {volume} from guest {guest_id}"
        ask = partial(disks.request_detach, guest_id=guest_id, name=volume)
        ends_s = self._clock.monotonic_s() + deadline_s
        while not await self._change(action, ask):
            if self._clock.monotonic_s() >= ends_s:
                raise GuestKeepsDisk(self._address.name, guest_id, volume)
            await self._clock.sleep(_DETACH_POLL_S)
        await self._change(action, partial(disks.forget_disk, guest_id=guest_id, name=volume))

    async def attach_port(self, guest_id: str, port: GuestPort) -> None:
        """Give the guest a network interface, at once if it runs."""
        attach = partial(ports.attach_port, guest_id=guest_id, port=port)
        await self._change(f"attach port {port.port_id} to guest {guest_id}", attach)

    async def detach_port(self, guest_id: str, port: GuestPort, deadline_s: float = 20.0) -> None:
        """Take a network interface from the guest, which is asked for it if it runs."""
        action = f"detach port {port.port_id} from guest {guest_id}"
        ask = partial(ports.request_detach, guest_id=guest_id, port_id=port.port_id)
        ends_s = self._clock.monotonic_s() + deadline_s
        while not await self._change(action, ask):
            if self._clock.monotonic_s() >= ends_s:
                raise GuestKeepsPort(self._address.name, guest_id, port.mac)
            await self._clock.sleep(_DETACH_POLL_S)
        await self._change(action, partial(ports.forget_port, guest_id=guest_id, port_id=port.port_id))

    async def change_medium(self, guest_id: str, volume: str | None) -> None:
        """Put a raw volume into the guest's removable drive, or leave it empty."""
        change = partial(disks.change_medium, guest_id=guest_id, name=volume)
        await self._change(f"change the medium of guest {guest_id}", change)

    async def open_console(self, guest_id: str, kind: ConsoleKind) -> ConsoleChannel:
        """Open the guest's screen or its first serial port."""
        if kind is ConsoleKind.SERIAL:
            return await consoles.open_serial(self._address, guest_id)
        action = f"show the screen of guest {guest_id}"
        return await StreamChannel.over(await self._read(action, partial(consoles.open_screen, guest_id=guest_id)))

    async def migrate(self, guest_id: str, target: MigrationTarget, report: Report) -> None:
        """Move a guest that is on to another host while it runs; one at a time, because they share one wire."""
        async with self._moving:
            if await self._move_progress(guest_id) is not None:
                await self._follow(guest_id, report)
                return
            move = partial(migration.move_guest, guest_id=guest_id, target=target)
            moving = asyncio.create_task(
                self._connection.call_alone(f"move guest {guest_id}", move, deadline_s=_MOVE_DEADLINE_S)
            )
            # The hosts go on without us; what becomes of it is seen from where the guest is.
            moving.add_done_callback(partial(self._move_ended, guest_id))
            self._moves[guest_id] = moving
            while not (await asyncio.wait({moving}, timeout=_MOVE_POLL_S))[0]:
                await report(await self._move_progress(guest_id) or 0.0)
            moving.result()

    def _move_ended(self, guest_id: str, move: asyncio.Task[None]) -> None:
        if self._moves.get(guest_id) is move:
            del self._moves[guest_id]
        if not move.cancelled():
            move.exception()

    async def _follow(self, guest_id: str, report: Report) -> None:
        """Wait for the end of a move that somebody else began."""
        while (progress := await self._move_progress(guest_id)) is not None:
            await report(progress)
            await self._clock.sleep(_MOVE_POLL_S)

    async def _move_progress(self, guest_id: str) -> float | None:
        ask = partial(migration.move_progress, guest_id=guest_id)
        return await self._read(f"tell how far the move of guest {guest_id} is", ask)

    async def abort_migration(self, guest_id: str) -> None:
        """End a guest's move, if one is under way."""
        abort = partial(migration.abort_move, guest_id=guest_id)
        what = f"stop moving guest {guest_id}"
        ends_s = self._clock.monotonic_s() + _ABORT_DEADLINE_S
        again_s = 0.0
        # A move that was asked for a moment ago shows no progress yet and would begin after all: it has to end, too.
        while guest_id in self._moves or await self._move_progress(guest_id) is not None:
            now_s = self._clock.monotonic_s()
            if now_s >= ends_s:
                raise HypervisorRefused(self._address.name, what, f"it went on for {_ABORT_DEADLINE_S:g} s")
            # Not again while the hosts are at it: what they do then can stop half-way.
            if now_s >= again_s and await self._change(what, abort):
                again_s = now_s + _ABORT_AGAIN_S
            await self._clock.sleep(_DETACH_POLL_S)

    async def observe(self, guest_id: str) -> GuestObservation | None:
        """Read one guest; None when the host does not know it."""
        return await self._read(f"show guest {guest_id}", partial(guests.observe_guest, guest_id=guest_id))

    async def observe_all(self) -> Sequence[GuestObservation]:
        """Read every guest on the host."""
        observations = await self._read("show its guests", guests.observe_guests)
        return [observation for observation in observations if observation.id != PROBE_GUEST_ID]

    async def guest_facts(self, guest_id: str) -> GuestFacts | None:
        """Ask the guest's agent about the guest, if there seems to be one."""
        observation = await self.observe(guest_id)
        if observation is None:
            raise GuestMissing(self._address.name, guest_id)
        return await self._agents.ask(guest_id) if observation.ready else None

    # Checkpoints -------------------------------------------------------------------------------------------------

    async def checkpoints(self, guest_id: str) -> Sequence[GuestCheckpoint]:
        """Read which checkpoints a guest's disks have."""
        read = partial(checkpoints.list_checkpoints, guest_id=guest_id)
        return await self._read(f"show the checkpoints of guest {guest_id}", read)

    async def create_checkpoint(self, guest_id: str, checkpoint_id: str) -> GuestCheckpoint:
        """Take a checkpoint."""
        create = partial(checkpoints.create_checkpoint, guest_id=guest_id, checkpoint_id=checkpoint_id)
        with self._observer.holding(guest_id):
            action = f"take checkpoint {checkpoint_id} of guest {guest_id}"
            return await self._change(action, create, deadline_s=_CHECKPOINT_DEADLINE_S)

    async def restore_checkpoint(self, spec: GuestSpec, checkpoint_id: str) -> None:
        """Bring the guest back to a checkpoint."""
        check_guest_volumes(self._address.name, spec)
        restore = partial(checkpoints.restore_checkpoint, spec=spec, checkpoint_id=checkpoint_id)
        with self._observer.holding(spec.id):
            action = f"restore checkpoint {checkpoint_id} of guest {spec.id}"
            await self._change(action, restore, deadline_s=_CHECKPOINT_DEADLINE_S)

    async def delete_checkpoint(self, guest_id: str, checkpoint_id: str) -> None:
        """Remove a checkpoint, or what there is of it."""
        delete = partial(checkpoints.delete_checkpoint, guest_id=guest_id, checkpoint_id=checkpoint_id)
        with self._observer.holding(guest_id):
            action = f"delete checkpoint {checkpoint_id} of guest {guest_id}"
            await self._change(action, delete, deadline_s=_CHECKPOINT_DEADLINE_S)

    async def measure(self) -> HostCounters:
        """Read the counters of the host and of all its running guests."""
        return await self._read("show its counters", measure_host)

    async def withdraw(self) -> None:
        """Take back what opening this door made on the host."""
        await self._change("take back its storage pool", HostSession.withdraw_pool)

    async def close(self) -> None:
        """Close the connection and end the driver's threads. Guests go on running."""
        await self._observer.close()
        await self._connection.close()
        self._listeners.clear()

    # Calls -------------------------------------------------------------------------------------------------------

    async def _read(self, action: str, call: Callable[[HostSession], Result]) -> Result:
        return await self._connection.call(action, call, deadline_s=_READ_DEADLINE_S, lane=Lane.READ)

    async def _change(
        self, action: str, call: Callable[[HostSession], Result], *, deadline_s: float = _CHANGE_DEADLINE_S
    ) -> Result:
        return await self._connection.call(action, call, deadline_s=deadline_s, lane=Lane.CHANGE)

    async def _act(
        self,
        verb: str,
        guest_id: str,
        call: Callable[[HostSession, str], None],
        *,
        deadline_s: float = _CHANGE_DEADLINE_S,
    ) -> None:
        with self._observer.holding(guest_id):
            await self._change(
                f"{verb} guest {guest_id}", lambda session: call(session, guest_id), deadline_s=deadline_s
            )

    async def _let_go(self, call: Callable[[HostSession], None]) -> None:
        """Free something on the host after a failure that is about to be raised, if the host can still be asked."""
        try:
            await self._change("let go of a volume", call, deadline_s=_LET_GO_DEADLINE_S)
        except DomainError:
            return

    # Events ------------------------------------------------------------------------------------------------------

    def _on_connected(self) -> None:
        self._listeners.announce(HostConnected())

    def _on_lost(self, cause: str) -> None:
        self._observer.forget()
        self._listeners.announce(HostLost(cause))

    def _on_guest_event(self, guest_id: str) -> None:
        if guest_id != PROBE_GUEST_ID:
            self._observer.touch(guest_id)

    async def _read_guests(self, guest_ids: Sequence[str]) -> dict[str, GuestObservation | None]:
        def read(session: HostSession) -> dict[str, GuestObservation | None]:
            return {guest_id: guests.observe_guest(session, guest_id) for guest_id in guest_ids}

        return await self._read("show guests", read)


def _read_facts(session: HostSession) -> HostFacts:
    connection = session.connection
    volumes.refresh_pool(session)
    _state, capacity_bytes, _allocation, free_bytes = session.pool.info()
    # Not `getInfo`, which counts only the memory of NUMA nodes' first blocks on some machines.
    memory_kib = connection.getMemoryStats(-1)["total"]
    capabilities = ET.fromstring(connection.getCapabilities())  # noqa: S314 - libvirtd wrote it
    return HostFacts(
        hostname=connection.getHostname(),
        engine_uuid=capabilities.findtext("host/uuid", ""),
        engine_version=f"libvirt {_version(connection.getLibVersion())}, QEMU {_version(connection.getVersion())}",
        vcpus=connection.getInfo()[2],
        memory_mib=memory_kib // 1024,
        storage_gib=capacity_bytes >> 30,
        storage_free_gib=free_bytes >> 30,
    )


def _version(number: int) -> str:
    return f"{number // 1_000_000}.{number // 1_000 % 1_000}.{number % 1_000}"
