"""Availability sets: virtual machines that shall not go down together, and so are kept on different hosts.

A set's policy is chosen once, because its machines have been placed by it. A machine joins a set when it is made and
leaves it when it is deleted. Placement and migration honour the set; what holds under races is in `fabric.placement`.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from sqlalchemy import func, select

from zaffre.compute.tables import AvailabilitySetRow, VirtualMachineRow
from zaffre.fabric import Separation
from zaffre.foundation.database import RowLock, for_update
from zaffre.foundation.errors import InUse, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.tags import retag, tags_field
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.management import Quotas

DIMENSION = "availability_sets"

LISTING = Listing(
    AvailabilitySetRow,
    {
        "id": Field(AvailabilitySetRow.id, FieldType.ID),
        "name": Field(AvailabilitySetRow.name, FieldType.TEXT, searchable=True),
        "policy": Field(AvailabilitySetRow.policy, FieldType.TEXT),
        "tags": tags_field(AvailabilitySetRow),
        "created_at": Field(AvailabilitySetRow.created_at, FieldType.INSTANT),
    },
    key=AvailabilitySetRow.id,
    order="name",
)


class AvailabilityPolicy(StrEnum):
    """What counts for more when hosts run out: that a machine is made, or that it is alone."""

    STRICT = "strict"
    """Two machines of the set never share a host."""
    PREFERRED = "preferred"
    """They share one only when every host with room has one already; they are then spread evenly."""


class AvailabilitySets:
    """Rules for one subscription's availability sets inside one unit of work."""

    def __init__(self, work: UnitOfWork, subscription_id: str) -> None:
        self._work = work
        self._session = work.session
        self._subscription_id = subscription_id

    async def create(
        self, name: str, policy: AvailabilityPolicy, tags: Mapping[str, str] | None = None
    ) -> AvailabilitySetRow:
        """Make an availability set.

        Raises:
            QuotaExceeded: the subscription has as many as it may.
            NameTaken: it has another one of that name.
        """
        row = AvailabilitySetRow(
            id=self._work.ids.new(),
            subscription_id=self._subscription_id,
            name=name,
            policy=policy,
            tags=dict(tags or {}),
            created_at=self._work.clock.now(),
        )
        await Quotas(self._work).claim(self._subscription_id, row.id, {DIMENSION: 1})
        await self._work.save(row, lambda _: NameTaken("availability set", name))
        self._work.emit("availability_set.created", reference(row), policy=policy)
        return row

    async def get(self, set_id: str, *, lock: RowLock | None = None) -> AvailabilitySetRow:
        """Return an availability set of the subscription, locked as wanted until the transaction ends.

        Raises:
            NotFound: it has none with this id.
        """
        row = await self._session.get(AvailabilitySetRow, set_id, with_for_update=for_update(lock))
        if row is None or row.subscription_id != self._subscription_id:
            raise NotFound("availability set", set_id)
        return row

    async def page(self, query: ListQuery) -> Rows[AvailabilitySetRow]:
        """Return a page of the subscription's availability sets."""
        return await LISTING.rows(self._session, query, AvailabilitySetRow.subscription_id == self._subscription_id)

    async def label(
        self, set_id: str, name: str | None, tags: Mapping[str, str | None], expected: int | None = None
    ) -> AvailabilitySetRow:
        """Give an availability set another name, if one is given, and merge tags into those it has.

        Raises:
            NotFound: the subscription has none with this id.
            NameTaken: it has another one of that name.
            TooManyTags: there would be too many.
        """
        row = await self.get(set_id, lock=RowLock.CHANGE)
        check_generation(expected, row.generation)
        if name is not None and row.name != name:
            row.name = name
            await self._work.save(row, lambda _: NameTaken("availability set", name))
            self._work.emit("availability_set.renamed", reference(row))
        await retag(self._work, row, reference(row), tags)
        return row

    async def delete(self, set_id: str, expected: int | None = None) -> None:
        """Delete an availability set that no virtual machine is in.

        Raises:
            NotFound: the subscription has none with this id.
            InUse: machines are in it.
        """
        row = await self.get(set_id, lock=RowLock.CHANGE)
        check_generation(expected, row.generation)
        members = (await machine_counts(self._work, [row.id])).get(row.id, 0)
        if members:
            raise InUse(
                f"Availability set {row.name!r} has {members} virtual machines.",
                remedy="Delete these first.",
                target=set_id,
            )
        await Quotas(self._work).release(row.id)
        await self._session.delete(row)
        self._work.emit("availability_set.deleted", reference(row))


async def machine_counts(work: UnitOfWork, set_ids: Sequence[str]) -> dict[str, int]:
    """Return how many virtual machines are in each of some sets; those without any are left out."""
    column = VirtualMachineRow.availability_set_id
    statement = select(column, func.count()).where(column.in_(set_ids)).group_by(column)
    return {set_id: count for set_id, count in await work.session.execute(statement) if set_id is not None}


async def separation_of(work: UnitOfWork, machine: VirtualMachineRow) -> Separation | None:
    """Return whose company a virtual machine shall not have.

    Its set is locked until the transaction ends: placing one machine of a set after the other is what spreads those of
    a preferred set as far as possible, also when many are made at once.
    """
    if machine.availability_set_id is None:
        return None
    row = await work.session.get_one(
        AvailabilitySetRow, machine.availability_set_id, with_for_update={"key_share": True}
    )
    return Separation(row.id, row.name, strict=row.policy == AvailabilityPolicy.STRICT)


def reference(row: AvailabilitySetRow) -> ResourceRef:
    """Name an availability set in events."""
    return ResourceRef("availability_set", row.id, row.name, row.subscription_id)
