"""Durable work on virtual machines: moving them to other hosts while they run.

At every moment the records name the host that has the guest, or an operation is about to make them. Until the guest
goes on over there, everything can be undone and it never left. From then on nothing is undone: what is behind is only
cleaned up. Which of the two it is, is read from the hosts, never remembered.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import select

from zaffre.compute.availability_sets import separation_of
from zaffre.compute.guest import GuestPlan, seed_volume, serial_log_volume
from zaffre.compute.migrations import HostUnfit, Migrations, machine_names
from zaffre.compute.operations import IMAGE_DEADLINE_S, MachineSaga
from zaffre.compute.tables import DiskRow
from zaffre.compute.virtual_machines import reference
from zaffre.fabric import Cleanups, Demand, HostDown, Placement
from zaffre.fabric.drivers.hypervisor import (
    GuestObservation,
    GuestState,
    Hypervisor,
    HypervisorRefused,
    MigrationTarget,
    VolumeMissing,
)
from zaffre.fabric.hosts import address_of
from zaffre.fabric.tables import HostRow
from zaffre.foundation.errors import DomainError
from zaffre.foundation.operations.saga import Cancelled, Run, Step
from zaffre.foundation.work import UnitOfWork
from zaffre.network.drivers.plane import PlaneUnreachable

log = structlog.get_logger(__name__)

MOVE_DEADLINE_S = 24 * 3600.0
SETTLED_WITHIN_S = 20.0
SETTLED_POLL_S = 0.25
LOG_BYTES = 4 * 1024 * 1024
"""The serial log is cut off before this on its host."""
_ON = (GuestState.RUNNING, GuestState.PAUSED)


@dataclass(frozen=True)
class _Move:
    """From where to where."""

    source_id: str
    source: Hypervisor
    target_id: str
    target: Hypervisor
    destination: MigrationTarget
    chassis: tuple[str, ...]
    """Names of both hosts on the network plane; empty when they are not known."""


class MigrateVirtualMachine(MachineSaga):
    """Moves a virtual machine that is on."""

    kind = "virtual_machine.migrate"
    cancellable = True

    def steps(self) -> Sequence[Step]:
        """Return the steps."""
        return [
            Step("place", "Choosing a host", self._place, self._unplace),
            Step("prepare", "Bringing image and seed to it", self._prepare, self._unprepare, IMAGE_DEADLINE_S),
            Step("network", "Preparing the networks", self._spread_ports, self._gather_ports),
            Step("move", "Copying disks and memory", self._move, self._stay, MOVE_DEADLINE_S),
            Step("clean", "Removing what is left behind", self._clean_up, cancellable=False),
        ]

    # Where to ----------------------------------------------------------------------------------------------------

    async def _place(self, run: Run) -> None:
        async with run.work() as work:
            row = await self._row(work, run)
            if row is None or await Placement(work).host_of(run.operation.id) is not None:
                return
            wanted = run.operation.parameters.get("host_id")
            fit = frozenset(c.host.id for c in await Migrations(work).candidates(row.id) if c.unfit_because is None)
            if wanted is not None and wanted not in fit:
                raise HostUnfit(
                    "The host was fit when the migration was asked for and is no more.",
                    remedy="Look again at the hosts that are fit, and choose another.",
                    target="host_id",
                )
            demand = await Placement(work).demand_of(row.id) or Demand(row.vcpus, row.memory_mib, 0)
            await Placement(work).reserve(
                run.operation.id,
                row.subscription_id,
                row.stamp_id,
                demand,
                apart=await separation_of(work, row),
                among=fit if wanted is None else frozenset([str(wanted)]),
            )

    async def _unplace(self, run: Run) -> None:
        async with run.work() as work:
            await Placement(work).release(run.operation.id)
        await self._let_go(run)

    async def _planned(self, run: Run) -> _Move | None:
        """Return the move; None when the records say that it has happened, or that none was begun."""
        async with run.units.read(run.actor) as work:
            target_id = await Placement(work).host_of(run.operation.id)
            if target_id is None:
                return None
            source = await work.session.get_one(HostRow, str(run.operation.parameters["from_host_id"]))
            target = await work.session.get_one(HostRow, target_id)
            names = (source.hostname, target.hostname)
            destination = MigrationTarget(target.migration_uri or target.uri, address_of(target))
            chassis = tuple(name for name in names if name) if all(names) else ()
        return _Move(
            source.id,
            await self._tools.hypervisors.get(source.id),
            target.id,
            await self._tools.hypervisors.get(target.id),
            destination,
            chassis,
        )

    # What the guest needs there ----------------------------------------------------------------------------------

    async def _prepare(self, run: Run) -> None:
        """Bring what the guest only reads, and what it has said so far. Its disks are made when the move begins."""
        move = await self._planned(run)
        if move is None:
            return
        plan = await self._plan(run)
        await self._tools.copies.renew(move.target_id, move.target, plan.image_id)
        if plan.iso_image_id is not None:
            await self._tools.copies.renew(move.target_id, move.target, plan.iso_image_id)
        await move.target.upload_volume(seed_volume(plan.machine_id), plan.seed())
        await move.target.upload_volume(serial_log_volume(plan.machine_id), await _serial_log(move.source, plan))

    async def _unprepare(self, run: Run) -> None:
        """Remove from the target what was brought there, unless the guest is there."""
        move = await self._planned(run)
        if move is None:
            return
        machine_id = run.operation.resource_id
        async with run.units.read(run.actor) as work:
            names = await machine_names(work, machine_id)
        try:
            await _remove(move.target, machine_id, names)
        except HostDown:
            async with run.work() as work:
                await Cleanups(work).note(move.target_id, guests=[machine_id], volumes=names[1:])

    async def _spread_ports(self, run: Run) -> None:
        """Let the target's switch have the guest's ports ready, silent until the guest speaks there."""
        move = await self._planned(run)
        if move is not None:
            await self._tools.port_plane.hand_over(run.actor, run.operation.resource_id, move.chassis)

    async def _gather_ports(self, run: Run) -> None:
        await self._release_ports(run)

    async def _release_ports(self, run: Run) -> None:
        """Let the ports be wherever the guest is; a plane that does not answer is told by its reconciler."""
        try:
            await self._tools.port_plane.hand_over(run.actor, run.operation.resource_id, ())
        except PlaneUnreachable as error:
            log.info("ports are left to the reconciler", cause=error.detail)

    # The move ----------------------------------------------------------------------------------------------------

    async def _move(self, run: Run) -> None:
        move = await self._planned(run)
        if move is None:
            return
        machine_id = run.operation.resource_id
        if not await _has_moved(move, machine_id):
            if await move.target.observe(machine_id) is None:
                await self._make_disks(run, move)

            async def report(fraction: float) -> None:
                run.report(fraction)
                await run.check_cancelled()

            try:
                await move.source.migrate(machine_id, move.destination, report)
            except Cancelled:
                await move.source.abort_migration(machine_id)
                if not await _ended_there(run, move):
                    raise  # otherwise it was too late, and the move is finished as it would have been
            if not await _ended_there(run, move):
                cause = "the move ended and it is still where it was"
                raise HypervisorRefused(move.source.address.name, f"move guest {machine_id}", cause)
        await self._switch(run, move)

    async def _make_disks(self, run: Run, move: _Move) -> None:
        """Make empty disks for the guest's to be copied into, in place of whatever an earlier attempt left.

        Not while the guest is arriving there: then they are being filled.
        """
        plan = await self._plan(run)
        async with run.units.read(run.actor) as work:
            sizes = await _disk_sizes(work, plan)
        backing = await self._tools.copies.ensure(move.target_id, move.target, plan.image_id)
        for volume, size_gib in sizes.items():
            await move.target.delete_volume(volume)
            if volume != plan.root_volume:
                await move.target.create_blank(volume, size_gib)
                continue
            try:
                await move.target.create_overlay(volume, backing, size_gib)
            except VolumeMissing:
                await self._tools.copies.renew(move.target_id, move.target, plan.image_id)
                await move.target.create_overlay(volume, backing, size_gib)

    async def _stay(self, run: Run) -> None:
        """Stop the move and see where the guest is: if it got there it stays there, and what is behind is cleaned."""
        move = await self._planned(run)
        if move is None:
            return
        machine_id = run.operation.resource_id
        await move.source.abort_migration(machine_id)
        if await _ended_there(run, move):
            await self._switch(run, move)
            await self._clean_up(run)

    async def _switch(self, run: Run, move: _Move) -> None:
        """Write down that the guest is on the target now, and what must go from the source."""
        machine_id = run.operation.resource_id
        async with run.work() as work:
            row = await self._row(work, run)
            if row is None or row.host_id == move.target_id:
                return
            row.host_id = move.target_id
            await Placement(work).hand_over(run.operation.id, machine_id)
            names = await machine_names(work, machine_id)
            await Cleanups(work).note(move.source_id, guests=[machine_id], volumes=names[1:])
            work.emit("virtual_machine.migrated", reference(row), from_host_id=move.source_id, host_id=move.target_id)

    # Afterwards --------------------------------------------------------------------------------------------------

    async def _clean_up(self, run: Run) -> None:
        """Remove the guest from where it was; what cannot be removed now is removed when that host answers."""
        machine_id = run.operation.resource_id
        source_id = str(run.operation.parameters["from_host_id"])
        async with run.units.read(run.actor) as work:
            names = await machine_names(work, machine_id)
        try:
            await _remove(await self._tools.hypervisors.get(source_id), machine_id, names)
        except DomainError as error:
            log.info("what is left behind is removed later", cause=error.detail)
        else:
            async with run.work() as work:
                await Cleanups(work).strike_out(source_id, names)
        await self._release_ports(run)
        hypervisor = await self._host(run)
        await self._settle(run, await hypervisor.observe(machine_id), "virtual_machine.settled")


async def _has_moved(move: _Move, machine_id: str) -> bool:
    """Tell whether the guest goes on on the target, and only there."""
    there, here = await move.target.observe(machine_id), await move.source.observe(machine_id)
    return _is_on(there) and not _is_on(here)


async def _ended_there(run: Run, move: _Move) -> bool:
    """Tell where a move that has ended has left the guest: on the target, or not.

    For a moment both hosts can have it, or neither: one is about to let go of it, or to let it go on.
    """
    machine_id = run.operation.resource_id
    ends_s = run.clock.monotonic_s() + SETTLED_WITHIN_S
    while True:
        there, here = await move.target.observe(machine_id), await move.source.observe(machine_id)
        if _is_on(there) != _is_on(here):
            return _is_on(there)
        if (there is not None and here is None) or run.clock.monotonic_s() >= ends_s:
            return here is None and there is not None
        await run.clock.sleep(SETTLED_POLL_S)


def _is_on(seen: GuestObservation | None) -> bool:
    return seen is not None and seen.state in _ON


async def _remove(hypervisor: Hypervisor, machine_id: str, names: Sequence[str]) -> None:
    """Remove a guest and its volumes from a host."""
    await hypervisor.undefine(machine_id)
    for volume in names[1:]:
        await hypervisor.delete_volume(volume)


async def _serial_log(hypervisor: Hypervisor, plan: GuestPlan) -> bytes:
    try:
        return b"".join(
            [part async for part in hypervisor.read_volume(serial_log_volume(plan.machine_id), 0, LOG_BYTES)]
        )
    except VolumeMissing:
        return b""


async def _disk_sizes(work: UnitOfWork, plan: GuestPlan) -> dict[str, int]:
    """Return the sizes in GiB of a guest's disks, by the names of their volumes."""
    wanted = {disk.volume for disk in plan.spec.disks}
    statement = select(DiskRow.volume, DiskRow.size_gib).where(DiskRow.virtual_machine_id == plan.machine_id)
    return {str(volume): size for volume, size in await work.session.execute(statement) if volume in wanted}
