"""ISOs in virtual machines' drives: which one is in, as rules inside a unit of work.

Every machine has one removable drive. What is put in stays in over restarts, and stays in the library as long as it is.
"""

from zaffre.compute.checkpoints import refuse_with_checkpoints
from zaffre.compute.states import Observed, Transition
from zaffre.compute.tables import VirtualMachineRow
from zaffre.compute.virtual_machines import VirtualMachines, WrongPowerState, reference, set_transition
from zaffre.fabric import Images
from zaffre.fabric.image_kinds import ImageKind
from zaffre.foundation.errors import Conflict
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitOfWork

INSERT_OPERATION = "virtual_machine.insert_iso"
EJECT_OPERATION = "virtual_machine.eject_iso"

_SEEN = (Observed.RUNNING, Observed.PAUSED, Observed.STOPPED, Observed.CRASHED)


class WrongMedium(Conflict):
    """The drive is empty and must not be, or holds just what was asked for."""

    code = "virtual_machine.wrong_medium"
    title = "The drive holds something else"


class Media:
    """Rules for the drives of one subscription's virtual machines inside one unit of work."""

    def __init__(self, work: UnitOfWork, subscription_id: str) -> None:
        self._work = work
        self._machines = VirtualMachines(work, subscription_id)

    async def insert(
        self, machine_id: str, image_id: str, expected: int | None = None
    ) -> tuple[VirtualMachineRow, OperationRow]:
        """Begin to put an ISO into a machine's drive, in place of what is in it.

        Raises:
            NotFound: the subscription has no such machine, or there is no such image.
            WrongKind: the image is not an ISO.
            WrongMedium: it is in already.
            VirtualMachineBusy, WrongPowerState, HasCheckpoints: the machine cannot be changed now.
        """
        row = await self._changeable(machine_id, expected)
        if row.iso_image_id == image_id:
            raise WrongMedium("That ISO is in the drive already.", remedy="Nothing is left to do.", target="image_id")
        image = await Images(self._work).use(image_id, row.id, ImageKind.ISO, row.subscription_id)
        return row, self._begin(row, INSERT_OPERATION, image.id)

    async def eject(self, machine_id: str, expected: int | None = None) -> tuple[VirtualMachineRow, OperationRow]:
        """Begin to take the ISO out of a machine's drive.

        Raises:
            NotFound: the subscription has no such machine.
            WrongMedium: the drive is empty.
            VirtualMachineBusy, WrongPowerState, HasCheckpoints: the machine cannot be changed now.
        """
        row = await self._changeable(machine_id, expected)
        if row.iso_image_id is None:
            raise WrongMedium(f"The drive of {row.name!r} is empty.", remedy="Nothing is left to do.", target=row.id)
        return row, self._begin(row, EJECT_OPERATION, None)

    async def _changeable(self, machine_id: str, expected: int | None) -> VirtualMachineRow:
        row = await self._machines.free(machine_id, None)
        check_generation(expected, row.generation)
        await refuse_with_checkpoints(self._work, row)
        if row.observed not in _SEEN:
            raise WrongPowerState(
                f"Virtual machine {row.name!r} is {row.state}: its drive cannot be reached.",
                remedy="Start it, or wait until its host answers.",
                target=machine_id,
            )
        return row

    def _begin(self, row: VirtualMachineRow, kind: str, image_id: str | None) -> OperationRow:
        parameters = {"image_id": image_id, "was_image_id": row.iso_image_id}
        operation = self._work.start(NewOperation(kind, queue=row.stamp_id, parameters=parameters), reference(row))
        set_transition(row, Transition.RECONFIGURING, operation.id)
        self._work.emit("virtual_machine.reconfiguring", reference(row), operation_id=operation.id)
        return operation
