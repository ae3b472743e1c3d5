"""Durable work on virtual machines: giving them another size."""

from collections.abc import Sequence

import structlog

from zaffre.compute.observations import apply_observation
from zaffre.compute.operations import MachineSaga
from zaffre.compute.resizing import hold, take_up_size
from zaffre.compute.virtual_machines import reference, set_transition
from zaffre.fabric import HostDown
from zaffre.fabric.drivers.hypervisor import GuestMissing
from zaffre.foundation.operations.saga import Run, Step, nothing

log = structlog.get_logger(__name__)


class ResizeVirtualMachine(MachineSaga):
    """Tells the host a machine's new size, and lets a running guest have at once what it can take."""

    kind = "virtual_machine.resize"
    cancellable = False

    def steps(self) -> Sequence[Step]:
        """Return the steps. The first has nothing to do: quota, room and the new size were claimed with the intent."""
        return [
            Step("record", "Recording the new size", nothing, self._take_back),
            Step("apply", "Giving the guest its new size", self._apply, nothing),
        ]

    async def _apply(self, run: Run) -> None:
        complete = await self._tell_host(run)
        observation = await (await self._host(run)).observe(run.operation.resource_id)
        async with run.work() as work:
            row = await self._row(work, run)
            if row is None or row.operation_id != run.operation.id:
                return
            if complete:
                await take_up_size(work, row)
            else:
                row.restart_required = True
            apply_observation(work, row, observation)
            set_transition(row, None, None)
            work.emit("virtual_machine.resized", reference(row), size=row.size, restart_required=not complete)

    async def _tell_host(self, run: Run) -> bool:
        """Define the size that is on record; True when the guest has it, or when there is no guest to have it."""
        plan = await self._plan(run)
        try:
            return await (await self._host(run)).resize(plan.spec)
        except GuestMissing:
            return True

    async def _take_back(self, run: Run) -> None:
        """Put the old size back on record and on the host. One that does not answer is told at the next start."""
        was = run.operation.parameters["was"]
        async with run.work() as work:
            row = await self._row(work, run)
            if row is None or (row.transition is not None and row.operation_id != run.operation.id):
                return
            row.size, row.vcpus, row.memory_mib = was["size"], was["vcpus"], was["memory_mib"]
        complete = not was["restart_required"]
        try:
            complete = await self._tell_host(run)
        except HostDown as error:
            log.info("the old size is told to the host at the next start", cause=error.detail)
        async with run.work() as work:
            row = await self._row(work, run)
            if row is None:
                return
            row.restart_required = not complete
            if complete:
                await hold(work, row, row.vcpus, row.memory_mib)
            set_transition(row, None, None)
            work.emit("virtual_machine.resize_failed", reference(row))
