"""Durable work on virtual machines: making and deleting them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import func, select

from zaffre.compute.availability_sets import separation_of
from zaffre.compute.checkpoints import forget_checkpoints
from zaffre.compute.disk_records import let_disks_go, part_with_disks, root_disk_made
from zaffre.compute.guest import GuestPlan, guest_plan, seed_volume
from zaffre.compute.observations import apply_observation
from zaffre.compute.tables import DiskRow, VirtualMachineRow
from zaffre.compute.virtual_machines import forget, reference, set_transition
from zaffre.fabric import Cleanups, Demand, HostDown, Hypervisors, ImageCopies, Placement
from zaffre.fabric.drivers.hypervisor import GuestObservation, Hypervisor, VolumeMissing
from zaffre.foundation.errors import NotFound
from zaffre.foundation.operations.saga import Run, Step, nothing
from zaffre.foundation.together import together
from zaffre.foundation.work import UnitOfWork
from zaffre.network import PortPlane
from zaffre.network.drivers.plane import PlaneUnreachable

log = structlog.get_logger(__name__)

IMAGE_DEADLINE_S = 900.0
"""For the first virtual machine of an image on a host, which waits for the image to be copied there."""
LET_GO_S = 20.0
"""How long a running guest may take to let go of a disk or an interface. Linux takes a second for what is idle."""


@dataclass(frozen=True)
class MachineTools:
    """What sagas of virtual machines act through."""

    hypervisors: Hypervisors
    copies: ImageCopies
    port_plane: PortPlane


class MachineSaga:
    """What all sagas of virtual machines share: their tools, and the way from an operation to its machine's host."""

    def __init__(self, tools: MachineTools) -> None:
        self._tools = tools

    async def _plan(self, run: Run) -> GuestPlan:
        async with run.units.read(run.actor) as work:
            return await guest_plan(work, run.operation.resource_id)

    async def _host(self, run: Run) -> Hypervisor:
        host_id = await self._host_of_row(run)
        if host_id is None:
            raise NotFound("placed virtual machine", run.operation.resource_id)
        return await self._tools.hypervisors.get(host_id)

    async def _row(self, work: UnitOfWork, run: Run) -> VirtualMachineRow | None:
        """Return the machine's row, locked for this transaction; None when it is gone."""
        return await work.session.get(VirtualMachineRow, run.operation.resource_id, with_for_update=True)

    async def _host_of_row(self, run: Run) -> str | None:
        async with run.units.read(run.actor) as work:
            row = await work.session.get(VirtualMachineRow, run.operation.resource_id)
            return row.host_id if row is not None else None

    async def _clean(self, run: Run, action: Callable[[Hypervisor], Awaitable[None]], **names: Sequence[str]) -> None:
        """Remove something from the machine's host; if the host does not answer, have it removed when it does."""
        host_id = await self._host_of_row(run)
        if host_id is None:
            return
        try:
            await action(await self._tools.hypervisors.get(host_id))
        except HostDown:
            async with run.work() as work:
                await Cleanups(work).note(host_id, **names)

    async def _undefine(self, run: Run) -> None:
        machine_id = run.operation.resource_id
        await self._clean(run, lambda host: host.undefine(machine_id), guests=[machine_id])

    async def _remove_volumes(self, run: Run) -> None:
        if await self._host_of_row(run) is None:
            return
        volumes = (await self._plan(run)).volumes
        await self._clean(run, lambda host: _delete_volumes(host, volumes), volumes=volumes)

    async def _unplug(self, run: Run) -> None:
        """Take the ports off the plane; if it does not answer, its reconciler removes them when it does."""
        try:
            await self._tools.port_plane.unplug(run.actor, run.operation.resource_id)
        except PlaneUnreachable as error:
            log.info("ports are left to the reconciler", cause=error.detail)

    async def _settle(self, run: Run, observation: GuestObservation | None, event: str) -> None:
        """End the operation's hold on the machine with what is seen of it now."""
        async with run.work() as work:
            row = await self._row(work, run)
            if row is not None and row.operation_id == run.operation.id:
                apply_observation(work, row, observation)
                set_transition(row, None, None)
                await self._settled(work, row)
                work.emit(event, reference(row))

    async def _settled(self, work: UnitOfWork, row: VirtualMachineRow) -> None:
        """Note what else is true when the operation ends."""

    async def _let_go(self, run: Run) -> None:
        """End the operation's hold on the machine, leaving what was last seen of it."""
        async with run.work() as work:
            row = await self._row(work, run)
            if row is not None and row.operation_id == run.operation.id:
                set_transition(row, None, None)
                work.emit(f"{run.operation.kind}_failed", reference(row))


class CreateVirtualMachine(MachineSaga):
    """Makes a virtual machine: a place, ports, a disk, a seed, a running guest."""

    kind = "virtual_machine.create"
    cancellable = True

    def steps(self) -> Sequence[Step]:
        """Return the steps. The first has nothing to do: quota, addresses and rows were claimed with the intent."""
        return [
            Step("record", "Recording the virtual machine", nothing, self._forget),
            Step("place", "Choosing a host", self._place, self._unplace),
            Step("make", "Making disk, ports and definition", self._make, self._unmake, deadline_s=IMAGE_DEADLINE_S),
            Step("start", "Starting it", self._start, nothing),
        ]

    async def _place(self, run: Run) -> None:
        async with run.work() as work:
            row = await self._row(work, run)
            if row is None:
                return
            disk_gib = await work.session.scalar(
                select(func.sum(DiskRow.size_gib)).where(DiskRow.virtual_machine_id == row.id)
            )
            demand = Demand(row.vcpus, row.memory_mib, int(disk_gib or 0))
            apart = await separation_of(work, row)
            row.host_id = await Placement(work).reserve(row.id, row.subscription_id, row.stamp_id, demand, apart=apart)

    async def _make(self, run: Run) -> None:
        """Make what starting it needs. Nothing of it needs the others, so none waits for another."""
        plan = await self._plan(run)
        hypervisor = await self._tools.hypervisors.get(plan.host_id)
        await together(
            self._make_disk(plan, hypervisor),
            hypervisor.upload_volume(seed_volume(plan.machine_id), plan.seed()),
            hypervisor.define(plan.spec),
            self._tools.port_plane.plug(run.actor, plan.machine_id),
        )

    async def _unmake(self, run: Run) -> None:
        await self._undefine(run)
        await together(self._remove_volumes(run), self._unplug(run))

    async def _make_disk(self, plan: GuestPlan, hypervisor: Hypervisor) -> None:
        backing = await self._tools.copies.ensure(plan.host_id, hypervisor, plan.image_id)
        try:
            await hypervisor.create_overlay(plan.root_volume, backing, plan.root_gib)
        except VolumeMissing:
            # The copy that is on record was removed from the host.
            await self._tools.copies.renew(plan.host_id, hypervisor, plan.image_id)
            await hypervisor.create_overlay(plan.root_volume, backing, plan.root_gib)

    async def _start(self, run: Run) -> None:
        hypervisor = await self._host(run)
        await hypervisor.start(run.operation.resource_id)
        await self._settle(run, await hypervisor.observe(run.operation.resource_id), "virtual_machine.created")

    async def _settled(self, work: UnitOfWork, row: VirtualMachineRow) -> None:
        await root_disk_made(work, row)

    async def _unplace(self, run: Run) -> None:
        async with run.work() as work:
            await Placement(work).release(run.operation.resource_id)
            row = await self._row(work, run)
            if row is not None:
                row.host_id = None

    async def _forget(self, run: Run) -> None:
        async with run.work() as work:
            row = await self._row(work, run)
            if row is not None:
                work.emit("virtual_machine.create_failed", reference(row))
                await forget(work, row)


class DeleteVirtualMachine(MachineSaga):
    """Deletes a virtual machine with its disks. A host or plane that does not answer is cleaned when it does."""

    kind = "virtual_machine.delete"
    cancellable = False

    def steps(self) -> Sequence[Step]:
        """Return the steps. Undoing only ends the operation's hold: what is gone is gone; deleting can be retried."""
        return [
            Step("guest", "Stopping and removing it from its host", self._undefine, self._let_everything_go),
            Step("disk", "Deleting its disks", self._remove_disks),
            Step("network", "Unplugging it from its networks", self._unplug),
            Step("forget", "Giving back its room, addresses and quota", self._finish),
        ]

    async def _let_everything_go(self, run: Run) -> None:
        async with run.work() as work:
            await let_disks_go(work, run.operation.resource_id, run.operation.id)
        await self._let_go(run)

    async def _remove_disks(self, run: Run) -> None:
        await self._remove_volumes(run)
        if not run.operation.parameters.get("delete_disks") or await self._host_of_row(run) is None:
            return
        volumes = (await self._plan(run)).data_volumes
        await self._clean(run, lambda host: _delete_volumes(host, volumes), volumes=volumes)

    async def _finish(self, run: Run) -> None:
        async with run.work() as work:
            machine = await self._row(work, run)
            if machine is not None:
                delete_disks = bool(run.operation.parameters.get("delete_disks"))
                await part_with_disks(work, machine, delete=delete_disks)
            await Placement(work).release(run.operation.resource_id)
            row = await self._row(work, run)
            if row is not None:
                work.emit("virtual_machine.deleted", reference(row))
                await forget_checkpoints(work, row.id)
                await forget(work, row)


async def _delete_volumes(hypervisor: Hypervisor, volumes: Sequence[str]) -> None:
    for volume in volumes:
        await hypervisor.delete_volume(volume)
