"""Durable work on checkpoints: taking, restoring and deleting them."""

from collections.abc import Sequence

from zaffre.compute.checkpoint_tree import (
    CREATE_OPERATION,
    DELETE_OPERATION,
    RESTORE_OPERATION,
    CheckpointState,
    forget_checkpoint,
    reference,
)
from zaffre.compute.guest import seed_volume
from zaffre.compute.observations import apply_observation
from zaffre.compute.operations import MachineSaga, MachineTools
from zaffre.compute.states import ADOPTED, Desired, Observed
from zaffre.compute.tables import CheckpointRow, VirtualMachineRow
from zaffre.compute.virtual_machines import reference as machine_reference
from zaffre.compute.virtual_machines import set_transition
from zaffre.fabric import Cleanups, HostDown
from zaffre.fabric.cleanups import checkpoint_name
from zaffre.fabric.drivers.hypervisor import (
    GuestObservation,
    GuestState,
    Hypervisor,
    HypervisorRefused,
)
from zaffre.foundation.errors import DomainError
from zaffre.foundation.operations.saga import Run, Saga, Step, nothing
from zaffre.foundation.together import together
from zaffre.foundation.work import UnitOfWork

MEMORY_DEADLINE_S = 900.0
"""For writing or reading a guest's memory."""

PATIENCE = 8
"""Attempts of what has to wait until an interrupted attempt has ended on the host, up to half a minute each."""


class RestoreFailed(DomainError):
    """Restoring a checkpoint broke off after it had begun."""

    code = "checkpoint.restore_failed"
    title = "The checkpoint could not be restored"
    status = 502

    def __init__(self, cause: str, checkpoint_id: str) -> None:
        super().__init__(
            f"Restoring broke off: {cause}",
            remedy="Some of the machine's disks may be as they were at the checkpoint and others not. Restore it again "
            "before you start the machine, or restore another one.",
            target=checkpoint_id,
        )


class CheckpointSaga(MachineSaga):
    """What the sagas share. Their operations are the machine's; the checkpoint is among the parameters."""

    def _checkpoint_id(self, run: Run) -> str:
        return str(run.operation.parameters["checkpoint_id"])

    async def _checkpoint(self, work: UnitOfWork, run: Run) -> CheckpointRow | None:
        return await work.session.get(CheckpointRow, self._checkpoint_id(run), with_for_update=True)

    async def _keep_running(self, run: Run, hypervisor: Hypervisor) -> GuestObservation | None:
        """Let a guest go on that ran before: libvirt leaves it paused when it is itself interrupted."""
        machine_id = run.operation.resource_id
        observation = await hypervisor.observe(machine_id)
        paused = observation is not None and observation.state is GuestState.PAUSED
        if not paused or not run.operation.parameters.get("was_running"):
            return observation
        await hypervisor.start(machine_id)
        return await hypervisor.observe(machine_id)

    def _release(self, work: UnitOfWork, run: Run, machine: VirtualMachineRow) -> None:
        """End the operation's hold on the machine. What it is by now is what its tenant is taken to want."""
        if machine.operation_id == run.operation.id:
            machine.desired = ADOPTED.get(Observed(machine.observed), Desired(machine.desired))
            set_transition(machine, None, None)
            work.emit(f"virtual_machine.{machine.state}", machine_reference(machine), operation_id=run.operation.id)

    async def _put_back(self, run: Run) -> None:
        """Leave checkpoint and machine as they are, and end the operation's hold on both."""
        async with run.work() as work:
            machine, row = await self._row(work, run), await self._checkpoint(work, run)
            if machine is not None:
                self._release(work, run, machine)
            if machine is not None and row is not None and row.operation_id == run.operation.id:
                row.state, row.operation_id = CheckpointState.READY, None
                work.emit(f"{run.operation.kind}_failed", reference(row, machine))


class CreateCheckpoint(CheckpointSaga):
    """Takes a checkpoint."""

    kind = CREATE_OPERATION
    cancellable = True

    def steps(self) -> Sequence[Step]:
        """Return the steps. The first has nothing to do: record and quota were made with the intent."""
        return [
            Step("record", "Recording the checkpoint", nothing, self._forget),
            Step(
                "take",
                "Taking the checkpoint",
                self._take,
                self._remove,
                deadline_s=MEMORY_DEADLINE_S,
                attempts=PATIENCE,
            ),
        ]

    async def _take(self, run: Run) -> None:
        hypervisor = await self._host(run)
        taken = await hypervisor.create_checkpoint(run.operation.resource_id, self._checkpoint_id(run))
        observation = await self._keep_running(run, hypervisor)
        async with run.work() as work:
            machine, row = await self._row(work, run), await self._checkpoint(work, run)
            if machine is None or row is None or row.operation_id != run.operation.id:
                return
            row.state, row.operation_id = CheckpointState.READY, None
            row.with_memory, row.size_bytes = taken.with_memory, taken.memory_bytes
            machine.checkpoint_id = row.id
            apply_observation(work, machine, observation)
            self._release(work, run, machine)
            work.emit("checkpoint.created", reference(row, machine), with_memory=row.with_memory)

    async def _remove(self, run: Run) -> None:
        machine_id, checkpoint_id = run.operation.resource_id, self._checkpoint_id(run)
        host_id = await self._host_of_row(run)
        if host_id is None:
            return
        try:
            hypervisor = await self._tools.hypervisors.get(host_id)
            await hypervisor.delete_checkpoint(machine_id, checkpoint_id)
            await self._keep_running(run, hypervisor)
        except HostDown:
            async with run.work() as work:
                await Cleanups(work).note(host_id, checkpoints=[checkpoint_name(machine_id, checkpoint_id)])

    async def _forget(self, run: Run) -> None:
        async with run.work() as work:
            machine, row = await self._row(work, run), await self._checkpoint(work, run)
            if machine is None:
                return
            if row is not None:
                work.emit("checkpoint.create_failed", reference(row, machine))
                await forget_checkpoint(work, machine, row)
            self._release(work, run, machine)


class RestoreCheckpoint(CheckpointSaga):
    """Brings a machine back to a checkpoint."""

    kind = RESTORE_OPERATION
    cancellable = False

    def steps(self) -> Sequence[Step]:
        """Return the steps. Undoing only ends the operation's hold: what was overwritten is gone."""
        return [
            Step("prepare", "Preparing its host", self._prepare, self._put_back),
            Step("restore", "Bringing it back", self._restore, deadline_s=MEMORY_DEADLINE_S, attempts=PATIENCE),
        ]

    async def _prepare(self, run: Run) -> None:
        """Make what the machine needs beside its disks: it may have been taken from its host meanwhile."""
        plan = await self._plan(run)
        hypervisor = await self._host(run)
        await together(self._tools.port_plane.plug(run.actor, plan.machine_id), self._seed(run, hypervisor))

    async def _seed(self, run: Run, hypervisor: Hypervisor) -> None:
        plan = await self._plan(run)
        if not await hypervisor.has_volume(seed_volume(plan.machine_id)):
            await hypervisor.upload_volume(seed_volume(plan.machine_id), plan.seed())

    async def _restore(self, run: Run) -> None:
        hypervisor = await self._host(run)
        plan = await self._plan(run)
        try:
            await hypervisor.restore_checkpoint(plan.spec, self._checkpoint_id(run))
        except HypervisorRefused as error:
            raise RestoreFailed(error.detail, self._checkpoint_id(run)) from error
        observation = await hypervisor.observe(plan.machine_id)
        async with run.work() as work:
            machine, row = await self._row(work, run), await self._checkpoint(work, run)
            if machine is None or row is None or row.operation_id != run.operation.id:
                return
            row.state, row.operation_id = CheckpointState.READY, None
            machine.checkpoint_id = row.id
            apply_observation(work, machine, observation)
            self._release(work, run, machine)
            work.emit("checkpoint.restored", reference(row, machine), with_memory=row.with_memory)


class DeleteCheckpoint(CheckpointSaga):
    """Deletes a checkpoint."""

    kind = DELETE_OPERATION
    cancellable = False

    def steps(self) -> Sequence[Step]:
        """Return the steps. Undoing only ends the operation's hold; deleting can be asked for again."""
        return [
            Step(
                "remove",
                "Removing it from the disks",
                self._remove,
                self._put_back,
                deadline_s=MEMORY_DEADLINE_S,
                attempts=PATIENCE,
            ),
            Step("forget", "Giving back its quota", self._finish),
        ]

    async def _remove(self, run: Run) -> None:
        hypervisor = await self._host(run)
        machine_id = run.operation.resource_id
        if await hypervisor.observe(machine_id) is None:
            await hypervisor.define((await self._plan(run)).spec)
        await hypervisor.delete_checkpoint(machine_id, self._checkpoint_id(run))

    async def _finish(self, run: Run) -> None:
        observation = await (await self._host(run)).observe(run.operation.resource_id)
        async with run.work() as work:
            machine, row = await self._row(work, run), await self._checkpoint(work, run)
            if machine is None:
                return
            if row is not None:
                work.emit("checkpoint.deleted", reference(row, machine))
                await forget_checkpoint(work, machine, row)
            apply_observation(work, machine, observation)
            self._release(work, run, machine)


def checkpoint_sagas(tools: MachineTools) -> list[Saga]:
    """Return the sagas of checkpoints."""
    return [CreateCheckpoint(tools), RestoreCheckpoint(tools), DeleteCheckpoint(tools)]
