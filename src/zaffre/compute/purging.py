"""Everything that compute keeps for a subscription: listing it, and deleting it all in an order that works.

Deleting is done by the operations that members would start, so that a process which dies, a host that is away and a
machine that is busy need no answer of their own here. What can go now is begun, a bounded number at a time; what
others hold on to is begun when these are gone.
"""

from collections.abc import Sequence

from sqlalchemy import Select, String, cast, func, literal, select

from zaffre.compute.availability_sets import AvailabilitySets
from zaffre.compute.disk_records import DiskKind
from zaffre.compute.disks import Disks
from zaffre.compute.ssh_keys import SshKeys
from zaffre.compute.tables import AvailabilitySetRow, CheckpointRow, DiskRow, SshKeyRow, VirtualMachineRow
from zaffre.compute.virtual_machines import VirtualMachines
from zaffre.fabric import Images
from zaffre.fabric.images import DELETE_OPERATION as DELETE_IMAGE
from zaffre.fabric.images import ImageState
from zaffre.fabric.images import reference as image_reference
from zaffre.fabric.tables import ImageRow
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.work import UnitOfWork
from zaffre.management import Holdings, SyncReport, deletions_in_work, holdings_of

AT_ONCE = 8
"""Things of one type that are deleted at the same time."""
BATCH = 50
"""Things of one type that one transaction looks at."""


class ComputeHoldings:
    """What one subscription has of compute, inside one unit of work."""

    def __init__(self, work: UnitOfWork, subscription_id: str) -> None:
        self._work = work
        self._session = work.session
        self._subscription_id = subscription_id
        self._causes: list[str] = []

    async def all(self) -> list[Holdings]:
        """List everything, most important first."""
        work, mine = self._work, self._subscription_id
        gib = cast(DiskRow.size_gib, String) + literal(" GiB")
        return [
            await holdings_of(
                work,
                "virtual_machine",
                "virtual machines",
                (VirtualMachineRow.id, VirtualMachineRow.name, VirtualMachineRow.state),
                VirtualMachineRow.subscription_id == mine,
            ),
            await holdings_of(
                work,
                "disk",
                "data disks",
                (DiskRow.id, DiskRow.name, gib),
                DiskRow.subscription_id == mine,
                DiskRow.kind == DiskKind.DATA,
            ),
            await holdings_of(
                work,
                "checkpoint",
                "checkpoints",
                (CheckpointRow.id, CheckpointRow.name, VirtualMachineRow.name),
                CheckpointRow.virtual_machine_id == VirtualMachineRow.id,
                VirtualMachineRow.subscription_id == mine,
            ),
            await holdings_of(
                work,
                "image",
                "images",
                (ImageRow.id, ImageRow.name, ImageRow.state),
                ImageRow.owner_subscription_id == mine,
            ),
            await holdings_of(
                work,
                "availability_set",
                "availability sets",
                (AvailabilitySetRow.id, AvailabilitySetRow.name, AvailabilitySetRow.policy),
                AvailabilitySetRow.subscription_id == mine,
            ),
            await holdings_of(
                work,
                "ssh_key",
                "SSH keys",
                (SshKeyRow.id, SshKeyRow.name, SshKeyRow.fingerprint),
                SshKeyRow.subscription_id == mine,
            ),
        ]

    async def purge(self) -> SyncReport:
        """Begin to delete what can go now."""
        await self._delete_keys()
        await self._delete_machines()
        await self._delete_disks()
        if not await self._session.scalar(self._machines().limit(1)):
            await self._delete_images()
            await self._delete_sets()
        await self._session.flush()
        left = [f"{each.count} {each.title}" for each in await self.all() if each.count]
        if not left:
            return SyncReport.done()
        return SyncReport.pending(" ".join([f"Left: {', '.join(left)}.", *self._causes[:1]]))

    def _machines(self) -> Select[str]:
        return select(VirtualMachineRow.id).where(VirtualMachineRow.subscription_id == self._subscription_id)

    async def _delete_machines(self) -> None:
        """Begin with machines that nothing works on; their root and data disks go with them."""
        free = self._machines().where(VirtualMachineRow.transition.is_(None)).order_by(VirtualMachineRow.id)
        machines = VirtualMachines(self._work, self._subscription_id)
        in_work = select(func.count()).where(
            VirtualMachineRow.subscription_id == self._subscription_id, VirtualMachineRow.transition.is_not(None)
        )
        room = AT_ONCE - (await self._session.scalar(in_work) or 0)
        for machine_id in await self._ready(await self._ids(free), room):
            await machines.delete(machine_id, delete_disks=True)

    async def _delete_disks(self) -> None:
        free = select(DiskRow.id).where(
            DiskRow.subscription_id == self._subscription_id,
            DiskRow.kind == DiskKind.DATA,
            DiskRow.virtual_machine_id.is_(None),
            DiskRow.transition.is_(None),
        )
        disks = Disks(self._work, self._subscription_id)
        for disk_id in await self._ready(await self._ids(free.order_by(DiskRow.id)), AT_ONCE):
            await disks.delete(disk_id)

    async def _delete_images(self) -> None:
        """Withdraw images that nobody can use any more, and take up deletions of them that failed."""
        own = select(ImageRow.id).where(ImageRow.owner_subscription_id == self._subscription_id).order_by(ImageRow.id)
        for image_id in await self._ready(await self._ids(own), AT_ONCE):
            row = await self._session.get_one(ImageRow, image_id)
            if row.state == ImageState.DELETING:
                self._work.start(NewOperation(DELETE_IMAGE), image_reference(row))
            elif row.state in (ImageState.AVAILABLE, ImageState.AWAITING_CONTENT):
                await Images(self._work).delete(image_id)

    async def _delete_sets(self) -> None:
        own = select(AvailabilitySetRow.id).where(AvailabilitySetRow.subscription_id == self._subscription_id)
        for set_id in await self._ids(own):
            await AvailabilitySets(self._work, self._subscription_id).delete(set_id)

    async def _delete_keys(self) -> None:
        own = select(SshKeyRow.id).where(SshKeyRow.subscription_id == self._subscription_id)
        for key_id in await self._ids(own):
            await SshKeys(self._work, self._subscription_id).delete(key_id)

    async def _ids(self, statement: Select[str]) -> Sequence[str]:
        return (await self._session.scalars(statement.limit(BATCH))).all()

    async def _ready(self, ids: Sequence[str], room: int) -> list[str]:
        """Return what can be begun with now, as far as there is room, noting why others could not be deleted."""
        in_work = await deletions_in_work(self._work, ids)
        self._causes += in_work.failed.values()
        return [each for each in ids if in_work.may_begin(each)][: max(room, 0)]
