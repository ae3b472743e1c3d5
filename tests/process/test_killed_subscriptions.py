"""The server is killed at random moments while plans change, and subscriptions move and go: nothing is lost or stuck.

Three things happen at once in each life of the server: a plan's quota changes for all its subscriptions, one of them
moves to another plan, and one is deleted with everything in it. Whoever asked asks again until answered, and in the
end all of it must have happened, once.
"""

import random
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from conftest import DATABASES, empty_database
from support.killable_server import KillableServer, killable_server
from zaffre.client import (
    NewPortBody,
    NewSubnetBody,
    NewVirtualMachineBody,
    NewVmNetworkBody,
    PlanChangeBody,
    Query,
    RetryPolicy,
    SubscriptionScope,
    Unreachable,
    Zaffre,
    ZaffreError,
)

LIVES = {"sqlite": 3, "postgresql": 2}
LATEST_KILL_S = 0.7
SETTLED_WITHIN_S = 60.0
PATIENT = RetryPolicy(attempts=2000, first_delay_s=0.05, longest_delay_s=0.05)
"""A server that was killed is back after a second or two."""
MACHINES = 2
"""In each subscription that will be deleted."""


@dataclass
class Customer:
    """A tenant with subscriptions, and the operator of two plans."""

    server: KillableServer
    client: Zaffre
    admin: Zaffre
    plans: dict[str, Any]
    """By name."""
    limits: dict[str, int]
    """How many machines each plan allows now."""
    moving: list[str]
    leaving: list[str]
    on: dict[str, str]
    """The name of the plan of each subscription that stays."""

    def change_quota(self, name: str, machines: int) -> None:
        body = self.server.plan(name, virtual_machines=machines)
        insist(lambda: self.admin.admin.plans.change(self.plans[name].id, PlanChangeBody(services=body.services)))
        self.limits[name] = machines

    def move(self, subscription_id: str, name: str) -> None:
        accepted = self.client.subscriptions.change_plan(subscription_id, self.plans[name].id)
        insist(accepted.wait)
        self.on[subscription_id] = name

    def delete(self, subscription_id: str) -> None:
        try:
            insist(lambda: self.client.subscriptions.delete(subscription_id, cascade=True))
        except ZaffreError as error:  # it was going, or gone, before anybody could say so
            if error.code not in ("resource.in_use", "resource.not_found"):
                raise
        end = monotonic() + SETTLED_WITHIN_S
        while subscription_id in {each.id for each in insist(lambda: list(self.client.subscriptions.all()))}:
            assert monotonic() < end
            sleep(0.1)
        self.leaving.remove(subscription_id)

    def assert_whole(self) -> None:
        """Compare subscriptions, limits, counted quota, sync states and hosts with what was asked for, exactly."""
        staying = {*self.on, *self.leaving}
        found = {each.id: each for each in self.client.subscriptions.all()}
        assert staying == {each.id for each in found.values() if each.name != "main"}
        machines: set[str] = set()
        for subscription_id in staying:
            each = self.client.subscriptions.get(subscription_id)
            name = self.on.get(subscription_id, "Small")
            assert (each.state, each.plan_id) == ("active", self.plans[name].id)
            assert {sync.state for sync in each.syncs} == {"in_sync"}, each.syncs
            there = {machine.id for machine in self.client.subscription(subscription_id).virtual_machines.all()}
            machines |= there
            usage = {row.dimension: row for row in self.client.subscription(subscription_id).usage.all()}
            assert (usage["virtual_machines"].limit, usage["virtual_machines"].used) == (self.limits[name], len(there))
        with closing(sqlite3.connect(self.server.world_file)) as world:
            assert {guest for (guest,) in world.execute("SELECT id FROM guests")} == machines

    def settled(self) -> None:
        """Wait until every operation has ended and every provider knows every subscription."""
        end = monotonic() + SETTLED_WITHIN_S
        while True:
            under_way = [
                *self.admin.admin.operations.all(Query("state in ('queued','running','unwinding')")),
                *(sync for sync in self.admin.admin.provider_syncs() if sync.state != "in_sync"),
            ]
            if not under_way:
                break
            assert monotonic() < end, under_way
            sleep(0.1)
        assert list(self.admin.admin.operations.all(Query("state in ('failed','stuck','cancelled')"))) == []


def customer_of(server: KillableServer, lives: int) -> Customer:
    admin = server.admin(retries=PATIENT)
    plans = {}
    for name in ("Small", "Large"):
        plans[name] = admin.admin.plans.create(server.plan(name, virtual_machines=10))
        admin.admin.plans.publish(plans[name].id)
    client, _ = server.tenant(retries=PATIENT)
    ids = [client.subscriptions.create(plans["Small"].id, f"s{n}").wait().id for n in range(2 * lives)]
    leaving, moving = ids[:lives], ids[lives:]
    for subscription_id in leaving:
        fill(client.subscription(subscription_id))
    limits = {"Small": 10, "Large": 10}
    return Customer(server, client, admin, plans, limits, moving, leaving, dict.fromkeys(moving, "Small"))


def fill(scope: SubscriptionScope) -> None:
    """Put into a subscription what holds on to other things: machines with a network, and disks."""
    subnet = NewSubnetBody(name="a", cidr="10.0.0.0/24")
    network = scope.vm_networks.create(NewVmNetworkBody(name="net", subnets=[subnet])).wait()
    port = NewPortBody(vm_network_id=network.id, subnet_id=scope.vm_networks.get(network.id).subnets[0].id)
    image = scope.images.find_item("tiny").id
    bodies = (NewVirtualMachineBody(name=f"vm{n}", size="tiny", image_id=image, ports=[port]) for n in range(MACHINES))
    machines = [scope.virtual_machines.create(body).wait() for body in bodies]
    scope.disks.create("data", 1, machines[0].id).wait()


def insist(deed: Callable[[], Any]) -> Any:
    """Do what does no harm when it is done twice, until there is an answer."""
    end = monotonic() + SETTLED_WITHIN_S
    while True:
        try:
            return deed()
        except Unreachable:
            assert monotonic() < end


def at_once_and_die(customer: Customer, dice: random.Random, life: int) -> None:
    """Do things at once, kill the server a little later, start it again, and see all of them done."""
    with ThreadPoolExecutor(3) as people:
        done = [
            people.submit(customer.change_quota, "Small", 20 + life),
            people.submit(customer.move, customer.moving[life], "Large"),
            people.submit(customer.delete, customer.leaving[0]),
        ]
        sleep(dice.uniform(0, LATEST_KILL_S))
        customer.server.kill()
        customer.server.start()
        for each in done:
            each.result()


@pytest.mark.parametrize("kind", DATABASES)
def test_subscriptions_are_as_was_asked_for_wherever_the_server_dies(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    dice = random.Random(seed)
    request.param = kind
    with empty_database(request, tmp_path) as url, killable_server(tmp_path, url) as server:
        customer = customer_of(server, LIVES[kind])
        for life in range(LIVES[kind]):
            at_once_and_die(customer, dice, life)
        customer.settled()
        customer.assert_whole()
        customer.client.close()
        customer.admin.close()
