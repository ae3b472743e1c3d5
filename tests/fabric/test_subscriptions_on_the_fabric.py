"""What becomes of real guests when their subscription is suspended, resumed, deleted, and what is billed."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import libvirt
import pytest

from support.real_cloud import RealCloud, assert_nothing_orphaned, real_cloud, until
from zaffre.client import (
    MachineState,
    NewPortBody,
    NewVirtualMachineBody,
    PlanChangeBody,
    SuspendPolicy,
    VirtualMachineView,
    ZaffreError,
)
from zaffre.devfabric.cloud.tenancy import Tenant

pytestmark = pytest.mark.timeout(600)

TICKER = """#!/bin/sh
while sleep 1; do
    echo "TICK $(cut -d . -f 1 /proc/uptime)"
done
"""
CUT_EVERY_S = 180
TOLERANCE_S = 15


@pytest.fixture(scope="module")
def cloud(fabric_possible) -> Iterator[RealCloud]:
    with real_cloud() as cloud:
        yield cloud


def make(tenant: Tenant, name: str) -> VirtualMachineView:
    port = NewPortBody(vm_network_id=tenant.network.id, subnet_id=tenant.network.subnets[0].id)
    image = tenant.scope.images.find_item("tiny").id
    body = NewVirtualMachineBody(name=name, size="tiny", image_id=image, ports=[port], user_data=TICKER)
    machine = tenant.scope.virtual_machines.create(body).wait()
    return tenant.scope.virtual_machines.wait_until(machine.id, lambda seen: seen.ready, 120)


def read(tenant: Tenant, machine: VirtualMachineView) -> VirtualMachineView:
    return tenant.scope.virtual_machines.get(machine.id)


def ticks(tenant: Tenant, machine: VirtualMachineView) -> list[int]:
    text = tenant.scope.virtual_machines.serial_log(machine.id, limit_bytes=1_048_576).text
    return [
        int(line.split()[1]) for line in text.splitlines() if line.startswith("TICK ") and line[5:].strip().isdigit()
    ]


def power(cloud: RealCloud, machine: VirtualMachineView) -> int:
    """What libvirt says of the guest's power."""
    return cloud.host_of(machine.id).domain(machine.id).state()[0]


def let_suspending(cloud: RealCloud, tenant: Tenant, policy: SuspendPolicy) -> None:
    """Say in the tenant's plan what suspending does."""
    plan_id = cloud.admin.admin.subscriptions.get(tenant.scope.id).plan_id
    cloud.admin.admin.plans.change(plan_id, PlanChangeBody(suspend_policy=policy))


def test_guests_are_paused_or_shut_down_with_their_subscription_and_come_back(cloud):
    tenant = cloud.tenant("ann")
    runs, off = make(tenant, "runs"), make(tenant, "off")
    until(lambda: ticks(tenant, runs), "the guest ticks")
    tenant.scope.virtual_machines.stop(off.id).wait()
    subscriptions = cloud.admin.admin.subscriptions

    let_suspending(cloud, tenant, SuspendPolicy.PAUSE_MACHINES)
    subscriptions.suspend(tenant.scope.id).wait(timeout_s=120)
    assert power(cloud, runs) == libvirt.VIR_DOMAIN_PAUSED
    shown = read(tenant, runs)
    assert (shown.state, shown.stop_reason) == (MachineState.PAUSED, "suspended")
    with pytest.raises(ZaffreError) as refused:
        tenant.scope.virtual_machines.resume(runs.id)
    assert refused.value.problem.code == "subscription.suspended"
    before = ticks(tenant, runs)[-1]
    subscriptions.resume(tenant.scope.id).wait(timeout_s=120)
    assert power(cloud, runs) == libvirt.VIR_DOMAIN_RUNNING
    until(lambda: ticks(tenant, runs)[-1] > before, "the guest goes on where it was")
    assert ticks(tenant, runs) == sorted(ticks(tenant, runs)), "it has not been restarted"

    let_suspending(cloud, tenant, SuspendPolicy.STOP_MACHINES)
    subscriptions.suspend(tenant.scope.id).wait(timeout_s=120)
    assert power(cloud, runs) == libvirt.VIR_DOMAIN_SHUTOFF
    assert read(tenant, runs).stop_reason == "suspended"
    subscriptions.resume(tenant.scope.id).wait(timeout_s=120)
    assert power(cloud, runs) == libvirt.VIR_DOMAIN_RUNNING
    assert (read(tenant, off).state, power(cloud, off)) == (MachineState.STOPPED, libvirt.VIR_DOMAIN_SHUTOFF)
    assert_nothing_orphaned(cloud, [tenant])


def test_a_subscription_is_deleted_with_all_that_is_in_it(cloud):
    tenant = cloud.tenant("bob")
    machine = make(tenant, "goes")
    disk = tenant.scope.disks.create("data", 1, machine.id).wait()
    tenant.scope.virtual_machines.checkpoints(machine.id).create("before").wait(timeout_s=120)
    with pytest.raises(ZaffreError) as refused:
        tenant.client.subscriptions.delete(tenant.scope.id)
    assert refused.value.problem.code == "resource.in_use"
    held = tenant.client.subscriptions.deletion_preview(tenant.scope.id)
    named = {item.name for provider in held.providers for group in provider.holdings for item in group.items}
    assert {"goes", "data", "before", tenant.network.name} <= named
    port = machine.ports[0].id
    tenant.client.subscriptions.delete(tenant.scope.id, cascade=True).wait(timeout_s=240)
    for host in cloud.hosts.values():
        assert machine.id not in host.domains()
        assert not [name for name in host.volumes() if machine.id in name or disk.id in name]
    assert port not in cloud.ports()
    with pytest.raises(ZaffreError):
        tenant.client.subscriptions.get(tenant.scope.id)


@pytest.mark.thorough
def test_what_is_billed_is_what_happened(cloud):
    tenant = cloud.tenant("cid")
    machine = make(tenant, "metered")
    machines = tenant.scope.virtual_machines
    spans: dict[str, float] = {}
    for state, leave in (("running", machines.pause), ("suspended", machines.resume), ("running", machines.stop)):
        since = datetime.now(UTC)
        until(lambda since=since: (datetime.now(UTC) - since).total_seconds() > 20, "some time passes")
        leave(machine.id).wait()
        spans[state] = spans.get(state, 0.0) + (datetime.now(UTC) - since).total_seconds()
    stopped = datetime.now(UTC)
    until(lambda: (datetime.now(UTC) - stopped).total_seconds() > 20, "some time passes")
    machines.delete(machine.id).wait()
    spans["stopped"] = (datetime.now(UTC) - stopped).total_seconds()

    def records():
        return [
            record
            for record in tenant.scope.consumption.records.all()
            if record.resource_id == machine.id and record.meter == "virtual_machine_hours"
        ]

    def hours(state: str) -> float:
        return float(sum((Decimal(r.quantity) for r in records() if r.state == state), Decimal(0))) * 3600

    last = "what it was last is metered"
    until(lambda: hours("stopped") > spans["stopped"] - TOLERANCE_S, last, CUT_EVERY_S + 60)
    for state, seconds in spans.items():
        assert abs(hours(state) - seconds) < TOLERANCE_S, (state, seconds, hours(state))
    cut = sorted((record.began_at, record.ended_at) for record in records())
    assert all(earlier[1] == later[0] for earlier, later in itertools.pairwise(cut)), cut
