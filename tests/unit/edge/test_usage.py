"""Usage through the API: what a tenant's machine used, who sees it, and how a billing system reads it."""

import asyncio
from collections import defaultdict
from typing import Any

import pytest

from support.cloud import SimulatedCloud, Tenant
from zaffre.fabric.drivers.simulated_latency import Action
from zaffre.foundation.errors import DomainError


async def the_records(cloud: SimulatedCloud, tenant: Tenant) -> list[dict[str, Any]]:
    await cloud.site.metering.record()
    found = await tenant.client.get(f"{tenant.base}/usage-records?$orderby=began_at&$top=1000")
    return found["value"]


def seconds(records: list[dict[str, Any]], meter: str) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for record in records:
        if record["meter"] == meter:
            total[record["state"]] += float(record["quantity"]) * 3600
    return dict(total)


async def power(tenant: Tenant, machine: Any, verb: str) -> None:
    await tenant.client.accepted("POST", f"{tenant.base}/virtual-machines/{machine['id']}/{verb}")


async def test_a_machine_is_recorded_as_running_suspended_and_stopped_with_its_disk_throughout(
    cloud: SimulatedCloud,
) -> None:
    tenant = await cloud.tenant()
    loop = asyncio.get_running_loop()
    machine = await tenant.vm("web", await tenant.network())
    began_s = loop.time()
    marks: list[float] = []
    for verb in ("pause", "stop"):
        await asyncio.sleep(0.5)
        await power(tenant, machine, verb)
        marks.append(loop.time() - began_s)
    await asyncio.sleep(0.5)
    await tenant.client.accepted("DELETE", f"{tenant.base}/virtual-machines/{machine['id']}")
    marks.append(loop.time() - began_s)
    records = [r for r in await the_records(cloud, tenant) if r["resource_id"] == machine["id"]]
    hours = seconds(records, "virtual_machine_hours")
    slack_s = 0.4
    assert hours["running"] == pytest.approx(marks[0], abs=slack_s)
    assert hours["suspended"] == pytest.approx(marks[1] - marks[0], abs=slack_s)
    assert hours["stopped"] == pytest.approx(marks[2] - marks[1], abs=slack_s)
    on = {state: hours[state] for state in ("running", "suspended")}
    assert seconds(records, "vcpu_hours") == pytest.approx(on, abs=0.001)
    memory = seconds(records, "memory_gib_hours")
    assert memory == pytest.approx({state: used * 128 / 1024 for state, used in on.items()}, abs=0.001)
    disk = [r for r in await the_records(cloud, tenant) if r["resource_type"] == "disk"]
    assert sum(seconds(disk, "disk_gib_hours").values()) == pytest.approx(marks[2], abs=slack_s)
    assert records[0]["dimensions"] == {"size": "tiny", "vcpus": 1, "memory_mib": 128}
    assert {r["resource_name"] for r in records} == {"web"}


class GuestWillNotStart(DomainError):
    """What a host says."""

    code = "test.will_not_start"

    def __init__(self) -> None:
        super().__init__("It will not start.", remedy="Nothing helps.")


async def test_a_failed_create_is_not_billed(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    for host_id in cloud.hosts:
        name = (await cloud.admin.get(f"/hosts/{host_id}"))["name"]
        cloud.world.faults.fail_next(name, Action.START, GuestWillNotStart(), times=10)
    answer = await tenant.ask_vm("web")
    assert (await tenant.client.operation(answer.headers["Operation-Location"]))["state"] == "failed"
    assert not [r for r in await the_records(cloud, tenant) if r["resource_type"] in ("virtual_machine", "disk")]


async def test_late_records_and_corrections_reach_the_feed_and_the_sums(cloud: SimulatedCloud) -> None:
    tenant, other = await cloud.tenant(), await cloud.tenant()
    late = {
        "meter": "vcpu_hours",
        "subscription_id": tenant.subscription_id,
        "resource_type": "virtual_machine",
        "resource_id": cloud.units.ids.new(),
        "resource_name": "elsewhere",
        "quantity": "48.000000001",
        "began_at": "2026-01-01T23:00:00Z",
        "ended_at": "2026-01-02T01:00:00Z",
        "state": "running",
    }
    start = (await cloud.admin.get("/usage-feed"))["cursor"]
    made = await cloud.admin.post("/usage-records", late, {"Idempotency-Key": "one"})
    again = await cloud.admin.ask("POST", "/usage-records", late, {"Idempotency-Key": "one"})
    assert (again.status, again.body["id"]) == (201, made["id"])
    twice = await cloud.admin.ask("POST", "/usage-records", late)
    assert (twice.status, twice.body["code"]) == (409, "usage.record_exists")
    correction = await cloud.admin.post("/usage-records", {"corrects": made["id"], "quantity": "-8"})
    assert correction["corrects"] == made["id"]
    await cloud.site.metering.record()

    feed = await cloud.admin.get(f"/usage-feed?after={start}&limit=5000")
    mine = [r for r in feed["value"] if r["resource_name"] == "elsewhere"]
    assert [(r["kind"], r["quantity"]) for r in mine] == [("late", "48.000000001"), ("correction", "-8")]
    assert (await cloud.admin.get(f"/usage-feed?after={feed['cursor']}"))["cursor"] == feed["cursor"]

    path = f"{tenant.base}/usage-summary?from=2026-01-01T00:00:00Z&to=2026-01-03T00:00:00Z&meter=vcpu_hours"
    by_day = (await tenant.client.get(path))["value"]
    assert [(line["began_at"][:10], line["quantity"]) for line in by_day] == [
        ("2026-01-01", "20"),
        ("2026-01-02", "20.000000001"),
    ]
    whole = (await tenant.client.get(f"{path}&step=total&group=resource"))["value"]
    assert [(line["resource_name"], line["quantity"]) for line in whole] == [("elsewhere", "40.000000001")]
    everybodys = (await cloud.admin.get("/usage-summary?from=2026-01-01T00:00:00Z&to=2026-01-03&group=subscription"))[
        "value"
    ]
    assert {line["subscription_id"] for line in everybodys} == {tenant.subscription_id}

    assert not [r for r in await the_records(cloud, other) if r["resource_name"] == "elsewhere"]
    assert (await other.client.ask("GET", f"{tenant.base}/usage-records")).status == 404
    filtered = f"{tenant.base}/usage-records?$filter=meter eq 'vcpu_hours' and kind eq 'correction'&$count=true"
    assert (await tenant.client.get(filtered))["@odata.count"] == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"meter": "nonsense"}, 400),
        ({"quantity": "1.0000000001"}, 400),
        ({"quantity": "99999999999"}, 400),
        ({"ended_at": "2025-01-01T00:00:00Z"}, 400),
        ({"ended_at": "2027-06-01T00:00:00Z"}, 400),
        ({"began_at": None}, 400),
        ({"subscription_id": "0190c1a0-0000-7000-8000-000000000000"}, 404),
        ({"corrects": "0190c1a0-0000-7000-8000-000000000000"}, 400),
    ],
)
async def test_a_bad_record_is_refused_with_a_reason(api: SimulatedCloud, change: dict[str, Any], code: int) -> None:
    body = {
        "meter": "vcpu_hours",
        "subscription_id": "0190c1a0-0000-7000-8000-000000000001",
        "resource_type": "virtual_machine",
        "resource_id": "0190c1a0-0000-7000-8000-000000000002",
        "resource_name": "a",
        "quantity": "1",
        "began_at": "2025-12-01T00:00:00Z",
        "ended_at": "2025-12-01T01:00:00Z",
    }
    answer = await api.admin.ask("POST", "/usage-records", body | change)
    assert (answer.status, bool(answer.body["detail"])) == (code, True)
