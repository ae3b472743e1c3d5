"""What every hypervisor driver must do with a guest's network interfaces: one suite for libvirt and for its twin."""

from dataclasses import replace

import pytest

from support.hypervisor_contract import (
    EventLog,
    HypervisorLab,
    bootable_guest,
    changed,
    guest_spec,
    host,
)
from zaffre.fabric.drivers.guest_slots import NETWORK_PORTS
from zaffre.fabric.drivers.hypervisor import (
    GuestKeepsPort,
    GuestMissing,
    GuestPort,
    GuestSpec,
    GuestState,
    Hypervisor,
    HypervisorRefused,
)

__all__ = ["PortContract", "bootable_guest", "host"]

NOBODY = "0190a1b2-0000-7000-8000-0000000000ff"


def port(number: int) -> GuestPort:
    return GuestPort(f"0190a1b2-0000-7000-8000-0000000001{number:02x}", f"52:54:00:aa:00:{number:02x}", 1442, number)


async def ports_of(host: Hypervisor, guest_id: str) -> frozenset[str]:
    seen = await host.observe(guest_id)
    assert seen is not None
    return seen.ports


def ids(*numbers: int) -> set[str]:
    return {port(number).port_id for number in numbers}


class PortContract:
    """Every test says one thing that a caller of a `Hypervisor` may rely on."""

    async def test_a_guest_that_is_off_gets_a_port_and_loses_it(self, host: Hypervisor):
        spec = guest_spec(ports=(port(0),))
        await host.define(spec)
        for _ in range(2):
            await host.attach_port(spec.id, port(1))
            assert await ports_of(host, spec.id) == ids(0, 1)
        await host.start(spec.id)
        assert await ports_of(host, spec.id) == ids(0, 1)
        await host.stop(spec.id)
        for _ in range(2):
            await host.detach_port(spec.id, port(0))
            assert await ports_of(host, spec.id) == ids(1)
        await host.start(spec.id)
        assert await ports_of(host, spec.id) == ids(1)

    async def test_a_running_guest_gets_ports_keeps_them_over_a_restart_and_gives_them_up(
        self, lab: HypervisorLab, host: Hypervisor, bootable_guest: GuestSpec
    ):
        guest_id = bootable_guest.id
        events = EventLog(host)
        await host.start(guest_id)
        await events.wait(changed(guest_id, GuestState.RUNNING, ready=True), lab.boot_deadline_s)
        every = range(NETWORK_PORTS)
        for number in (*every, 3):
            await host.attach_port(guest_id, port(number))
        assert await ports_of(host, guest_id) == ids(*every)
        for _ in range(2):
            await host.detach_port(guest_id, port(0))
            assert await ports_of(host, guest_id) == ids(*every[1:])
        await host.attach_port(guest_id, port(0))
        await host.detach_port(guest_id, port(NETWORK_PORTS - 1))
        await host.stop(guest_id)
        assert await ports_of(host, guest_id) == ids(*every[:-1])
        await host.start(guest_id)
        assert await ports_of(host, guest_id) == ids(*every[:-1])

    async def test_a_position_is_taken_by_one_port(self, host: Hypervisor):
        spec = guest_spec(ports=(port(0),))
        await host.define(spec)
        await host.start(spec.id)
        with pytest.raises(HypervisorRefused):
            await host.attach_port(spec.id, replace(port(1), position=0))
        assert await ports_of(host, spec.id) == ids(0)

    async def test_a_guest_that_does_not_let_go_is_reported_and_keeps_its_port(
        self, lab: HypervisorLab, host: Hypervisor
    ):
        spec = guest_spec(ports=(port(0),))
        await host.define(spec)
        await host.start(spec.id)
        await lab.hold_disks(spec.id)
        with pytest.raises(GuestKeepsPort, match=port(0).mac):
            await host.detach_port(spec.id, port(0), deadline_s=1.0)
        assert await ports_of(host, spec.id) == ids(0)
        await host.stop(spec.id)
        assert await ports_of(host, spec.id) == ids(0)
        await host.detach_port(spec.id, port(0))
        assert await ports_of(host, spec.id) == set()

    async def test_a_port_needs_its_guest_to_come_and_not_to_go(self, host: Hypervisor):
        with pytest.raises(GuestMissing):
            await host.attach_port(NOBODY, port(0))
        await host.detach_port(NOBODY, port(0))
