"""The libvirt driver keeps the contract, on a real libvirtd with real guests; and what only libvirt can show."""

import asyncio
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree as ET

import platformdirs
import pytest

from support.checkpoint_contract import (
    AFTER,
    BEFORE,
    CheckpointContract,
    CheckpointLab,
    booted,
    contents,
    overwrite,
    two_disks,
)
from support.console_contract import ConsoleContract, hears, shell
from support.disk_contract import DiskContract
from support.facts_contract import SILENCE_LASTS_S, FactsContract
from support.hypervisor_contract import (
    IDLE_DISK,
    IMAGE_VOLUME,
    LABELS,
    EventLog,
    HypervisorContract,
    bootable_guest,
    changed,
    guest,
    guest_spec,
    host,
    is_a,
    read,
    second_door,
)
from support.port_contract import PortContract
from support.waiting import until
from zaffre.devfabric.fabric import DevelopmentFabric
from zaffre.devfabric.images import build, check_image
from zaffre.devfabric.layout import HostLayout
from zaffre.devfabric.preflight import check_fabric
from zaffre.fabric.drivers.console import ConsoleKind
from zaffre.fabric.drivers.hypervisor import (
    Accelerator,
    GuestDisk,
    GuestPort,
    GuestRemoved,
    GuestSpec,
    GuestState,
    HostAddress,
    HostConnected,
    HostLost,
    HostUnreachable,
    HypervisorRefused,
    StorageFull,
    VolumeMissing,
)
from zaffre.foundation.clock import SystemClock

libvirt = pytest.importorskip("libvirt", reason="libvirt-python is not installed")

from zaffre.fabric.drivers import libvirt_checkpoints  # noqa: E402 - needs libvirt
from zaffre.fabric.drivers.libvirt_driver import LibvirtDriver, LibvirtHypervisor  # noqa: E402 - needs libvirt
from zaffre.fabric.drivers.libvirt_probe import guest_reports  # noqa: E402 - needs libvirt

__all__ = ["bootable_guest", "guest", "host", "shell", "two_disks"]

pytestmark = pytest.mark.fabric

Result = TypeVar("Result")

FOREIGN_GUEST = """
<domain type='qemu'>
  <name>{name}</name><uuid>{uuid}</uuid><title>made by hand</title><memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os><devices/>
</domain>
"""


class LibvirtLab(CheckpointLab):
    """A host of the developer fabric. Whatever it does goes over a connection of its own."""

    many = 8

    def __init__(self, fabric: DevelopmentFabric, layout: HostLayout, image: Path) -> None:
        self.fabric = fabric
        self.layout = layout
        self.driver = LibvirtDriver()
        self.address = HostAddress(layout.name, layout.uri, layout.pool_path, layout.integration_bridge)
        self.hypervisor: LibvirtHypervisor = self.driver.open(self.address)
        self.image = image

    async def on_host(self, act: Callable[["libvirt.virConnect"], Result]) -> Result:
        """Do something with plain libvirt."""

        def connect_and_act() -> Result:
            connection = libvirt.open(self.layout.uri)
            try:
                return act(connection)
            finally:
                connection.close()

        return await asyncio.to_thread(connect_and_act)

    async def destroy(self, guest_id: str) -> None:
        await self.on_host(lambda connection: connection.lookupByUUIDString(guest_id).destroy())

    async def undefine(self, guest_id: str) -> None:
        await self.on_host(lambda connection: connection.lookupByUUIDString(guest_id).undefine())

    async def crash(self, guest_id: str) -> None:
        pid_file = Path(self.layout.pool_path).parent / "run/libvirt/qemu" / f"zaffre-{guest_id}.pid"
        os.kill(int(pid_file.read_text()), signal.SIGKILL)

    async def create_foreign_guests(self, guest_ids: Iterable[str]) -> None:
        def create(connection) -> None:
            for guest_id in guest_ids:
                connection.defineXML(FOREIGN_GUEST.format(name=guest_id, uuid=guest_id)).create()

        await self.on_host(create)

    async def delete_volume(self, name: str) -> None:
        (Path(self.layout.pool_path) / name).unlink()

    async def hold_disks(self, guest_id: str) -> None:
        """Do nothing: the idle guest has no operating system that could let go of anything."""

    async def write_disk(self, volume: str, content: bytes) -> None:
        pattern = Path(self.layout.pool_path).parent / "pattern"
        pattern.write_bytes(content)
        await self._image_tool("qemu-io", "-f", "qcow2", "-c", f"write -s {pattern} 512M {len(content)}", volume)

    async def read_disk(self, volume: str) -> bytes:
        piece = Path(self.layout.pool_path).parent / "piece"
        where = ("bs=4096", f"skip={512 * 256}", f"count={512 * 256 + 1}")
        source = Path(self.layout.pool_path) / volume
        await self._image_tool("qemu-img", "dd", "-f", "qcow2", "-O", "raw", *where, f"if={source}", f"of={piece}")
        return piece.read_bytes()[:4096]

    async def spoil_checkpoint(self, volume: str, checkpoint_id: str) -> None:
        await self._image_tool("qemu-img", "snapshot", "-d", checkpoint_id, volume)

    async def _image_tool(self, *command: str) -> None:
        run = subprocess.run(command, cwd=self.layout.pool_path, capture_output=True, text=True)
        assert run.returncode == 0, run

    async def silence_agent(self, guest_id: str) -> None:
        await types(self.hypervisor, guest_id, "killall -STOP answer-agent")

    async def cut_off(self) -> None:
        os.kill(self.libvirtd(), signal.SIGKILL)

    async def bring_back(self) -> None:
        await asyncio.to_thread(self.fabric.up)

    async def hang(self) -> None:
        self.stopped = self.libvirtd()
        os.kill(self.stopped, signal.SIGSTOP)

    async def revive(self) -> None:
        os.kill(self.stopped, signal.SIGCONT)

    def libvirtd(self) -> int:
        """The process that listens on the host's socket."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.layout.uri.partition("socket=")[2])
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return struct.unpack("3i", credentials)[0]


async def types(hypervisor: LibvirtHypervisor, guest_id: str, command: str) -> None:
    """Run a command in the guest's shell; it must succeed."""
    channel = await hypervisor.open_console(guest_id, ConsoleKind.SERIAL)
    await channel.write(b"\r")
    await hears(channel, b"# ")
    await channel.write(f"{command}; echo status-$?\r".encode())
    await hears(channel, b"\r\nstatus-0\r\n")
    await channel.close()


@pytest.fixture(scope="module")
def fabric() -> Iterator[DevelopmentFabric]:
    """A developer fabric of one host, of these tests alone: they kill its libvirtd."""
    preflight = check_fabric()
    if not preflight.possible:
        pytest.skip(preflight.sentence)
    directory = Path(tempfile.mkdtemp(prefix="zh", dir="/tmp"))
    fabric = DevelopmentFabric(directory, host_count=1)
    try:
        fabric.up()
        yield fabric
    finally:
        fabric.down(purge=True)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def tiny_image() -> Path:
    preflight = check_image("tiny")
    if not preflight.possible:
        pytest.skip(preflight.sentence)
    return build("tiny", platformdirs.user_cache_path("zaffre") / "images")


@pytest.fixture
async def lab(fabric: DevelopmentFabric, tiny_image: Path) -> AsyncIterator[LibvirtLab]:
    layout = await asyncio.to_thread(fabric.up)
    lab = LibvirtLab(fabric, layout.hosts[0], tiny_image)
    yield lab
    await lab.hypervisor.close()


class TestLibvirtHypervisor(HypervisorContract):
    """The contract."""


class TestLibvirtDisks(DiskContract):
    """The contract of disks."""


class TestLibvirtPorts(PortContract):
    """The suite for network interfaces."""


class TestLibvirtConsoles(ConsoleContract):
    """The contract of consoles."""


class TestLibvirtFacts(FactsContract):
    """The contract of what guests say, and what the twin cannot show."""

    async def test_a_guest_without_an_agent_is_not_waited_for(self, host, guest):
        await host.start(guest)
        async with asyncio.timeout(2.0):
            assert await host.guest_facts(guest) is None

    async def test_an_agent_that_does_not_know_a_question_answers_the_others(self, host, shell):
        await types(host, shell.id, "sed -i /guest-get-osinfo/d /lib/zaffre/answer-agent; killall answer-agent")

        async def anew():
            """The agent is started anew; until then it is silent, or still knows everything."""
            facts = await host.guest_facts(shell.id)
            return facts if facts is not None and facts.system is None else None

        facts = await until(anew)
        assert facts.hostname
        assert facts.filesystems

    async def test_an_agent_that_talks_nonsense_is_given_up(self, host, shell):
        nonsense = "printf '#!/bin/sh\\nexec yes nonsense > /dev/vport*\\n' > /lib/zaffre/answer-agent"
        await types(host, shell.id, f"{nonsense}; killall answer-agent")
        await asyncio.sleep(2.0)
        async with asyncio.timeout(SILENCE_LASTS_S):
            assert await host.guest_facts(shell.id) is None
        assert await host.observe(shell.id) is not None


class TestLibvirtCheckpoints(CheckpointContract):
    """The contract, and what the twin cannot show."""

    async def test_memory_that_does_not_fit_is_refused_and_the_guest_goes_on(self, lab, host):
        with mounted_over_the_pool(lab, size_mib=128):
            spec = await self._guest_in_a_small_pool(lab, host)
            with pytest.raises(StorageFull, match=f"{(spec.memory_mib + 16) << 20} are needed"):
                await host.create_checkpoint(spec.id, str(uuid.uuid4()))
            await self._assert_runs_without_checkpoints(host, spec)

    async def test_a_pool_that_fills_up_meanwhile_leaves_no_half_checkpoint(self, lab, host, monkeypatch):
        monkeypatch.setattr(libvirt_checkpoints, "_check_room", lambda _session, _domain: None)
        with mounted_over_the_pool(lab, size_mib=128):
            spec = await self._guest_in_a_small_pool(lab, host)
            with pytest.raises(StorageFull):
                await host.create_checkpoint(spec.id, str(uuid.uuid4()))
            await self._assert_runs_without_checkpoints(host, spec)

    async def _guest_in_a_small_pool(self, lab: LibvirtLab, host) -> GuestSpec:
        """A running guest whose pool has less room than it has memory."""
        spec = guest_spec(memory_mib=256)
        spec = replace(spec, disks=(GuestDisk(f"{spec.id}.qcow2", "qcow2"),))
        await host.upload_volume("small-image.qcow2", lab.image, "qcow2")
        await host.create_overlay(spec.disks[0].volume, "small-image.qcow2", 2)
        await host.define(spec)
        await booted(lab, host, spec.id)
        filler = Path(f"/proc/{lab.libvirtd()}/root{lab.layout.pool_path}/filler")
        free_bytes = (await asyncio.to_thread(os.statvfs, filler.parent)).f_bavail * 4096
        filler.write_bytes(bytes(free_bytes - 30 * 2**20))
        return spec

    async def _assert_runs_without_checkpoints(self, host, spec: GuestSpec) -> None:
        assert await host.checkpoints(spec.id) == []
        assert (await host.observe(spec.id)).state is GuestState.RUNNING
        await host.undefine(spec.id)

    @pytest.mark.parametrize(
        "moment_s", [pytest.param(0.0, marks=pytest.mark.thorough), 0.1, pytest.param(0.3, marks=pytest.mark.thorough)]
    )
    async def test_libvirtd_may_be_killed_while_it_takes_a_checkpoint(self, lab, host, two_disks, moment_s):
        await booted(lab, host, two_disks.id)
        checkpoint = str(uuid.uuid4())
        events = EventLog(host)
        taking = asyncio.create_task(host.create_checkpoint(two_disks.id, checkpoint))
        await asyncio.sleep(moment_s)
        await lab.cut_off()
        await asyncio.gather(taking, return_exceptions=True)
        await events.wait(is_a(HostLost), 5.0)
        await lab.bring_back()
        await events.wait(is_a(HostConnected), 20.0)
        taken = await host.create_checkpoint(two_disks.id, checkpoint)
        assert taken.whole
        assert [each.id for each in await host.checkpoints(two_disks.id)] == [checkpoint]
        # A libvirtd that finds a guest in the middle of this gives up on it now and then, and cuts its power.
        assert taken.with_memory or (await host.observe(two_disks.id)).state is not GuestState.RUNNING
        await host.start(two_disks.id)
        assert (await host.observe(two_disks.id)).state is GuestState.RUNNING
        await host.restore_checkpoint(two_disks, checkpoint)
        expected = GuestState.RUNNING if taken.with_memory else GuestState.STOPPED
        assert (await host.observe(two_disks.id)).state is expected
        await host.delete_checkpoint(two_disks.id, checkpoint)
        assert await host.checkpoints(two_disks.id) == []

    @pytest.mark.parametrize("running", [False, True])
    async def test_a_checkpoint_that_libvirt_forgot_is_still_there(self, lab, host, two_disks, running):
        if running:
            await booted(lab, host, two_disks.id)
        checkpoint = str(uuid.uuid4())
        await host.create_checkpoint(two_disks.id, checkpoint)

        def forget(connection) -> None:
            domain = connection.lookupByUUIDString(two_disks.id)
            domain.snapshotLookupByName(checkpoint).delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)

        await lab.on_host(forget)
        assert [each.whole for each in await host.checkpoints(two_disks.id)] == [True]
        await host.restore_checkpoint(two_disks, checkpoint)
        expected = GuestState.RUNNING if running else GuestState.STOPPED
        assert (await host.observe(two_disks.id)).state is expected
        await lab.on_host(forget)
        await host.delete_checkpoint(two_disks.id, checkpoint)
        assert await host.checkpoints(two_disks.id) == []

    async def test_a_checkpoint_that_was_taken_twice_is_removed_twice(self, lab, host, two_disks):
        checkpoint = str(uuid.uuid4())
        for _ in range(2):
            await lab._image_tool("qemu-img", "snapshot", "-c", checkpoint, two_disks.disks[0].volume)
        assert [each.whole for each in await host.checkpoints(two_disks.id)] == [False]
        await host.delete_checkpoint(two_disks.id, checkpoint)
        assert await host.checkpoints(two_disks.id) == []

    async def test_a_snapshot_of_somebody_else_is_seen_and_left_alone(self, lab, host, two_disks):
        def take(connection) -> None:
            domain = connection.lookupByUUIDString(two_disks.id)
            plain = [
                disk.find("target").get("dev")
                for disk in ET.fromstring(domain.XMLDesc()).iterfind("devices/disk")
                if disk.find("driver").get("type") == "raw"
            ]
            left_out = "".join(f"<disk name='{name}' snapshot='no'/>" for name in plain)
            domain.snapshotCreateXML(f"<domainsnapshot><name>by hand</name><disks>{left_out}</disks></domainsnapshot>")

        await lab.on_host(take)
        checkpoint = str(uuid.uuid4())
        await host.create_checkpoint(two_disks.id, checkpoint)
        await overwrite(lab, two_disks, AFTER)
        await host.restore_checkpoint(two_disks, checkpoint)
        await host.delete_checkpoint(two_disks.id, checkpoint)
        assert [each.id for each in await host.checkpoints(two_disks.id)] == ["by hand"]
        assert await contents(lab, two_disks) == {BEFORE}

    async def test_looking_at_a_guest_does_not_wait_for_its_checkpoint(self, lab, host, two_disks):
        await booted(lab, host, two_disks.id)
        taking = asyncio.create_task(host.create_checkpoint(two_disks.id, str(uuid.uuid4())))
        looks_s = list[float]()
        while not taking.done():
            began_s = time.monotonic()
            await host.observe_all()
            looks_s.append(time.monotonic() - began_s)
        await taking
        assert max(looks_s) < 2.0


class TestLibvirtOnly:
    """What the twin cannot show."""

    async def test_an_upload_that_was_cut_off_is_no_volume_until_it_is_repeated(self, lab, host, tmp_path: Path):
        image = tmp_path / "image"
        image.write_bytes(os.urandom(64 * 1024 * 1024))
        upload = asyncio.create_task(host.upload_volume("image", image))
        events = EventLog(host)
        await self._until_growing(lab, "image")
        await lab.cut_off()
        with pytest.raises(HostUnreachable):
            await upload
        await lab.bring_back()
        await events.wait(is_a(HostConnected), 20.0)
        assert (Path(lab.layout.pool_path) / "image").exists()
        assert not await host.has_volume("image")
        assert "image" not in [volume.name for volume in await host.volumes()]
        with pytest.raises(VolumeMissing):
            await host.create_overlay("overlay.qcow2", "image", 1)
        await host.upload_volume("image", image)
        assert await host.has_volume("image")
        assert await read(host, "image") == image.read_bytes()

    async def _until_growing(self, lab: LibvirtLab, name: str) -> None:
        path = Path(lab.layout.pool_path) / name
        async with asyncio.timeout(10.0):
            while not (path.exists() and path.stat().st_blocks):
                await asyncio.sleep(0.001)

    async def test_a_cancelled_upload_is_no_volume_and_frees_its_thread(self, lab, host, tmp_path: Path):
        image = tmp_path / "image"
        image.write_bytes(os.urandom(64 * 1024 * 1024))
        upload = asyncio.create_task(host.upload_volume("image", image))
        await self._until_growing(lab, "image")
        upload.cancel()
        await asyncio.gather(upload, return_exceptions=True)
        assert not await host.has_volume("image")
        await host.delete_volume("image")
        assert not (Path(lab.layout.pool_path) / "image.unfinished").exists()

    async def test_two_uploads_of_one_volume_leave_one_of_the_two(self, host):
        contents = [os.urandom(9_000_000), os.urandom(7_000_000)]
        await asyncio.gather(*(host.upload_volume("contested", content) for content in contents))
        assert await read(host, "contested") in contents

    async def test_a_disk_that_fills_up_during_an_upload_is_reported_and_freed(self, lab, host, tmp_path: Path):
        image = tmp_path / "image"
        image.write_bytes(os.urandom(32 * 1024 * 1024))
        with mounted_over_the_pool(lab, size_mib=16):
            with pytest.raises(StorageFull) as full:
                await host.upload_volume("image", image)
            assert f"{image.stat().st_size} are needed" in full.value.detail
            assert not await host.has_volume("image")
            await host.upload_volume("small", bytes(8 * 1024 * 1024))

    async def test_a_file_that_appears_in_the_pool_is_taken_for_a_volume(self, lab, host):
        pool = Path(lab.layout.pool_path)
        (pool / "by-hand").write_bytes(b"by hand")
        with pytest.raises(HypervisorRefused, match="a volume of that name is there"):
            await host.create_overlay("by-hand", IMAGE_VOLUME, 1)
        assert (pool / "by-hand").read_bytes() == b"by hand"
        (pool / "replaced").write_bytes(b"by hand")
        await host.upload_volume("replaced", b"by us")
        assert await read(host, "replaced") == b"by us"

    async def test_overlays_can_keep_checkpoints(self, lab, host):
        await host.create_overlay("overlay.qcow2", IMAGE_VOLUME, 1)
        header = await read(host, "overlay.qcow2", 0, 8)
        assert header == b"QFI\xfb" + (3).to_bytes(4)

    async def test_a_guests_port_is_plugged_into_the_bridge_under_its_id(self, lab, host):
        port = GuestPort(str(uuid.uuid4()), "52:54:00:12:34:56", 1400)
        spec = guest_spec(ports=(port,))
        await host.define(spec)
        await host.start(spec.id)
        database = Path(lab.layout.pool_path).parent / "run/openvswitch/db.sock"
        show = ["ovs-vsctl", f"--db=unix:{database}", "--bare", "--columns=external_ids,mtu", "find", "interface"]
        wanted = f"external_ids:iface-id={port.port_id}"
        found = (await asyncio.to_thread(subprocess.run, [*show, wanted], capture_output=True, text=True)).stdout
        assert f"attached-mac={port.mac}" in found
        assert "1400" in found

    async def test_old_parts_of_a_serial_log_go_with_the_guest(self, lab, host, guest):
        pool = Path(lab.layout.pool_path)
        (pool / f"{guest}.log.0").write_bytes(b"old")
        (pool / f"{guest}.log.1").write_bytes(b"older")
        await host.undefine(guest)
        assert [volume.name for volume in await host.volumes() if guest in volume.name] == [f"{guest}.log"]

    async def test_a_guest_is_as_it_was_after_libvirtd_was_killed(self, lab, host, bootable_guest):
        events = EventLog(host)
        await host.start(bootable_guest.id)
        await events.wait(changed(bootable_guest.id, GuestState.RUNNING, ready=True), lab.boot_deadline_s)
        before = await host.observe(bootable_guest.id)
        events = EventLog(host)
        await lab.cut_off()
        await events.wait(is_a(HostLost), 5.0)
        await lab.bring_back()
        await events.wait(is_a(HostConnected), 20.0)
        assert await host.observe(bootable_guest.id) == before

    async def test_a_burst_of_events_neither_blocks_nor_gets_lost(self, lab, host):
        foreign = [str(uuid.uuid4()) for _ in range(100)]

        def come_and_go(connection) -> None:
            domains = [connection.defineXML(FOREIGN_GUEST.format(name=each, uuid=each)) for each in foreign]
            for domain in domains:
                domain.undefine()

        events = EventLog(host)
        longest_s = asyncio.create_task(longest_pause_s())
        await lab.on_host(come_and_go)
        for each in foreign:
            await events.wait(lambda event, each=each: event == GuestRemoved(each), 5.0)
        longest_s.cancel()
        assert await longest_s < 1.0

    async def test_reading_stays_quick_while_guests_start(self, lab, host, guest):
        specs = [guest_spec(memory_mib=64, disks=(GuestDisk(f"idle-{n}", "raw"),)) for n in range(6)]
        for spec in specs:
            await host.upload_volume(spec.disks[0].volume, IDLE_DISK)
            await host.define(spec)
        starting = asyncio.gather(*(host.start(spec.id) for spec in specs))
        looks_s, starting_since_s = list[float](), time.monotonic()
        while not starting.done():
            began_s = time.monotonic()
            await host.observe(guest)
            looks_s.append(time.monotonic() - began_s)
        await starting
        assert sorted(looks_s)[len(looks_s) // 2] < (time.monotonic() - starting_since_s) / 20

    async def test_a_probe_under_emulation_reports(self, lab, host):
        assert await guest_reports(host._connection, Accelerator.TCG, SystemClock(), 10.0)

    async def test_a_probe_that_does_not_report_in_time_is_removed(self, lab, host):
        assert not await guest_reports(host._connection, Accelerator.TCG, SystemClock(), 0.0)
        assert await lab.on_host(lambda connection: connection.listAllDomains()) == []
        assert not [volume for volume in await host.volumes() if "probe" in volume.name]

    async def test_a_cancelled_probe_is_removed(self, lab, host):
        probe = asyncio.create_task(guest_reports(host._connection, Accelerator.TCG, SystemClock(), 10.0))
        async with asyncio.timeout(10.0):
            while not await lab.on_host(lambda connection: connection.listAllDomains()):
                pass
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        async with asyncio.timeout(10.0):
            while await lab.on_host(lambda connection: connection.listAllDomains()):
                pass

    async def test_a_probe_ends_with_its_connection(self, lab, host):
        async with second_door(lab) as door:
            probe = asyncio.create_task(guest_reports(door._connection, Accelerator.TCG, SystemClock(), 10.0))
            async with asyncio.timeout(10.0):
                while not await lab.on_host(lambda connection: connection.listAllDomains()):
                    pass
        with pytest.raises(HostUnreachable):
            await probe
        async with asyncio.timeout(10.0):
            while await lab.on_host(lambda connection: connection.listAllDomains()):
                pass

    async def test_libvirt_understands_a_guest_with_everything_for_kvm(self, lab, host):
        if not await lab.on_host(lambda connection: "<domain type='kvm'" in connection.getCapabilities()):
            pytest.skip("this machine offers no KVM at all")
        port = GuestPort(str(uuid.uuid4()), "52:54:00:12:34:57", 8942)
        disks = tuple(GuestDisk(f"disk-{number}", "raw", number) for number in range(3))
        spec = guest_spec(accelerator=Accelerator.KVM, vcpus=2, disks=disks, seed_volume="seed.iso", ports=(port,))
        await host.define(spec)
        assert (await host.observe(spec.id)).labels == LABELS

    async def test_a_pool_in_another_place_is_not_used(self, lab, tmp_path: Path):
        door = lab.driver.open(replace(lab.address, pool_path=str(tmp_path)))
        try:
            with pytest.raises(HostUnreachable, match=f"its storage pool zaffre is at {lab.layout.pool_path}"):
                await door.volumes()
        finally:
            await door.close()

    async def test_a_host_that_cannot_be_reached_says_why(self, lab):
        door = lab.driver.open(HostAddress("nowhere", "qemu+tcp://127.0.0.1:1/system", "/pool"))
        try:
            with pytest.raises(HostUnreachable, match="Connection refused"):
                await door.facts()
            assert not door.connected
        finally:
            await door.close()

    async def test_who_waits_in_the_queue_of_a_door_that_closes_is_told(self, lab, host, guest):
        async with second_door(lab) as door:
            await door.observe(guest)
            starts = [asyncio.create_task(door.start(guest)) for _ in range(12)]
            await asyncio.sleep(0)
        async with asyncio.timeout(30.0):
            outcomes = await asyncio.gather(*starts, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} <= {type(None), HostUnreachable}

    async def test_closing_a_door_ends_its_threads(self, lab):
        async with second_door(lab) as door:
            await door.facts()
            await door.observe_all()
            mine = [thread for thread in threading.enumerate() if lab.address.name in thread.name]
            assert mine
        await asyncio.to_thread(lambda: [thread.join(5.0) for thread in mine])
        assert not any(thread.is_alive() for thread in mine)


async def longest_pause_s() -> float:
    """The longest time for which the event loop did not come round, until cancelled."""
    longest_s = 0.0
    try:
        while True:
            began_s = time.monotonic()
            await asyncio.sleep(0)
            longest_s = max(longest_s, time.monotonic() - began_s)
    except asyncio.CancelledError:
        return longest_s


@contextmanager
def mounted_over_the_pool(lab: LibvirtLab, size_mib: int) -> Iterator[None]:
    """Put a small file system where libvirtd sees the pool."""
    enter = ["nsenter", f"--target={lab.libvirtd()}", "--mount"]
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", lab.layout.pool_path]
    subprocess.run([*enter, *mount], check=True)
    try:
        yield
    finally:
        subprocess.run([*enter, "umount", "--lazy", lab.layout.pool_path], check=True)
