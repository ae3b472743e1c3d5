"""A virtual machine's tree of checkpoints: what tenants do with it, as rules inside a unit of work."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from zaffre.compute.checkpoints import checkpoint_counts
from zaffre.compute.states import Observed, Transition
from zaffre.compute.tables import CheckpointRow, VirtualMachineRow
from zaffre.compute.virtual_machines import VirtualMachineBusy, WrongPowerState, set_transition
from zaffre.compute.virtual_machines import reference as machine_reference
from zaffre.foundation.database import RowLock, for_update
from zaffre.foundation.errors import Conflict, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.management import Quotas

CHECKPOINTS_PER_MACHINE = 32
"""Each one makes every disk's table of snapshots longer, and every write that follows it more work."""

CREATE_OPERATION = "checkpoint.create"
RESTORE_OPERATION = "checkpoint.restore"
DELETE_OPERATION = "checkpoint.delete"

LISTING = Listing(
    CheckpointRow,
    {
        "id": Field(CheckpointRow.id, FieldType.ID),
        "name": Field(CheckpointRow.name, FieldType.TEXT, searchable=True),
        "state": Field(CheckpointRow.state, FieldType.TEXT),
        "parent_id": Field(CheckpointRow.parent_id, FieldType.ID, sortable=False),
        "with_memory": Field(CheckpointRow.with_memory, FieldType.BOOLEAN),
        "created_at": Field(CheckpointRow.created_at, FieldType.INSTANT),
    },
    key=CheckpointRow.id,
    order="created_at",
)

_ON = frozenset({Observed.RUNNING, Observed.PAUSED})
_TAKEABLE = _ON | {Observed.STOPPED, Observed.CRASHED}
_CHANGEABLE = _TAKEABLE | {Observed.MISSING}


class CheckpointState(StrEnum):
    """What is being done with a checkpoint."""

    CREATING = "creating"
    READY = "ready"
    RESTORING = "restoring"
    DELETING = "deleting"


class TooManyCheckpoints(Conflict):
    """The virtual machine has as many checkpoints as it may."""

    code = "checkpoint.too_many"
    title = "Too many checkpoints"

    def __init__(self, machine: VirtualMachineRow) -> None:
        super().__init__(
            f"Virtual machine {machine.name!r} has {CHECKPOINTS_PER_MACHINE} checkpoints and may not have more.",
            remedy="Delete one that is no longer needed.",
            target=machine.id,
        )


@dataclass(frozen=True)
class CheckpointChange:
    """What to write on a checkpoint anew; None: leave it."""

    name: str | None = None
    description: str | None = None


class Checkpoints:
    """Rules for one virtual machine's checkpoints inside one unit of work."""

    def __init__(self, work: UnitOfWork, machine: VirtualMachineRow) -> None:
        self._work = work
        self._session = work.session
        self._machine = machine

    async def page(self, query: ListQuery) -> Rows[CheckpointRow]:
        """Return a page of the machine's checkpoints."""
        return await LISTING.rows(self._session, query, CheckpointRow.virtual_machine_id == self._machine.id)

    async def get(self, checkpoint_id: str, *, lock: RowLock | None = None) -> CheckpointRow:
        """Return a checkpoint of the machine, locked as wanted until the transaction ends.

        Raises:
            NotFound: it has none with this id.
        """
        row = await self._session.get(CheckpointRow, checkpoint_id, with_for_update=for_update(lock))
        if row is None or row.virtual_machine_id != self._machine.id:
            raise NotFound("checkpoint", checkpoint_id)
        return row

    async def create(self, name: str, description: str) -> tuple[CheckpointRow, OperationRow]:
        """Begin to take a checkpoint: of the disks, and of a machine that is on also of its memory.

        Raises:
            VirtualMachineBusy: another operation works on the machine.
            WrongPowerState: it is not on a host that answers.
            NameTaken: another of its checkpoints has the name.
            TooManyCheckpoints: it has as many as it may.
            QuotaExceeded: the plan does not allow another.
        """
        machine = await self._free_machine(_TAKEABLE)
        if (await checkpoint_counts(self._work, [machine.id])).get(machine.id, 0) >= CHECKPOINTS_PER_MACHINE:
            raise TooManyCheckpoints(machine)
        row = CheckpointRow(
            id=self._work.ids.new(),
            virtual_machine_id=machine.id,
            name=name,
            description=description,
            parent_id=machine.checkpoint_id,
            with_memory=machine.observed in _ON,
            state=CheckpointState.CREATING,
            created_at=self._work.clock.now(),
        )
        await Quotas(self._work).claim(machine.subscription_id, row.id, {"checkpoints": 1})
        operation = self._begin(row, CREATE_OPERATION, Transition.CHECKPOINTING)
        await self._work.save(row, lambda _: NameTaken("checkpoint", name))
        self._work.emit("checkpoint.creating", reference(row, machine), with_memory=row.with_memory)
        return row, operation

    async def change(self, checkpoint_id: str, change: CheckpointChange, expected: int | None = None) -> CheckpointRow:
        """Rename a checkpoint, or describe it anew.

        Raises:
            NotFound: the machine has none with this id.
            NameTaken: another of its checkpoints has the name.
        """
        row = await self.get(checkpoint_id, lock=RowLock.CHANGE)
        check_generation(expected, row.generation)
        row.name = row.name if change.name is None else change.name
        row.description = row.description if change.description is None else change.description
        name = row.name
        await self._work.save(row, lambda _: NameTaken("checkpoint", name))
        self._work.emit("checkpoint.changed", reference(row, self._machine))
        return row

    async def restore(self, checkpoint_id: str, expected: int | None = None) -> tuple[CheckpointRow, OperationRow]:
        """Begin to bring the machine back to a checkpoint, whatever it is doing now.

        Raises:
            NotFound: the machine has none with this id.
            VirtualMachineBusy: another operation works on the machine.
            WrongPowerState: its host does not answer.
        """
        machine = await self._free_machine(_CHANGEABLE)
        row = await self._expected(checkpoint_id, expected)
        row.state = CheckpointState.RESTORING
        operation = self._begin(row, RESTORE_OPERATION, Transition.RESTORING)
        self._work.emit("checkpoint.restoring", reference(row, machine), operation_id=operation.id)
        await self._session.flush()
        return row, operation

    async def delete(self, checkpoint_id: str, expected: int | None = None) -> tuple[CheckpointRow, OperationRow]:
        """Begin to delete a checkpoint. What descends from it stays and descends from its parent then.

        Raises:
            NotFound: the machine has none with this id.
            VirtualMachineBusy: another operation works on the machine.
            WrongPowerState: its host does not answer.
        """
        machine = await self._free_machine(_CHANGEABLE)
        row = await self._expected(checkpoint_id, expected)
        row.state = CheckpointState.DELETING
        operation = self._begin(row, DELETE_OPERATION, Transition.CHECKPOINTING)
        self._work.emit("checkpoint.deleting", reference(row, machine), operation_id=operation.id)
        await self._session.flush()
        return row, operation

    async def _free_machine(self, allowed: frozenset[Observed]) -> VirtualMachineRow:
        machine = self._machine
        await self._session.refresh(machine, with_for_update=True)
        if machine.transition is not None:
            raise VirtualMachineBusy(machine)
        if machine.observed not in allowed:
            raise WrongPowerState(
                f"Virtual machine {machine.name!r} is {machine.state}, so nothing can be done with its checkpoints.",
                remedy="Wait until its host answers again, or ask the operator about it.",
                target=machine.id,
            )
        return machine

    async def _expected(self, checkpoint_id: str, expected: int | None) -> CheckpointRow:
        row = await self.get(checkpoint_id, lock=RowLock.CHANGE)
        check_generation(expected, row.generation)
        return row

    def _begin(self, row: CheckpointRow, kind: str, transition: Transition) -> OperationRow:
        machine = self._machine
        parameters = {"checkpoint_id": row.id, "was_running": machine.observed == Observed.RUNNING}
        new = NewOperation(kind, queue=machine.stamp_id, parameters=parameters)
        operation = self._work.start(new, machine_reference(machine))
        row.operation_id = operation.id
        set_transition(machine, transition, operation.id)
        self._work.emit(f"virtual_machine.{transition}", machine_reference(machine), operation_id=operation.id)
        return operation


async def forget_checkpoint(work: UnitOfWork, machine: VirtualMachineRow, row: CheckpointRow) -> None:
    """Take a checkpoint out of its machine's tree, and give back its quota. What descends from it moves up."""
    children = select(CheckpointRow).where(CheckpointRow.parent_id == row.id).with_for_update()
    for child in (await work.session.scalars(children)).all():
        child.parent_id = row.parent_id
    if machine.checkpoint_id == row.id:
        machine.checkpoint_id = row.parent_id
    await Quotas(work).release(row.id)
    await work.session.delete(row)
    await work.session.flush()


def reference(row: CheckpointRow, machine: VirtualMachineRow) -> ResourceRef:
    """Name a checkpoint in events."""
    return ResourceRef("checkpoint", row.id, row.name, machine.subscription_id)
