"""The overview: what there is, how full it is, and what needs a human."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from support.cloud import SimulatedCloud
from support.waiting import until
from zaffre.compute.tables import UnmanagedGuestRow
from zaffre.edge.faces import Face
from zaffre.fabric.tables import HostRow
from zaffre.foundation.actor import system_actor
from zaffre.foundation.work import ResourceRef
from zaffre.management.tables import SubscriptionSyncRow

ACTOR = system_actor("test")


async def problems(cloud: SimulatedCloud, code: str) -> list[Any]:
    return [each for each in (await cloud.admin.get("/overview"))["problems"] if each["code"] == code]


async def test_a_healthy_site_has_nothing_that_needs_a_human(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    await tenant.vm("web", await tenant.network())
    seen = await cloud.admin.get("/overview")
    assert seen["problems"] == []
    assert seen["hosts"] == {"adding": 0, "enabled": 2, "disabled": 0, "removing": 0, "unreachable": 0}
    assert seen["virtual_machines"] == {"running": 1}
    assert seen["operations"] == {"queued": 0, "running": 0, "failed_24h": 0}
    memory = seen["capacity"]["memory_mib"]
    assert (memory["reserved"], memory["used"]) == (128, None)
    assert seen["capacity"]["vcpus"]["reserved"] == 1
    assert {each["name"]: each["healthy"] for each in seen["providers"]} == {"networks": True, "virtual_machines": True}


async def test_a_host_that_does_not_answer_is_a_problem_since_it_was_lost(cloud: SimulatedCloud) -> None:
    host = await cloud.admin.get(f"/hosts/{cloud.hosts[0]}")
    cloud.world.faults.make_unreachable(host["name"])

    async def lost() -> bool:
        return bool(await problems(cloud, "host.unreachable"))

    await until(lost)
    (problem,) = await problems(cloud, "host.unreachable")
    assert (problem["severity"], problem["resource_name"]) == ("critical", host["name"])
    assert problem["resource_id"] == host["id"]
    assert problem["since"] >= host["observed_at"]
    assert problem["remedy"]
    seen = await cloud.admin.get("/overview")
    assert seen["hosts"]["unreachable"] == 1


async def test_an_operation_that_failed_is_a_problem_until_it_is_tried_again(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    body = tenant.machine_body("big", size="large")
    for host_id in cloud.hosts:
        await cloud.admin.patch(f"/hosts/{host_id}", {"enabled": False})
    await tenant.client.accepted("POST", f"{tenant.base}/virtual-machines", body, state="failed")
    (problem,) = await problems(cloud, "operation.failed")
    assert problem["detail"].startswith("virtual_machine.create of big: ")
    assert (await cloud.admin.get("/overview"))["operations"]["failed_24h"] == 1
    assert problem["resource_id"] == tenant.client.ended["id"]


async def test_what_the_records_show_is_told_with_a_remedy(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    host_id = cloud.hosts[0]
    async with cloud.units.write(ACTOR) as work:
        now = work.clock.now()
        await work.session.execute(
            update(HostRow).where(HostRow.id == host_id).values(storage_gib=1000, storage_free_gib=20)
        )
        await work.session.execute(
            update(SubscriptionSyncRow)
            .where(SubscriptionSyncRow.provider == "networks")
            .values(state="out_of_sync", last_error="no network", updated_at=now)
        )
        work.add(
            UnmanagedGuestRow(
                host_id=cloud.hosts[1],
                guest_id=work.ids.new(),
                title="stray",
                power_state="running",
                made_by_zaffre=False,
                first_seen_at=now - timedelta(hours=1),
                last_seen_at=now,
            )
        )
        for _ in range(3):
            work.emit("host.reservations_repaired", ResourceRef("host", host_id, "host-1"))
        work.emit("host.image_copies_lost", ResourceRef("host", host_id, "host-1"), image_ids=[])
    seen = {each["code"]: each for each in (await cloud.admin.get("/overview"))["problems"]}
    assert set(seen) >= {"host.storage_nearly_full", "subscription.out_of_sync", "drift.repeats", "host.images_lost"}
    assert seen["drift.repeats"]["detail"] == "Its reservations were repaired 3 times within a day: host-1."
    assert seen["subscription.out_of_sync"]["resource_id"] == tenant.subscription_id
    assert all(each["remedy"] and each["title"] and each["detail"] for each in seen.values())
    order = ["critical", "warning", "notice"]
    severities = [order.index(each["severity"]) for each in (await cloud.admin.get("/overview"))["problems"]]
    assert severities == sorted(severities)


async def test_tenants_do_not_see_the_overview(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    token = tenant.client.http.headers["Authorization"].removeprefix("Bearer ")
    assert (await cloud.client(Face.ADMIN, token).ask("GET", "/overview")).status == 403
