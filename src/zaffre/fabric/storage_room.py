"""Room for disks on hosts, apart from the room for guests.

A guest's reservation includes its disks. When a disk comes or goes, its room goes from one reservation to another; a
disk that belongs to no guest holds a reservation of its own.
"""

from sqlalchemy import CursorResult, delete, select, update

from zaffre.fabric.hosts import HostState
from zaffre.fabric.tables import HostRow, ReservationRow
from zaffre.foundation.database import insert_of
from zaffre.foundation.errors import Conflict, NotFound
from zaffre.foundation.work import UnitOfWork


class NoStorageRoom(Conflict):
    """A host has no room for a disk."""

    code = "placement.no_storage"
    title = "No room for the disk"

    def __init__(self, needed_gib: int, free_gib: int) -> None:
        super().__init__(
            f"The disk needs {needed_gib} GiB where the virtual machine is, and {max(free_gib, 0)} GiB are free there.",
            remedy="Use a smaller disk or another virtual machine, or ask the operator for more storage.",
        )


class StorageRoom:
    """Keeps the room of disks on hosts, inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def take(self, holder_id: str, subscription_id: str, host_id: str, storage_gib: int) -> None:
        """Take room on a particular host, for somebody who holds none yet. A second call changes nothing.

        Raises:
            NoStorageRoom: the host has not so much.
            NotFound: the host is gone, or going.
        """
        if await self._held(holder_id) is not None:
            return
        result = await self._session.execute(
            update(HostRow)
            .where(
                HostRow.id == host_id,
                HostRow.state.in_((HostState.ENABLED, HostState.DISABLED)),
                HostRow.storage_reserved_gib + storage_gib <= HostRow.storage_capacity_gib,
            )
            .values(storage_reserved_gib=HostRow.storage_reserved_gib + storage_gib)
            .execution_options(synchronize_session=False)
        )
        if not (isinstance(result, CursorResult) and result.rowcount):
            raise await self._refusal(host_id, storage_gib)
        await self._add(holder_id, subscription_id, host_id, storage_gib)

    async def move(self, holder_id: str, heir_id: str, storage_gib: int) -> None:
        """Let another hold room that somebody holds, on the same host. Without the first one's, nothing happens."""
        giver = await self._held(holder_id)
        if giver is None:
            return
        host_id, subscription_id = giver
        if await self._held(heir_id) is None:
            await self._add(heir_id, subscription_id, host_id, storage_gib)
        else:
            await self._change(heir_id, storage_gib)
        await self._change(holder_id, -storage_gib)
        empty = (ReservationRow.vcpus == 0, ReservationRow.memory_mib == 0, ReservationRow.storage_gib == 0)
        await self._session.execute(
            delete(ReservationRow)
            .where(ReservationRow.resource_id == holder_id, *empty)
            .execution_options(synchronize_session=False)
        )

    async def _held(self, holder_id: str) -> tuple[str, str] | None:
        """Return where somebody holds room, and whose it is."""
        statement = select(ReservationRow.host_id, ReservationRow.subscription_id)
        found = (await self._session.execute(statement.where(ReservationRow.resource_id == holder_id))).first()
        return None if found is None else (found.host_id, found.subscription_id)

    async def _add(self, holder_id: str, subscription_id: str, host_id: str, storage_gib: int) -> None:
        insert = insert_of(self._session)
        values = {
            "resource_id": holder_id,
            "host_id": host_id,
            "subscription_id": subscription_id,
            "vcpus": 0,
            "memory_mib": 0,
            "storage_gib": storage_gib,
            "created_at": self._work.clock.now(),
        }
        await self._session.execute(insert(ReservationRow).values(values))

    async def _change(self, holder_id: str, by_gib: int) -> None:
        await self._session.execute(
            update(ReservationRow)
            .where(ReservationRow.resource_id == holder_id)
            .values(storage_gib=ReservationRow.storage_gib + by_gib)
            .execution_options(synchronize_session=False)
        )

    async def _refusal(self, host_id: str, needed_gib: int) -> Conflict | NotFound:
        host = await self._session.get(HostRow, host_id, populate_existing=True)
        if host is None or host.state not in (HostState.ENABLED, HostState.DISABLED):
            return NotFound("host", host_id)
        return NoStorageRoom(needed_gib, host.storage_capacity_gib - host.storage_reserved_gib)
