"""What tenants do with virtual machines, through the API."""

from support.cloud import SimulatedCloud


async def test_a_tenant_gets_a_running_virtual_machine_with_an_address(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    network = await tenant.network("10.1.0.0/24")
    machine = await tenant.vm("web 1", network, ssh_key_ids=[], user_data="#!/bin/sh\ntrue\n")
    assert (machine["state"], machine["desired"], machine["observed"]) == ("running", "running", "running")
    assert machine["hostname"] == "web-1"
    (port,) = machine["ports"]
    assert port["address"] == "10.1.0.2"
    assert machine["operation_id"] is None
    assert await tenant.usage() == {
        "virtual_machines": (1, 10),
        "vcpus": (1, 20),
        "memory_mib": (128, 40_960),
        "disk_gib": (1, 500),
        "checkpoints": (0, 50),
        "disks": (0, 50),
        "library_gib": (0, 20),
        "availability_sets": (0, 20),
        "vm_networks": (1, 5),
    }
