"""Durable work on virtual machines: attaching them to subnets and detaching them."""

from collections.abc import Sequence
from dataclasses import replace

from zaffre.compute.guest import seed_volume
from zaffre.compute.operations import LET_GO_S, MachineSaga
from zaffre.fabric.drivers.hypervisor import GuestKeepsPort, GuestPort
from zaffre.foundation.operations.saga import Run, Step, nothing
from zaffre.network import Ports


class PortSaga(MachineSaga):
    """What adding and removing a port share."""

    def _port_id(self, run: Run) -> str:
        return str(run.operation.parameters["port_id"])

    async def _attach(self, run: Run) -> None:
        """Give the guest the port, and its seed the port's MAC address for when it starts next."""
        plan = await self._plan(run)
        hypervisor = await self._tools.hypervisors.get(plan.host_id)
        for port in plan.spec.ports:
            if port.port_id == self._port_id(run):
                await hypervisor.attach_port(plan.machine_id, port)
        await hypervisor.upload_volume(seed_volume(plan.machine_id), plan.seed())

    async def _detach(self, run: Run) -> None:
        plan = await self._plan(run)
        port = self._in(plan.spec.ports, run)
        if port is not None:
            hypervisor = await self._tools.hypervisors.get(plan.host_id)
            await hypervisor.detach_port(plan.machine_id, port, LET_GO_S)

    async def _plug(self, run: Run) -> None:
        await self._tools.port_plane.plug(run.actor, run.operation.resource_id)

    async def _unplug_port(self, run: Run) -> None:
        await self._tools.port_plane.unplug_one(run.actor, self._port_id(run))

    async def _observe(self, run: Run, event: str) -> None:
        hypervisor = await self._host(run)
        await self._settle(run, await hypervisor.observe(run.operation.resource_id), event)

    def _in(self, ports: Sequence[GuestPort], run: Run) -> GuestPort | None:
        return next((port for port in ports if port.port_id == self._port_id(run)), None)


class AddPort(PortSaga):
    """Attaches a virtual machine to a subnet: a port on the plane, an interface in the guest."""

    kind = "virtual_machine.add_port"
    cancellable = True

    def steps(self) -> Sequence[Step]:
        """Return the steps. The first has nothing to do: address and MAC were claimed with the intent."""
        return [
            Step("record", "Recording the port", nothing, self._forget),
            Step("plug", "Making the port on the network", self._plug, self._unplug_port),
            Step("attach", "Attaching it to the guest", self._attach_and_settle, self._take_back),
        ]

    async def _attach_and_settle(self, run: Run) -> None:
        await self._attach(run)
        await self._observe(run, "virtual_machine.port_added")

    async def _take_back(self, run: Run) -> None:
        """Take the interface from the guest; from one that keeps it at least at its next start: it leads nowhere."""
        try:
            await self._detach(run)
        except GuestKeepsPort:
            plan = await self._plan(run)
            kept = tuple(port for port in plan.spec.ports if port.port_id != self._port_id(run))
            hypervisor = await self._tools.hypervisors.get(plan.host_id)
            await hypervisor.define(replace(plan.spec, ports=kept))

    async def _forget(self, run: Run) -> None:
        async with run.work() as work:
            await Ports(work).release_one(self._port_id(run))
        await self._let_go(run)


class RemovePort(PortSaga):
    """Detaches a virtual machine from a subnet."""

    kind = "virtual_machine.remove_port"
    cancellable = True

    def steps(self) -> Sequence[Step]:
        """Return the steps. A guest that does not let go gets its port back whole."""
        return [
            Step("detach", "Asking the guest for the interface", self._detach, self._give_back),
            Step("unplug", "Removing the port from the network", self._unplug_port, self._plug),
            Step("forget", "Giving back its address", self._finish),
        ]

    async def _give_back(self, run: Run) -> None:
        await self._attach(run)
        await self._let_go(run)

    async def _finish(self, run: Run) -> None:
        async with run.work() as work:
            await Ports(work).release_one(self._port_id(run))
        await self._observe(run, "virtual_machine.port_removed")
