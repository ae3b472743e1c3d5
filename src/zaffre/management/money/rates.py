"""Rate cards: what meters cost, in one currency, and which card prices which plan.

Tiers are graduated: each has the price of the quantity that lies in it, counted anew each month for each subscription.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete, func, select

from zaffre.foundation.errors import Conflict, InUse, InvalidInput, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.management.metering.meters import Meters
from zaffre.management.money.effects import PastIsFixed, effective_from
from zaffre.management.money.tables import RateCardRow, RateCardUseRow, RateRow
from zaffre.management.tables import PlanRow

DEFAULT = "default"
MOST_RATES = 5000
"""Prices that a card has, past ones included."""

LISTING = Listing(
    RateCardRow,
    {
        "id": Field(RateCardRow.id, FieldType.ID),
        "name": Field(RateCardRow.name, FieldType.TEXT, searchable=True),
        "currency": Field(RateCardRow.currency, FieldType.TEXT),
        "created_at": Field(RateCardRow.created_at, FieldType.INSTANT),
    },
    key=RateCardRow.id,
    order="name",
)
RATES = Listing(
    RateRow,
    {
        "id": Field(RateRow.id, FieldType.ID),
        "meter": Field(RateRow.meter, FieldType.TEXT, searchable=True),
        "state": Field(RateRow.state, FieldType.TEXT),
        "effective_from": Field(RateRow.effective_from, FieldType.INSTANT),
    },
    key=RateRow.id,
    order="meter, state, effective_from desc",
)
USES = Listing(
    RateCardUseRow,
    {
        "id": Field(RateCardUseRow.id, FieldType.ID),
        "scope": Field(RateCardUseRow.scope, FieldType.TEXT),
        "effective_from": Field(RateCardUseRow.effective_from, FieldType.INSTANT),
    },
    key=RateCardUseRow.id,
    order="effective_from desc",
)


class RateTaken(Conflict):
    """There is a change at that instant already."""

    code = "rate.taken"
    title = "Something takes effect at that instant already"

    def __init__(self, instant: datetime) -> None:
        super().__init__(
            f"There is one that takes effect at {instant.isoformat()} already.",
            remedy="Send another instant; one that has not come yet can be deleted first.",
            target="effective_from",
        )


@dataclass(frozen=True)
class Tier:
    """A part of the quantity of a month, and what one unit of it costs."""

    up_to: Decimal | None
    """Where it ends, counted from the month's beginning; None: nowhere."""
    price: Decimal


@dataclass(frozen=True)
class NewRate:
    """A price to set."""

    meter: str
    tiers: Sequence[Tier]
    state: str = ""
    effective_from: datetime | None = None


class RateCards:
    """Rules for rate cards inside one unit of work."""

    def __init__(self, work: UnitOfWork, meters: Meters) -> None:
        self._work = work
        self._session = work.session
        self._meters = meters

    async def create(self, name: str, description: str, currency: str) -> RateCardRow:
        """Add an empty card.

        Raises:
            NameTaken: another card has the name.
        """
        row = RateCardRow(
            id=self._work.ids.new(),
            name=name,
            description=description,
            currency=currency,
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: NameTaken("rate card", name))
        self._work.emit("rate_card.created", reference(row), currency=currency)
        return row

    async def get(self, card_id: str) -> RateCardRow:
        """Return a card.

        Raises:
            NotFound: there is none.
        """
        row = await self._session.get(RateCardRow, card_id)
        if row is None:
            raise NotFound("rate card", card_id)
        return row

    async def page(self, query: ListQuery) -> Rows[RateCardRow]:
        """Return a page of cards."""
        return await LISTING.rows(self._session, query)

    async def change(
        self, card_id: str, name: str | None, description: str | None, expected: int | None = None
    ) -> RateCardRow:
        """Give a card another name or description. Its currency stays.

        Raises:
            NameTaken: another card has the name.
        """
        row = await self.get(card_id)
        check_generation(expected, row.generation)
        row.name = name if name is not None else row.name
        row.description = description if description is not None else row.description
        taken = row.name
        await self._work.save(row, lambda _: NameTaken("rate card", taken))
        self._work.emit("rate_card.changed", reference(row))
        return row

    async def delete(self, card_id: str, expected: int | None = None) -> None:
        """Remove a card that never priced anything.

        Raises:
            InUse: it prices, priced or will price plans: what was charged must stay calculable.
        """
        row = await self.get(card_id)
        check_generation(expected, row.generation)
        uses = select(func.count()).select_from(RateCardUseRow).where(RateCardUseRow.rate_card_id == card_id)
        if await self._session.scalar(uses):
            raise InUse(
                f"Rate card {row.name!r} prices plans, or has done so.",
                remedy="Have the plans use another card; a card that was used stays for its history.",
                target=card_id,
            )
        await self._session.execute(delete(RateRow).where(RateRow.rate_card_id == card_id))
        await self._session.delete(row)
        self._work.emit("rate_card.deleted", reference(row))

    async def rates(self, card_id: str, query: ListQuery) -> Rows[RateRow]:
        """Return a page of a card's prices: past, present and to come."""
        await self.get(card_id)
        return await RATES.rows(self._session, query, RateRow.rate_card_id == card_id)

    async def set_rate(self, card_id: str, draft: NewRate) -> RateRow:
        """Price a meter from an instant on. The first price of a meter may begin in the past, unless it is billed.

        Raises:
            InvalidInput: there is no such meter, the tiers do not follow one another, or the instant is no full hour.
            PastIsFixed: the meter has a price, and the instant is not to come.
            RateTaken: another price takes effect at that instant.
        """
        card = await self.get(card_id)
        meter = self._meters.named(draft.meter)
        check_tiers(draft.tiers)
        first = select(RateRow.id).where(RateRow.rate_card_id == card_id)
        if (await self._session.scalar(select(func.count()).select_from(first.subquery())) or 0) >= MOST_RATES:
            raise InvalidInput(
                f"A card has at most {MOST_RATES} prices.", remedy="Begin a new card.", target="rate_card_id"
            )
        known = await self._session.scalar(first.where(RateRow.meter == meter.name).limit(1)) is not None
        instant = await effective_from(self._work, draft.effective_from, known=known)
        row = RateRow(
            id=self._work.ids.new(),
            rate_card_id=card_id,
            meter=meter.name,
            state=draft.state,
            tiers=[
                {"up_to": str(tier.up_to) if tier.up_to is not None else None, "price": str(tier.price)}
                for tier in draft.tiers
            ],
            effective_from=instant,
            created_at=self._work.clock.now(),
        )
        resource = reference(card)
        await self._work.save(row, lambda _: RateTaken(instant))
        self._work.emit(
            "rate_card.rate_set", resource, meter=meter.name, state=draft.state, effective_from=instant.isoformat()
        )
        return row

    async def withdraw_rate(self, card_id: str, rate_id: str) -> None:
        """Take back a price that has not taken effect.

        Raises:
            NotFound: the card has no such price.
            PastIsFixed: it has taken effect.
        """
        row = await self._session.get(RateRow, rate_id)
        if row is None or row.rate_card_id != card_id:
            raise NotFound("rate", rate_id)
        self._refuse_begun(row.effective_from)
        await self._session.delete(row)
        self._work.emit("rate_card.rate_withdrawn", reference(await self.get(card_id)), meter=row.meter)

    async def uses(self, query: ListQuery) -> Rows[RateCardUseRow]:
        """Return a page of what says which card prices which plan."""
        return await USES.rows(self._session, query)

    async def use(self, plan_id: str | None, card_id: str | None, wanted: datetime | None = None) -> RateCardUseRow:
        """Have a card price a plan's subscriptions, or, without a plan, all that have no card of their own.

        Args:
            plan_id: None for the default.
            card_id: None: the plan follows the default again; as the default, nothing is priced.
            wanted: from when on, a full hour; None: as soon as may be.

        Raises:
            NotFound: there is no such plan or card.
            PastIsFixed: another card counts there already, and the instant is not to come.
            RateTaken: another one begins at that instant.
        """
        if plan_id is not None and await self._session.get(PlanRow, plan_id) is None:
            raise NotFound("plan", plan_id)
        if card_id is not None:
            await self.get(card_id)
        scope = plan_id or DEFAULT
        before = select(RateCardUseRow.id).where(RateCardUseRow.scope.in_({scope, DEFAULT})).limit(1)
        known = await self._session.scalar(before) is not None
        instant = await effective_from(self._work, wanted, known=known)
        row = RateCardUseRow(
            id=self._work.ids.new(),
            scope=scope,
            plan_id=plan_id,
            rate_card_id=card_id,
            effective_from=instant,
            created_at=self._work.clock.now(),
        )
        resource = ResourceRef("rate_card_use", row.id)
        await self._work.save(row, lambda _: RateTaken(instant))
        self._work.emit(
            "rate_card_use.created",
            resource,
            plan_id=plan_id,
            rate_card_id=card_id,
            effective_from=instant.isoformat(),
        )
        return row

    async def withdraw_use(self, use_id: str) -> None:
        """Take back an assignment that has not taken effect.

        Raises:
            NotFound: there is none.
            PastIsFixed: it has taken effect.
        """
        row = await self._session.get(RateCardUseRow, use_id)
        if row is None:
            raise NotFound("rate card use", use_id)
        self._refuse_begun(row.effective_from)
        await self._session.delete(row)
        self._work.emit("rate_card_use.deleted", ResourceRef("rate_card_use", row.id), plan_id=row.plan_id)

    def _refuse_begun(self, instant: datetime) -> None:
        if instant <= self._work.clock.now():
            raise PastIsFixed(
                f"It has been in effect since {instant.isoformat()}.",
                remedy="Set another one from now on.",
                target="effective_from",
            )


def check_tiers(tiers: Sequence[Tier]) -> None:
    """Refuse tiers that do not follow one another.

    Raises:
        InvalidInput: one does not end above the one before, or the last one ends.
    """
    ends = [tier.up_to for tier in tiers]
    if not ends:
        return
    bounded = [end for end in ends[:-1] if end is not None]
    if ends[-1] is not None or len(bounded) < len(ends) - 1 or sorted({Decimal(0), *bounded}) != [0, *bounded]:
        raise InvalidInput(
            "The tiers do not follow one another.",
            remedy="Give each but the last an `up_to` above that of the one before, and the last one none.",
            target="tiers",
        )


def reference(row: RateCardRow) -> ResourceRef:
    """Name a card in events."""
    return ResourceRef("rate_card", row.id, row.name)
