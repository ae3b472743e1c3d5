"""Deleting subscriptions with what is in them, at once or after a time of grace."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from support.cloud import SimulatedCloud, Tenant
from support.waiting import until
from zaffre.foundation.actor import system_actor
from zaffre.management.deletions import delete_expired
from zaffre.management.tables import QuotaClaimRow, SubscriptionRow

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
ACTOR = system_actor("test")


async def full(cloud: SimulatedCloud, **terms: Any) -> Tenant:
    """A tenant with one of everything, and twelve machines."""
    tenant = await cloud.tenant(await cloud.plan(terms=terms, virtual_machines=20, vcpus=40, memory_mib=65_536))
    network = await tenant.network()
    grouped = await tenant.client.post(f"{tenant.base}/availability-sets", {"name": "set", "policy": "preferred"})
    machine = await tenant.vm("machine 0", network, availability_set_id=grouped["id"])
    for number in range(1, 12):
        answer = await tenant.ask_vm(f"machine {number}")
        assert answer.status == 202
    for name, fields in (("attached", {"virtual_machine_id": machine["id"]}), ("spare", {})):
        await tenant.client.accepted("POST", f"{tenant.base}/disks", {"name": name, "size_gib": 1} | fields)
    path = f"{tenant.base}/virtual-machines"
    last = (await tenant.client.get(f"{path}?$filter=name eq 'machine 11'"))["value"][0]

    async def built() -> bool:
        return (await tenant.read_vm(last["id"]))["state"] == "running"

    await until(built)
    await tenant.client.accepted("POST", f"{path}/{last['id']}/checkpoints", {"name": "kept"})
    await tenant.client.post(f"{tenant.base}/images", {"name": "own", "size_bytes": 1024})
    await tenant.client.post(f"{tenant.base}/ssh-keys", {"name": "key", "public_key": KEY})
    return tenant


async def gone(cloud: SimulatedCloud, tenant: Tenant) -> None:
    """See that nothing of a subscription is left anywhere."""
    assert (await cloud.admin.ask("GET", tenant.base)).status == 404
    async with cloud.units.read(ACTOR) as work:
        claims = select(func.count()).where(QuotaClaimRow.subscription_id == tenant.subscription_id)
        assert await work.session.scalar(claims) == 0
    for _, hypervisor in cloud.site.hypervisors.connected():
        assert [seen for seen in await hypervisor.observe_all() if tenant.subscription_id in str(seen.labels)] == []


async def test_a_subscription_is_deleted_with_everything_in_it(cloud: SimulatedCloud) -> None:
    tenant = await full(cloud)
    refused = await tenant.client.ask("DELETE", tenant.base)
    assert (refused.status, refused.body["code"]) == (409, "resource.in_use")
    preview = await tenant.client.get(f"{tenant.base}/deletion-preview")
    found = {each["type"]: each["count"] for provider in preview["providers"] for each in provider["holdings"]}
    assert found == {
        "virtual_machine": 12,
        "disk": 2,
        "checkpoint": 1,
        "image": 1,
        "availability_set": 1,
        "ssh_key": 1,
        "vm_network": 1,
    }
    assert preview["count"] == sum(found.values())
    answer = await tenant.client.ask("DELETE", f"{tenant.base}?cascade=true")
    assert (answer.status, answer.body["state"]) == (202, "deleting")
    late = await tenant.client.ask("POST", f"{tenant.base}/ssh-keys", {"name": "late", "public_key": KEY})
    assert (late.status, late.body["code"]) == (409, "subscription.ending")
    ended = await tenant.client.operation(answer.headers["Operation-Location"])
    assert ended["state"] == "succeeded", ended
    await gone(cloud, tenant)
    left = [volume.name for _, host in cloud.site.hypervisors.connected() for volume in await host.volumes()]
    assert [name for name in left if not name.startswith("image-")] == []
    for plane in (await cloud.site.planes.open_all()).values():
        contents = await plane.contents()
        assert (list(contents.networks), list(contents.ports)) == ([], [])


async def test_a_deletion_with_grace_can_be_taken_back_until_it_is_due(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant(await cloud.plan(terms={"suspend_policy": "pause_machines", "deletion_grace_days": 30}))
    machine = await tenant.vm("machine")
    expiring = await tenant.client.accepted("DELETE", f"{tenant.base}?cascade=true")
    assert (expiring["state"], expiring["ends_at"] is not None) == ("expiring", True)
    assert (await tenant.read_vm(machine["id"]))["stop_reason"] == "suspended"
    path = f"{tenant.base}/virtual-machines/{machine['id']}"
    for method, where in (("POST", f"{path}/start"), ("DELETE", tenant.base), ("PATCH", tenant.base)):
        body = {"name": "other"} if method == "PATCH" else None
        refused = await tenant.client.ask(method, where, body)
        assert (refused.status, refused.body["code"]) == (409, "subscription.expiring"), where
    for verb in ("suspend", "resume"):
        assert (await cloud.admin.ask("POST", f"{tenant.base}/{verb}")).body["code"] == "subscription.ending"
    restored = await tenant.client.accepted("POST", f"{tenant.base}/restore")
    assert (restored["state"], restored["ends_at"]) == ("active", None)
    assert (await tenant.read_vm(machine["id"]))["state"] == "running"
    again = await tenant.client.ask("POST", f"{tenant.base}/restore")
    assert (again.status, again.body["code"]) == (409, "subscription.not_expiring")
    await tenant.vm("quota is open again")

    await cloud.admin.accepted("POST", f"{tenant.base}/suspend")
    await cloud.admin.accepted("DELETE", f"{tenant.base}?cascade=true&grace_days=1")
    refused = await tenant.client.ask("POST", f"{tenant.base}/restore")
    assert (refused.status, refused.body["code"]) == (409, "subscription.ended_by_provider")
    assert (await cloud.admin.accepted("POST", f"{tenant.base}/restore"))["state"] == "suspended"

    await cloud.admin.accepted("DELETE", f"{tenant.base}?cascade=true&grace_days=1")
    await delete_expired(cloud.units)
    assert (await tenant.client.get(tenant.base))["state"] == "expiring"
    async with cloud.units.write(ACTOR) as work:
        due = work.clock.now() - timedelta(seconds=1)
        mine = SubscriptionRow.id == tenant.subscription_id
        await work.session.execute(update(SubscriptionRow).where(mine).values(ends_at=due))
    await delete_expired(cloud.units)

    async def ended() -> bool:
        return (await cloud.admin.ask("GET", tenant.base)).status == 404

    await until(ended)
    await gone(cloud, tenant)


async def test_what_cannot_be_deleted_is_said_and_the_reconciler_goes_on_later(
    cloud: SimulatedCloud, monkeypatch: Any
) -> None:
    monkeypatch.setattr("zaffre.management.syncs.STALLED_S", 1.0)
    tenant = await cloud.tenant()
    await tenant.vm("machine", await tenant.network())
    cloud.plane_world.faults("plane").reachable = False
    answer = await tenant.client.ask("DELETE", f"{tenant.base}?cascade=true")
    ended = await tenant.client.operation(answer.headers["Operation-Location"])
    assert (ended["state"], ended["problem"]["code"]) == ("failed", "provider.pending")
    assert "VM network" in ended["problem"]["detail"]
    shown = await tenant.client.get(tenant.base)
    assert shown["state"] == "deleting"
    assert "networks" in [sync["provider"] for sync in shown["syncs"] if sync["state"] == "out_of_sync"]
    cloud.plane_world.faults("plane").reachable = True

    async def gone_by_itself() -> bool:
        return (await cloud.admin.ask("GET", tenant.base)).status == 404

    monkeypatch.setattr("zaffre.management.reconcile.SYNC_AGAIN_AFTER", timedelta(seconds=1))
    await until(gone_by_itself)
    await gone(cloud, tenant)
