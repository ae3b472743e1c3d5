"""What every hypervisor driver must do with a guest's disks: one suite for libvirt and for its simulated twin."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from support.hypervisor_contract import (
    IDLE_DISK,
    IDLE_VOLUME,
    IMAGE_VOLUME,
    EventLog,
    HypervisorLab,
    bootable_guest,
    changed,
    guest_spec,
    host,
    read,
)
from zaffre.fabric.drivers.hypervisor import (
    GuestDisk,
    GuestKeepsDisk,
    GuestMissing,
    GuestSpec,
    GuestState,
    Hypervisor,
    HypervisorRefused,
    VolumeMissing,
)

__all__ = ["DiskContract", "bootable_guest", "host"]

DATA = "data.qcow2"
MEDIUM = "medium.iso"
DISK = GuestDisk(DATA, "qcow2", 1, "0123456789abcdef0123")
NOBODY = "0190a1b2-0000-7000-8000-0000000000ff"


async def volumes_of(host: Hypervisor, guest_id: str) -> frozenset[str]:
    seen = await host.observe(guest_id)
    assert seen is not None
    return seen.volumes


async def parts_of(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 100_000):
        yield content[start : start + 100_000]


class DiskContract:
    """Every test says one thing that a caller of a `Hypervisor` may rely on."""

    async def ready(self, lab: HypervisorLab, host: Hypervisor, spec: GuestSpec) -> None:
        events = EventLog(host)
        await host.start(spec.id)
        await events.wait(changed(spec.id, GuestState.RUNNING, ready=True), lab.boot_deadline_s)

    async def test_a_blank_disk_has_its_size_and_making_it_again_changes_nothing(self, host: Hypervisor):
        await host.create_blank(DATA, 3)
        content = await read(host, DATA)
        await host.create_blank(DATA, 3)
        assert await host.volume_capacity(DATA) == 3 << 30
        assert await host.volume_size(DATA) < 1 << 20
        assert await read(host, DATA) == content

    async def test_a_disk_grows_and_never_shrinks(self, host: Hypervisor):
        await host.create_blank(DATA, 1)
        for size_gib, expected_gib in ((2, 2), (2, 2), (1, 2), (5, 5)):
            await host.grow_disk(DATA, size_gib)
            assert await host.volume_capacity(DATA) == expected_gib << 30
        with pytest.raises(VolumeMissing):
            await host.grow_disk("never-was", 2)

    async def test_a_received_disk_has_content_and_size_of_the_one_that_was_sent(self, host: Hypervisor):
        await host.create_blank(DATA, 2)
        content = await read(host, DATA)
        for _ in range(2):
            await host.receive_disk("copy.qcow2", 2, len(content), parts_of(content))
        assert await read(host, "copy.qcow2") == content
        assert await host.volume_capacity("copy.qcow2") == 2 << 30
        await host.grow_disk("copy.qcow2", 4)
        assert await host.volume_capacity("copy.qcow2") == 4 << 30

    async def test_a_guest_that_is_off_gets_a_disk_and_loses_it(self, host: Hypervisor):
        spec = guest_spec()
        await host.define(spec)
        await host.create_blank(DATA, 1)
        for _ in range(2):
            await host.attach_disk(spec.id, DISK)
            assert await volumes_of(host, spec.id) == {IDLE_VOLUME, DATA}
        await host.start(spec.id)
        assert await volumes_of(host, spec.id) == {IDLE_VOLUME, DATA}
        await host.stop(spec.id)
        for _ in range(2):
            await host.detach_disk(spec.id, DATA)
            assert await volumes_of(host, spec.id) == {IDLE_VOLUME}
        assert await host.has_volume(DATA)

    async def test_a_running_guest_gets_a_disk_keeps_it_over_a_restart_and_gives_it_up(
        self, lab: HypervisorLab, host: Hypervisor, bootable_guest: GuestSpec
    ):
        root = bootable_guest.disks[0].volume
        await self.ready(lab, host, bootable_guest)
        await host.create_blank(DATA, 1)
        for _ in range(2):
            await host.attach_disk(bootable_guest.id, DISK)
            assert await volumes_of(host, bootable_guest.id) == {root, DATA}
        await host.grow_disk(DATA, 2, bootable_guest.id)
        assert await host.volume_capacity(DATA) == 2 << 30
        await host.stop(bootable_guest.id)
        assert await volumes_of(host, bootable_guest.id) == {root, DATA}
        await self.ready(lab, host, bootable_guest)
        for _ in range(2):
            await host.detach_disk(bootable_guest.id, DATA)
            assert await volumes_of(host, bootable_guest.id) == {root}
        await host.stop(bootable_guest.id)
        assert await volumes_of(host, bootable_guest.id) == {root}

    async def test_a_running_guest_takes_sixteen_disks_and_its_root_disk_grows(
        self, lab: HypervisorLab, host: Hypervisor, bootable_guest: GuestSpec
    ):
        await self.ready(lab, host, bootable_guest)
        names = {f"data-{position}.qcow2": position for position in range(1, 17)}
        for name, position in names.items():
            await host.create_blank(name, 1)
            await host.attach_disk(bootable_guest.id, GuestDisk(name, "qcow2", position, f"serial-{position}"))
        root = bootable_guest.disks[0].volume
        assert await volumes_of(host, bootable_guest.id) == {root, *names}
        await host.grow_disk(root, 7, bootable_guest.id)
        assert await host.volume_capacity(root) == 7 << 30
        await host.stop(bootable_guest.id)
        await host.start(bootable_guest.id)

    async def test_a_position_is_taken_only_once(self, host: Hypervisor):
        spec = guest_spec()
        await host.define(spec)
        await host.create_blank(DATA, 1)
        await host.create_blank("other.qcow2", 1)
        await host.start(spec.id)
        await host.attach_disk(spec.id, DISK)
        with pytest.raises(HypervisorRefused):
            await host.attach_disk(spec.id, replace(DISK, volume="other.qcow2"))

    async def test_a_guest_that_does_not_let_go_is_reported_and_keeps_its_disk(
        self, lab: HypervisorLab, host: Hypervisor
    ):
        spec = guest_spec()
        await host.define(spec)
        await host.create_blank(DATA, 1)
        await host.attach_disk(spec.id, DISK)
        await host.start(spec.id)
        await lab.hold_disks(spec.id)
        with pytest.raises(GuestKeepsDisk, match=DATA):
            await host.detach_disk(spec.id, DATA, deadline_s=1.0)
        assert await volumes_of(host, spec.id) == {IDLE_VOLUME, DATA}
        await host.stop(spec.id)
        assert await volumes_of(host, spec.id) == {IDLE_VOLUME, DATA}
        await host.detach_disk(spec.id, DATA)
        assert await volumes_of(host, spec.id) == {IDLE_VOLUME}

    async def test_a_medium_is_changed_whether_the_guest_runs_or_not(self, host: Hypervisor):
        spec = guest_spec()
        await host.define(spec)
        await host.upload_volume(MEDIUM, IDLE_DISK)
        await host.upload_volume("other.iso", IDLE_DISK)
        for _ in range(2):
            for name in (MEDIUM, "other.iso", None, MEDIUM):
                for _ in range(2):
                    await host.change_medium(spec.id, name)
                    assert await volumes_of(host, spec.id) == {IDLE_VOLUME, *([name] if name else [])}
            await host.start(spec.id)
        await host.change_medium(spec.id, None)
        await host.stop(spec.id)
        assert await volumes_of(host, spec.id) == {IDLE_VOLUME}

    async def test_a_definition_carries_disks_and_medium(self, host: Hypervisor):
        await host.create_blank(DATA, 1)
        await host.upload_volume(MEDIUM, IDLE_DISK)
        disks = (GuestDisk(IDLE_VOLUME, "raw"), replace(DISK, position=5))
        spec = guest_spec(disks=disks, iso_volume=MEDIUM)
        await host.define(spec)
        await host.start(spec.id)
        assert await volumes_of(host, spec.id) == {IDLE_VOLUME, DATA, MEDIUM}

    async def test_what_is_not_there_is_reported(self, host: Hypervisor):
        spec = guest_spec()
        await host.define(spec)
        with pytest.raises(VolumeMissing):
            await host.attach_disk(spec.id, DISK)
        with pytest.raises(VolumeMissing):
            await host.change_medium(spec.id, MEDIUM)
        await host.create_blank(DATA, 1)
        with pytest.raises(GuestMissing):
            await host.attach_disk(NOBODY, DISK)
        with pytest.raises(GuestMissing):
            await host.change_medium(NOBODY, None)
        await host.detach_disk(NOBODY, DATA)
        with pytest.raises(HypervisorRefused):
            await host.create_blank("../x", 1)

    async def test_an_overlay_grows_beyond_its_image(self, host: Hypervisor):
        await host.create_overlay("overlay.qcow2", IMAGE_VOLUME, 1)
        await host.grow_disk("overlay.qcow2", 3)
        assert await host.volume_capacity("overlay.qcow2") == 3 << 30
