"""Network ports that come and go, through the API."""

from typing import Any

import pytest

from support.cloud import SimulatedCloud, Tenant
from zaffre.compute import port_operations


def wish(network: Any, **fields: Any) -> dict[str, Any]:
    return {"vm_network_id": network["id"], "subnet_id": network["subnets"][0]["id"]} | fields


def ports_path(tenant: Tenant, machine: Any) -> str:
    return f"{tenant.base}/virtual-machines/{machine['id']}/ports"


async def on_the_host(cloud: SimulatedCloud, machine_id: str) -> frozenset[str]:
    for _, hypervisor in cloud.site.hypervisors.connected():
        seen = await hypervisor.observe(machine_id)
        if seen is not None:
            return seen.ports
    raise AssertionError("no host has the guest")


async def test_a_running_machine_gets_a_port_and_gives_it_back(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    first, second = await tenant.network(), await tenant.network("10.7.0.0/24", "second")
    machine = await tenant.vm("web", first)
    accepted = await tenant.client.accepted("POST", ports_path(tenant, machine), wish(second, address="10.7.0.77"))
    assert accepted["state"] == "reconfiguring"
    machine = await tenant.read_vm(machine["id"])
    assert [port["address"] for port in machine["ports"]] == ["10.0.0.2", "10.7.0.77"]
    assert (machine["state"], machine["operation_id"]) == ("running", None)
    assert await on_the_host(cloud, machine["id"]) == {port["id"] for port in machine["ports"]}
    path = f"{tenant.base}/vm-networks/{second['id']}/ports"
    assert [port["up"] for port in (await tenant.client.get(path))["value"]] == [True]

    gone = machine["ports"][0]["id"]
    await tenant.client.accepted("DELETE", f"{ports_path(tenant, machine)}/{gone}")
    machine = await tenant.read_vm(machine["id"])
    assert [port["address"] for port in machine["ports"]] == ["10.7.0.77"]
    assert await on_the_host(cloud, machine["id"]) == {machine["ports"][0]["id"]}
    await tenant.client.accepted("DELETE", f"{tenant.base}/vm-networks/{first['id']}")

    third = await tenant.network("10.8.0.0/24", "third")
    await tenant.client.accepted("POST", ports_path(tenant, machine), wish(third))
    machine = await tenant.read_vm(machine["id"])
    assert [port["address"] for port in machine["ports"]] == ["10.8.0.2", "10.7.0.77"], "the first place was free"


async def test_a_machine_has_at_most_eight_ports(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    network = await tenant.network()
    machine = await tenant.vm("web", network, ports=[wish(network)] * 8)
    answer = await tenant.client.ask("POST", ports_path(tenant, machine), wish(network))
    assert (answer.status, answer.body["code"]) == (409, "port.too_many")
    assert "8 ports" in answer.body["detail"]


async def test_ports_are_refused_where_they_cannot_be_changed(cloud: SimulatedCloud) -> None:
    tenant, stranger = await cloud.tenant(), await cloud.tenant()
    network = await tenant.network()
    machine = await tenant.vm("web", network)
    path, port_id = ports_path(tenant, machine), machine["ports"][0]["id"]
    asked = [
        await tenant.client.ask("POST", path, wish(network, address=machine["ports"][0]["address"])),
        await tenant.client.ask("POST", path, wish(await stranger.network())),
        await tenant.client.ask("DELETE", f"{path}/{machine['id']}"),
        await stranger.client.ask("DELETE", f"{path}/{port_id}"),
        await tenant.client.ask("POST", path, wish(network), {"If-Match": '"999"'}),
    ]
    assert [answer.status for answer in asked] == [409, 404, 404, 404, 412]
    await tenant.client.accepted("POST", f"{tenant.base}/virtual-machines/{machine['id']}/pause")
    answer = await tenant.client.ask("DELETE", f"{path}/{port_id}")
    assert (answer.status, answer.body["code"]) == (409, "virtual_machine.wrong_state")
    assert [port["id"] for port in (await tenant.read_vm(machine["id"]))["ports"]] == [port_id]


async def test_a_guest_that_keeps_its_interface_keeps_its_port_too(
    cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(port_operations, "LET_GO_S", 0.5)
    tenant = await cloud.tenant()
    machine = await tenant.vm("web", await tenant.network())
    [admin_view] = (await cloud.admin.get("/virtual-machines"))["value"]
    host = (await cloud.admin.get(f"/hosts/{admin_view['host_id']}"))["name"]
    cloud.world.faults.hold_disks(host, machine["id"])
    port = machine["ports"][0]
    answer = await tenant.client.ask("DELETE", f"{ports_path(tenant, machine)}/{port['id']}")
    operation = await tenant.client.operation(answer.headers["Operation-Location"], deadline_s=60.0)
    assert operation["state"] == "failed"
    assert operation["problem"]["code"] == "host.guest_keeps_port"
    machine = await tenant.read_vm(machine["id"])
    assert (machine["state"], [each["address"] for each in machine["ports"]]) == ("running", [port["address"]])
    assert await on_the_host(cloud, machine["id"]) == {port["id"]}
