"""Quota reservations: programs count what they make against our quotas by asking us before they make it.

A reservation is a claim like any other: one statement checks and counts, so that what is used is exact at any moment
and no two requests overshoot, wherever the program that makes the resource is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from zaffre.foundation.errors import Conflict, InvalidInput, NotFound
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.management.external.external_provider import ExternalProvider
from zaffre.management.external.tables import QuotaReservationRow
from zaffre.management.quotas import Quotas
from zaffre.management.tables import SubscriptionRow

LISTING = Listing(
    QuotaReservationRow,
    {
        "id": Field(QuotaReservationRow.id, FieldType.ID),
        "subscription_id": Field(QuotaReservationRow.subscription_id, FieldType.ID, sortable=False),
        "resource_type": Field(QuotaReservationRow.resource_type, FieldType.TEXT, sortable=False),
        "name": Field(QuotaReservationRow.name, FieldType.TEXT, searchable=True, sortable=False),
        "created_at": Field(QuotaReservationRow.created_at, FieldType.INSTANT),
    },
    key=QuotaReservationRow.id,
    order="created_at",
)


class ReservationTaken(Conflict):
    """The id names something else already."""

    code = "quota.reservation_taken"
    title = "The id names something else"

    def __init__(self, resource_id: str) -> None:
        super().__init__(
            f"{resource_id} is the id of something else that counts against a quota.",
            remedy="Give each resource an id of its own, a random or time-ordered UUID.",
            target="id",
        )


@dataclass(frozen=True)
class Reservation:
    """Something that is to count against a subscription's quota."""

    id: str
    subscription_id: str
    resource_type: str
    name: str
    amounts: Mapping[str, int]


class Reservations:
    """Rules for the reservations of one program inside one unit of work."""

    def __init__(self, work: UnitOfWork, provider: ExternalProvider) -> None:
        self._work = work
        self._session = work.session
        self._provider = provider

    async def page(self, query: ListQuery) -> Rows[QuotaReservationRow]:
        """Return a page of what the program has reserved."""
        return await LISTING.rows(self._session, query, QuotaReservationRow.provider == self._provider.name)

    async def reserve(self, wanted: Reservation) -> QuotaReservationRow:
        """Count a resource, or count it otherwise than before. The same again changes nothing.

        Raises:
            InvalidInput: the type or a dimension is none of the program's, or dimensions differ from those before.
            NotFound: there is no such subscription.
            QuotaExceeded, NotInPlan, SubscriptionClosed: the quota does not allow it.
            ReservationTaken: the id names something else.
        """
        self._check(wanted)
        row = await self._session.get(QuotaReservationRow, wanted.id, with_for_update=True, populate_existing=True)
        if row is None:
            return await self._make(wanted)
        if (row.provider, row.subscription_id, row.resource_type) != (
            self._provider.name,
            wanted.subscription_id,
            wanted.resource_type,
        ):
            raise ReservationTaken(wanted.id)
        if set(row.amounts) != set(wanted.amounts):
            raise InvalidInput(
                f"{wanted.id} counts in {', '.join(sorted(row.amounts))}.",
                remedy="Give amounts in the same dimensions, or release it first.",
                target="amounts",
            )
        await Quotas(self._work).change(row.subscription_id, row.id, wanted.amounts)
        row.amounts, row.name = dict(wanted.amounts), wanted.name
        return row

    async def release(self, resource_id: str) -> None:
        """Give back what a resource counts. One that counts nothing is left alone."""
        row = await self._session.get(QuotaReservationRow, resource_id, with_for_update=True, populate_existing=True)
        if row is None or row.provider != self._provider.name:
            return
        await Quotas(self._work).release(row.id)
        resource = _reference(row)
        await self._session.delete(row)
        self._work.emit("provider_resource.released", resource, provider=self._provider.name)

    def _check(self, wanted: Reservation) -> None:
        types = [each.type for each in self._provider.description.collections]
        if wanted.resource_type not in types:
            raise InvalidInput(
                f"The program describes no resources of type {wanted.resource_type!r}.",
                remedy=f"It describes: {', '.join(sorted(types))}.",
                target="resource_type",
            )
        own = {each.name for each in self._provider.dimensions}
        foreign = sorted(set(wanted.amounts) - own)
        if foreign:
            raise InvalidInput(
                f"{foreign[0]!r} is no dimension of the program.",
                remedy=f"It has: {', '.join(sorted(own))}.",
                target="amounts",
            )

    async def _make(self, wanted: Reservation) -> QuotaReservationRow:
        if await self._session.get(SubscriptionRow, wanted.subscription_id) is None:
            raise NotFound("subscription", wanted.subscription_id)
        if await Quotas(self._work).claimed(wanted.id):
            raise ReservationTaken(wanted.id)
        await Quotas(self._work).claim(wanted.subscription_id, wanted.id, wanted.amounts)
        row = QuotaReservationRow(
            id=wanted.id,
            provider=self._provider.name,
            subscription_id=wanted.subscription_id,
            resource_type=wanted.resource_type,
            name=wanted.name,
            amounts=dict(wanted.amounts),
            created_at=self._work.clock.now(),
        )

        def refusal(_: IntegrityError) -> ReservationTaken:
            return ReservationTaken(wanted.id)

        await self._work.save(row, refusal)
        self._work.emit("provider_resource.reserved", _reference(row), provider=self._provider.name)
        return row


async def release_all(work: UnitOfWork, provider: str, subscription_id: str) -> None:
    """Give back all that a subscription counts at a program which says that nothing of it is left."""
    mine = (QuotaReservationRow.provider == provider, QuotaReservationRow.subscription_id == subscription_id)
    for resource_id in (await work.session.scalars(select(QuotaReservationRow.id).where(*mine))).all():
        await Quotas(work).release(resource_id)
    await work.session.execute(delete(QuotaReservationRow).where(*mine))


def _reference(row: QuotaReservationRow) -> ResourceRef:
    return ResourceRef(row.resource_type, row.id, row.name, subscription_id=row.subscription_id)
