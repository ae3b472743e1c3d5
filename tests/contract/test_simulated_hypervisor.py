"""The simulated twin keeps the contract."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from support.checkpoint_contract import CheckpointContract, CheckpointLab, two_disks
from support.console_contract import ConsoleContract, shell
from support.disk_contract import DiskContract
from support.facts_contract import FactsContract
from support.hypervisor_contract import (
    HypervisorContract,
    bootable_guest,
    guest,
    host,
)
from support.port_contract import PortContract
from zaffre.fabric.drivers.hypervisor import HostAddress, StorageFull
from zaffre.fabric.drivers.simulated import LatencyModel, SimulatedDriver, SimulatedWorld
from zaffre.foundation.clock import ManualClock

__all__ = ["bootable_guest", "guest", "host", "shell", "two_disks"]

HOST = "host-1"


class SimulatedLab(CheckpointLab):
    """A host of a world of its own, whose time passes only when somebody waits."""

    def __init__(self, world: SimulatedWorld, image: Path) -> None:
        self.world = world
        self.driver = SimulatedDriver(world)
        self.address = HostAddress(HOST, f"simulated:///{HOST}?vcpus=8&memory_mib=16384&storage_gib=100", "/pool")
        self.hypervisor = self.driver.open(self.address)
        self.image = image

    async def destroy(self, guest_id: str) -> None:
        self.world.faults.stop_guest(HOST, guest_id)

    async def undefine(self, guest_id: str) -> None:
        self.world.faults.undefine_guest(HOST, guest_id)

    async def crash(self, guest_id: str) -> None:
        self.world.faults.crash_guest(HOST, guest_id)

    async def create_foreign_guests(self, guest_ids: Iterable[str]) -> None:
        for guest_id in guest_ids:
            self.world.faults.create_foreign_guest(HOST, guest_id)

    async def delete_volume(self, name: str) -> None:
        self.world.faults.delete_volume(HOST, name)

    async def hold_disks(self, guest_id: str) -> None:
        self.world.faults.hold_disks(HOST, guest_id)

    async def silence_agent(self, guest_id: str) -> None:
        self.world.faults.silence_agent(HOST, guest_id)

    async def cut_off(self) -> None:
        self.world.faults.make_unreachable(HOST)

    async def bring_back(self) -> None:
        self.world.faults.make_reachable(HOST)

    async def hang(self) -> None:
        self.world.faults.delay(HOST, 1_000_000.0)

    async def revive(self) -> None:
        self.world.faults.delay(HOST, 0.0)

    async def write_disk(self, volume: str, content: bytes) -> None:
        self.world.faults.write_to_disk(HOST, volume, content)

    async def read_disk(self, volume: str) -> bytes:
        return self.world.host(HOST).volume(volume).content or b""

    async def spoil_checkpoint(self, volume: str, checkpoint_id: str) -> None:
        self.world.faults.delete_checkpoint(HOST, volume, checkpoint_id)

    async def live_on(self, seconds: float) -> None:
        await self.world.clock.sleep(seconds)


@pytest.fixture(params=["memory", "file"])
async def lab(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SimulatedLab]:
    path = tmp_path / "world.sqlite" if request.param == "file" else None
    latency = LatencyModel(boot_s=2.0, shutdown_s=0.5)
    world = SimulatedWorld(ManualClock(), path=path, latency=latency)
    image = tmp_path / "image.qcow2"
    image.write_bytes(bytes(100_000))
    lab = SimulatedLab(world, image)
    yield lab
    await lab.hypervisor.close()
    world.close()
    await asyncio.sleep(0)


class TestSimulatedHypervisor(HypervisorContract):
    """Nothing but the contract."""


class TestSimulatedDisks(DiskContract):
    """Nothing but the contract."""


class TestSimulatedPorts(PortContract):
    """The suite for network interfaces."""


class TestSimulatedConsoles(ConsoleContract):
    """Nothing but the contract of consoles."""


class TestSimulatedFacts(FactsContract):
    """Nothing but the contract of what guests say."""


class TestSimulatedCheckpoints(CheckpointContract):
    """Nothing but the contract."""

    async def test_memory_that_does_not_fit_is_refused(self, lab, host, two_disks):
        await host.start(two_disks.id)
        needed = two_disks.memory_mib << 20
        with pytest.raises(StorageFull, match=str(needed)):
            await self._fill(lab, host, needed - 1)
            await host.create_checkpoint(two_disks.id, str(uuid.uuid4()))
        assert await host.checkpoints(two_disks.id) == []

    async def _fill(self, lab, host, left_bytes: int) -> None:
        free = lab.world.host(HOST).free_bytes()
        enormous = lab.image.with_name("enormous")
        with enormous.open("wb") as file:
            file.truncate(free - left_bytes)
        await host.upload_volume("enormous", enormous)
