"""Cleanups: what must still go from a host that did not answer in time.

Undoing must not depend on a host that may stay away for days. What could not be removed is written down, and removed
when the host answers again.
"""

from collections.abc import Sequence

from sqlalchemy import delete, select

from zaffre.fabric.tables import CleanupRow
from zaffre.foundation.database import insert_of
from zaffre.foundation.work import UnitOfWork

GUEST = "guest"
VOLUME = "volume"
CHECKPOINT = "checkpoint"


class Cleanups:
    """What remains to be removed from hosts, inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def note(
        self,
        host_id: str,
        *,
        guests: Sequence[str] = (),
        volumes: Sequence[str] = (),
        checkpoints: Sequence[str] = (),
    ) -> None:
        """Write down that these must go from the host; checkpoints by their `checkpoint_name`.

        Noting one twice counts once.
        """
        names = [*((GUEST, name) for name in guests), *((VOLUME, name) for name in volumes)]
        names += [(CHECKPOINT, name) for name in checkpoints]
        insert = insert_of(self._session)
        for kind, name in names:
            values = {
                "id": self._work.ids.new(),
                "host_id": host_id,
                "kind": kind,
                "name": name,
                "created_at": self._work.clock.now(),
            }
            await self._session.execute(insert(CleanupRow).values(values).on_conflict_do_nothing())

    async def of_host(self, host_id: str, limit: int) -> Sequence[CleanupRow]:
        """Return what must go from a host: checkpoints, guests, and then the volumes these may hold open."""
        statement = select(CleanupRow).where(CleanupRow.host_id == host_id)
        return (await self._session.scalars(statement.order_by(CleanupRow.kind, CleanupRow.id).limit(limit))).all()

    async def hosts(self) -> Sequence[str]:
        """Return the ids of hosts from which something must go."""
        return (await self._session.scalars(select(CleanupRow.host_id).distinct())).all()

    async def hosts_with(self, names: Sequence[str]) -> frozenset[str]:
        """Return the ids of hosts from which one of these guests and volumes must still go."""
        return frozenset(await self._session.scalars(select(CleanupRow.host_id).where(CleanupRow.name.in_(names))))

    async def strike_out(self, host_id: str, names: Sequence[str]) -> None:
        """Strike out guests and volumes that have gone from a host."""
        await self._session.execute(delete(CleanupRow).where(CleanupRow.host_id == host_id, CleanupRow.name.in_(names)))

    async def done(self, cleanup_ids: Sequence[str]) -> None:
        """Strike out what has gone."""
        await self._session.execute(delete(CleanupRow).where(CleanupRow.id.in_(cleanup_ids)))


def checkpoint_name(guest_id: str, checkpoint_id: str) -> str:
    """Return the name under which a guest's checkpoint is noted."""
    return f"{guest_id}/{checkpoint_id}"


def named_checkpoint(name: str) -> tuple[str, str]:
    """Return the ids of guest and checkpoint from that name."""
    guest_id, _, checkpoint_id = name.partition("/")
    return guest_id, checkpoint_id
