"""Durable work on virtual machines' drives: inserting and ejecting ISOs."""

from collections.abc import Sequence

from zaffre.compute.media import EJECT_OPERATION, INSERT_OPERATION
from zaffre.compute.operations import IMAGE_DEADLINE_S, MachineSaga
from zaffre.compute.virtual_machines import reference, set_transition
from zaffre.fabric import HostDown, Images
from zaffre.fabric.drivers.hypervisor import GuestKeepsDisk, GuestMissing
from zaffre.fabric.image_kinds import ImageKind, image_volume
from zaffre.foundation.errors import DomainError
from zaffre.foundation.operations.saga import Run, Step, nothing
from zaffre.foundation.work import UnitOfWork


class GuestUsesIso(DomainError):
    """The machine's guest has locked its drive."""

    code = "virtual_machine.iso_in_use"
    title = "The guest still uses the ISO"
    status = 504

    def __init__(self) -> None:
        super().__init__(
            "The guest has locked its drive, because it uses the ISO that is in it.",
            remedy="Unmount the ISO inside the guest and try again, or stop the virtual machine first.",
        )


class MediumSaga(MachineSaga):
    """Changes what is in a machine's drive."""

    kind: str
    cancellable = True
    done: str
    """The event that tells of success."""
    sentence: str

    def steps(self) -> Sequence[Step]:
        """Return the steps."""
        return [
            Step("hold", "Holding the virtual machine", nothing, self._release),
            Step("bring", "Bringing the ISO to the host", self._bring, nothing, deadline_s=IMAGE_DEADLINE_S),
            Step("change", self.sentence, self._change, self._change_back),
        ]

    async def _bring(self, run: Run) -> None:
        image_id = run.operation.parameters["image_id"]
        if image_id is not None:
            host_id = str(await self._host_of_row(run))
            await self._tools.copies.renew(host_id, await self._host(run), image_id)

    async def _change(self, run: Run) -> None:
        await self._put(run, run.operation.parameters["image_id"])
        async with run.work() as work:
            row = await self._row(work, run)
            if row is not None and row.operation_id == run.operation.id:
                row.iso_image_id = run.operation.parameters["image_id"]
                await self._stop_using(run, work, "was_image_id")
                set_transition(row, None, None)
                work.emit(self.done, reference(row), image_id=row.iso_image_id)

    async def _change_back(self, run: Run) -> None:
        try:
            await self._put(run, run.operation.parameters["was_image_id"])
        except (HostDown, GuestMissing) as error:
            run.report(1.0, f"The drive is left as it is: {error.detail}")

    async def _release(self, run: Run) -> None:
        async with run.work() as work:
            row = await self._row(work, run)
            if row is None:
                return
            if row.operation_id is None and row.iso_image_id == run.operation.parameters["image_id"]:
                # The change had been noted before something else failed.
                was_image_id = run.operation.parameters["was_image_id"]
                row.iso_image_id = was_image_id
                if was_image_id is not None:
                    await Images(work).use(was_image_id, row.id, ImageKind.ISO, row.subscription_id)
            elif row.operation_id != run.operation.id:
                return
            await self._stop_using(run, work, "image_id")
            set_transition(row, None, None)
            work.emit(f"{self.kind}_failed", reference(row))

    async def _put(self, run: Run, image_id: str | None) -> None:
        volume = None if image_id is None else image_volume(image_id, ImageKind.ISO)
        hypervisor = await self._host(run)
        try:
            await hypervisor.change_medium(run.operation.resource_id, volume)
        except GuestKeepsDisk:
            raise GuestUsesIso from None

    @staticmethod
    async def _stop_using(run: Run, work: UnitOfWork, which: str) -> None:
        image_id = run.operation.parameters[which]
        if image_id is not None:
            await Images(work).release(run.operation.resource_id, image_id)


class InsertIso(MediumSaga):
    """Puts an ISO into the drive."""

    kind = INSERT_OPERATION
    done = "virtual_machine.iso_inserted"
    sentence = "Inserting the ISO"


class EjectIso(MediumSaga):
    """Empties the drive."""

    kind = EJECT_OPERATION
    done = "virtual_machine.iso_ejected"
    sentence = "Ejecting the ISO"
