"""What machines and hosts use, through the API, by a site that samples quickly."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.cloud import PASSWORD, SimulatedCloud, cloud_settings, running_cloud
from zaffre.foundation.database import Database


@pytest.fixture
async def watched(database: Database, tmp_path: Path) -> AsyncIterator[SimulatedCloud]:
    """A furnished cloud on each database that measures several times a second."""
    url = database.url if not database.is_sqlite else ""
    async with running_cloud(cloud_settings(tmp_path, url, "metrics.interval_s=0.3")) as cloud:
        yield cloud


async def measured(read: Any) -> Any:
    """Read until something was measured."""
    async with asyncio.timeout(60):
        while not (found := await read())["series"]["cpu_percent"]:
            await asyncio.sleep(0.05)
    return found


async def test_a_tenant_sees_what_a_machine_uses(watched: SimulatedCloud) -> None:
    tenant = await watched.tenant()
    machine = await tenant.vm("web", await tenant.network())
    path = f"{tenant.base}/virtual-machines/{machine['id']}/metrics"
    found = await measured(lambda: tenant.client.get(path, params={"step_s": 4}))
    assert found["step_s"] == 4
    for at_s, percent in found["series"]["cpu_percent"]:
        assert at_s % 4 == 0
        assert 0 <= percent <= 100
    [used, available] = [found["series"][f"memory_{name}_mib"][-1][1] for name in ("used", "available")]
    assert used + available == machine["memory_mib"]
    assert found["series"]["network_receive_bytes_s"][-1][1] >= 0
    other = await watched.tenant()
    assert (await other.client.ask("GET", path.replace(tenant.base, other.base))).status == 404


async def test_an_operator_sees_what_a_host_uses(watched: SimulatedCloud) -> None:
    tenant = await watched.tenant()
    await tenant.vm("web")
    for host_id in watched.hosts:
        found = await measured(lambda host_id=host_id: watched.admin.get(f"/hosts/{host_id}/metrics"))
        assert found["series"]["memory_available_mib"][-1][1] > 0
    assert (await watched.admin.ask("GET", f"/hosts/{tenant.subscription_id}/metrics")).status == 404


async def test_only_the_time_that_is_asked_for_is_told(watched: SimulatedCloud) -> None:
    tenant = await watched.tenant()
    machine = await tenant.vm("web")
    path = f"{tenant.base}/virtual-machines/{machine['id']}/metrics"
    found = await measured(lambda: tenant.client.get(path))
    now = datetime.fromtimestamp(found["series"]["cpu_percent"][-1][0], UTC)
    before = {"from": (now - timedelta(hours=2)).isoformat(), "to": (now - timedelta(hours=1)).isoformat()}
    assert (await tenant.client.get(path, params=before))["series"]["cpu_percent"] == []
    unix = {"from": str(int(now.timestamp()) - 60), "step_s": "60"}
    assert len((await tenant.client.get(path, params=unix))["series"]["cpu_percent"]) in (1, 2)
    answer = await tenant.client.ask("GET", path, params={**before, "step_s": 1})
    assert (answer.status, answer.body["code"]) == (400, "metrics.too_many_points")
    answer = await tenant.client.ask("GET", path, params={"from": before["to"], "to": before["from"]})
    assert (answer.status, answer.body["target"]) == (400, "from")


async def test_prometheus_is_told_of_every_machine_and_host(watched: SimulatedCloud) -> None:
    tenant = await watched.tenant()
    machines = [await tenant.vm(name) for name in ("web", 'say "hi" \\ there')]
    path = f"{tenant.base}/virtual-machines/{machines[1]['id']}/metrics"
    await measured(lambda: tenant.client.get(path))
    text = await watched.admin.get("/metrics/virtual-machines")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    shown = {sample.labels["name"]: sample for sample in families["zaffre_virtual_machine_cpu_percent"].samples}
    assert set(shown) == {machine["name"] for machine in machines}
    assert shown["web"].labels["id"] == machines[0]["id"]
    assert shown["web"].labels["subscription"] == tenant.subscription_id
    assert 0 <= shown["web"].value <= 100
    hosts = families["zaffre_host_memory_used_mib"].samples
    assert {sample.labels["id"] for sample in hosts} == set(watched.hosts)
    assert (await tenant.client.ask("GET", "/metrics/virtual-machines")).status == 404


async def test_what_was_measured_outlives_the_process(database: Database, tmp_path: Path) -> None:
    url = database.url if not database.is_sqlite else ""
    world = tmp_path / "world"
    async with running_cloud(cloud_settings(tmp_path, url, "metrics.interval_s=0.3"), world) as cloud:
        tenant = await cloud.tenant()
        machine = await tenant.vm("web")
        path = f"{tenant.base}/virtual-machines/{machine['id']}/metrics"
        before = await measured(lambda: tenant.client.get(path, params={"step_s": 4}))
    settings = cloud_settings(tmp_path, url, "parts=api")
    async with running_cloud(settings, world, furnished=False) as cloud:
        client = await cloud.sign_in(tenant.email, PASSWORD)
        after = await client.get(path, params={"step_s": 4})
    seen = [at for at, _ in before["series"]["cpu_percent"]]
    assert [at for at, _ in after["series"]["cpu_percent"]][: len(seen)] == seen
