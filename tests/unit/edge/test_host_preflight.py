"""Looking at a machine before it becomes a host: each thing that can be in the way, and that nothing is left."""

import asyncio
from typing import Any

import pytest

from support.cloud import SimulatedCloud
from support.waiting import until
from zaffre.edge import host_preflight
from zaffre.edge.host_preflight import AT_ONCE, CheckName
from zaffre.fabric.drivers.hypervisor import GuestBusy, HostPoolUnusable
from zaffre.fabric.drivers.simulated import Action, SimulatedDriver, SimulatedHypervisor

EVERY_NAME = [name.value for name in CheckName]


def machine(cloud: SimulatedCloud, name: str = "new", **changes: Any) -> dict[str, Any]:
    body = {"stamp_id": cloud.stamp_id, "name": name, "driver": "simulated", "uri": f"simulated:///{name}"}
    return body | {"pool_path": "/pool"} | changes


async def look(cloud: SimulatedCloud, body: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Return the checks by name, and the facts."""
    seen = await cloud.admin.post("/hosts/preflight", body)
    assert [check["name"] for check in seen["checks"]] == EVERY_NAME
    for check in seen["checks"]:
        assert check["title"]
        assert check["detail"].endswith(".")
        skipped = check["detail"].startswith("Not looked at, because ")
        assert (check["remedy"] is None) == (check["ok"] or skipped)
    return {check["name"]: check for check in seen["checks"]}, seen["facts"]


def failed(checks: dict[str, Any]) -> list[str]:
    return [name for name, check in checks.items() if not check["ok"]]


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> list[SimulatedHypervisor]:
    """Every door that is opened from now on."""
    opened: list[SimulatedHypervisor] = []
    really = SimulatedDriver.open

    def remembering(self: SimulatedDriver, address: Any) -> SimulatedHypervisor:
        opened.append(really(self, address))
        return opened[-1]

    monkeypatch.setattr(SimulatedDriver, "open", remembering)
    return opened


def test_a_check_has_a_title_whatever_it_looks_at() -> None:
    assert all(host_preflight.Check(name, ok=True, detail="").title for name in CheckName)


async def test_a_fit_machine_passes_and_does_not_become_a_host(
    cloud: SimulatedCloud, doors: list[SimulatedHypervisor]
) -> None:
    before = await cloud.admin.get("/hosts")
    checks, facts = await look(cloud, machine(cloud, uri="simulated:///new?vcpus=8&storage_gib=500"))
    assert failed(checks) == []
    assert (facts["hostname"], facts["vcpus"], facts["accelerator"]) == ("new", 8, "kvm")
    assert "500 of 500 GiB are free in /pool" in checks["storage"]["detail"]
    assert await cloud.admin.get("/hosts") == before
    (door,) = doors
    assert not door.connected
    await cloud.admin.accepted("POST", "/hosts", machine(cloud))


async def test_emulation_is_no_failure_and_is_remarked_on(cloud: SimulatedCloud) -> None:
    checks, facts = await look(cloud, machine(cloud, uri="simulated:///slow?accelerator=tcg"))
    assert failed(checks) == []
    assert "emulated" in checks["acceleration"]["detail"]
    assert facts["accelerator"] == "tcg"


async def test_of_a_machine_that_does_not_answer_nothing_else_is_said(
    cloud: SimulatedCloud, doors: list[SimulatedHypervisor]
) -> None:
    cloud.world.faults.make_unreachable("new", "no route to host")
    checks, facts = await look(cloud, machine(cloud))
    assert facts is None
    assert failed(checks) == EVERY_NAME[3:]
    assert "no route to host" in checks["connection"]["detail"]
    assert checks["network"]["detail"] == "Not looked at, because the host cannot be reached."
    assert [door.connected for door in doors] == [False]


async def test_a_machine_that_hangs_is_given_up(cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_preflight, "FACTS_DEADLINE_S", 0.05)
    cloud.world.faults.delay("new", 30)
    checks, _ = await look(cloud, machine(cloud))
    assert "gave no answer within 0.05 s" in checks["connection"]["detail"]


async def test_an_address_that_cannot_be_understood_is_said_to_be_so(cloud: SimulatedCloud) -> None:
    checks, _ = await look(cloud, machine(cloud, uri="qemu+tls://new/system"))
    assert "is no simulated host" in checks["connection"]["detail"]


async def test_a_pool_that_cannot_be_used_is_told_from_a_machine_that_does_not_answer(cloud: SimulatedCloud) -> None:
    broken = HostPoolUnusable("new", "cannot make /pool: Read-only file system")
    cloud.world.faults.fail_next("new", Action.FACTS, broken)
    checks, facts = await look(cloud, machine(cloud))
    assert facts is None
    assert failed(checks) == EVERY_NAME[4:]
    assert "Read-only file system" in checks["storage"]["detail"]


async def test_a_full_pool_fails_and_no_test_guest_is_tried(cloud: SimulatedCloud) -> None:
    cloud.world.host("new").upload("ballast", b"content", "raw")
    checks, facts = await look(cloud, machine(cloud, uri="simulated:///new?storage_gib=1"))
    assert failed(checks) == ["storage", "acceleration"]
    assert facts["storage_free_gib"] == 0
    assert "no room for a test guest" in checks["acceleration"]["detail"]


async def test_a_test_guest_that_is_refused_is_a_failure(cloud: SimulatedCloud) -> None:
    cloud.world.faults.fail_next("new", Action.PROBE_ACCELERATOR, GuestBusy("new", "run a probe"))
    checks, facts = await look(cloud, machine(cloud))
    assert failed(checks) == ["acceleration"]
    assert facts["accelerator"] is None


async def test_a_taken_name_does_not_keep_the_rest_from_being_looked_at(cloud: SimulatedCloud) -> None:
    checks, _ = await look(cloud, machine(cloud, "host-1", uri="simulated:///new"))
    assert failed(checks) == ["name"]


async def test_a_known_address_is_not_spoken_to(cloud: SimulatedCloud, doors: list[SimulatedHypervisor]) -> None:
    host = await cloud.admin.get(f"/hosts/{cloud.hosts[0]}")
    checks, _ = await look(cloud, machine(cloud, uri=host["uri"]))
    assert failed(checks) == EVERY_NAME[2:]
    assert host["name"] in checks["address"]["detail"]
    assert doors == []


async def test_a_known_machine_is_recognised_at_another_address(cloud: SimulatedCloud) -> None:
    host = await cloud.admin.get(f"/hosts/{cloud.hosts[0]}")
    checks, _ = await look(cloud, machine(cloud, uri=f"{host['uri']}?vcpus=16"))
    assert failed(checks) == ["machine"]
    assert host["name"] in checks["machine"]["detail"]


async def test_a_host_that_the_plane_does_not_know_fails(cloud: SimulatedCloud) -> None:
    cloud.plane_world.faults("plane").absent_hosts.add("new")
    checks, _ = await look(cloud, machine(cloud))
    assert failed(checks) == ["network"]
    assert "ovn-controller" in checks["network"]["remedy"]


async def test_a_plane_that_does_not_answer_fails(cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_preflight, "PLANE_DEADLINE_S", 0.05)
    cloud.plane_world.faults("plane").reachable = False
    checks, _ = await look(cloud, machine(cloud))
    cloud.plane_world.faults("plane").reachable = True
    assert failed(checks) == ["network"]


async def test_a_stamp_without_a_network_fails_and_so_does_one_that_is_not_there(cloud: SimulatedCloud) -> None:
    bare = (await cloud.admin.post("/stamps", {"name": "bare"}))["id"]
    checks, _ = await look(cloud, machine(cloud, stamp_id=bare))
    assert failed(checks) == ["stamp", "network"]
    checks, _ = await look(cloud, machine(cloud, stamp_id=cloud.image_id))
    assert failed(checks) == ["stamp", "network"]


async def test_a_driver_that_is_not_there_is_refused(cloud: SimulatedCloud) -> None:
    answer = await cloud.admin.ask("POST", "/hosts/preflight", machine(cloud, driver="other"))
    assert (answer.status, answer.body["target"]) == (400, "driver")


async def test_few_machines_are_looked_at_at_once_and_others_wait_only_so_long(
    cloud: SimulatedCloud, doors: list[SimulatedHypervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_preflight, "TURN_DEADLINE_S", 0.1)
    monkeypatch.setattr(host_preflight, "FACTS_DEADLINE_S", 1.0)
    names = [f"slow-{number}" for number in range(AT_ONCE + 1)]
    for name in names:
        cloud.world.faults.delay(name, 30)
    bodies = [machine(cloud, name) for name in names]
    answers = await asyncio.gather(*(cloud.admin.ask("POST", "/hosts/preflight", body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [200] * AT_ONCE + [503]
    assert len(doors) == AT_ONCE


async def test_the_door_is_closed_when_the_client_goes_away(
    cloud: SimulatedCloud, doors: list[SimulatedHypervisor]
) -> None:
    cloud.world.faults.delay("new", 30)
    asking = asyncio.create_task(cloud.admin.ask("POST", "/hosts/preflight", machine(cloud)))

    async def connected() -> bool:
        return bool(doors) and doors[0].connected

    async def closed() -> bool:
        return not doors[0].connected

    await until(connected)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    cloud.world.faults.delay("new", 0)
    await until(closed)
