"""What tenants do with machines day by day, on real guests through the public API."""

from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.real_cloud import RealCloud, real_cloud, until
from zaffre.client import NewSizeBody, VirtualMachineView
from zaffre.devfabric.cloud.tenancy import Tenant

pytestmark = pytest.mark.timeout(300)

BUSY = "#!/bin/sh\nwhile true; do dd if=/dev/zero of=/var/tmp/x bs=1024 count=64 2>/dev/null; sync; done\n"


@pytest.fixture(scope="module")
def cloud(fabric_possible) -> Iterator[RealCloud]:
    with real_cloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def tenant(cloud: RealCloud) -> Tenant:
    return cloud.tenant("ann")


@pytest.fixture(scope="module")
def machine(tenant: Tenant) -> VirtualMachineView:
    """A machine that is up and busy; tests leave it so."""
    made = tenant.create("web", "10.10.0.50", BUSY).wait()
    return tenant.scope.virtual_machines.wait_until(made.id, lambda seen: seen.ready, 120)


def test_a_busy_guest_is_seen_to_be_busy(cloud, tenant, machine):
    machines = tenant.scope.virtual_machines
    series = until(
        lambda: (found := machines.metrics(machine.id).series).cpu_percent and found, "measurements", deadline_s=150
    )
    assert series.cpu_percent[-1][1] > 5
    assert series.network_receive_bytes_s
    if series.memory_used_mib:
        assert 0 < series.memory_used_mib[-1][1] <= machine.memory_mib
    [host_id] = [m.host_id for m in cloud.admin.admin.virtual_machines.all() if m.id == machine.id]
    host = cloud.admin.admin.hosts.metrics(host_id).series
    assert host.cpu_percent[-1][1] > 0
    assert host.memory_available_mib[-1][1] > 0


def test_prometheus_is_told_of_real_guests(cloud, machine):
    connection = cloud.admin.admin._connection
    headers = {"Authorization": f"Bearer {connection.credentials.bearer}"}
    text = httpx.get(f"{connection.url}/metrics/virtual-machines", headers=headers).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    [sample] = families["zaffre_virtual_machine_cpu_percent"].samples
    assert (sample.labels["id"], sample.labels["name"]) == (machine.id, machine.name)


def test_a_renamed_guest_goes_on_and_has_its_new_title_on_the_host(cloud, tenant, machine):
    machines = tenant.scope.virtual_machines
    renamed = machines.change(machine.id, name="shop front", tags={"team": "orders"})
    assert (renamed.name, renamed.hostname, renamed.tags) == ("shop front", "web", {"team": "orders"})
    domain = cloud.host_of(machine.id).domain(machine.id)
    until(lambda: "<title>shop front</title>" in domain.XMLDesc(), "the title of the running guest", 25)
    assert [found.name for found in machines.all() if found.tags.get("team") == "orders"] == ["shop front"]
    assert machines.get(machine.id).ready
    machines.change(machine.id, name="web", tags={"team": None})
    until(lambda: "<title>web</title>" in domain.XMLDesc(), "the title is back", 25)


def test_a_guest_tells_what_it_is_and_a_silent_one_is_not_waited_for_twice(tenant, machine):
    machines = tenant.scope.virtual_machines
    facts = machines.guest_facts(machine.id)
    assert (facts.available, facts.hostname) == (True, "web")
    assert facts.operating_system.title == "Zaffre tiny 1"
    assert facts.kernel.endswith("-cloud-amd64")
    [card] = facts.interfaces
    assert card.mac == machine.ports[0].mac
    assert machine.ports[0].address in card.addresses
    [root] = facts.filesystems
    assert root.mountpoint == "/"
    assert 0 < root.used_bytes < root.total_bytes
    silent = tenant.create("silent", "10.10.0.51", "#!/bin/sh\nkillall -STOP answer-agent && echo fell silent\n").wait()
    machines.wait_until(silent.id, lambda seen: seen.ready, 120)
    until(lambda: "fell silent" in machines.serial_log(silent.id).text, "the agent's end")
    seen = machines.guest_facts(silent.id)
    assert (seen.available, seen.reason) == (False, "no_agent")
    assert machines.guest_facts(silent.id) == seen
    machines.stop(silent.id).wait()
    assert machines.guest_facts(silent.id).reason == "not_running"
    machines.delete(silent.id).wait()


def test_a_resized_guest_has_its_processors_at_once_and_its_memory_after_a_restart(cloud, tenant, machine):
    machines = tenant.scope.virtual_machines
    cloud.admin.admin.sizes.create(NewSizeBody(name="double", vcpus=2, memory_mib=192))
    resized = machines.resize(machine.id, "double").wait()
    domain = cloud.host_of(machine.id).domain(machine.id)
    assert (resized.vcpus, resized.memory_mib, resized.restart_required) == (2, 192, True)
    assert (domain.info()[3], domain.maxMemory() // 1024) == (2, machine.memory_mib)
    machines.stop(machine.id).wait()
    assert not machines.start(machine.id).wait().restart_required
    assert (domain.info()[3], domain.maxMemory() // 1024) == (2, 192)
    machines.wait_until(machine.id, lambda seen: seen.ready, 120)
