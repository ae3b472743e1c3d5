"""What every hypervisor driver must do: one suite for libvirt and for its simulated twin.

A subclass gives a fixture `lab`, a `HypervisorLab`: a host of its kind, and hands to act on it behind our back.
"""

import asyncio
import os
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from zaffre.fabric.drivers.hypervisor import (
    Accelerator,
    GuestChanged,
    GuestDisk,
    GuestMissing,
    GuestRemoved,
    GuestSpec,
    GuestState,
    HostAddress,
    HostConnected,
    HostEvent,
    HostLost,
    HostUnreachable,
    Hypervisor,
    HypervisorDriver,
    HypervisorRefused,
    StopReason,
    StorageFull,
    VolumeMissing,
)

IMAGE_VOLUME = "contract-image.qcow2"
IDLE_VOLUME = "contract-idle.raw"
IDLE_DISK = b"\xfa\xf4\xeb\xfd".ljust(510, b"\0") + b"\x55\xaa" + bytes(1024 * 1024 - 512)
"""A disk whose boot sector rests (`cli`, `hlt`, and again): an empty one would leave the firmware searching busily."""
LABELS = {"subscription": "0190a1b2", "note": 'quotes " & <angles>'}


class HypervisorLab(ABC):
    """A host to test a driver on. What happens here happens without the driver's knowledge, unless it listens."""

    driver: HypervisorDriver
    address: HostAddress
    hypervisor: Hypervisor
    image: Path
    """A qcow2 image that boots, becomes ready and heeds its power button."""
    many = 20
    """How many guests may be started at once."""
    boot_deadline_s = 60.0
    event_deadline_s = 2.0
    """How long news of a guest may take."""

    @abstractmethod
    async def destroy(self, guest_id: str) -> None:
        """Cut a guest's power."""

    @abstractmethod
    async def undefine(self, guest_id: str) -> None:
        """Remove a stopped guest."""

    @abstractmethod
    async def crash(self, guest_id: str) -> None:
        """Kill a guest's process."""

    @abstractmethod
    async def create_foreign_guests(self, guest_ids: Iterable[str]) -> None:
        """Start guests that the driver did not make, with the title `made by hand`."""

    @abstractmethod
    async def delete_volume(self, name: str) -> None:
        """Delete a volume's file."""

    @abstractmethod
    async def hold_disks(self, guest_id: str) -> None:
        """Let a running guest give up none of its disks."""

    @abstractmethod
    async def silence_agent(self, guest_id: str) -> None:
        """Let the agent of a guest that is up hold its channel open and answer nothing."""

    @abstractmethod
    async def cut_off(self) -> None:
        """Make the host unreachable."""

    @abstractmethod
    async def bring_back(self) -> None:
        """Make it reachable again."""

    @abstractmethod
    async def hang(self) -> None:
        """Let the host take calls and never answer."""

    @abstractmethod
    async def revive(self) -> None:
        """Let it answer again."""

    async def live_on(self, seconds: float) -> None:
        """Let time pass for the guests."""
        await asyncio.sleep(seconds)


class EventLog:
    """Everything that a host said since this was made."""

    def __init__(self, hypervisor: Hypervisor) -> None:
        self.events: list[HostEvent] = []
        self._arrived = asyncio.Event()
        self.unsubscribe = hypervisor.subscribe(self._hear)

    def _hear(self, event: HostEvent) -> None:
        self.events.append(event)
        self._arrived.set()

    async def wait(self, expected: Callable[[HostEvent], bool], within_s: float) -> HostEvent:
        """Return the first expected event, waiting for it if need be."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    for event in self.events:
                        if expected(event):
                            return event
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise AssertionError(f"not within {within_s} s; instead: {self.events}") from None


def changed(guest_id: str, state: GuestState, *, ready: bool | None = None) -> Callable[[HostEvent], bool]:
    """A guest is in the state, and ready or not."""

    def expected(event: HostEvent) -> bool:
        if not isinstance(event, GuestChanged) or event.observation.id != guest_id:
            return False
        return event.observation.state is state and ready in (None, event.observation.ready)

    return expected


def is_a(kind: type) -> Callable[[HostEvent], bool]:
    return lambda event: isinstance(event, kind)


async def read(hypervisor: Hypervisor, name: str, offset: int = 0, length: int = 1 << 30) -> bytes:
    return b"".join([part async for part in hypervisor.read_volume(name, offset, length)])


def guest_spec(**changes) -> GuestSpec:
    """A guest that runs and does nothing."""
    guest_id = changes.pop("id", None) or str(uuid.uuid4())
    spec = GuestSpec(
        id=guest_id,
        title="A guest of the contract",
        vcpus=1,
        memory_mib=128,
        accelerator=Accelerator.TCG,
        disks=(GuestDisk(IDLE_VOLUME, "raw"),),
        seed_volume=None,
        serial_log_volume=f"{guest_id}.log",
        ports=(),
        labels=LABELS,
    )
    return replace(spec, **changes)


@pytest.fixture
async def host(lab: HypervisorLab) -> AsyncIterator[Hypervisor]:
    """The lab's host with the volumes that tests need, cleaned of guests and volumes afterwards."""
    hypervisor = lab.hypervisor
    await hypervisor.upload_volume(IDLE_VOLUME, IDLE_DISK)
    if not await hypervisor.has_volume(IMAGE_VOLUME):
        await hypervisor.upload_volume(IMAGE_VOLUME, lab.image, "qcow2")
    yield hypervisor
    for guest in await hypervisor.observe_all():
        await hypervisor.undefine(guest.id)
    for volume in await hypervisor.volumes():
        if volume.name != IMAGE_VOLUME:
            await hypervisor.delete_volume(volume.name)


@pytest.fixture
async def guest(host: Hypervisor) -> str:
    """The id of a guest that is defined and off."""
    spec = guest_spec()
    await host.define(spec)
    return spec.id


@pytest.fixture
async def bootable_guest(host: Hypervisor) -> GuestSpec:
    """A guest of the lab's image, defined and off."""
    spec = guest_spec()
    spec = replace(spec, disks=(GuestDisk(f"{spec.id}.qcow2", "qcow2"),))
    await host.create_overlay(spec.disks[0].volume, IMAGE_VOLUME, 2)
    await host.define(spec)
    return spec


class HypervisorContract:
    """Every test says one thing that a caller of a `Hypervisor` may rely on."""

    # The host ----------------------------------------------------------------------------------------------------

    async def test_facts_say_what_the_host_is(self, host: Hypervisor):
        facts = await host.facts()
        assert facts.hostname
        assert facts.engine_version
        assert facts.vcpus > 0
        assert facts.memory_mib > 0
        assert facts.storage_gib >= facts.storage_free_gib > 0

    async def test_a_door_that_did_not_make_the_pool_leaves_it_when_it_withdraws(
        self, lab: HypervisorLab, host: Hypervisor
    ):
        await host.upload_volume("kept", b"content")
        before = [volume.name for volume in await host.volumes()]
        assert "kept" in before
        async with second_door(lab) as other:
            await other.facts()
            await other.withdraw()
        assert [volume.name for volume in await host.volumes()] == before

    async def test_two_doors_to_one_host_read_the_same_engine_uuid(self, lab: HypervisorLab, host: Hypervisor):
        async with second_door(lab) as other:
            uuids = {(await door.facts()).engine_uuid for door in (host, other)}
        assert len(uuids) == 1
        assert uuid.UUID(uuids.pop())

    async def test_the_accelerator_probe_answers_and_leaves_nothing_behind(self, host: Hypervisor):
        before = [volume.name for volume in await host.volumes()]
        events = EventLog(host)
        assert await host.probe_accelerator(deadline_s=10.0) in Accelerator
        assert [volume.name for volume in await host.volumes()] == before
        assert await host.observe_all() == []
        assert events.events == []

    # Volumes -----------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("size", [0, 1, 400_000, 9 * 1024 * 1024 + 1])
    async def test_uploaded_bytes_are_read_back(self, host: Hypervisor, size: int):
        content = os.urandom(size)
        await host.upload_volume("uploaded", content)
        assert await host.has_volume("uploaded")
        assert await host.volume_size("uploaded") == size
        assert await read(host, "uploaded") == content

    async def test_an_uploaded_file_is_read_back(self, host: Hypervisor, tmp_path: Path):
        file = tmp_path / "content"
        file.write_bytes(os.urandom(3 * 1024 * 1024))
        await host.upload_volume("uploaded", file)
        assert await read(host, "uploaded") == file.read_bytes()

    @pytest.mark.parametrize("size", [10, 5_000_000])
    async def test_uploading_again_replaces_the_whole_content(self, host: Hypervisor, size: int):
        await host.upload_volume("uploaded", os.urandom(100_000))
        content = os.urandom(size)
        await host.upload_volume("uploaded", content)
        assert await host.volume_size("uploaded") == size
        assert await read(host, "uploaded") == content

    async def test_a_part_of_a_volume_is_read_up_to_its_end(self, host: Hypervisor):
        await host.upload_volume("digits", b"0123456789")
        assert await read(host, "digits", 2, 3) == b"234"
        assert await read(host, "digits", 8, 100) == b"89"
        assert await read(host, "digits", 10, 5) == b""
        assert await read(host, "digits", 500, 5) == b""
        assert await read(host, "digits", 0, 0) == b""

    async def test_reading_may_end_early(self, host: Hypervisor):
        await host.upload_volume("long", bytes(6 * 1024 * 1024))
        parts = host.read_volume("long", 0, 6 * 1024 * 1024)
        assert await anext(parts)
        await parts.aclose()
        assert await host.volume_size("long") == 6 * 1024 * 1024

    async def test_volumes_are_listed_with_their_sizes(self, host: Hypervisor):
        await host.upload_volume("listed", bytes(5_000))
        await host.create_overlay("overlay.qcow2", IMAGE_VOLUME, 3)
        volumes = {volume.name: volume for volume in await host.volumes()}
        assert set(volumes) == {"listed", "overlay.qcow2", IMAGE_VOLUME, IDLE_VOLUME}
        assert volumes["listed"].capacity_bytes == 5_000
        assert volumes["overlay.qcow2"].capacity_bytes == 3 << 30
        assert 0 < volumes["overlay.qcow2"].allocation_bytes < 1 << 20

    async def test_a_deleted_volume_is_gone_and_deleting_it_again_succeeds(self, host: Hypervisor):
        await host.upload_volume("short-lived", b"x")
        await host.delete_volume("short-lived")
        assert not await host.has_volume("short-lived")
        assert "short-lived" not in [volume.name for volume in await host.volumes()]
        await host.delete_volume("short-lived")
        await host.delete_volume("never-was")

    async def test_reading_a_missing_volume_says_so(self, host: Hypervisor):
        assert not await host.has_volume("never-was")
        with pytest.raises(VolumeMissing):
            await host.volume_size("never-was")
        with pytest.raises(VolumeMissing):
            await read(host, "never-was")

    async def test_creating_an_overlay_again_leaves_it_as_it_is(self, host: Hypervisor):
        await host.create_overlay("overlay.qcow2", IMAGE_VOLUME, 3)
        content = await read(host, "overlay.qcow2")
        await host.create_overlay("overlay.qcow2", IMAGE_VOLUME, 3)
        assert await read(host, "overlay.qcow2") == content

    async def test_an_overlay_needs_its_backing_volume(self, host: Hypervisor):
        with pytest.raises(VolumeMissing) as missing:
            await host.create_overlay("overlay.qcow2", "never-was", 1)
        assert missing.value.target == "never-was"
        assert not await host.has_volume("overlay.qcow2")

    async def test_an_overlay_never_takes_the_place_of_another_volume(self, host: Hypervisor):
        await host.upload_volume("precious", b"precious")
        with pytest.raises(HypervisorRefused, match="precious"):
            await host.create_overlay("precious", IMAGE_VOLUME, 1)
        assert await read(host, "precious") == b"precious"

    @pytest.mark.parametrize("name", ["", ".", "../x", "a/b", ".hidden", "x" * 201, "white space", "x.unfinished"])
    async def test_unfit_volume_names_are_refused(self, host: Hypervisor, name: str):
        with pytest.raises(HypervisorRefused):
            await host.upload_volume(name, b"x")
        with pytest.raises(HypervisorRefused):
            await host.create_overlay(name, IMAGE_VOLUME, 1)
        with pytest.raises(HypervisorRefused):
            await host.define(guest_spec(disks=(GuestDisk(name, "raw"),)))

    async def test_more_than_the_host_has_room_for_is_refused_with_numbers(self, host: Hypervisor, tmp_path: Path):
        enormous = tmp_path / "enormous"
        free_gib = (await host.facts()).storage_free_gib
        with enormous.open("wb") as file:
            file.truncate((free_gib + 2) << 30)
        with pytest.raises(StorageFull, match=str(enormous.stat().st_size)):
            await host.upload_volume("enormous", enormous)
        assert not await host.has_volume("enormous")

    async def test_a_volume_deleted_behind_our_back_is_missed_and_can_be_made_again(self, lab, host: Hypervisor):
        await host.upload_volume("vanishing", b"first")
        await host.create_overlay("overlay.qcow2", IMAGE_VOLUME, 1)
        await lab.delete_volume("vanishing")
        await lab.delete_volume("overlay.qcow2")
        assert not await host.has_volume("vanishing")
        with pytest.raises(VolumeMissing):
            await read(host, "vanishing")
        await host.upload_volume("vanishing", b"second")
        assert await read(host, "vanishing") == b"second"
        await host.create_overlay("overlay.qcow2", IMAGE_VOLUME, 1)
        assert await host.has_volume("overlay.qcow2")

    # Guests ------------------------------------------------------------------------------------------------------

    async def test_a_defined_guest_is_off_and_carries_its_title_and_labels(self, host: Hypervisor):
        spec = guest_spec(title='A "title" <with> & everything')
        await host.define(spec)
        seen = await host.observe(spec.id)
        assert seen is not None
        assert (seen.id, seen.title, seen.labels) == (spec.id, spec.title, LABELS)
        assert (seen.state, seen.stop_reason, seen.ready) == (GuestState.STOPPED, StopReason.UNKNOWN, False)
        assert await host.observe_all() == [seen]
        assert await host.has_volume(spec.serial_log_volume)
        assert await host.volume_size(spec.serial_log_volume) == 0

    async def test_a_guest_that_nobody_defined_is_none(self, host: Hypervisor):
        assert await host.observe(str(uuid.uuid4())) is None

    async def test_defining_again_changes_a_stopped_guest(self, host: Hypervisor):
        spec = guest_spec()
        await host.define(spec)
        await host.define(spec)
        await host.define(replace(spec, title="Renamed", labels={}))
        seen = await host.observe(spec.id)
        assert seen is not None
        assert (seen.title, seen.labels) == ("Renamed", {})
        assert len(await host.observe_all()) == 1

    async def test_a_running_guest_takes_changes_at_its_next_start(self, host: Hypervisor):
        spec = guest_spec()
        await host.define(spec)
        await host.start(spec.id)
        await host.define(replace(spec, title="Renamed"))
        assert (await host.observe(spec.id)).title == spec.title
        await host.stop(spec.id)
        assert (await host.observe(spec.id)).title == "Renamed"

    # Counters ----------------------------------------------------------------------------------------------------

    async def test_a_host_shows_its_counters_and_those_of_running_guests(
        self, lab: HypervisorLab, host: Hypervisor, bootable_guest: GuestSpec
    ):
        await lab.create_foreign_guests([str(uuid.uuid4())])
        await host.define(guest_spec())
        empty = await host.measure()
        assert empty.guests == ()
        assert empty.processors == (await host.facts()).vcpus
        assert empty.memory_available_mib > 0
        events = EventLog(host)
        await host.start(bootable_guest.id)
        await events.wait(changed(bootable_guest.id, GuestState.RUNNING, ready=True), lab.boot_deadline_s)
        first = await host.measure()
        await lab.live_on(1.1)
        second = await host.measure()
        [before], [after] = first.guests, second.guests
        assert (before.guest_id, before.vcpus) == (bootable_guest.id, 1)
        assert after.processor_ns > before.processor_ns
        for counter in ("processor_ns", "disk_read_bytes", "disk_write_bytes", "disk_reads", "network_receive_bytes"):
            assert getattr(after, counter) >= getattr(before, counter), counter
        assert second.processor_ns > first.processor_ns > 0
        if after.memory_used_mib is not None and after.memory_available_mib is not None:
            assert 0 < after.memory_used_mib + after.memory_available_mib <= bootable_guest.memory_mib
        await host.pause(bootable_guest.id)
        assert (await host.measure()).guests == ()
        await host.stop(bootable_guest.id)
        assert (await host.measure()).guests == ()

    async def test_a_running_guest_gets_processors_at_once_and_memory_at_its_next_start(
        self, lab: HypervisorLab, host: Hypervisor, bootable_guest: GuestSpec
    ):
        events = EventLog(host)
        await host.start(bootable_guest.id)
        await events.wait(changed(bootable_guest.id, GuestState.RUNNING, ready=True), lab.boot_deadline_s)
        for _ in range(2):
            assert await host.resize(replace(bootable_guest, vcpus=2))
        [seen] = (await host.measure()).guests
        assert seen.vcpus == 2
        assert not await host.resize(replace(bootable_guest, vcpus=2, memory_mib=192))
        await host.stop(bootable_guest.id)
        assert await host.resize(replace(bootable_guest, vcpus=1, memory_mib=160))
        await host.start(bootable_guest.id)
        [seen] = (await host.measure()).guests
        assert seen.vcpus == 1
        assert await host.resize(replace(bootable_guest, vcpus=1, memory_mib=160))
        with pytest.raises(GuestMissing):
            await host.resize(guest_spec())

    async def test_a_guest_takes_a_new_title_whether_it_runs_or_not(self, host: Hypervisor, guest: str):
        for _ in range(2):
            await host.retitle(guest, 'Called "so" <now> & then')
        assert (await host.observe(guest)).title == 'Called "so" <now> & then'
        await host.start(guest)
        await host.retitle(guest, "Called else")
        seen = await host.observe(guest)
        assert (seen.title, seen.state, seen.labels) == ("Called else", GuestState.RUNNING, LABELS)
        await host.stop(guest)
        assert (await host.observe(guest)).title == "Called else"
        with pytest.raises(GuestMissing):
            await host.retitle(str(uuid.uuid4()), "nobody")

    async def test_a_started_guest_runs_and_starting_it_again_changes_nothing(self, lab, host: Hypervisor, guest: str):
        events = EventLog(host)
        await host.start(guest)
        await host.start(guest)
        seen = await host.observe(guest)
        assert (seen.state, seen.stop_reason) == (GuestState.RUNNING, None)
        await events.wait(changed(guest, GuestState.RUNNING), lab.event_deadline_s)

    async def test_a_guest_becomes_ready_and_says_so(self, lab, host: Hypervisor, bootable_guest: GuestSpec):
        events = EventLog(host)
        await host.start(bootable_guest.id)
        event = await events.wait(changed(bootable_guest.id, GuestState.RUNNING, ready=True), lab.boot_deadline_s)
        assert event.observation.labels == LABELS
        assert (await host.observe(bootable_guest.id)).ready
        await host.pause(bootable_guest.id)
        assert not (await host.observe(bootable_guest.id)).ready
        await host.stop(bootable_guest.id)
        assert not (await host.observe(bootable_guest.id)).ready

    async def test_a_serial_log_is_read_while_it_grows_and_goes_on_after_a_restart(self, lab, host, bootable_guest):
        log = bootable_guest.serial_log_volume
        await host.start(bootable_guest.id)
        first = await self._log_longer_than(lab, host, log, 0)
        second = await self._log_longer_than(lab, host, log, 0)
        assert second.startswith(first)
        await host.stop(bootable_guest.id)
        before = await host.volume_size(log)
        await host.start(bootable_guest.id)
        assert (await self._log_longer_than(lab, host, log, before)).startswith(first)

    async def _log_longer_than(self, lab, host: Hypervisor, log: str, length: int) -> bytes:
        async with asyncio.timeout(lab.boot_deadline_s):
            # A log announces nothing, so it is looked at again and again.
            while (size := await host.volume_size(log)) <= length:
                await asyncio.sleep(0.02)
        content = await read(host, log)
        assert len(content) >= size
        return content

    async def test_a_guest_that_is_not_there_is_reported_missing(self, host: Hypervisor):
        absent = str(uuid.uuid4())
        for ask in (host.start, host.request_shutdown, host.reset, host.pause):
            with pytest.raises(GuestMissing):
                await ask(absent)

    async def test_stopping_and_undefining_what_is_not_there_succeeds(self, host: Hypervisor):
        await host.stop(str(uuid.uuid4()))
        await host.undefine(str(uuid.uuid4()))

    async def test_a_guest_whose_disk_is_gone_does_not_start_until_it_is_back(self, lab, host: Hypervisor, guest: str):
        await lab.delete_volume(IDLE_VOLUME)
        with pytest.raises(VolumeMissing) as missing:
            await host.start(guest)
        assert missing.value.target == IDLE_VOLUME
        seen = await host.observe(guest)
        assert (seen.state, seen.stop_reason) == (GuestState.STOPPED, StopReason.FAILED)
        await host.upload_volume(IDLE_VOLUME, IDLE_DISK)
        await host.start(guest)
        assert (await host.observe(guest)).state is GuestState.RUNNING

    async def test_a_guest_larger_than_its_host_is_refused(self, host: Hypervisor):
        spec = guest_spec(memory_mib=4 * (await host.facts()).memory_mib)
        await host.define(spec)
        with pytest.raises(HypervisorRefused, match="memory"):
            await host.start(spec.id)
        seen = await host.observe(spec.id)
        assert (seen.state, seen.stop_reason) == (GuestState.STOPPED, StopReason.FAILED)

    async def test_a_paused_guest_stays_paused_until_it_is_started(self, lab, host: Hypervisor, guest: str):
        events = EventLog(host)
        await host.start(guest)
        await host.pause(guest)
        await host.pause(guest)
        seen = await host.observe(guest)
        assert (seen.state, seen.stop_reason, seen.ready) == (GuestState.PAUSED, None, False)
        await events.wait(changed(guest, GuestState.PAUSED), lab.event_deadline_s)
        await host.start(guest)
        assert (await host.observe(guest)).state is GuestState.RUNNING

    async def test_a_guest_that_is_off_can_be_neither_paused_nor_reset(self, host: Hypervisor, guest: str):
        with pytest.raises(HypervisorRefused):
            await host.pause(guest)
        with pytest.raises(HypervisorRefused):
            await host.reset(guest)

    async def test_a_paused_guest_cannot_be_reset_and_can_be_stopped(self, host: Hypervisor, guest: str):
        await host.start(guest)
        await host.pause(guest)
        with pytest.raises(HypervisorRefused):
            await host.reset(guest)
        await host.stop(guest)
        assert (await host.observe(guest)).state is GuestState.STOPPED

    async def test_a_reset_guest_boots_anew(self, lab, host: Hypervisor, bootable_guest: GuestSpec):
        events = EventLog(host)
        await host.start(bootable_guest.id)
        await events.wait(changed(bootable_guest.id, GuestState.RUNNING, ready=True), lab.boot_deadline_s)
        events = EventLog(host)
        await host.reset(bootable_guest.id)
        await events.wait(changed(bootable_guest.id, GuestState.RUNNING, ready=False), lab.boot_deadline_s)
        events = EventLog(host)
        await events.wait(changed(bootable_guest.id, GuestState.RUNNING, ready=True), lab.boot_deadline_s)

    async def test_a_guest_heeds_its_power_button(self, lab, host: Hypervisor, bootable_guest: GuestSpec):
        events = EventLog(host)
        await host.start(bootable_guest.id)
        await events.wait(changed(bootable_guest.id, GuestState.RUNNING, ready=True), lab.boot_deadline_s)
        events = EventLog(host)
        await host.request_shutdown(bootable_guest.id)
        event = await events.wait(changed(bootable_guest.id, GuestState.STOPPED), lab.boot_deadline_s)
        assert event.observation.stop_reason is StopReason.GUEST_SHUTDOWN

    async def test_the_power_button_of_a_guest_that_is_off_does_nothing(self, host: Hypervisor, guest: str):
        await host.request_shutdown(guest)
        assert (await host.observe(guest)).state is GuestState.STOPPED

    async def test_a_stopped_guest_is_off_and_stopping_it_again_changes_nothing(self, lab, host, guest: str):
        await host.start(guest)
        events = EventLog(host)
        await host.stop(guest)
        await host.stop(guest)
        seen = await host.observe(guest)
        assert (seen.state, seen.stop_reason) == (GuestState.STOPPED, StopReason.DESTROYED)
        await events.wait(changed(guest, GuestState.STOPPED), lab.event_deadline_s)

    async def test_an_undefined_guest_is_gone_and_its_volumes_stay(self, lab, host: Hypervisor, guest: str):
        events = EventLog(host)
        await host.start(guest)
        await host.undefine(guest)
        await host.undefine(guest)
        assert await host.observe(guest) is None
        assert await host.observe_all() == []
        assert await host.has_volume(IDLE_VOLUME)
        assert await host.has_volume(f"{guest}.log")
        await events.wait(lambda event: event == GuestRemoved(guest), lab.event_deadline_s)

    async def test_many_guests_are_defined_and_started_at_once(self, lab, host: Hypervisor):
        specs = [guest_spec(memory_mib=64, disks=(GuestDisk(f"idle-{n}", "raw"),)) for n in range(lab.many)]

        async def build(spec: GuestSpec) -> None:
            await host.upload_volume(spec.disks[0].volume, IDLE_DISK)
            await host.define(spec)
            await host.start(spec.id)

        await asyncio.gather(*map(build, specs))
        seen = {guest.id: guest.state for guest in await host.observe_all()}
        assert seen == {spec.id: GuestState.RUNNING for spec in specs}

    async def test_the_same_step_run_twice_at_once_does_no_harm(self, host: Hypervisor, guest: str):
        async def build() -> None:
            await host.create_overlay("overlay.qcow2", IMAGE_VOLUME, 1)
            await host.define(guest_spec(id=guest))
            await host.start(guest)

        await asyncio.gather(build(), build())
        assert (await host.observe(guest)).state is GuestState.RUNNING

    # What others do ----------------------------------------------------------------------------------------------

    async def test_a_guest_destroyed_behind_our_back_is_noticed(self, lab, host: Hypervisor, guest: str):
        await host.start(guest)
        events = EventLog(host)
        await lab.destroy(guest)
        event = await events.wait(changed(guest, GuestState.STOPPED), lab.event_deadline_s)
        assert event.observation.stop_reason is StopReason.DESTROYED

    async def test_a_guest_undefined_behind_our_back_is_noticed(self, lab, host: Hypervisor, guest: str):
        events = EventLog(host)
        await lab.undefine(guest)
        await events.wait(lambda event: event == GuestRemoved(guest), lab.event_deadline_s)
        with pytest.raises(GuestMissing):
            await host.start(guest)

    async def test_a_crashed_guest_is_noticed_and_starts_again(self, lab, host: Hypervisor, guest: str):
        await host.start(guest)
        events = EventLog(host)
        await lab.crash(guest)
        event = await events.wait(changed(guest, GuestState.CRASHED), 10.0)
        assert event.observation.stop_reason is StopReason.CRASHED
        await host.start(guest)
        assert (await host.observe(guest)).state is GuestState.RUNNING

    async def test_a_guest_that_zaffre_did_not_make_is_seen_without_labels(self, lab, host: Hypervisor):
        foreign = str(uuid.uuid4())
        events = EventLog(host)
        await lab.create_foreign_guests([foreign])
        await events.wait(changed(foreign, GuestState.RUNNING), lab.event_deadline_s)
        [seen] = await host.observe_all()
        assert (seen.id, seen.title, seen.labels) == (foreign, "made by hand", {})

    async def test_unsubscribing_ends_the_calls(self, lab, host: Hypervisor, guest: str):
        deaf, attentive = EventLog(host), EventLog(host)
        deaf.unsubscribe()
        deaf.unsubscribe()
        await host.undefine(guest)
        await attentive.wait(is_a(GuestRemoved), lab.event_deadline_s)
        assert deaf.events == []

    # The way to the host -----------------------------------------------------------------------------------------

    async def test_a_new_door_announces_that_it_is_connected(self, lab, host: Hypervisor):
        async with second_door(lab) as door:
            events = EventLog(door)
            await events.wait(is_a(HostConnected), 5.0)
            assert door.connected
            assert door.address == lab.address

    async def test_a_lost_host_is_reported_and_found_again(self, lab, host: Hypervisor, guest: str):
        await host.start(guest)
        events = EventLog(host)
        await lab.cut_off()
        lost = await events.wait(is_a(HostLost), 5.0)
        assert lost.cause
        assert not host.connected
        async with asyncio.timeout(1.0):
            with pytest.raises(HostUnreachable) as failure:
                await host.observe(guest)
        assert failure.value.transient
        await lab.bring_back()
        await events.wait(is_a(HostConnected), 20.0)
        assert host.connected
        assert (await host.observe(guest)).state is GuestState.RUNNING
        events = EventLog(host)
        await host.stop(guest)
        await events.wait(changed(guest, GuestState.STOPPED), lab.event_deadline_s)

    async def test_a_host_that_is_away_at_first_is_found_when_it_comes(self, lab, host: Hypervisor):
        await lab.cut_off()
        async with second_door(lab) as door:
            events = EventLog(door)
            with pytest.raises(HostUnreachable):
                await door.facts()
            await events.wait(is_a(HostLost), 5.0)
            await lab.bring_back()
            await events.wait(is_a(HostConnected), 20.0)
            assert (await door.facts()).vcpus > 0
        await until_connected(host)

    async def test_a_host_that_hangs_does_not_hang_its_callers(self, lab, host: Hypervisor):
        await lab.hang()
        try:
            async with asyncio.timeout(30.0):
                with pytest.raises(HostUnreachable):
                    await host.observe_all()
        finally:
            await lab.revive()
        await until_connected(host)
        assert await host.observe_all() == []

    async def test_a_closed_door_is_unreachable_and_its_guests_run_on(self, lab, host: Hypervisor, guest: str):
        await host.start(guest)
        async with second_door(lab) as door:
            await door.observe(guest)
            await door.close()
            with pytest.raises(HostUnreachable):
                await door.observe(guest)
            await door.close()
        assert (await host.observe(guest)).state is GuestState.RUNNING


@asynccontextmanager
async def second_door(lab: HypervisorLab) -> AsyncIterator[Hypervisor]:
    door = lab.driver.open(lab.address)
    try:
        yield door
    finally:
        await door.close()


async def until_connected(hypervisor: Hypervisor) -> None:
    """Wait until the host is connected, which it may be already."""
    events = EventLog(hypervisor)
    if not hypervisor.connected:
        await events.wait(is_a(HostConnected), 30.0)
    events.unsubscribe()
