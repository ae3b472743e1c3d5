"""What tenants do with checkpoints, through the API."""

from typing import Any

from sqlalchemy import select

from support.cloud import SimulatedCloud, Tenant
from support.waiting import until
from zaffre.compute.checkpoint_tree import CHECKPOINTS_PER_MACHINE
from zaffre.compute.checkpoints import HasCheckpoints, refuse_with_checkpoints
from zaffre.compute.tables import VirtualMachineRow
from zaffre.fabric.drivers.hypervisor import StorageFull
from zaffre.fabric.drivers.simulated import Action
from zaffre.foundation.actor import system_actor


class Bench:
    """A tenant with one machine."""

    def __init__(self, cloud: SimulatedCloud, tenant: Tenant, machine: Any) -> None:
        self.cloud, self.tenant, self.client = cloud, tenant, tenant.client
        self.machine_id = machine["id"]
        self.volume = f"{self.machine_id}-root.qcow2"
        self.machine_path = f"{tenant.base}/virtual-machines/{self.machine_id}"
        self.path = f"{self.machine_path}/checkpoints"

    async def take(self, name: str, state: str = "succeeded") -> str:
        return (await self.client.accepted("POST", self.path, {"name": name}, state))["id"]

    async def restore(self, checkpoint_id: str) -> None:
        await self.client.accepted("POST", f"{self.path}/{checkpoint_id}/restore")

    async def delete(self, checkpoint_id: str) -> None:
        await self.client.accepted("DELETE", f"{self.path}/{checkpoint_id}")

    async def power(self, verb: str) -> None:
        await self.client.accepted("POST", f"{self.machine_path}/{verb}")

    async def machine(self) -> Any:
        return await self.client.get(self.machine_path)

    async def tree(self) -> dict[str, tuple[str | None, bool]]:
        """Each checkpoint's parent, by name, and whether it is the current one."""
        found = (await self.client.get(self.path))["value"]
        names = {each["id"]: each["name"] for each in found} | {None: None}
        return {each["name"]: (names[each["parent_id"]], each["current"]) for each in found}

    async def host(self) -> str:
        """The name of the machine's host in the simulated world."""
        [machine] = (await self.cloud.admin.get("/virtual-machines"))["value"]
        return (await self.cloud.admin.get(f"/hosts/{machine['host_id']}"))["name"]

    async def write(self, content: bytes) -> None:
        self.cloud.world.faults.write_to_disk(await self.host(), self.volume, content)

    async def disk(self) -> bytes | None:
        return self.cloud.world.host(await self.host()).volume(self.volume).content


async def bench(cloud: SimulatedCloud, **quota: int) -> Bench:
    tenant = await cloud.tenant(await cloud.plan(**quota))
    return Bench(cloud, tenant, await tenant.vm("web", await tenant.network()))


async def test_a_running_machine_is_brought_back_with_its_disk(cloud: SimulatedCloud) -> None:
    web = await bench(cloud)
    await web.write(b"before")
    checkpoint = await web.take("before the upgrade")
    seen = await web.client.get(f"{web.path}/{checkpoint}")
    assert (seen["state"], seen["with_memory"], seen["current"], seen["parent_id"]) == ("ready", True, True, None)
    assert seen["size_bytes"] == 128 << 20
    assert (await web.machine())["checkpoint_count"] == 1
    await web.write(b"after")
    await web.power("stop")
    await web.restore(checkpoint)
    machine = await web.machine()
    assert (machine["state"], machine["desired"], machine["operation_id"]) == ("running", "running", None)
    assert await web.disk() == b"before"


async def test_a_running_machine_goes_back_to_when_it_was_off(cloud: SimulatedCloud) -> None:
    web = await bench(cloud)
    await web.power("stop")
    checkpoint = await web.take("off")
    assert not (await web.client.get(f"{web.path}/{checkpoint}"))["with_memory"]
    await web.power("start")
    await web.restore(checkpoint)
    machine = await web.machine()
    assert (machine["state"], machine["desired"]) == ("stopped", "stopped")


async def test_checkpoints_branch_and_keep_their_tree_when_one_in_the_middle_goes(cloud: SimulatedCloud) -> None:
    web = await bench(cloud)
    first = await web.take("first")
    second = await web.take("second")
    await web.take("third")
    await web.restore(second)
    await web.take("another third")
    tree = {"first": (None, False), "second": ("first", False), "third": ("second", False)}
    assert await web.tree() == tree | {"another third": ("second", True)}
    await web.delete(second)
    assert await web.tree() == {"first": (None, False), "third": ("first", False), "another third": ("first", True)}
    await web.restore(first)
    await web.delete(first)
    assert await web.tree() == {"third": (None, False), "another third": (None, False)}
    assert (await web.tenant.usage())["checkpoints"] == (2, 50)


async def test_deleting_the_current_checkpoint_makes_its_parent_current(cloud: SimulatedCloud) -> None:
    web = await bench(cloud)
    await web.take("first")
    await web.delete(await web.take("second"))
    assert await web.tree() == {"first": (None, True)}
    await web.take("again")
    assert await web.tree() == {"first": (None, False), "again": ("first", True)}


async def test_a_checkpoint_is_renamed_and_described(cloud: SimulatedCloud) -> None:
    web = await bench(cloud)
    checkpoint = await web.take("first")
    await web.take("second")
    path = f"{web.path}/{checkpoint}"
    changed = await web.client.patch(path, {"name": "better", "description": "clean"})
    assert (changed["name"], changed["description"]) == ("better", "clean")
    taken = await web.client.ask("PATCH", path, {"name": "second"})
    assert (taken.status, taken.body["code"]) == (409, "resource.name_taken")
    stale = await web.client.ask("PATCH", path, {"name": "third"}, headers={"If-Match": '"1"'})
    assert stale.status == 412


async def test_what_cannot_be_taken_is_refused(cloud: SimulatedCloud) -> None:
    web = await bench(cloud, checkpoints=1)
    await web.take("first")
    same = await web.client.ask("POST", web.path, {"name": "first"})
    assert same.status == 409
    more = await web.client.ask("POST", web.path, {"name": "second"})
    assert (more.status, more.body["code"], more.body["target"]) == (409, "quota.exceeded", "checkpoints")
    assert (await web.tenant.usage())["checkpoints"] == (1, 1)


async def test_a_machine_has_a_bounded_number_of_checkpoints(cloud: SimulatedCloud) -> None:
    web = await bench(cloud, checkpoints=100)
    for number in range(CHECKPOINTS_PER_MACHINE):
        await web.take(f"number {number}")
    more = await web.client.ask("POST", web.path, {"name": "one more"})
    assert (more.status, more.body["code"]) == (409, "checkpoint.too_many")


async def test_one_thing_at_a_time_is_done_to_a_machine(cloud: SimulatedCloud) -> None:
    web = await bench(cloud)
    checkpoint = await web.take("first")
    cloud.world.faults.delay(await web.host(), 0.5)
    restoring = await web.client.ask("POST", f"{web.path}/{checkpoint}/restore")
    assert (restoring.status, restoring.body["state"]) == (202, "restoring")
    assert (await web.machine())["state"] == "restoring"
    one = f"{web.path}/{checkpoint}"
    for method, path, body in (
        ("POST", web.path, {"name": "b"}),
        ("POST", f"{one}/restore", None),
        ("DELETE", one, None),
    ):
        busy = await web.client.ask(method, path, body)
        assert (busy.status, busy.body["code"]) == (409, "virtual_machine.busy")
    cloud.world.faults.delay(await web.host(), 0)
    await web.client.operation(restoring.headers["Operation-Location"])


async def test_others_see_none_of_it(cloud: SimulatedCloud) -> None:
    web = await bench(cloud)
    checkpoint = await web.take("first")
    other = await bench(cloud)
    assert (await other.client.ask("GET", web.path)).status == 404
    assert (await other.client.ask("GET", f"{other.path}/{checkpoint}")).status == 404
    assert (await other.client.ask("POST", f"{other.path}/{checkpoint}/restore")).status == 404
    assert (await other.client.ask("DELETE", f"{other.path}/{checkpoint}")).status == 404


async def test_a_full_host_says_so_and_nothing_is_left(cloud: SimulatedCloud) -> None:
    web = await bench(cloud)
    host = await web.host()
    cloud.world.faults.fail_next(host, Action.CREATE_CHECKPOINT, StorageFull(host, 2**30, 2**20))
    await web.take("too large", state="failed")
    assert web.client.ended["problem"]["code"] == "host.storage_full"
    assert await web.tree() == {}
    assert (await web.machine())["state"] == "running"
    assert (await web.tenant.usage())["checkpoints"] == (0, 50)


async def test_a_checkpoint_deleted_behind_our_back_leaves_the_tree(cloud: SimulatedCloud) -> None:
    web = await bench(cloud)
    await web.take("first")
    second = await web.take("second")
    await web.take("third")
    cloud.world.faults.delete_checkpoint(await web.host(), web.volume, second)

    async def noticed() -> bool:
        return await web.tree() == {"first": (None, False), "third": ("first", True)}

    await until(noticed, 20)
    events = (await web.client.get(f"/events/history?$filter=resource_id eq {second}"))["value"]
    assert "checkpoint.lost" in {event["kind"] for event in events}
    assert (await web.tenant.usage())["checkpoints"] == (2, 50)


async def test_what_a_host_keeps_without_a_record_is_removed(cloud: SimulatedCloud) -> None:
    web = await bench(cloud)
    await web.take("first")
    host = cloud.world.host(await web.host())
    stray = cloud.units.ids.new()
    host.checkpoints.create(web.machine_id, stray)

    async def gone() -> bool:
        return stray not in {each.id for each in host.checkpoints.of_guest(web.machine_id)}

    await until(gone, 20)
    assert await web.tree() == {"first": (None, True)}


async def test_a_checkpoint_that_is_gone_is_not_restored(cloud: SimulatedCloud) -> None:
    web = await bench(cloud)
    checkpoint = await web.take("first")
    cloud.world.faults.delete_checkpoint(await web.host(), web.volume, checkpoint)
    await web.client.accepted("POST", f"{web.path}/{checkpoint}/restore", state="failed")
    assert web.client.ended["problem"]["code"] == "host.checkpoint_missing"
    assert (await web.machine())["state"] == "running"


async def test_a_machine_goes_with_its_checkpoints(cloud: SimulatedCloud) -> None:
    web = await bench(cloud)
    await web.take("first")
    await web.take("second")
    await web.client.accepted("DELETE", web.machine_path)
    assert (await web.tenant.usage())["checkpoints"] == (0, 50)


async def test_what_would_leave_checkpoints_unfit_is_refused(cloud: SimulatedCloud) -> None:
    web = await bench(cloud)

    async def refusal() -> HasCheckpoints | None:
        async with cloud.units.read(system_actor("test")) as work:
            machine = await work.session.scalar(select(VirtualMachineRow))
            assert machine is not None
            try:
                await refuse_with_checkpoints(work, machine)
            except HasCheckpoints as error:
                return error
        return None

    assert await refusal() is None
    await web.take("first")
    refused = await refusal()
    assert refused is not None
    assert (refused.code, refused.target) == ("virtual_machine.has_checkpoints", web.machine_id)


async def test_lists_are_searched_and_sorted(cloud: SimulatedCloud) -> None:
    web = await bench(cloud)
    for name in ("alpha", "beta", "gamma"):
        await web.take(name)
    found = await web.client.get(f"{web.path}?$filter=with_memory eq true&$orderby=name desc&$top=2&$count=true")
    assert ([each["name"] for each in found["value"]], found["@odata.count"]) == (["gamma", "beta"], 3)
    assert [each["name"] for each in (await web.client.get(f"{web.path}?$search=alph"))["value"]] == ["alpha"]
