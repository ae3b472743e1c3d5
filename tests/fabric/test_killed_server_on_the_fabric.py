"""The server dies at random moments while machines are made and deleted on real hosts. Nothing may be left half."""

import os
import random
from collections.abc import Iterator

import pytest

from support.real_cloud import RealCloud, ask_and_die, assert_nothing_orphaned, real_cloud, settled, until
from zaffre.client import MachineState, NewPortBody, NewVirtualMachineBody, NotFound
from zaffre.devfabric.cloud.tenancy import Tenant

pytestmark = pytest.mark.timeout(400)

CREATIONS, DELETIONS = (8, 4) if os.environ.get("TEST_THOROUGH") else (4, 2)
"""Kills; in a thorough run they are closer together."""
CREATION_S = 0.6
"""A creation takes about this long, so that kills fall into every part of it."""
DELETION_S = 0.5
SETTLED_WITHIN_S = 60.0


@pytest.fixture
def cloud(fabric_possible) -> Iterator[RealCloud]:
    with real_cloud() as cloud:
        yield cloud


def create(tenant: Tenant, name: str) -> None:
    subnet = tenant.network.subnets[0]
    body = NewVirtualMachineBody(
        name=name,
        size="tiny",
        image_id=tenant.scope.images.find_item("tiny").id,
        ports=[NewPortBody(vm_network_id=tenant.network.id, subnet_id=subnet.id)],
    )
    tenant.scope.virtual_machines.create(body)


def test_machines_are_whole_or_gone_wherever_the_server_dies(cloud, seed):
    dice = random.Random(seed)
    tenant = cloud.tenant("ann")
    create(tenant, "warm-up")  # brings the image to a host, so that the kills fall into the making of machines
    until(lambda: settled(tenant), "the first machine", SETTLED_WITHIN_S)
    moments = [CREATION_S * (number + dice.random()) / CREATIONS for number in range(CREATIONS)]
    for number, moment_s in enumerate(moments):
        ask_and_die(cloud, lambda number=number: create(tenant, f"vm-{number}"), moment_s)
    until(lambda: settled(tenant), "everything is settled after the kills", SETTLED_WITHIN_S)
    made = {machine.name: machine for machine in tenant.scope.virtual_machines.all()}
    assert all(machine.state is MachineState.RUNNING for machine in made.values()), made
    assert f"vm-{CREATIONS - 1}" in made, "the last kill came after the request was answered"
    ended = [o for o in tenant.client.operations.all() if o.kind == "virtual_machine.create"]
    assert {o.state for o in ended} <= {"succeeded", "failed"}, ended
    assert len([o for o in ended if o.state == "succeeded"]) == len(made)
    assert_nothing_orphaned(cloud, [tenant])

    victims = dice.sample(sorted(made.values(), key=lambda machine: machine.name), DELETIONS)
    for number, machine in enumerate(victims):
        moment_s = DELETION_S * (number + dice.random()) / DELETIONS
        ask_and_die(cloud, lambda machine=machine: tenant.scope.virtual_machines.delete(machine.id), moment_s)
    until(lambda: settled(tenant), "everything is settled after the kills", SETTLED_WITHIN_S)
    assert_nothing_orphaned(cloud, [tenant])

    for machine in list(tenant.scope.virtual_machines.all()):
        tenant.scope.virtual_machines.delete(machine.id).wait()
        with pytest.raises(NotFound):
            tenant.scope.virtual_machines.get(machine.id)
    assert_nothing_orphaned(cloud, [tenant])
    used = {usage.dimension: usage.used for usage in tenant.scope.usage.all()}
    assert all(amount == 0 for dimension, amount in used.items() if dimension != "vm_networks"), used
