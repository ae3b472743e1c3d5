"""Clouds: slices of a stamp that plans offer."""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from zaffre.fabric.stamps import Stamps
from zaffre.fabric.tables import CloudRow
from zaffre.foundation.database import violated
from zaffre.foundation.errors import DomainError, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork

LISTING = Listing(
    CloudRow,
    {
        "id": Field(CloudRow.id, FieldType.ID),
        "name": Field(CloudRow.name, FieldType.TEXT, searchable=True),
        "stamp_id": Field(CloudRow.stamp_id, FieldType.ID),
        "created_at": Field(CloudRow.created_at, FieldType.INSTANT),
    },
    key=CloudRow.id,
    order="name",
)


@dataclass(frozen=True)
class NewCloud:
    """A cloud to add."""

    stamp_id: str
    name: str
    description: str


class Clouds:
    """Rules for clouds inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def create(self, draft: NewCloud) -> CloudRow:
        """Add a cloud over the whole of a stamp.

        Raises:
            NotFound: there is no such stamp.
            NameTaken: another cloud has the name.
        """
        await Stamps(self._work).get(draft.stamp_id)
        row = CloudRow(
            id=self._work.ids.new(),
            stamp_id=draft.stamp_id,
            name=draft.name,
            description=draft.description,
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda error: _refusal(error, draft))
        self._work.emit("cloud.created", reference(row))
        return row

    async def get(self, cloud_id: str) -> CloudRow:
        """Return a cloud.

        Raises:
            NotFound: there is none with this id.
        """
        row = await self._session.get(CloudRow, cloud_id)
        if row is None:
            raise NotFound("cloud", cloud_id)
        return row

    async def page(self, query: ListQuery) -> Rows[CloudRow]:
        """Return a page of all clouds."""
        return await LISTING.rows(self._session, query)

    async def delete(self, cloud_id: str, expected: int | None = None) -> None:
        """Remove a cloud. Plans that name it cannot make virtual machines any more; their machines run on.

        Raises:
            NotFound: there is none with this id.
        """
        row = await self.get(cloud_id)
        check_generation(expected, row.generation)
        await self._session.delete(row)
        self._work.emit("cloud.deleted", reference(row))


def _refusal(error: IntegrityError, draft: NewCloud) -> DomainError:
    """Say what a cloud was refused for; other than its name, only the stamp can have gone meanwhile."""
    if violated(error, "uq_clouds_name"):
        return NameTaken("cloud", draft.name)
    return NotFound("stamp", draft.stamp_id)


def reference(row: CloudRow) -> ResourceRef:
    """Name a cloud in events."""
    return ResourceRef("cloud", row.id, row.name)
