"""Costs: what a subscription's month costs so far, what it is expected to cost, and of what that consists."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from zaffre.foundation.errors import InvalidInput
from zaffre.foundation.work import UnitOfWork
from zaffre.management.metering.meters import Meters
from zaffre.management.money.months import Month
from zaffre.management.money.price_book import PriceBook, Reduction
from zaffre.management.money.pricing import Charge, Till
from zaffre.management.money.usage_rows import expected_in, used_in

MOST_LINES = 10_000
KEY = tuple[Any, ...]


class CostKind(StrEnum):
    """What something is charged for."""

    USAGE = "usage"
    FEE = "fee"
    """Of a plan or an add-on."""
    DISCOUNT = "discount"
    """An amount off; percentages are taken off each charge."""


class CostGrouping(StrEnum):
    """What is added up to one line."""

    METER = "meter"
    RESOURCE = "resource"
    TAG = "tag"
    """The value that resources have of one tag."""


class CostStep(StrEnum):
    """How finely time is shown."""

    DAY = "day"
    TOTAL = "total"


class CostsTooLong(InvalidInput):
    """There are more lines than an answer holds."""

    code = "cost.too_many_lines"
    title = "Too many lines"

    def __init__(self) -> None:
        super().__init__(
            f"There are more than {MOST_LINES} lines.",
            remedy="Ask for the total, or by meter.",
            target="group",
        )


@dataclass
class CostLine:
    """What something costs."""

    kind: CostKind
    currency: str
    began_at: datetime | None
    """Of the day; None in a total."""
    title: str
    meter: str | None = None
    unit: str | None = None
    state: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    resource_name: str | None = None
    tag: str | None = None
    """The tag's value, where lines are by tag; empty for what has none."""
    quantity: int | None = None
    """Billionths so far, as all amounts here."""
    list_cost: int = 0
    cost: int = 0
    forecast: int = 0
    """For the whole month; of a past one what it cost."""


@dataclass
class Total:
    """What a month costs in one currency."""

    currency: str
    list_cost: int = 0
    cost: int = 0
    forecast: int = 0


@dataclass
class FixedReduction:
    """What a discount of an amount takes off a month."""

    reduction: Reduction
    currency: str
    so_far: int
    forecast: int


@dataclass
class MonthCosts:
    """A month of a subscription, priced."""

    month: Month
    as_of: datetime
    charges: Sequence[Charge]
    expected: Sequence[Charge] = ()
    fixed: Sequence[FixedReduction] = field(default_factory=list[FixedReduction])

    def totals(self) -> list[Total]:
        """Return the sums, one for each currency."""
        sums: dict[str, Total] = {}
        for charge, coming in self._all():
            total = sums.setdefault(charge.price.currency, Total(charge.price.currency))
            total.forecast += charge.cost
            if not coming:
                total.list_cost += charge.list_cost
                total.cost += charge.cost
        for each in self.fixed:
            total = sums[each.currency]
            total.cost -= each.so_far
            total.forecast -= each.forecast
        return sorted(sums.values(), key=lambda total: total.currency)

    def lines(self, meters: Meters, step: CostStep, grouping: CostGrouping, tag: str | None) -> list[CostLine]:
        """Return the lines, in the order of time and title.

        Raises:
            CostsTooLong: there are more than an answer holds.
        """
        lines: dict[KEY, CostLine] = {}
        for charge, coming in self._all():
            if coming and step is CostStep.DAY:
                continue
            line = _line(charge, meters, step, grouping, tag)
            known = lines.setdefault(_key(line), line)
            if len(lines) > MOST_LINES:
                raise CostsTooLong
            known.resource_name = line.resource_name
            known.forecast += charge.cost
            if not coming:
                known.quantity = (known.quantity or 0) + charge.used.quantity
                known.list_cost += charge.list_cost
                known.cost += charge.cost
        found = [*lines.values(), *self._reduced(step)]
        return sorted(found, key=lambda line: (line.began_at or self.as_of, line.kind, line.title, line.state or ""))

    def _all(self) -> Iterator[tuple[Charge, bool]]:
        yield from ((charge, False) for charge in self.charges)
        yield from ((charge, True) for charge in self.expected)

    def _reduced(self, step: CostStep) -> Iterator[CostLine]:
        if step is CostStep.TOTAL:
            for each in self.fixed:
                line = CostLine(CostKind.DISCOUNT, each.currency, None, each.reduction.name)
                line.list_cost = line.cost = -each.so_far
                line.forecast = -each.forecast
                yield line


class Costs:
    """Calculates costs inside one unit of work."""

    def __init__(self, work: UnitOfWork, meters: Meters) -> None:
        self._work = work
        self._meters = meters

    async def of_month(
        self, subscription_id: str, month: Month, *, forecast: bool = True, book: PriceBook | None = None
    ) -> MonthCosts:
        """Price a month of a subscription; a running one with what is expected of the rest of it.

        Args:
            subscription_id: it may be gone by now.
            month: any that has begun.
            forecast: whether to look ahead.
            book: prices read before; None: they are read.
        """
        now = self._work.clock.now()
        book = book or await PriceBook.read(self._work, month.end)
        used = await used_in(self._work, book, subscription_id, month)
        scopes = {subscription_id} | {each.account_id for each in used} | {each.plan_id for each in used}
        await book.read_discounts(self._work, month, scopes)
        if book.reductions:
            used = await used_in(self._work, book, subscription_id, month)
        till = Till(book, month)
        charges = list(till.ring_up(used))
        expected: list[Charge] = []
        if forecast and now < month.end:
            ahead = await expected_in(self._work, self._meters, book, subscription_id, month)
            expected = list(till.ring_up(ahead))
        fixed = list(_fixed(book, month, charges, expected))
        return MonthCosts(month, min(now, month.end), charges, expected, fixed)


def _fixed(
    book: PriceBook, month: Month, charges: Sequence[Charge], expected: Sequence[Charge]
) -> Iterator[FixedReduction]:
    """Yield what discounts of an amount take off: for the part of the month in which they count.

    They never take off more than that costs which they are for.
    """
    given: dict[str, list[int]] = {}
    for reductions in book.reductions.values():
        for each in reductions:
            if each.amount is None or each.currency is None:
                continue
            hours, of = each.share_of(month)
            amount = each.amount * hours // of
            taken = given.setdefault(each.currency, [0, 0])
            so_far = max(0, min(amount, _base(each, charges) - taken[0]))
            whole = max(so_far, min(amount, _base(each, (*charges, *expected)) - taken[1]))
            taken[0] += so_far
            taken[1] += whole
            if whole:
                yield FixedReduction(each, each.currency, so_far, whole)


def _base(reduction: Reduction, charges: Iterable[Charge]) -> int:
    """Return what everything costs that a discount is for."""
    return sum(
        charge.cost
        for charge in charges
        if charge.price.currency == reduction.currency
        and reduction.counts_at(charge.used.began_at)
        and reduction.scope_id in (charge.used.subscription_id, charge.used.account_id, charge.used.plan_id)
    )


def kind_of(charge: Charge) -> CostKind:
    """Tell a fee from the price of a meter."""
    return CostKind.FEE if charge.price.period is not None else CostKind.USAGE


def title_of(charge: Charge, meters: Meters) -> str:
    """Return what people call that which is charged for; a meter whose provider is gone is called by its name."""
    if charge.price.offer_name is not None:
        return charge.price.offer_name
    meter = meters.get(charge.used.meter)
    return meter.title if meter is not None else charge.used.meter


def _line(charge: Charge, meters: Meters, step: CostStep, grouping: CostGrouping, tag: str | None) -> CostLine:
    used = charge.used
    began_at = used.began_at.replace(hour=0, minute=0, second=0, microsecond=0) if step is CostStep.DAY else None
    line = CostLine(kind_of(charge), charge.price.currency, began_at, title_of(charge, meters))
    line.meter, line.unit = used.meter, used.unit
    if grouping is CostGrouping.METER:
        line.state = used.state
    elif grouping is CostGrouping.RESOURCE:
        line.resource_type, line.resource_id, line.resource_name = (
            used.resource_type,
            used.resource_id,
            used.resource_name,
        )
    else:
        line.tag = used.tags.get(tag or "", "")
    return line


def _key(line: CostLine) -> KEY:
    told = (line.began_at, line.kind, line.currency, line.title, line.meter, line.state)
    return (*told, line.resource_type, line.resource_id, line.tag)
