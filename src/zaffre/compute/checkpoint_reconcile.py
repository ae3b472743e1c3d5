"""The loop that compares the records of checkpoints with what the disks have.

A checkpoint that somebody else removed, even from one disk only, cannot be gone back to: it leaves the tree, with an
event. What the disks have without a record, because an interrupted operation was ended by its host after all, is
removed from them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import select

from zaffre.compute.checkpoint_tree import CheckpointState, forget_checkpoint, reference
from zaffre.compute.tables import CheckpointRow, VirtualMachineRow
from zaffre.fabric import Cleanups, Hypervisors
from zaffre.fabric.cleanups import checkpoint_name
from zaffre.fabric.drivers.hypervisor import GuestCheckpoint, HostUnreachable, Hypervisor
from zaffre.foundation.actor import system_actor
from zaffre.foundation.batches import batches
from zaffre.foundation.errors import DomainError
from zaffre.foundation.ids import is_uuid
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitOfWork, UnitsOfWork

log = structlog.get_logger(__name__)

ACTOR = system_actor("checkpoint reconciler")
HOST_BATCH = 10
SECOND_LOOK_S = 1.0


@dataclass(frozen=True)
class _Difference:
    """A checkpoint that is either only in the records or only on its host."""

    machine_id: str
    checkpoint_id: str
    host_id: str


Kept = dict[str, list[GuestCheckpoint]]
"""What the disks of a host's machines have, by machine."""


class CheckpointProof:
    """Compares every machine that has checkpoints with its host, some hosts at a time.

    A difference counts when it is still there a moment later: the disks are read past whoever is writing to them.
    """

    def __init__(self, units: UnitsOfWork, hypervisors: Hypervisors, metrics: Metrics) -> None:
        self._units = units
        self._hypervisors = hypervisors
        self._metrics = metrics

    async def run(self) -> None:
        """Look at all hosts that answer."""
        for hosts in batches(self._hypervisors.connected(), HOST_BATCH):
            differences = await self._compare(hosts)
            if differences:
                await self._units.clock.sleep(SECOND_LOOK_S)
                differences &= await self._compare(hosts)
            for difference in sorted(differences, key=lambda each: each.checkpoint_id):
                async with self._units.write(ACTOR) as work:
                    if await _settle(work, difference):
                        self._metrics.drift.labels("checkpoint").inc()

    async def _compare(self, hosts: Sequence[tuple[str, Hypervisor]]) -> set[_Difference]:
        """Return how some hosts and the records differ.

        Only checkpoints that were ready both before and after their host was read count as lost, and only those that
        have no record afterwards as stray: a record is made before its checkpoint and goes after it.
        """
        before = await self._ready([host_id for host_id, _ in hosts])

        async def look(host_id: str, hypervisor: Hypervisor) -> Kept:
            return await _look(hypervisor, before.get(host_id, {}))

        shown = await self._hypervisors.gather(hosts, look)
        machine_ids = [machine_id for kept in shown.values() for machine_id in kept]
        recorded = await self._recorded(machine_ids)
        differences: set[_Difference] = set()
        for host_id, kept in shown.items():
            for machine_id, found in kept.items():
                whole = {each.id for each in found if each.whole}
                stray = {each.id for each in found if is_uuid(each.id)} - recorded[machine_id]
                for checkpoint_id in (before[host_id][machine_id] - whole) | stray:
                    differences.add(_Difference(machine_id, checkpoint_id, host_id))
        return differences

    async def _ready(self, host_ids: Sequence[str]) -> dict[str, dict[str, set[str]]]:
        """Return the checkpoints that should be on some hosts, by host and machine."""
        statement = (
            select(VirtualMachineRow.host_id, VirtualMachineRow.id, CheckpointRow.id)
            .join(CheckpointRow, CheckpointRow.virtual_machine_id == VirtualMachineRow.id)
            .where(
                VirtualMachineRow.host_id.in_(host_ids),
                VirtualMachineRow.transition.is_(None),
                CheckpointRow.state == CheckpointState.READY,
            )
        )
        ready: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        async with self._units.read(ACTOR) as work:
            for host_id, machine_id, checkpoint_id in (await work.session.execute(statement)).all():
                ready[str(host_id)][machine_id].add(checkpoint_id)
        return ready

    async def _recorded(self, machine_ids: Sequence[str]) -> dict[str, set[str]]:
        recorded: dict[str, set[str]] = defaultdict(set)
        async with self._units.read(ACTOR) as work:
            statement = select(CheckpointRow.virtual_machine_id, CheckpointRow.id)
            statement = statement.where(CheckpointRow.virtual_machine_id.in_(machine_ids))
            for machine_id, checkpoint_id in (await work.session.execute(statement)).all():
                recorded[machine_id].add(checkpoint_id)
        return recorded


async def _look(hypervisor: Hypervisor, machine_ids: Iterable[str]) -> Kept:
    """Read the checkpoints of some machines; one that cannot be read is left out, and told of by other loops."""
    kept: Kept = {}
    for machine_id in machine_ids:
        try:
            kept[machine_id] = list(await hypervisor.checkpoints(machine_id))
        except HostUnreachable:
            raise
        except DomainError as error:
            log.info("a machine's checkpoints cannot be read", machine_id=machine_id, cause=error.detail)
    return kept


async def _settle(work: UnitOfWork, difference: _Difference) -> bool:
    """Take a lost checkpoint out of its tree, and have removed from its host what is left of it there.

    False when an operation has begun to work on the machine since: it knows better.
    """
    machine = await work.session.get(VirtualMachineRow, difference.machine_id, with_for_update=True)
    row = await work.session.get(CheckpointRow, difference.checkpoint_id, with_for_update=True)
    if machine is None or machine.transition is not None or machine.host_id != difference.host_id:
        return False
    if row is not None:
        work.emit("checkpoint.lost", reference(row, machine), parent_id=row.parent_id)
        await forget_checkpoint(work, machine, row)
    left_over = checkpoint_name(difference.machine_id, difference.checkpoint_id)
    await Cleanups(work).note(difference.host_id, checkpoints=[left_over])
    return True
