"""What tenants do with disks and ISOs, through the API."""

from typing import Any

from support.cloud import SimulatedCloud, Tenant
from support.waiting import until
from zaffre.fabric.drivers.hypervisor import GuestKeepsDisk
from zaffre.fabric.drivers.simulated import Action


async def make(tenant: Tenant, name: str = "data", size_gib: int = 2, **fields: Any) -> Any:
    made = await tenant.client.accepted("POST", f"{tenant.base}/disks", {"name": name, "size_gib": size_gib} | fields)
    return await read(tenant, made)


async def read(tenant: Tenant, disk: Any) -> Any:
    return await tenant.client.get(f"{tenant.base}/disks/{disk['id']}")


async def attach(tenant: Tenant, disk: Any, machine: Any, state: str = "succeeded") -> Any:
    body = {"virtual_machine_id": machine["id"]}
    await tenant.client.accepted("POST", f"{tenant.base}/disks/{disk['id']}/attach", body, state)
    return await read(tenant, disk)


async def detach(tenant: Tenant, disk: Any, state: str = "succeeded") -> Any:
    await tenant.client.accepted("POST", f"{tenant.base}/disks/{disk['id']}/detach", None, state)
    return await read(tenant, disk)


async def refused(tenant: Tenant, method: str, path: str, body: Any = None) -> tuple[int, str]:
    answer = await tenant.client.ask(method, f"{tenant.base}{path}", body)
    assert answer.body.get("remedy"), answer.body
    return answer.status, answer.body["code"]


async def host_of(cloud: SimulatedCloud, machine: Any) -> Any:
    (found,) = [m for m in (await cloud.admin.get("/virtual-machines"))["value"] if m["id"] == machine["id"]]
    return await cloud.admin.get(f"/hosts/{found['host_id']}")


async def reserved_gib(cloud: SimulatedCloud) -> int:
    return sum(host["storage_reserved_gib"] for host in (await cloud.admin.get("/hosts"))["value"])


async def test_a_data_disk_goes_from_one_machine_to_another(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    disk = await make(tenant)
    assert (disk["state"], disk["kind"], disk["virtual_machine_id"], disk["position"]) == (
        *("available", "data"),
        *(None, None),
    )
    assert disk["serial"] == disk["id"].replace("-", "")[-20:]
    assert await reserved_gib(cloud) == 0
    for name in ("one", "two", "three"):
        machine = await tenant.vm(name)
        disk = await attach(tenant, disk, machine)
        assert (disk["state"], disk["virtual_machine_id"], disk["position"]) == ("attached", machine["id"], 1)
        root, data = (await tenant.read_vm(machine["id"]))["disks"]
        assert (root["kind"], root["position"], data["id"]) == ("root", 0, disk["id"])
        disk = await detach(tenant, disk)
        assert (disk["state"], disk["virtual_machine_id"], disk["operation_id"]) == ("available", None, None)
    usage = await tenant.usage()
    assert (usage["disks"], usage["disk_gib"]) == ((1, 50), (5, 500))
    assert await reserved_gib(cloud) == 5
    await tenant.client.accepted("DELETE", f"{tenant.base}/disks/{disk['id']}")
    usage = await tenant.usage()
    assert (usage["disks"], usage["disk_gib"]) == ((0, 50), (3, 500))
    assert await reserved_gib(cloud) == 3


async def test_a_disk_that_moved_leaves_nothing_on_the_host_it_came_from(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    first, second = await tenant.vm("first"), await tenant.vm("second")
    hosts = [await host_of(cloud, machine) for machine in (first, second)]
    assert hosts[0]["id"] != hosts[1]["id"]
    disk = await make(tenant, virtual_machine_id=first["id"])
    await detach(tenant, disk)
    await attach(tenant, disk, second)

    async def places() -> list[int]:
        doors = [await cloud.site.hypervisors.get(host["id"]) for host in hosts]
        return [sum(v.name.startswith(disk["id"]) for v in await door.volumes()) for door in doors]

    async def settled() -> bool:
        return await places() == [0, 1]

    await until(settled)
    assert await reserved_gib(cloud) == 4


async def test_a_disk_survives_a_restart_of_its_machine(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web")
    disk = await make(tenant, virtual_machine_id=machine["id"])
    for verb in ("stop", "start"):
        await tenant.client.accepted("POST", f"{tenant.base}/virtual-machines/{machine['id']}/{verb}")
    host = await host_of(cloud, machine)
    seen = await (await cloud.site.hypervisors.get(host["id"])).observe(machine["id"])
    assert seen is not None
    assert any(volume.startswith(disk["id"]) for volume in seen.volumes)


async def test_disks_grow_with_quota_and_room_and_never_shrink(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant(await cloud.plan(disk_gib=10))
    machine = await tenant.vm("web")
    disk = await make(tenant, virtual_machine_id=machine["id"])
    path = f"/disks/{disk['id']}"
    await tenant.client.accepted("PATCH", f"{tenant.base}{path}", {"size_gib": 6, "name": "larger"})
    grown = await read(tenant, disk)
    assert (grown["size_gib"], grown["name"], grown["state"]) == (6, "larger", "attached")
    assert await refused(tenant, "PATCH", path, {"size_gib": 5}) == (400, "disk.cannot_shrink")
    assert await refused(tenant, "PATCH", path, {"size_gib": 10}) == (409, "quota.exceeded")
    root = (await tenant.read_vm(machine["id"]))["disks"][0]
    await tenant.client.accepted("PATCH", f"{tenant.base}/disks/{root['id']}", {"size_gib": 4})
    assert (await tenant.usage())["disk_gib"] == (10, 10)
    assert await reserved_gib(cloud) == 10
    await tenant.client.accepted("DELETE", f"{tenant.base}/virtual-machines/{machine['id']}")
    assert (await tenant.usage())["disk_gib"] == (6, 10)
    assert await reserved_gib(cloud) == 6


async def test_deleting_a_machine_keeps_its_data_disks_unless_told_otherwise(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    for query, left in (("", 1), ("?delete_disks=true", 1)):
        machine = await tenant.vm("web")
        await make(tenant, f"data{query}", virtual_machine_id=machine["id"])
        path = f"{tenant.base}/virtual-machines/{machine['id']}{query}"
        answered = await tenant.client.accepted("DELETE", path)
        assert [disk["state"] for disk in answered["disks"]] == ["deleting", "deleting" if query else "detaching"]
        disks = (await tenant.client.get(f"{tenant.base}/disks"))["value"]
        assert [(disk["name"], disk["state"]) for disk in disks] == [("data", "available")] * left
    assert (await tenant.usage())["disks"] == (1, 50)
    assert await reserved_gib(cloud) == 2


async def test_what_cannot_be_done_is_refused_with_a_remedy(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant(await cloud.plan(disks=2))
    machine = await tenant.vm("web")
    root = machine["disks"][0]
    disk = await make(tenant, virtual_machine_id=machine["id"])
    path = f"/disks/{disk['id']}"
    attachment = {"virtual_machine_id": machine["id"]}
    assert await refused(tenant, "POST", f"{path}/attach", attachment) == (409, "disk.wrong_state")
    assert await refused(tenant, "DELETE", path) == (409, "resource.in_use")
    assert await refused(tenant, "DELETE", f"/disks/{root['id']}") == (409, "disk.root")
    assert await refused(tenant, "POST", f"/disks/{root['id']}/detach") == (409, "disk.root")
    assert await refused(tenant, "POST", "/disks", {"name": "data", "size_gib": 1}) == (409, "resource.name_taken")
    spare = await make(tenant, "spare")
    assert await refused(tenant, "POST", f"/disks/{spare['id']}/detach") == (409, "disk.wrong_state")
    assert await refused(tenant, "POST", "/disks", {"name": "third", "size_gib": 1}) == (409, "quota.exceeded")
    await tenant.client.accepted("POST", f"{tenant.base}/virtual-machines/{machine['id']}/pause")
    assert await refused(tenant, "POST", f"{path}/detach") == (409, "virtual_machine.wrong_state")
    other = await cloud.tenant()
    assert await refused(other, "GET", path) == (404, "resource.not_found")


async def test_a_guest_that_keeps_its_disk_is_told_and_lets_go_later(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web")
    disk = await make(tenant, virtual_machine_id=machine["id"])
    host = await host_of(cloud, machine)
    cloud.world.faults.fail_next(host["name"], Action.DETACH_DISK, GuestKeepsDisk(host["name"], machine["id"], "x"))
    disk = await detach(tenant, disk, "failed")
    assert disk["state"] == "attached"
    problem = tenant.client.ended["problem"]
    assert problem["code"] == "disk.in_use_by_guest"
    assert host["name"] not in problem["detail"]
    volume = next(
        volume.name
        for volume in await (await cloud.site.hypervisors.get(host["id"])).volumes()
        if volume.name.startswith(disk["id"])
    )
    cloud.world.faults.detach_disk(host["name"], machine["id"], volume)

    async def noticed() -> bool:
        return (await read(tenant, disk))["state"] == "available"

    await until(noticed)
    assert await reserved_gib(cloud) == 3
    assert (await attach(tenant, disk, machine))["state"] == "attached"


async def test_an_iso_is_inserted_replaced_and_ejected(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web")
    isos = [await cloud.iso("tools"), await cloud.iso("drivers")]
    path = f"/virtual-machines/{machine['id']}/iso"
    for image_id in isos:
        await tenant.client.accepted("POST", f"{tenant.base}{path}", {"image_id": image_id})
        assert (await tenant.read_vm(machine["id"]))["iso_image_id"] == image_id
    assert await refused(tenant, "POST", path, {"image_id": isos[1]}) == (409, "virtual_machine.wrong_medium")
    assert await refused(tenant, "POST", path, {"image_id": cloud.image_id}) == (400, "image.wrong_kind")
    answer = await cloud.admin.ask("DELETE", f"/images/{isos[1]}")
    assert (answer.status, answer.body["code"]) == (409, "resource.in_use")
    await cloud.admin.accepted("DELETE", f"/images/{isos[0]}")
    for verb in ("stop", "start"):
        await tenant.client.accepted("POST", f"{tenant.base}/virtual-machines/{machine['id']}/{verb}")
    await tenant.client.accepted("DELETE", f"{tenant.base}{path}")
    assert (await tenant.read_vm(machine["id"]))["iso_image_id"] is None
    assert await refused(tenant, "DELETE", path) == (409, "virtual_machine.wrong_medium")
    await cloud.admin.accepted("DELETE", f"/images/{isos[1]}")


async def test_a_machine_has_at_most_sixteen_data_disks(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("web")
    for number in range(16):
        await make(tenant, f"data {number}", 1, virtual_machine_id=machine["id"])
    body = {"name": "one more", "size_gib": 1, "virtual_machine_id": machine["id"]}
    assert await refused(tenant, "POST", "/disks", body) == (409, "virtual_machine.too_many_disks")
