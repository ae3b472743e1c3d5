"""Every workflow, broken at each step, with each action run twice, and killed around each step."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from conftest import DATABASES, empty_database
from support.cloud import Client, cloud_settings, qcow2, running_cloud
from support.sagas import Harness, SagaCase, Tampering, difference
from zaffre.foundation.database import Database, Table
from zaffre.foundation.operations.operation import OperationState
from zaffre.management.money.months import Month


async def started(client: Client, method: str, path: str, body: Any = None) -> str:
    answer = await client.ask(method, path, body)
    assert answer.status == 202, answer.body
    return answer.headers["Operation-Location"].rsplit("/", 1)[-1]


def fresh(harness: Harness, what: str) -> str:
    return f"{what} {next(harness.cloud.numbers)}"


async def checkpointed_machine(harness: Harness) -> Any:
    """A machine with two checkpoints, the second of them current; the first is returned."""
    someone, machine = await running_machine(harness)
    path = f"{someone.base}/virtual-machines/{machine['id']}/checkpoints"
    made = [await someone.client.accepted("POST", path, {"name": name}) for name in ("first", "second")]
    return someone, f"{path}/{made[0]['id']}"


async def add_checkpoint(_harness: Harness, prepared: Any) -> str:
    someone, machine = prepared
    path = f"{someone.base}/virtual-machines/{machine['id']}/checkpoints"
    return await started(someone.client, "POST", path, {"name": "made", "description": "by the harness"})


async def restore_checkpoint(_harness: Harness, prepared: Any) -> str:
    someone, path = prepared
    return await started(someone.client, "POST", f"{path}/restore")


async def delete_checkpoint(_harness: Harness, prepared: Any) -> str:
    someone, path = prepared
    return await started(someone.client, "DELETE", path)


async def nothing(_harness: Harness) -> None:
    pass


async def other_tenant(harness: Harness) -> Any:
    return await harness.cloud.tenant()


async def network(harness: Harness) -> Any:
    return harness.tenant, await harness.tenant.network(name=fresh(harness, "network"))


async def running_machine(harness: Harness) -> Any:
    return harness.tenant, await harness.tenant.vm(fresh(harness, "machine"), harness.network)


async def stopped_machine(harness: Harness) -> Any:
    someone, machine = await running_machine(harness)
    await someone.client.accepted("POST", f"{someone.base}/virtual-machines/{machine['id']}/stop")
    return someone, machine


async def paused_machine(harness: Harness) -> Any:
    someone, machine = await running_machine(harness)
    await someone.client.accepted("POST", f"{someone.base}/virtual-machines/{machine['id']}/pause")
    return someone, machine


def power(verb: str, body: Any = None) -> Any:
    async def intend(_harness: Harness, prepared: Any) -> str:
        someone, machine = prepared
        return await started(someone.client, "POST", f"{someone.base}/virtual-machines/{machine['id']}/{verb}", body)

    return intend


async def subscribe(harness: Harness, _prepared: Any) -> str:
    body = {"plan_id": harness.plan_id, "name": fresh(harness, "subscription")}
    return await started(harness.tenant.client, "POST", "/subscriptions", body)


async def unsubscribe(_harness: Harness, someone: Any) -> str:
    return await started(someone.client, "DELETE", someone.base)


async def inhabited(harness: Harness) -> Any:
    """A tenant whose plan pauses machines when it is suspended, with two that run and one that does not."""
    limits = dict.fromkeys(("virtual_machines", "vcpus", "memory_mib", "disk_gib", "disks", "vm_networks"))
    someone = await harness.cloud.tenant(await harness.cloud.plan(terms={"suspend_policy": "pause_machines"}, **limits))
    for name in ("one", "two"):
        await someone.vm(name)
    off = await someone.vm("off")
    await someone.client.accepted("POST", f"{someone.base}/virtual-machines/{off['id']}/stop")
    return someone


async def suspended(harness: Harness) -> Any:
    someone = await inhabited(harness)
    await harness.cloud.admin.accepted("POST", f"{someone.base}/suspend")
    return someone


async def suspend(harness: Harness, someone: Any) -> str:
    return await started(harness.cloud.admin, "POST", f"{someone.base}/suspend")


async def resume(harness: Harness, someone: Any) -> str:
    return await started(harness.cloud.admin, "POST", f"{someone.base}/resume")


async def movable(harness: Harness) -> Any:
    """A tenant with a machine and a network, and another plan that these fit."""
    someone = await harness.cloud.tenant(await harness.cloud.plan())
    await someone.vm("one", await someone.network())
    return someone, await harness.cloud.plan(virtual_machines=3, vm_networks=1)


async def move_to_plan(_harness: Harness, prepared: Any) -> str:
    someone, plan_id = prepared
    return await started(someone.client, "POST", f"{someone.base}/change-plan", {"plan_id": plan_id})


async def full(harness: Harness) -> Any:
    """A tenant with one of everything."""
    limits = dict.fromkeys(
        ("virtual_machines", "vcpus", "memory_mib", "disk_gib", "disks", "checkpoints", "vm_networks")
    )
    someone = await harness.cloud.tenant(await harness.cloud.plan(**limits))
    network = await someone.network("10.0.0.0/24")
    grouped = await someone.client.post(f"{someone.base}/availability-sets", {"name": "set", "policy": "preferred"})
    machine = await someone.vm("one", network, availability_set_id=grouped["id"])
    await someone.vm("two", network)
    for body in ({"virtual_machine_id": machine["id"]}, {}):
        body |= {"name": fresh(harness, "disk"), "size_gib": 1}
        await someone.client.accepted("POST", f"{someone.base}/disks", body)
    path = f"{someone.base}/virtual-machines"
    other = (await someone.client.get(f"{path}?$filter=name eq 'two'"))["value"][0]
    await someone.client.accepted("POST", f"{path}/{other['id']}/checkpoints", {"name": "kept"})
    await someone.client.post(f"{someone.base}/images", {"name": "own", "size_bytes": 1024})
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    await someone.client.post(f"{someone.base}/ssh-keys", {"name": "key", "public_key": key})
    return someone


async def delete_all(_harness: Harness, someone: Any) -> str:
    return await started(someone.client, "DELETE", f"{someone.base}?cascade=true")


def machines_of(harness: Harness, **quota: int) -> list[dict[str, Any]]:
    return [{"provider": "virtual_machines", "settings": {"cloud_id": harness.cloud.cloud_id}, "quota": quota}]


def networks_of(harness: Harness, **quota: int) -> list[dict[str, Any]]:
    settings = {"logical_network_id": harness.cloud.logical_network_id}
    return [{"provider": "networks", "settings": settings, "quota": quota}]


async def sold_plan(harness: Harness) -> str:
    """A plan of machines and networks that two tenants subscribe to."""
    plan_id = await harness.cloud.plan(vm_networks=3, vcpus=4)
    for _ in range(2):
        await harness.cloud.tenant(plan_id)
    return plan_id


async def change_plan(harness: Harness, plan_id: str) -> str:
    """Take networks away, and allow more machines."""
    services = machines_of(harness, vcpus=7)
    return await started(harness.cloud.admin, "PATCH", f"/plans/{plan_id}", {"services": services})


async def held_add_on(harness: Harness) -> str:
    """An add-on that one of a plan's subscriptions holds twice."""
    plan_id = await sold_plan(harness)
    body = {"name": fresh(harness, "add-on"), "services": machines_of(harness, vcpus=1)}
    add_on = await harness.cloud.admin.post("/add-ons", body)
    await harness.cloud.admin.patch(f"/add-ons/{add_on['id']}", {"state": "public"})
    await harness.cloud.admin.patch(f"/plans/{plan_id}", {"add_ons": [{"add_on_id": add_on["id"]}]})
    holder = await harness.cloud.tenant(plan_id)
    for _ in range(2):
        await holder.client.accepted("POST", f"{holder.base}/add-ons/{add_on['id']}/acquire")
    return str(add_on["id"])


async def change_add_on(harness: Harness, add_on_id: str) -> str:
    services = [*machines_of(harness, vcpus=5), *networks_of(harness, vm_networks=1)]
    return await started(harness.cloud.admin, "PATCH", f"/add-ons/{add_on_id}", {"services": services})


async def add_network(harness: Harness, _prepared: Any) -> str:
    someone = harness.tenant
    body = {
        "name": fresh(harness, "made"),
        "subnets": [{"name": "a", "cidr": "10.0.0.0/24"}, {"name": "b", "cidr": "10.0.1.0/24"}],
    }
    return await started(someone.client, "POST", f"{someone.base}/vm-networks", body)


async def delete_network(_harness: Harness, prepared: Any) -> str:
    someone, network = prepared
    return await started(someone.client, "DELETE", f"{someone.base}/vm-networks/{network['id']}")


async def add_subnet(_harness: Harness, prepared: Any) -> str:
    someone, network = prepared
    body = {"name": "more", "cidr": "10.9.0.0/24"}
    return await started(someone.client, "POST", f"{someone.base}/vm-networks/{network['id']}/subnets", body)


async def delete_subnet(_harness: Harness, prepared: Any) -> str:
    someone, network = prepared
    subnet = network["subnets"][0]["id"]
    return await started(someone.client, "DELETE", f"{someone.base}/vm-networks/{network['id']}/subnets/{subnet}")


async def add_machine(harness: Harness, _prepared: Any) -> str:
    someone = harness.tenant
    body = someone.machine_body(fresh(harness, "made"), harness.network, user_data="#cloud-config\n{}\n")
    return await started(someone.client, "POST", f"{someone.base}/virtual-machines", body)


async def delete_machine(_harness: Harness, prepared: Any) -> str:
    someone, machine, *_ = prepared
    return await started(someone.client, "DELETE", f"{someone.base}/virtual-machines/{machine['id']}")


async def add_host(harness: Harness, _prepared: Any) -> str:
    name = f"added-{next(harness.cloud.numbers)}"
    body = {"stamp_id": harness.cloud.stamp_id, "name": name, "driver": "simulated", "uri": f"simulated:///{name}"}
    return await started(harness.cloud.admin, "POST", "/hosts", body)


async def spare_host(harness: Harness) -> str:
    return await harness.cloud.add_host()


async def remove_host(harness: Harness, host_id: str) -> str:
    return await started(harness.cloud.admin, "DELETE", f"/hosts/{host_id}")


async def empty_image(harness: Harness) -> Any:
    file = harness.cloud.site.settings.state_directory / "imports" / "image.qcow2"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(qcow2())
    image = await harness.cloud.admin.post("/images", {"name": f"image {next(harness.cloud.numbers)}"})
    return image["id"], str(file)


async def import_image(harness: Harness, prepared: Any) -> str:
    image_id, path = prepared
    return await started(harness.cloud.admin, "POST", f"/images/{image_id}/import", {"path": path})


async def used_image(harness: Harness) -> str:
    """An image that a host has a copy of, and that nobody uses any more."""
    image_id = await harness.cloud.image(f"image {next(harness.cloud.numbers)}")
    someone = harness.tenant
    machine = await someone.vm(fresh(harness, "user"), harness.network, image_id=image_id)
    await someone.client.accepted("DELETE", f"{someone.base}/virtual-machines/{machine['id']}")
    return image_id


async def delete_image(harness: Harness, image_id: str) -> str:
    return await started(harness.cloud.admin, "DELETE", f"/images/{image_id}")


async def add_port(harness: Harness, prepared: Any) -> str:
    someone, machine = prepared
    body = {"vm_network_id": harness.network["id"], "subnet_id": harness.network["subnets"][0]["id"]}
    return await started(someone.client, "POST", f"{someone.base}/virtual-machines/{machine['id']}/ports", body)


async def remove_port(_harness: Harness, prepared: Any) -> str:
    someone, machine = prepared
    port_id = machine["ports"][0]["id"]
    return await started(someone.client, "DELETE", f"{someone.base}/virtual-machines/{machine['id']}/ports/{port_id}")


async def new_disk(harness: Harness, machine: Any = None) -> Any:
    someone = harness.tenant
    body = {"name": fresh(harness, "disk"), "size_gib": 2}
    if machine is not None:
        body["virtual_machine_id"] = machine["id"]
    made = await someone.client.accepted("POST", f"{someone.base}/disks", body)
    return await someone.client.get(f"{someone.base}/disks/{made['id']}")


async def machine_and_disk(harness: Harness) -> Any:
    someone, machine = await running_machine(harness)
    return someone, machine, await new_disk(harness)


async def machine_and_used_disk(harness: Harness) -> Any:
    """A machine, and a disk whose volume is on the host already."""
    someone, machine, disk = await attached_disk(harness)
    await someone.client.accepted("POST", f"{someone.base}/disks/{disk['id']}/detach")
    return someone, machine, disk


async def attached_disk(harness: Harness) -> Any:
    someone, machine = await running_machine(harness)
    return someone, machine, await new_disk(harness, machine)


async def add_disk(harness: Harness, prepared: Any) -> str:
    body = {"name": fresh(harness, "made"), "size_gib": 3}
    if prepared is not None:
        body["virtual_machine_id"] = prepared[1]["id"]
    return await started(harness.tenant.client, "POST", f"{harness.tenant.base}/disks", body)


async def attach_disk(_harness: Harness, prepared: Any) -> str:
    someone, machine, disk = prepared
    body = {"virtual_machine_id": machine["id"]}
    return await started(someone.client, "POST", f"{someone.base}/disks/{disk['id']}/attach", body)


async def detach_disk(_harness: Harness, prepared: Any) -> str:
    someone, _machine, disk = prepared
    return await started(someone.client, "POST", f"{someone.base}/disks/{disk['id']}/detach")


async def grow_disk(_harness: Harness, prepared: Any) -> str:
    someone, _machine, disk = prepared
    return await started(someone.client, "PATCH", f"{someone.base}/disks/{disk['id']}", {"size_gib": 5})


async def delete_disk(_harness: Harness, prepared: Any) -> str:
    someone, _machine, disk = prepared
    return await started(someone.client, "DELETE", f"{someone.base}/disks/{disk['id']}")


async def delete_machine_with_disks(_harness: Harness, prepared: Any) -> str:
    someone, machine, _disk = prepared
    path = f"{someone.base}/virtual-machines/{machine['id']}?delete_disks=true"
    return await started(someone.client, "DELETE", path)


async def machine_and_iso(harness: Harness) -> Any:
    someone, machine = await running_machine(harness)
    return someone, machine, await harness.cloud.iso(fresh(harness, "iso"))


async def machine_with_iso(harness: Harness) -> Any:
    someone, machine, image_id = await machine_and_iso(harness)
    path = f"{someone.base}/virtual-machines/{machine['id']}/iso"
    await someone.client.accepted("POST", path, {"image_id": image_id})
    return someone, machine, await harness.cloud.iso(fresh(harness, "iso"))


async def insert_iso(_harness: Harness, prepared: Any) -> str:
    someone, machine, image_id = prepared
    path = f"{someone.base}/virtual-machines/{machine['id']}/iso"
    return await started(someone.client, "POST", path, {"image_id": image_id})


async def eject_iso(_harness: Harness, prepared: Any) -> str:
    someone, machine, _image_id = prepared
    return await started(someone.client, "DELETE", f"{someone.base}/virtual-machines/{machine['id']}/iso")


async def movable_machine(harness: Harness) -> Any:
    hosts = (await harness.cloud.admin.get("/hosts"))["value"]
    if len(hosts) < 2:
        await harness.cloud.add_host("?memory_mib=1048576&vcpus=1024&storage_gib=100000")
    return await running_machine(harness)


async def migrate(harness: Harness, prepared: Any) -> str:
    _, machine = prepared
    return await started(harness.cloud.admin, "POST", f"/virtual-machines/{machine['id']}/migrate", {})


MONTHS = itertools.count()
"""Months are closed in their order, and so far apart that none adjusts another."""


async def month_of_usage(harness: Harness) -> str:
    """A month, some after the last one, in which a tenant has used something that has a price and has a credit."""
    cloud = harness.cloud
    month = Month(2018, 1).plus(4 * next(MONTHS))
    if not (await cloud.admin.get("/rate-cards"))["value"]:
        begin = {"effective_from": "2018-01-01T00:00:00Z"}
        card = await cloud.admin.post("/rate-cards", {"name": "card", "currency": "EUR"})
        rate = {"meter": "vcpu_hours", "tiers": [{"price": "1"}]}
        await cloud.admin.post(f"/rate-cards/{card['id']}/rates", rate | begin)
        await cloud.admin.post("/rate-card-uses", {"rate_card_id": card["id"]} | begin)
    someone = await cloud.tenant()
    usage = {
        "meter": "vcpu_hours",
        "subscription_id": someone.subscription_id,
        "resource_type": "virtual_machine",
        "resource_id": cloud.units.ids.new(),
        "resource_name": "web",
        "quantity": "30",
        "began_at": month.begin.isoformat(),
        "ended_at": (month.begin + timedelta(hours=1)).isoformat(),
    }
    await cloud.admin.post("/usage-records", usage)
    await cloud.site.metering.record()
    credit = {"name": "gift", "amount": "10", "currency": "EUR", "subscription_id": someone.subscription_id}
    await cloud.admin.post("/credits", credit)
    return str(month)


async def close_month(harness: Harness, month: str) -> str:
    return await started(harness.cloud.admin, "POST", "/statement-runs", {"month": month})


CASES = [
    SagaCase("subscription.sync", nothing, subscribe, restores=False),
    SagaCase("subscription.suspend", inhabited, suspend, restores=False),
    SagaCase("subscription.resume", suspended, resume, restores=False),
    SagaCase("plan.apply", sold_plan, change_plan, restores=False),
    SagaCase("add_on.apply", held_add_on, change_add_on, restores=False),
    SagaCase("subscription.change_plan", movable, move_to_plan),
    SagaCase("subscription.delete", other_tenant, unsubscribe, restores=False),
    SagaCase("subscription.delete", full, delete_all, restores=False, variant="with everything in it"),
    SagaCase("statement_run.close", month_of_usage, close_month, restores=False),
    SagaCase("host.add", nothing, add_host),
    SagaCase("host.remove", spare_host, remove_host, restores=False),
    SagaCase("image.import", empty_image, import_image),
    SagaCase("image.delete", used_image, delete_image, restores=False),
    SagaCase("vm_network.create", nothing, add_network),
    SagaCase("vm_network.delete", network, delete_network, restores=False),
    SagaCase("subnet.create", network, add_subnet),
    SagaCase("subnet.delete", network, delete_subnet, restores=False),
    SagaCase("virtual_machine.create", nothing, add_machine),
    SagaCase("virtual_machine.delete", running_machine, delete_machine, restores=False),
    SagaCase("virtual_machine.start", stopped_machine, power("start"), restores=False),
    SagaCase("virtual_machine.shutdown", running_machine, power("shutdown", {"timeout_s": 5}), restores=False),
    SagaCase("virtual_machine.stop", running_machine, power("stop"), restores=False),
    SagaCase("virtual_machine.reset", running_machine, power("reset"), restores=False),
    SagaCase("virtual_machine.resize", running_machine, power("resize", {"size": "large"})),
    SagaCase("virtual_machine.pause", running_machine, power("pause"), restores=False),
    SagaCase("virtual_machine.resume", paused_machine, power("resume"), restores=False),
    SagaCase("virtual_machine.migrate", movable_machine, migrate, restores=False),
    SagaCase("virtual_machine.add_port", running_machine, add_port),
    SagaCase("virtual_machine.remove_port", running_machine, remove_port, restores=False),
    SagaCase("checkpoint.create", running_machine, add_checkpoint),
    SagaCase("checkpoint.restore", checkpointed_machine, restore_checkpoint, restores=False),
    SagaCase("checkpoint.delete", checkpointed_machine, delete_checkpoint, restores=False),
    SagaCase("virtual_machine.delete", attached_disk, delete_machine, restores=False, variant="keeping disks"),
    SagaCase(
        "virtual_machine.delete", attached_disk, delete_machine_with_disks, restores=False, variant="with its disks"
    ),
    SagaCase("virtual_machine.insert_iso", machine_and_iso, insert_iso),
    SagaCase("virtual_machine.insert_iso", machine_with_iso, insert_iso, variant="in place of another"),
    SagaCase("virtual_machine.eject_iso", machine_with_iso, eject_iso),
    SagaCase("disk.create", nothing, add_disk),
    SagaCase("disk.create", running_machine, add_disk, variant="and attach"),
    SagaCase("disk.attach", machine_and_disk, attach_disk),
    SagaCase("disk.attach", machine_and_used_disk, attach_disk, variant="with content"),
    SagaCase("disk.detach", attached_disk, detach_disk, restores=False),
    SagaCase("disk.grow", attached_disk, grow_disk, restores=False),
    SagaCase("disk.grow", machine_and_used_disk, grow_disk, restores=False, variant="detached"),
    SagaCase("disk.delete", machine_and_used_disk, delete_disk, restores=False),
]
pytestmark = pytest.mark.asyncio(loop_scope="module")
every_case = pytest.mark.parametrize("case", CASES, ids=str)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=DATABASES)
async def harness(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Harness]:
    """One cloud for all cases on one database: what a case leaves behind is in the next one's picture of before."""
    directory = tmp_path_factory.mktemp("site")
    imports = f"library.import_directories={directory / 'imports'}"
    with empty_database(request, directory) as url:
        settings = cloud_settings(directory, url, "parts=api", imports, "metering.keep_daily_days=3650")
        database = Database(settings.database_url)
        async with database.engine.begin() as connection:
            await connection.run_sync(Table.metadata.create_all)
        await database.close()
        async with running_cloud(settings, furnished=False) as cloud:
            harness = Harness(cloud)
            runner = asyncio.create_task(harness.run_automatically())
            await cloud.furnish(hosts=1, host_options="?memory_mib=1048576&vcpus=1024&storage_gib=100000")
            unlimited = dict.fromkeys(
                ("virtual_machines", "vcpus", "memory_mib", "disk_gib", "disks", "checkpoints", "vm_networks")
            )
            harness.plan_id = await cloud.plan(**unlimited)
            harness.tenant = await cloud.tenant(harness.plan_id)
            harness.network = await harness.tenant.network("10.0.0.0/16")
            yield harness
            runner.cancel()
            with suppress(asyncio.CancelledError):
                await runner


def steps_of(harness: Harness, kind: str) -> list[str]:
    return [step.name for step in harness.engine().saga(kind).steps()]


async def test_every_workflow_is_in_the_harness(harness: Harness) -> None:
    assert {case.kind for case in CASES} == {saga.kind for saga in harness.cloud.site.sagas}


@every_case
async def test_a_failure_at_any_step_is_undone(harness: Harness, case: SagaCase) -> None:
    for name in steps_of(harness, case.kind):
        for after_doing in (False, True):
            prepared = await case.prepare(harness)
            async with harness.paused():
                before = await harness.fingerprint()
                operation_id = await case.intend(harness, prepared)
                state = await harness.run(operation_id, Tampering(fail_at=name, after_doing=after_doing))
                assert state is OperationState.FAILED, (name, after_doing)
                if case.restores:
                    assert difference(before, await harness.fingerprint()) == {}, (name, after_doing)


@every_case
async def test_every_action_can_run_twice(harness: Harness, case: SagaCase) -> None:
    changes = []
    for twice in (False, True):
        prepared = await case.prepare(harness)
        async with harness.paused():
            before = await harness.fingerprint(exact=False)
            operation_id = await case.intend(harness, prepared)
            assert await harness.run(operation_id, Tampering(twice=twice)) is OperationState.SUCCEEDED
            changes.append(difference(before, await harness.fingerprint(exact=False)))
    once, doubled = changes
    assert doubled == once


@every_case
async def test_a_process_killed_around_every_step_resumes_to_the_end(harness: Harness, case: SagaCase) -> None:
    changes = []
    for dying in (False, True):
        prepared = await case.prepare(harness)
        async with harness.paused():
            before = await harness.fingerprint(exact=False)
            operation_id = await case.intend(harness, prepared)
            run = harness.run_while_dying if dying else harness.run
            assert await run(operation_id) is OperationState.SUCCEEDED
            changes.append(difference(before, await harness.fingerprint(exact=False)))
    plain, resumed = changes
    assert resumed == plain


@every_case
async def test_undoing_survives_being_killed_and_run_twice(harness: Harness, case: SagaCase) -> None:
    last = steps_of(harness, case.kind)[-1]
    for tampering in (
        Tampering(fail_at=last, after_doing=True, twice=True),
        Tampering(fail_at=last),
    ):
        prepared = await case.prepare(harness)
        async with harness.paused():
            before = await harness.fingerprint()
            operation_id = await case.intend(harness, prepared)
            assert await harness.run_while_dying(operation_id, tampering) is OperationState.FAILED
            if case.restores:
                assert difference(before, await harness.fingerprint()) == {}
