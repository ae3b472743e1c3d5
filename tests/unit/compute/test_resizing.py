"""Other sizes for virtual machines, through the API."""

from typing import Any

from support.cloud import SimulatedCloud, Tenant


async def sizes(cloud: SimulatedCloud) -> None:
    for name, vcpus, memory_mib in (("wide", 4, 128), ("deep", 1, 2048), ("huge", 32, 128)):
        await cloud.admin.post("/sizes", {"name": name, "vcpus": vcpus, "memory_mib": memory_mib})


async def resized(tenant: Tenant, machine: Any, size: str) -> Any:
    await tenant.client.accepted("POST", path(tenant, machine), {"size": size})
    return await tenant.read_vm(machine["id"])


def path(tenant: Tenant, machine: Any) -> str:
    return f"{tenant.base}/virtual-machines/{machine['id']}/resize"


async def reserved(cloud: SimulatedCloud) -> tuple[int, int]:
    hosts = (await cloud.admin.get("/hosts"))["value"]
    return sum(host["vcpus_reserved"] for host in hosts), sum(host["memory_reserved_mib"] for host in hosts)


async def used(tenant: Tenant) -> tuple[int, int]:
    usage = await tenant.usage()
    return usage["vcpus"][0], usage["memory_mib"][0]


async def test_more_processors_are_there_at_once(cloud: SimulatedCloud) -> None:
    await sizes(cloud)
    tenant = await cloud.tenant()
    machine = await tenant.vm("web")
    grown = await resized(tenant, machine, "wide")
    assert (grown["size"], grown["vcpus"], grown["restart_required"]) == ("wide", 4, False)
    assert (grown["state"], grown["operation_id"]) == ("running", None)
    assert await used(tenant) == await reserved(cloud) == (4, 128)


async def test_memory_waits_for_the_next_start(cloud: SimulatedCloud) -> None:
    await sizes(cloud)
    tenant = await cloud.tenant()
    machine = await tenant.vm("web")
    grown = await resized(tenant, machine, "deep")
    assert (grown["memory_mib"], grown["restart_required"]) == (2048, True)
    base = path(tenant, machine).removesuffix("/resize")
    await tenant.client.accepted("POST", f"{base}/stop")
    assert not (await tenant.read_vm(machine["id"]))["restart_required"]
    await tenant.client.accepted("POST", f"{base}/start")
    assert not (await tenant.read_vm(machine["id"]))["restart_required"]
    assert await used(tenant) == await reserved(cloud) == (1, 2048)


async def test_what_a_shrunk_guest_still_uses_is_held_until_it_is_started_anew(cloud: SimulatedCloud) -> None:
    await sizes(cloud)
    tenant = await cloud.tenant()
    machine = await tenant.vm("web", size="deep")
    shrunk = await resized(tenant, machine, "tiny")
    assert (shrunk["memory_mib"], shrunk["restart_required"]) == (128, True)
    assert await used(tenant) == await reserved(cloud) == (1, 2048)
    assert (await resized(tenant, machine, "wide"))["restart_required"]
    assert await used(tenant) == await reserved(cloud) == (4, 2048)
    base = path(tenant, machine).removesuffix("/resize")
    await tenant.client.accepted("POST", f"{base}/stop")
    await tenant.client.accepted("POST", f"{base}/start")
    assert await used(tenant) == await reserved(cloud) == (4, 128)


async def test_a_stopped_machine_has_its_new_size_at_once(cloud: SimulatedCloud) -> None:
    await sizes(cloud)
    tenant = await cloud.tenant()
    machine = await tenant.vm("web", size="deep")
    await tenant.client.accepted("POST", path(tenant, machine).replace("/resize", "/stop"))
    assert not (await resized(tenant, machine, "tiny"))["restart_required"]
    assert await used(tenant) == await reserved(cloud) == (1, 128)


async def test_more_processors_than_a_guest_was_prepared_for_wait(cloud: SimulatedCloud) -> None:
    await sizes(cloud)
    tenant = await cloud.tenant(await cloud.plan(vcpus=64))
    machine = await tenant.vm("web")
    answer = await tenant.client.ask("POST", path(tenant, machine), {"size": "huge"})
    if answer.status == 202:  # one host has the room
        await tenant.client.operation(answer.headers["Operation-Location"])
        assert (await tenant.read_vm(machine["id"]))["restart_required"]
    else:
        assert answer.body["code"] == "placement.no_room_on_host"


async def test_quota_is_exact(cloud: SimulatedCloud) -> None:
    await sizes(cloud)
    tenant = await cloud.tenant(await cloud.plan(vcpus=3))
    machine = await tenant.vm("web")
    answer = await tenant.client.ask("POST", path(tenant, machine), {"size": "wide"})
    assert (answer.status, answer.body["code"]) == (409, "quota.exceeded")
    assert "3 more were asked for" in answer.body["detail"]
    assert await used(tenant) == await reserved(cloud) == (1, 128)
    assert (await tenant.read_vm(machine["id"]))["size"] == "tiny"


async def test_a_host_without_room_refuses_clearly(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant(await cloud.plan(memory_mib=None, vcpus=None))
    await cloud.admin.post("/sizes", {"name": "vast", "vcpus": 1, "memory_mib": 2**23})
    machine = await tenant.vm("web")
    answer = await tenant.client.ask("POST", path(tenant, machine), {"size": "vast"})
    assert (answer.status, answer.body["code"]) == (409, "placement.no_room_on_host")
    assert "MiB left" in answer.body["detail"]
    assert await used(tenant) == await reserved(cloud) == (1, 128)


async def test_an_unknown_size_is_refused(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web")
    answer = await tenant.client.ask("POST", path(tenant, machine), {"size": "no-such"})
    assert (answer.status, answer.body["target"]) == (400, "size")


async def test_a_machine_with_checkpoints_keeps_its_size(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant(await cloud.plan(checkpoints=5))
    machine = await tenant.vm("web")
    base = path(tenant, machine).removesuffix("/resize")
    await tenant.client.accepted("POST", f"{base}/checkpoints", {"name": "before"})
    answer = await tenant.client.ask("POST", path(tenant, machine), {"size": "small"})
    assert (answer.status, answer.body["code"]) == (409, "virtual_machine.has_checkpoints")
