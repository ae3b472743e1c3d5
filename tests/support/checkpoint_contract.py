"""What every hypervisor driver must do with checkpoints: one suite for libvirt and for its simulated twin."""

import uuid
from abc import ABC, abstractmethod
from dataclasses import replace

import pytest

from support.hypervisor_contract import IMAGE_VOLUME, EventLog, HypervisorLab, changed, guest_spec
from zaffre.fabric.drivers.hypervisor import (
    CheckpointMissing,
    GuestDisk,
    GuestMissing,
    GuestSpec,
    GuestState,
    Hypervisor,
    HypervisorRefused,
)

BEFORE, BETWEEN, AFTER = b"before".ljust(4096, b"."), b"between".ljust(4096, b"."), b"after".ljust(4096, b".")


class CheckpointLab(HypervisorLab, ABC):
    """A lab whose disks can be written and looked at past their guest."""

    @abstractmethod
    async def write_disk(self, volume: str, content: bytes) -> None:
        """Change what a guest that is off finds on its disk."""

    @abstractmethod
    async def read_disk(self, volume: str) -> bytes:
        """Return what a guest that is off finds where `write_disk` writes, as many bytes as that writes."""

    @abstractmethod
    async def spoil_checkpoint(self, volume: str, checkpoint_id: str) -> None:
        """Remove one disk's part of a checkpoint, the guest being off."""


@pytest.fixture
async def two_disks(host: Hypervisor, lab: CheckpointLab) -> GuestSpec:
    """A guest of the lab's image with a second disk, defined and off."""
    spec = guest_spec()
    names = [f"{spec.id}.qcow2", f"{spec.id}-data.qcow2"]
    spec = replace(
        spec,
        disks=tuple(GuestDisk(name, "qcow2", position) for position, name in enumerate(names)),
        seed_volume="seed.iso",
    )
    for name in names:
        await host.create_overlay(name, IMAGE_VOLUME, 2)
        await lab.write_disk(name, BEFORE)
    await host.upload_volume("seed.iso", bytes(4096))
    await host.define(spec)
    return spec


async def booted(lab: HypervisorLab, host: Hypervisor, guest_id: str) -> None:
    events = EventLog(host)
    await host.start(guest_id)
    await events.wait(changed(guest_id, GuestState.RUNNING, ready=True), lab.boot_deadline_s)


async def overwrite(lab: CheckpointLab, spec: GuestSpec, content: bytes) -> None:
    for disk in spec.disks:
        await lab.write_disk(disk.volume, content)


async def contents(lab: CheckpointLab, spec: GuestSpec) -> set[bytes]:
    return {await lab.read_disk(disk.volume) for disk in spec.disks}


class CheckpointContract:
    """Every test says one thing that a caller of a `Hypervisor` may rely on."""

    async def test_a_guest_without_checkpoints_has_none(self, host: Hypervisor, two_disks: GuestSpec):
        assert await host.checkpoints(two_disks.id) == []

    async def test_a_guest_that_is_off_gets_its_disks_back(self, lab, host: Hypervisor, two_disks: GuestSpec):
        checkpoint = str(uuid.uuid4())
        taken = await host.create_checkpoint(two_disks.id, checkpoint)
        assert (taken.id, taken.with_memory, taken.whole, taken.memory_bytes) == (checkpoint, False, True, 0)
        assert await host.checkpoints(two_disks.id) == [taken]
        await overwrite(lab, two_disks, AFTER)
        await host.restore_checkpoint(two_disks, checkpoint)
        assert await contents(lab, two_disks) == {BEFORE}
        assert (await host.observe(two_disks.id)).state is GuestState.STOPPED

    async def test_a_running_guest_comes_back_running(self, lab, host: Hypervisor, two_disks: GuestSpec):
        await booted(lab, host, two_disks.id)
        checkpoint = str(uuid.uuid4())
        taken = await host.create_checkpoint(two_disks.id, checkpoint)
        assert (taken.with_memory, taken.whole) == (True, True)
        assert taken.memory_bytes > 0
        assert (await host.observe(two_disks.id)).state is GuestState.RUNNING
        await host.stop(two_disks.id)
        await overwrite(lab, two_disks, AFTER)
        await host.restore_checkpoint(two_disks, checkpoint)
        seen = await host.observe(two_disks.id)
        assert (seen.state, seen.ready) == (GuestState.RUNNING, True)
        await host.stop(two_disks.id)
        assert await contents(lab, two_disks) == {BEFORE}

    async def test_a_running_guest_goes_back_to_a_time_when_it_was_off(self, lab, host, two_disks: GuestSpec):
        checkpoint = str(uuid.uuid4())
        await host.create_checkpoint(two_disks.id, checkpoint)
        await host.start(two_disks.id)
        await host.restore_checkpoint(two_disks, checkpoint)
        assert (await host.observe(two_disks.id)).state is GuestState.STOPPED
        assert await contents(lab, two_disks) == {BEFORE}

    async def test_a_paused_guest_comes_back_paused(self, lab, host: Hypervisor, two_disks: GuestSpec):
        await host.start(two_disks.id)
        await host.pause(two_disks.id)
        checkpoint = str(uuid.uuid4())
        assert (await host.create_checkpoint(two_disks.id, checkpoint)).with_memory
        assert (await host.observe(two_disks.id)).state is GuestState.PAUSED
        await host.stop(two_disks.id)
        await host.restore_checkpoint(two_disks, checkpoint)
        assert (await host.observe(two_disks.id)).state is GuestState.PAUSED
        await host.start(two_disks.id)
        assert (await host.observe(two_disks.id)).state is GuestState.RUNNING

    async def test_every_step_run_twice_does_what_it_does_once(self, lab, host: Hypervisor, two_disks: GuestSpec):
        checkpoint = str(uuid.uuid4())
        first = await host.create_checkpoint(two_disks.id, checkpoint)
        await overwrite(lab, two_disks, AFTER)
        assert await host.create_checkpoint(two_disks.id, checkpoint) == first
        for _ in range(2):
            await host.restore_checkpoint(two_disks, checkpoint)
            assert await contents(lab, two_disks) == {BEFORE}
        for _ in range(2):
            await host.delete_checkpoint(two_disks.id, checkpoint)
            assert await host.checkpoints(two_disks.id) == []

    async def test_deleting_one_in_the_middle_leaves_the_others(self, lab, host: Hypervisor, two_disks: GuestSpec):
        first, middle, last = (str(uuid.uuid4()) for _ in range(3))
        await host.create_checkpoint(two_disks.id, first)
        await overwrite(lab, two_disks, BETWEEN)
        await host.start(two_disks.id)
        await host.create_checkpoint(two_disks.id, middle)
        await host.stop(two_disks.id)
        await overwrite(lab, two_disks, AFTER)
        await host.create_checkpoint(two_disks.id, last)
        await host.start(two_disks.id)
        await host.delete_checkpoint(two_disks.id, middle)
        assert (await host.observe(two_disks.id)).state is GuestState.RUNNING
        assert [each.id for each in await host.checkpoints(two_disks.id)] == [first, last]
        await host.restore_checkpoint(two_disks, first)
        assert await contents(lab, two_disks) == {BEFORE}
        await host.restore_checkpoint(two_disks, last)
        assert await contents(lab, two_disks) == {AFTER}

    async def test_a_guest_is_left_alone_when_the_checkpoint_is_not_there(self, host: Hypervisor, two_disks: GuestSpec):
        await host.start(two_disks.id)
        with pytest.raises(CheckpointMissing):
            await host.restore_checkpoint(two_disks, str(uuid.uuid4()))
        assert (await host.observe(two_disks.id)).state is GuestState.RUNNING

    async def test_a_checkpoint_that_lacks_a_disk_is_not_whole_and_never_restored(self, lab, host, two_disks):
        checkpoint = str(uuid.uuid4())
        await host.create_checkpoint(two_disks.id, checkpoint)
        await overwrite(lab, two_disks, AFTER)
        await lab.spoil_checkpoint(two_disks.disks[1].volume, checkpoint)
        assert [each.whole for each in await host.checkpoints(two_disks.id)] == [False]
        with pytest.raises(CheckpointMissing):
            await host.restore_checkpoint(two_disks, checkpoint)
        assert await contents(lab, two_disks) == {AFTER}
        assert (await host.create_checkpoint(two_disks.id, checkpoint)).whole
        await host.restore_checkpoint(two_disks, checkpoint)
        assert await contents(lab, two_disks) == {AFTER}

    async def test_what_is_left_of_a_spoilt_checkpoint_can_be_deleted(self, lab, host, two_disks: GuestSpec):
        checkpoint = str(uuid.uuid4())
        await host.create_checkpoint(two_disks.id, checkpoint)
        await lab.spoil_checkpoint(two_disks.disks[0].volume, checkpoint)
        await host.delete_checkpoint(two_disks.id, checkpoint)
        assert await host.checkpoints(two_disks.id) == []
        await host.create_checkpoint(two_disks.id, checkpoint)

    async def test_a_restored_guest_has_the_title_and_labels_of_now(self, lab, host, two_disks: GuestSpec):
        await host.start(two_disks.id)
        checkpoint = str(uuid.uuid4())
        await host.create_checkpoint(two_disks.id, checkpoint)
        await host.stop(two_disks.id)
        renamed = replace(two_disks, title="Renamed", labels={"owner": "another"})
        await host.restore_checkpoint(renamed, checkpoint)
        for state in (GuestState.RUNNING, GuestState.STOPPED):
            seen = await host.observe(two_disks.id)
            assert (seen.state, seen.title, seen.labels) == (state, "Renamed", {"owner": "another"})
            await host.stop(two_disks.id)

    async def test_a_guest_that_was_rebuilt_still_has_its_checkpoints(self, lab, host, two_disks: GuestSpec):
        await booted(lab, host, two_disks.id)
        checkpoint = str(uuid.uuid4())
        await host.create_checkpoint(two_disks.id, checkpoint)
        await host.undefine(two_disks.id)
        await host.define(two_disks)
        assert [each.id for each in await host.checkpoints(two_disks.id)] == [checkpoint]
        await host.restore_checkpoint(two_disks, checkpoint)
        seen = await host.observe(two_disks.id)
        assert (seen.state, seen.ready) == (GuestState.RUNNING, True)
        await host.delete_checkpoint(two_disks.id, checkpoint)
        assert await host.checkpoints(two_disks.id) == []

    async def test_checkpoints_go_with_the_disks(self, host: Hypervisor, two_disks: GuestSpec):
        await host.create_checkpoint(two_disks.id, str(uuid.uuid4()))
        await host.undefine(two_disks.id)
        for disk in two_disks.disks:
            await host.delete_volume(disk.volume)
            await host.create_overlay(disk.volume, IMAGE_VOLUME, 2)
        await host.define(two_disks)
        assert await host.checkpoints(two_disks.id) == []

    async def test_checkpoints_of_a_guest_that_is_not_there(self, host: Hypervisor):
        absent = str(uuid.uuid4())
        with pytest.raises(GuestMissing):
            await host.checkpoints(absent)
        with pytest.raises(GuestMissing):
            await host.create_checkpoint(absent, str(uuid.uuid4()))
        await host.delete_checkpoint(absent, str(uuid.uuid4()))

    async def test_a_guest_with_a_raw_disk_keeps_no_checkpoints(self, host: Hypervisor, guest: str):
        with pytest.raises(HypervisorRefused, match="not in qcow2 format"):
            await host.create_checkpoint(guest, str(uuid.uuid4()))
