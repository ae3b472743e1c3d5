"""Waiting for operations."""

import httpx
import pytest

from support.scripted_api import ID, InstantClock, Routes, ok, operation, problem
from support.scripted_api import accepted as accept
from support.scripted_api import machine as machine_fields
from support.server_process import ServerProcess
from zaffre.client import (
    MachineState,
    NewPortBody,
    NewSubnetBody,
    NewVirtualMachineBody,
    NewVmNetworkBody,
    OperationFailed,
    OperationState,
    StillRunning,
    SubscriptionScope,
    VirtualMachineView,
    Zaffre,
    ZaffreError,
)

MACHINE = f"/subscriptions/{ID}/virtual-machines/{ID}"
PROBLEM = {
    "type": "urn:zaffre:problem:fabric.no_room",
    "title": "No room",
    "status": 409,
    "code": "fabric.no_room",
    "detail": "No host has 64 GiB.",
    "remedy": "Add a host.",
}


def client_of(operations: list[httpx.Response], clock: InstantClock | None = None) -> Zaffre:
    api = Routes(
        {
            f"POST {MACHINE}/start": accept(machine_fields(state="starting")),
            f"GET {MACHINE}": ok(machine_fields()),
            f"GET /operations/{ID}": operations,
        }
    )
    return Zaffre("http://zaffre.example", transport=api, clock=clock or InstantClock())


def started(client: Zaffre) -> VirtualMachineView:
    return client.subscription(ID).virtual_machines.start(ID).wait(timeout_s=60)


def test_work_is_waited_for_and_its_progress_told_once_per_change() -> None:
    steps = [operation("queued"), operation(percent=40), operation(percent=40), operation("succeeded", 100, "Done")]
    told: list[tuple[int, str]] = []
    accepted = client_of([ok(step) for step in steps]).subscription(ID).virtual_machines.start(ID)
    assert accepted.resource.state is MachineState.STARTING
    machine = accepted.wait(on_progress=lambda seen: told.append((seen.progress_percent, seen.sentence)))
    assert machine.state is MachineState.RUNNING
    assert told == [(0, "Working"), (40, "Working"), (100, "Done")]


def test_work_that_fails_tells_why() -> None:
    client = client_of([ok(operation("failed", problem=PROBLEM))])
    with pytest.raises(OperationFailed, match="No host has 64 GiB") as caught:
        started(client)
    assert caught.value.code == "fabric.no_room"
    assert caught.value.operation_id == ID
    assert caught.value.operation.state is OperationState.FAILED


def test_work_that_is_cancelled_is_told_apart() -> None:
    client = client_of([ok(operation("cancelled", sentence="Undone"))])
    with pytest.raises(OperationFailed) as caught:
        started(client)
    assert caught.value.code == "client.operation_cancelled"


def test_patience_has_an_end() -> None:
    clock = InstantClock()
    with pytest.raises(StillRunning, match="running") as caught:
        started(client_of([ok(operation())], clock))
    assert caught.value.operation_id == ID
    assert 60 <= clock.monotonic_s() < 61


def test_a_server_that_restarts_meanwhile_is_waited_for() -> None:
    away = [httpx.Response(503)] * 8
    client = client_of([ok(operation()), *away, ok(operation("succeeded", 100))])
    assert started(client).state is MachineState.RUNNING


def test_an_operation_that_the_caller_may_not_see_cannot_be_waited_for() -> None:
    client = client_of([problem(404, "resource.not_found")])
    with pytest.raises(ZaffreError, match="did not work"):
        client.operations.wait(ID)


def test_an_acceptance_without_its_operation_makes_no_sense() -> None:
    api = Routes({f"POST {MACHINE}/start": ok(machine_fields(), 202)})
    client = Zaffre("http://zaffre.example", transport=api)
    with pytest.raises(ZaffreError) as caught:
        client.subscription(ID).virtual_machines.start(ID)
    assert caught.value.code == "client.strange_answer"


def test_a_machine_is_looked_at_until_it_is_ready() -> None:
    looks = [ok(machine_fields(ready=False)), ok(machine_fields(ready=False)), ok(machine_fields())]
    api = Routes({f"GET {MACHINE}": looks})
    machines = Zaffre("http://zaffre.example", transport=api, clock=InstantClock()).subscription(ID).virtual_machines
    seen: list[bool] = []
    assert machines.wait_until(ID, lambda machine: machine.ready, on_look=lambda m: seen.append(m.ready)).ready
    assert seen == [False, False, True]


def test_a_machine_that_never_gets_ready_is_given_up() -> None:
    api = Routes({f"GET {MACHINE}": ok(machine_fields(ready=False))})
    machines = Zaffre("http://zaffre.example", transport=api, clock=InstantClock()).subscription(ID).virtual_machines
    with pytest.raises(ZaffreError, match="not ready") as caught:
        machines.wait_until(ID, lambda machine: machine.ready, timeout_s=5)
    assert caught.value.code == "client.not_in_time"


def machine_in(scope: SubscriptionScope, name: str = "web") -> VirtualMachineView:
    net = NewVmNetworkBody(name=f"{name}-net", subnets=[NewSubnetBody(name="a", cidr="10.0.0.0/24")])
    network = scope.vm_networks.create(net).wait()
    port = NewPortBody(vm_network_id=network.id, subnet_id=network.subnets[0].id)
    image = scope.images.find_item("tiny")
    body = NewVirtualMachineBody(name=name, size="tiny", image_id=image.id, ports=[port])
    return scope.virtual_machines.create(body).wait()


def test_a_machine_lives_and_dies(served: ServerProcess) -> None:
    client, scope = served.tenant()
    machines = scope.virtual_machines
    with client:
        machine = machine_in(scope)
        assert machine.state is MachineState.RUNNING
        assert machines.wait_until(machine.id, lambda seen: seen.ready).ready
        assert "web login" in machines.serial_log(machine.id).text
        assert machines.serial_log(machine.id, offset=0, limit_bytes=7).text == "SeaBIOS"
        assert machines.pause(machine.id).wait().state is MachineState.PAUSED
        assert machines.resume(machine.id).wait().state is MachineState.RUNNING
        assert machines.shutdown(machine.id).wait().state is MachineState.STOPPED
        assert machines.start(machine.id).wait().state is MachineState.RUNNING
        assert machines.reset(machine.id).wait().state is MachineState.RUNNING
        assert machines.stop(machine.id).wait().state is MachineState.STOPPED
        network = next(scope.vm_networks.all())
        assert [port.address for port in scope.vm_networks.ports(network.id).all()] == ["10.0.0.2"]
        assert machines.delete(machine.id).wait().name == "web"
        assert list(machines.all()) == []
        used = {usage.dimension: usage.used for usage in scope.usage.all()}
        assert used["virtual_machines"] == 0


def test_the_serial_log_is_followed_from_where_it_was_left(served: ServerProcess) -> None:
    client, scope = served.tenant()
    with client:
        machine = machine_in(scope)
        scope.virtual_machines.wait_until(machine.id, lambda seen: seen.ready)
        follow = scope.virtual_machines.follow_serial_log(machine.id, offset=0)
        assert "web login" in next(follow)


def test_operations_are_kept_and_can_be_found(served: ServerProcess) -> None:
    client, scope = served.tenant()
    with client:
        machine = machine_in(scope)
        kinds = [each.kind for each in client.operations.all()]
        assert kinds == ["virtual_machine.create", "vm_network.create", "subscription.sync"]
        with pytest.raises(ZaffreError) as caught:
            client.operations.cancel(next(client.operations.all()).id)
    assert caught.value.code == "operation.not_cancellable"
    assert machine.operation_id is None
