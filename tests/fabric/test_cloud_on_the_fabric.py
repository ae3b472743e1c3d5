"""Virtual machines through the public API on real hosts, and what hosts and plane themselves say of them."""

import time
import uuid
from collections.abc import Iterator

import pytest

from support.real_cloud import RealCloud, assert_nothing_orphaned, real_cloud, stranger_xml, until
from zaffre.client import MachineState, NotFound, VirtualMachineView
from zaffre.devfabric.cloud.tenancy import Tenant

pytestmark = pytest.mark.timeout(300)

NOTICED_WITHIN_S = 5.0
"""What happens behind Zaffre's back must be seen this soon."""
FULL_READ_WITHIN_S = 25.0
"""What no event tells is found by the next comparison: every ten seconds, and that takes a moment."""
COUNTING = '#!/bin/sh\nwhile true; do count=$((count + 1)); echo "COUNT $count"; sleep 1; done\n'


@pytest.fixture(scope="module")
def cloud(fabric_possible) -> Iterator[RealCloud]:
    with real_cloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def tenant(cloud: RealCloud) -> Tenant:
    return cloud.tenant("ann")


@pytest.fixture(scope="module")
def machine(tenant: Tenant) -> VirtualMachineView:
    """A machine that is up; tests leave it up."""
    made = tenant.create("web", "10.10.0.50", COUNTING).wait()
    return tenant.scope.virtual_machines.wait_until(made.id, lambda seen: seen.ready, 120)


def is_now(tenant: Tenant, machine: VirtualMachineView, state: MachineState, within_s: float = NOTICED_WITHIN_S):
    return tenant.scope.virtual_machines.wait_until(machine.id, lambda seen: seen.state is state, within_s)


def counted(tenant: Tenant, machine: VirtualMachineView) -> list[int]:
    log = tenant.scope.virtual_machines.serial_log(machine.id, limit_bytes=2**20).text
    return [int(line.split()[1]) for line in log.splitlines() if line.startswith("COUNT ") and line.split()[1:]]


def test_the_serial_log_is_the_guests_and_grows(tenant, machine):
    until(lambda: counted(tenant, machine), "the guest's own words in its log")
    before = counted(tenant, machine)[-1]
    until(lambda: counted(tenant, machine)[-1] > before, "more of them")
    whole = tenant.scope.virtual_machines.serial_log(machine.id, offset=0)
    assert whole.next_offset <= whole.size
    rest = tenant.scope.virtual_machines.serial_log(machine.id, offset=whole.next_offset)
    assert not rest.text.startswith(whole.text[:40])


def test_a_paused_machine_stands_still_and_goes_on(cloud, tenant, machine):
    machines = tenant.scope.virtual_machines
    assert machines.pause(machine.id).wait().state is MachineState.PAUSED
    at = counted(tenant, machine)
    time.sleep(2.5)
    assert counted(tenant, machine) == at
    assert machines.resume(machine.id).wait().state is MachineState.RUNNING
    until(lambda: len(counted(tenant, machine)) > len(at), "the guest going on")
    assert counted(tenant, machine)[len(at)] == at[-1] + 1


def test_a_reset_boots_the_guest_again(tenant, machine):
    machines = tenant.scope.virtual_machines
    boots = machines.serial_log(machine.id, offset=0, limit_bytes=2**20).text.count("COUNT 1\r\n")
    assert machines.reset(machine.id).wait().state is MachineState.RUNNING
    machines.wait_until(machine.id, lambda seen: seen.ready, 60)

    def booted() -> bool:
        return machines.serial_log(machine.id, limit_bytes=2**20).text.count("COUNT 1\r\n") > boots

    until(booted, "the guest counting from one again")


def test_a_machine_stopped_and_started_behind_our_back_is_seen_within_seconds(cloud, tenant, machine):
    host = cloud.host_of(machine.id)
    host.domain(machine.id).destroy()
    stopped = is_now(tenant, machine, MachineState.STOPPED)
    assert (stopped.desired, stopped.stop_reason, stopped.ready) == ("stopped", "destroyed", False)
    host.domain(machine.id).create()
    running = is_now(tenant, machine, MachineState.RUNNING)
    assert running.desired == "running"
    told = [e for e in tenant.client.events.history(machine.id) if e.kind == "virtual_machine.state_changed"]
    assert [(e.data["was"], e.data["state"]) for e in told[:2]] == [("stopped", "running"), ("running", "stopped")]
    tenant.scope.virtual_machines.wait_until(machine.id, lambda seen: seen.ready, 60)


def test_a_guest_that_switches_itself_off_is_seen_to_have_done_so(cloud, tenant, machine):
    tenant.scope.virtual_machines.wait_until(machine.id, lambda seen: seen.ready, 60)
    cloud.host_of(machine.id).domain(machine.id).shutdown()
    off = is_now(tenant, machine, MachineState.STOPPED, 60)
    assert off.stop_reason == "guest_shutdown"
    on = tenant.scope.virtual_machines.start(machine.id).wait()
    assert on.state is MachineState.RUNNING
    tenant.scope.virtual_machines.wait_until(machine.id, lambda seen: seen.ready, 60)


def test_a_definition_deleted_behind_our_back_is_missed_and_made_again(cloud, tenant, machine):
    host = cloud.host_of(machine.id)
    domain = host.domain(machine.id)
    domain.destroy()
    domain.undefine()
    missing = is_now(tenant, machine, MachineState.MISSING)
    assert not missing.ready
    back = tenant.scope.virtual_machines.start(machine.id).wait()
    assert back.state is MachineState.RUNNING
    assert host.domains()[machine.id]
    ready = tenant.scope.virtual_machines.wait_until(machine.id, lambda seen: seen.ready, 60)
    assert ready.ports[0].address == machine.ports[0].address


def test_a_port_taken_off_the_plane_is_put_back(cloud, machine):
    [port] = machine.ports
    cloud.nbctl("lsp-del", port.id)
    assert port.id not in cloud.ports()
    until(lambda: port.id in cloud.ports(), "the port is back", FULL_READ_WITHIN_S)
    addresses = cloud.nbctl("lsp-get-addresses", port.id)
    assert addresses.split() == [port.mac, port.address]
    until(lambda: cloud.nbctl("lsp-get-up", port.id).strip() == "up", "the guest is plugged into it again")


def test_a_guest_that_is_not_ours_is_reported_and_left_alone(cloud):
    host = next(iter(cloud.hosts.values()))
    guest_id = str(uuid.uuid4())
    domain = host.connection.defineXML(stranger_xml(guest_id))
    try:
        strangers = cloud.admin.admin.unmanaged_guests
        until(lambda: guest_id in [guest.guest_id for guest in strangers.all()], "it is reported", FULL_READ_WITHIN_S)
        [seen] = [guest for guest in strangers.all() if guest.guest_id == guest_id]
        assert (seen.title, seen.made_by_zaffre, seen.power_state) == ("stranger", False, "stopped")
        assert guest_id in host.domains()
    finally:
        domain.undefine()
    until(lambda: not list(strangers.all()), "it is forgotten when it has gone", FULL_READ_WITHIN_S)


def test_a_deleted_machine_leaves_nothing(cloud, tenant, machine):
    other = tenant.create("short-lived", "10.10.0.51").wait()
    assert_nothing_orphaned(cloud, [tenant])
    tenant.scope.virtual_machines.delete(other.id).wait()
    with pytest.raises(NotFound):
        tenant.scope.virtual_machines.get(other.id)
    assert_nothing_orphaned(cloud, [tenant])
