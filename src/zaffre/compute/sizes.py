"""Sizes: combinations of processors and memory that tenants choose from."""

from dataclasses import dataclass

from sqlalchemy import select

from zaffre.compute.tables import SizeRow
from zaffre.foundation.errors import InvalidInput, NameTaken, NotFound
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork

LISTING = Listing(
    SizeRow,
    {
        "id": Field(SizeRow.id, FieldType.ID),
        "name": Field(SizeRow.name, FieldType.TEXT, searchable=True),
        "vcpus": Field(SizeRow.vcpus, FieldType.INTEGER),
        "memory_mib": Field(SizeRow.memory_mib, FieldType.INTEGER),
        "created_at": Field(SizeRow.created_at, FieldType.INSTANT),
    },
    key=SizeRow.id,
    order="memory_mib,vcpus",
)


@dataclass(frozen=True)
class NewSize:
    """A size to add."""

    name: str
    vcpus: int
    memory_mib: int


class Sizes:
    """Rules for sizes inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def create(self, draft: NewSize) -> SizeRow:
        """Add a size.

        Raises:
            NameTaken: another size has the name.
        """
        row = SizeRow(
            id=self._work.ids.new(),
            name=draft.name,
            vcpus=draft.vcpus,
            memory_mib=draft.memory_mib,
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: NameTaken("size", draft.name))
        self._work.emit("size.created", reference(row))
        return row

    async def named(self, name: str) -> SizeRow:
        """Return the size with a name.

        Raises:
            InvalidInput: there is none.
        """
        row = await self._session.scalar(select(SizeRow).where(SizeRow.name == name))
        if row is None:
            raise InvalidInput(
                f"There is no size {name!r}.",
                remedy="List the sizes of your subscription and choose one.",
                target="size",
            )
        return row

    async def page(self, query: ListQuery) -> Rows[SizeRow]:
        """Return a page of all sizes."""
        return await LISTING.rows(self._session, query)

    async def delete(self, size_id: str) -> None:
        """Withdraw a size. Virtual machines that have it keep it.

        Raises:
            NotFound: there is none with this id.
        """
        row = await self._session.get(SizeRow, size_id)
        if row is None:
            raise NotFound("size", size_id)
        await self._session.delete(row)
        self._work.emit("size.deleted", reference(row))


def reference(row: SizeRow) -> ResourceRef:
    """Name a size in events."""
    return ResourceRef("size", row.id, row.name)
