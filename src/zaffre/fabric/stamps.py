"""Stamps: management scale units."""

from dataclasses import dataclass

from sqlalchemy import select

from zaffre.fabric.tables import CloudRow, HostRow, StampRow
from zaffre.foundation.errors import InUse, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork

LISTING = Listing(
    StampRow,
    {
        "id": Field(StampRow.id, FieldType.ID),
        "name": Field(StampRow.name, FieldType.TEXT, searchable=True),
        "created_at": Field(StampRow.created_at, FieldType.INSTANT),
    },
    key=StampRow.id,
    order="name",
)


@dataclass(frozen=True)
class NewStamp:
    """A stamp to add."""

    name: str
    vcpu_ratio: float
    storage_ratio: float
    memory_reserve_mib: int


class Stamps:
    """Rules for stamps inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def create(self, draft: NewStamp) -> StampRow:
        """Add a stamp without hosts.

        Raises:
            NameTaken: another stamp has the name.
        """
        row = StampRow(
            id=self._work.ids.new(),
            name=draft.name,
            vcpu_ratio=draft.vcpu_ratio,
            storage_ratio=draft.storage_ratio,
            memory_reserve_mib=draft.memory_reserve_mib,
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: NameTaken("stamp", draft.name))
        self._work.emit("stamp.created", reference(row))
        return row

    async def get(self, stamp_id: str) -> StampRow:
        """Return a stamp.

        Raises:
            NotFound: there is none with this id.
        """
        row = await self._session.get(StampRow, stamp_id)
        if row is None:
            raise NotFound("stamp", stamp_id)
        return row

    async def page(self, query: ListQuery) -> Rows[StampRow]:
        """Return a page of all stamps."""
        return await LISTING.rows(self._session, query)

    async def delete(self, stamp_id: str, expected: int | None = None) -> None:
        """Remove an empty stamp.

        Raises:
            NotFound: there is none with this id.
            InUse: it has hosts, clouds or a logical network.
        """
        row = await self.get(stamp_id)
        check_generation(expected, row.generation)
        in_use = InUse(
            f"Stamp {row.name!r} still has hosts, clouds or a logical network.",
            remedy="Remove these first.",
            target=stamp_id,
        )
        for dependent in (HostRow, CloudRow):
            if await self._session.scalar(select(dependent.id).where(dependent.stamp_id == stamp_id).limit(1)):
                raise in_use
        await self._work.remove(row, lambda _: in_use)
        self._work.emit("stamp.deleted", reference(row))


def reference(row: StampRow) -> ResourceRef:
    """Name a stamp in events."""
    return ResourceRef("stamp", row.id, row.name)
