"""The price book: every dated price of the site, read once, and what of it counts at an instant."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from zaffre.foundation.work import UnitOfWork
from zaffre.management.money.amounts import BILLION, parse
from zaffre.management.money.months import HOUR, Month
from zaffre.management.money.rates import DEFAULT
from zaffre.management.money.tables import DiscountRow, OfferFeeRow, RateCardRow, RateCardUseRow, RateRow
from zaffre.management.offer_texts import FeePeriod

MOST_DISCOUNTS = 10_000
"""Read at once; far more than a site gives at a time."""

Tiers = tuple[tuple[int | None, int], ...]
"""Where each ends and what a unit in it costs, in billionths."""


@dataclass(frozen=True, eq=False)
class Price:
    """What something costs while nothing changes: a price of a card, or a fee. A book has one object for each."""

    line: tuple[str, ...]
    """What quantities are counted for through a month: the card with meter and state, or the offer with its price."""
    id: str
    """Of the rate; of a fee, the offer's."""
    currency: str
    tiers: Tiers
    divisor: int = BILLION
    """Quantity times price are so many times the billionths of the amount."""
    offer_name: str | None = None
    """Of a fee."""
    period: FeePeriod | None = None

    def cost(self, quantity: int) -> int:
        """Return the price of a whole quantity (billionths), times `divisor`; tiers are graduated."""
        if len(self.tiers) == 1:
            return quantity * self.tiers[0][1]
        total, begin = 0, 0
        for up_to, price in self.tiers:
            # A quantity below nothing, as corrections may leave it for a time, is one of the first tier.
            end = quantity if up_to is None else min(quantity, up_to)
            total += (end - begin) * price
            begin = end
            if up_to is None or quantity <= up_to:
                break
        return total

    def first_above(self, quantity: int) -> int:
        """Return what the next unit above a quantity costs, in billionths."""
        for up_to, price in self.tiers:
            if up_to is None or quantity < up_to:
                return price
        return 0


@dataclass(frozen=True)
class Reduction:
    """A discount, as calculations need it."""

    id: str
    name: str
    scope_id: str
    percent: int | None
    """Billionths of a percent."""
    amount: int | None
    currency: str | None
    begins_at: datetime
    ends_at: datetime | None

    def counts_at(self, instant: datetime) -> bool:
        """Tell whether it is in force."""
        return self.begins_at <= instant and (self.ends_at is None or instant < self.ends_at)

    def instants(self) -> Iterable[datetime]:
        """Yield when it begins, and when it ends."""
        yield self.begins_at
        if self.ends_at is not None:
            yield self.ends_at

    def share_of(self, month: Month) -> tuple[int, int]:
        """Return for how many hours of a month it is in force, and how many the month has."""
        end = min(month.end, self.ends_at) if self.ends_at is not None else month.end
        return max(0, (end - max(month.begin, self.begins_at)) // HOUR), month.hours


@dataclass
class PriceBook:
    """All prices, by what they are of and in the order of their instants."""

    cards: Mapping[str, RateCardRow] = field(default_factory=dict[str, RateCardRow])
    rates: dict[tuple[str, str, str], list[RateRow]] = field(default_factory=dict[tuple[str, str, str], list[RateRow]])
    uses: dict[str, list[RateCardUseRow]] = field(default_factory=dict[str, list[RateCardUseRow]])
    fees: dict[str, list[OfferFeeRow]] = field(default_factory=dict[str, list[OfferFeeRow]])
    reductions: dict[str, list[Reduction]] = field(default_factory=dict[str, list[Reduction]])
    """By subscription, account or plan."""
    _found: dict[tuple[str, str, str, datetime], Price | None] = field(
        default_factory=dict[tuple[str, str, str, datetime], Price | None]
    )
    _known: dict[tuple[Any, ...], Price | None] = field(default_factory=dict[tuple[Any, ...], Price | None])

    @classmethod
    async def read(cls, work: UnitOfWork, end: datetime) -> "PriceBook":
        """Read what takes effect before an instant."""
        session = work.session
        book = cls({row.id: row for row in await session.scalars(select(RateCardRow))})
        rates = select(RateRow).where(RateRow.effective_from < end).order_by(RateRow.effective_from)
        for rate in await session.scalars(rates):
            book.rates.setdefault((rate.rate_card_id, rate.meter, rate.state), []).append(rate)
        uses = select(RateCardUseRow).where(RateCardUseRow.effective_from < end)
        for use in await session.scalars(uses.order_by(RateCardUseRow.effective_from)):
            book.uses.setdefault(use.scope, []).append(use)
        fees = select(OfferFeeRow).where(OfferFeeRow.effective_from < end)
        for fee in await session.scalars(fees.order_by(OfferFeeRow.effective_from)):
            book.fees.setdefault(fee.offer_id, []).append(fee)
        return book

    async def read_discounts(
        self, work: UnitOfWork, month: Month, scope_ids: Iterable[str] | None = None
    ) -> "PriceBook":
        """Read the discounts that are in force at some time of a month: all, or those of some things."""
        open_ended = or_(DiscountRow.ends_at.is_(None), DiscountRow.ends_at > month.begin)
        statement = select(DiscountRow).where(DiscountRow.begins_at < month.end, open_ended)
        if scope_ids is not None:
            statement = statement.where(DiscountRow.scope_id.in_(list(scope_ids)))
        self.reductions = {}
        for row in await work.session.scalars(statement.order_by(DiscountRow.created_at).limit(MOST_DISCOUNTS)):
            self.reductions.setdefault(row.scope_id, []).append(_reduction(row))
        return self

    def instants(self) -> Iterable[datetime]:
        """Yield every instant at which something changes."""
        for dated in (self.rates, self.uses, self.fees):
            for rows in dated.values():
                yield from (row.effective_from for row in rows)
        for reductions in self.reductions.values():
            for each in reductions:
                yield from each.instants()

    def split_days(self, begin: datetime, end: datetime) -> list[datetime]:
        """Return the days in which something changes, other than at their beginning: they are priced by the hour."""
        return split_days(self.instants(), begin, end)

    def rate(self, plan_id: str, meter: str, state: str, at: datetime) -> Price | None:
        """Return what a meter costs a plan's subscription; None when nothing."""
        key = (plan_id, meter, state, at)
        if key not in self._found:
            self._found[key] = self._look_up(plan_id, meter, state, at)
        return self._found[key]

    def _look_up(self, plan_id: str, meter: str, state: str, at: datetime) -> Price | None:
        card_id = self.card(plan_id, at)
        if card_id is None:
            return None
        for wanted in (state, "") if state else ("",):
            row = _latest(self.rates.get((card_id, meter, wanted), ()), at)
            if row is not None:
                return self._rate(row) if row.tiers else None
        return None

    def fee(self, offer_id: str, at: datetime, month: Month) -> Price | None:
        """Return what an hour of an offer costs; None when nothing is due for it."""
        row = _latest(self.fees.get(offer_id, ()), at)
        if row is None or row.fee is None:
            return None
        key = ("fee", offer_id, row.effective_from, month)
        if key not in self._known:
            self._known[key] = _fee(row, row.fee, month)
        return self._known[key]

    def cut(self, subscription_id: str, account_id: str, plan_id: str) -> list[Reduction]:
        """Return the discounts that may concern somebody, in the order in which they were given."""
        if not self.reductions:
            return []
        return [each for scope in (subscription_id, account_id, plan_id) for each in self.reductions.get(scope, ())]

    def card(self, plan_id: str, at: datetime) -> str | None:
        """Return the card that prices a plan; None when none does."""
        use = _latest(self.uses.get(plan_id, ()), at)
        if use is None or use.rate_card_id is None:
            use = _latest(self.uses.get(DEFAULT, ()), at)
        return use.rate_card_id if use is not None else None

    def _rate(self, row: RateRow) -> Price:
        found = self._known.get((row.id,))
        if found is None:
            tiers = tuple(
                (parse(tier["up_to"]) if tier["up_to"] is not None else None, parse(tier["price"]))
                for tier in row.tiers
            )
            line = (row.rate_card_id, row.meter, row.state)
            found = Price(line, row.id, self.cards[row.rate_card_id].currency, tiers)
            self._known[(row.id,)] = found
        return found


def split_days(instants: Iterable[datetime], begin: datetime, end: datetime) -> list[datetime]:
    """Return the days of a time that have one of some instants in them, other than at their beginning."""
    return sorted({instant.replace(hour=0) for instant in instants if begin < instant < end and instant.hour})


def _fee(row: OfferFeeRow, fee: Mapping[str, Any], month: Month) -> Price | None:
    amount = parse(fee["amount"])
    if not amount:
        return None
    period = FeePeriod(fee["period"])
    year_hours = (datetime(month.year + 1, 1, 1) - datetime(month.year, 1, 1)) // timedelta(hours=1)  # noqa: DTZ001 - only the difference
    hours = {FeePeriod.HOUR: 1, FeePeriod.DAY: 24, FeePeriod.MONTH: month.hours, FeePeriod.YEAR: year_hours}[period]
    line = ("fee", row.offer_id, fee["amount"], fee["currency"], period)
    return Price(line, row.offer_id, fee["currency"], ((None, amount),), BILLION * hours, row.offer_name, period)


def _latest(rows: Sequence[Any], at: datetime) -> Any | None:
    """Return the last of some dated rows that has taken effect."""
    index = bisect_right(rows, at, key=lambda row: row.effective_from)
    return rows[index - 1] if index else None


def _reduction(row: DiscountRow) -> Reduction:
    percent = int(row.percent * BILLION) if row.percent is not None else None
    amount = int(row.amount * BILLION) if row.amount is not None else None
    return Reduction(row.id, row.name, row.scope_id, percent, amount, row.currency, row.begins_at, row.ends_at)
