"""Running guests get and lose interfaces and move between hosts, through the public API, while others watch them."""

import itertools
import random
import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from support.real_cloud import RealCloud, assert_nothing_orphaned, real_cloud, until
from zaffre.client import (
    AvailabilityPolicy,
    MachineState,
    NewPortBody,
    NewSubnetBody,
    NewVirtualMachineBody,
    VirtualMachineView,
    ZaffreError,
)
from zaffre.devfabric.cloud.tenancy import Tenant

pytestmark = [pytest.mark.quiet, pytest.mark.timeout(600)]

KILLS = 5
MOVE_S = 6.0
"""A move takes about this long here, so that kills fall into every part of it."""
LONGEST_SILENCE_S = 2.0
SETTLED_WITHIN_S = 120.0

KEEPER = """#!/bin/sh
dd if=/dev/urandom of=/dev/vda bs=1M seek=64 count=8 conv=notrunc 2> /dev/null
sync
while sleep 1; do
    echo 3 > /proc/sys/vm/drop_caches
    echo "SUM $(dd if=/dev/vda bs=1M skip=64 count=8 2> /dev/null | md5sum)"
done
"""
WATCHER = """#!/bin/sh
while :; do
    (ping -c 1 -W 1 {address} > /dev/null && echo "SEEN $(cut -d ' ' -f 1 /proc/uptime)") &
    usleep 400000
done
"""
"""One ping does not wait for another: a lost one would hide for a second that the next would be answered."""


@pytest.fixture(scope="module")
def cloud(fabric_possible) -> Iterator[RealCloud]:
    with real_cloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def tenant(cloud: RealCloud) -> Tenant:
    return cloud.tenant("ann")


def make(tenant: Tenant, name: str, user_data: str, **fields) -> VirtualMachineView:
    subnet = tenant.network.subnets[0]
    body = NewVirtualMachineBody(
        name=name,
        size="tiny",
        image_id=tenant.scope.images.find_item("tiny").id,
        ports=[NewPortBody(vm_network_id=tenant.network.id, subnet_id=subnet.id)],
        user_data=user_data,
        **fields,
    )
    machine = tenant.scope.virtual_machines.create(body).wait()
    return tenant.scope.virtual_machines.wait_until(machine.id, lambda seen: seen.ready, 120)


def said(tenant: Tenant, machine: VirtualMachineView) -> str:
    return tenant.scope.virtual_machines.serial_log(machine.id, limit_bytes=1_048_576).text


def moved(cloud: RealCloud, machine: VirtualMachineView) -> str:
    """Move a machine; returns the name of its new host."""
    cloud.admin.admin.virtual_machines.migrate(machine.id).wait(timeout_s=120)
    return cloud.host_of(machine.id).name


@pytest.fixture(scope="module")
def keeper(tenant: Tenant) -> VirtualMachineView:
    return make(tenant, "keeper", KEEPER)


@pytest.fixture(scope="module")
def watcher(tenant: Tenant, keeper: VirtualMachineView) -> VirtualMachineView:
    return make(tenant, "watcher", WATCHER.format(address=keeper.ports[0].address))


def sightings(tenant: Tenant, watcher: VirtualMachineView) -> list[float]:
    found = re.findall(r"^SEEN ([0-9.]+)\r?$", said(tenant, watcher), re.MULTILINE)
    return sorted(float(each) for each in found)


def test_a_running_guest_moves_and_is_never_out_of_sight_for_long(cloud, tenant, keeper, watcher):
    until(lambda: "SUM" in said(tenant, keeper), "the keeper has written its disk")
    until(lambda: len(sightings(tenant, watcher)) > 5, "the watcher sees the keeper")
    before = cloud.host_of(keeper.id).name
    for _ in range(2):
        seen = len(sightings(tenant, watcher))
        sums = said(tenant, keeper).count("SUM")
        after = moved(cloud, keeper)
        assert after != before
        before = after
        assert_nothing_orphaned(cloud, [tenant])
        until(lambda sums=sums: said(tenant, keeper).count("SUM") > sums + 2, "the keeper goes on", 120)
        until(lambda seen=seen: len(sightings(tenant, watcher)) > seen + 10, "the watcher sees the keeper again")
        times = sightings(tenant, watcher)[max(seen - 1, 0) :]
        longest_s = max(later - earlier for earlier, later in itertools.pairwise(times))
        assert longest_s <= LONGEST_SILENCE_S, times
        assert len(set(re.findall(r"^SUM (\w+)", said(tenant, keeper), re.MULTILINE))) == 1, "the disk has changed"
        [port] = tenant.scope.virtual_machines.get(keeper.id).ports
        until(lambda: tenant.scope.virtual_machines.get(keeper.id).ports[0].up, "its port is up")
        assert cloud.nbctl("get", "Logical_Switch_Port", port.id, "options").strip() == "{}"


def test_a_move_that_is_cancelled_leaves_the_guest_where_it_is(cloud, tenant, keeper):
    before = cloud.host_of(keeper.id).name
    accepted = cloud.admin.admin.virtual_machines.migrate(keeper.id)
    operations = cloud.admin.admin.operations
    until(lambda: operations.get(accepted.operation_id).step == "move", "the move begins")
    operations.cancel(accepted.operation_id)
    ended = until(
        lambda: (o := operations.get(accepted.operation_id)).state not in ("running", "unwinding") and o, "end"
    )
    assert ended.state in ("cancelled", "succeeded")  # the latter when it came too late
    after = cloud.host_of(keeper.id)
    assert (after.name == before) is (ended.state == "cancelled")
    assert [host.name for host in cloud.hosts.values() if keeper.id in host.domains()] == [after.name]
    assert tenant.scope.virtual_machines.get(keeper.id).state is MachineState.RUNNING
    assert_nothing_orphaned(cloud, [tenant])


def settled(tenant: Tenant) -> bool:
    try:
        busy = [m for m in tenant.scope.virtual_machines.all() if m.operation_id is not None]
        running = [o for o in tenant.client.operations.all() if o.state in ("queued", "running", "unwinding")]
    except ZaffreError:
        return False
    return not busy and not running


@pytest.mark.thorough
def test_a_guest_runs_on_exactly_one_host_wherever_the_server_dies(cloud, tenant, keeper, seed):
    dice = random.Random(seed)
    for number in range(KILLS):
        moment_s = MOVE_S * (number + dice.random()) / KILLS

        def ask() -> None:
            with suppress(ZaffreError):
                cloud.admin.admin.virtual_machines.migrate(keeper.id)

        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(moment_s)
        cloud.kill_server()
        thread.join(30)
        cloud.start_server()
        until(lambda: settled(tenant), "everything is settled after the kill", SETTLED_WITHIN_S)
        assert tenant.scope.virtual_machines.get(keeper.id).state is MachineState.RUNNING
        until(lambda: clean(cloud, tenant), "nothing is left behind", 30)
        assert_nothing_orphaned(cloud, [tenant])
        assert keeper.id in cloud.host_of(keeper.id).domains()
    assert len(set(re.findall(r"^SUM (\w+)", said(tenant, keeper), re.MULTILINE))) == 1, "the disk has changed"


def clean(cloud: RealCloud, tenant: Tenant) -> bool:
    try:
        assert_nothing_orphaned(cloud, [tenant])
    except AssertionError:
        return False
    return True


def test_a_running_guest_gets_an_interface_with_an_address_and_gives_it_up(cloud, tenant, keeper):
    subnet = tenant.scope.vm_networks.subnets(tenant.network.id).create(NewSubnetBody(name="more", cidr="10.77.0.0/24"))
    place = NewPortBody(vm_network_id=tenant.network.id, subnet_id=subnet.wait().id)
    changed = tenant.scope.virtual_machines.add_port(keeper.id, place).wait()
    port = changed.ports[1]
    assert f"eth1 has {port.address}/24" in until(
        lambda: (text := said(tenant, keeper)) and "eth1 has" in text and text, "the guest has an address", 60
    )
    until(lambda: tenant.scope.virtual_machines.get(keeper.id).ports[1].up, "its port is up")
    assert moved(cloud, keeper)
    assert len(tenant.scope.virtual_machines.remove_port(keeper.id, port.id).wait().ports) == 1
    until(lambda: "eth1 is gone" in said(tenant, keeper), "the guest has lost it")
    assert_nothing_orphaned(cloud, [tenant])


def test_a_strict_set_keeps_guests_apart(cloud, tenant):
    pair = tenant.scope.availability_sets.create("pair", AvailabilityPolicy.STRICT)
    machines = [make(tenant, f"pair-{number}", "", availability_set_id=pair.id) for number in range(2)]
    assert len({cloud.host_of(machine.id).name for machine in machines}) == 2
    with pytest.raises(ZaffreError) as refused:
        cloud.admin.admin.virtual_machines.migrate(
            machines[0].id, next(host_id for host_id in cloud.hosts if machines[1].id in cloud.hosts[host_id].domains())
        )
    assert "availability set" in refused.value.problem.detail
    for machine in machines:
        tenant.scope.virtual_machines.delete(machine.id).wait()
