"""Summaries: what was used over days or months, from the sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select

from zaffre.foundation.errors import InvalidInput
from zaffre.foundation.work import UnitOfWork
from zaffre.management.metering.quantities import Quantity
from zaffre.management.metering.tables import UsageDayRow, UsageHourRow

MOST_LINES = 10_000
USUAL_DAYS = 30
MOST_HOURS = timedelta(days=31)
MOST_DAYS = timedelta(days=800)


class Step(StrEnum):
    """How finely time is shown."""

    HOUR = "hour"
    DAY = "day"
    TOTAL = "total"
    """Not at all: one line for the whole of it. It begins and ends with a day."""


class Grouping(StrEnum):
    """What is added up to one line."""

    METER = "meter"
    RESOURCE = "resource"
    SUBSCRIPTION = "subscription"


class SummaryTooLong(InvalidInput):
    """The summary would have more lines than an answer holds."""

    code = "usage.too_many_lines"
    title = "Too many lines"

    def __init__(self) -> None:
        super().__init__(
            f"The summary would have more than {MOST_LINES} lines.",
            remedy="Ask for a shorter time, for larger steps, or for one meter or subscription.",
            target="to",
        )


@dataclass(frozen=True)
class Wanted:
    """A summary that is asked for."""

    begin: datetime
    end: datetime
    step: Step
    grouping: Grouping
    meter: str | None = None
    subscription_id: str | None = None
    """None: of all."""

    @classmethod
    def of(cls, begin: datetime | None, end: datetime | None, now: datetime, **rest: Any) -> "Wanted":
        """Return what is asked for, its bounds filled in and moved to where steps begin and end.

        Raises:
            InvalidInput: it ends before it begins, or is longer than sums of that step are shown for.
        """
        step: Step = rest["step"]
        end = _aware(end) if end is not None else now
        begin = _aware(begin) if begin is not None else end - timedelta(days=1 if step is Step.HOUR else USUAL_DAYS)
        length = timedelta(hours=1) if step is Step.HOUR else timedelta(days=1)
        begin = _floor(begin, length)
        floor = _floor(end, length)
        end = floor if floor == end else floor + length
        most = MOST_HOURS if step is Step.HOUR else MOST_DAYS
        if not begin < end <= begin + most:
            raise InvalidInput(
                f"The time must end after it begins, and by {step} be at most {most.days} days long.",
                remedy="Correct `from` and `to`.",
                target="to",
            )
        return cls(begin, end, **rest)


@dataclass(frozen=True)
class Line:
    """What was used of a meter in a state."""

    began_at: datetime
    meter: str
    unit: str
    state: str
    quantity: Decimal
    subscription_id: str | None
    resource_type: str | None
    resource_id: str | None
    resource_name: str | None


async def summarise(work: UnitOfWork, wanted: Wanted) -> Sequence[Line]:
    """Return the lines of a summary, in order of time and meter.

    Raises:
        SummaryTooLong: there are more than an answer holds.
    """
    table = UsageHourRow if wanted.step is Step.HOUR else UsageDayRow
    keys: dict[str, Any] = {"meter": table.meter, "unit": table.unit, "state": table.state}
    if wanted.step is not Step.TOTAL:
        keys["began_at"] = table.began_at
    if wanted.grouping is not Grouping.METER:
        keys["subscription_id"] = table.subscription_id
    if wanted.grouping is Grouping.RESOURCE:
        keys |= {"resource_type": table.resource_type, "resource_id": table.resource_id}
    total = func.sum(table.quantity, type_=Quantity).label("quantity")
    name = func.max(table.resource_name).label("resource_name")
    columns = [column.label(key) for key, column in keys.items()]
    statement = select(*columns, total, name).where(table.began_at >= wanted.begin, table.began_at < wanted.end)
    if wanted.subscription_id is not None:
        statement = statement.where(table.subscription_id == wanted.subscription_id)
    if wanted.meter is not None:
        statement = statement.where(table.meter == wanted.meter)
    rows = (await work.session.execute(statement.group_by(*keys.values()).limit(MOST_LINES + 1))).all()
    if len(rows) > MOST_LINES:
        raise SummaryTooLong
    lines = [_line(row, wanted) for row in rows]
    return sorted(lines, key=lambda line: (line.began_at, line.meter, line.state, line.resource_name or ""))


def _line(row: Any, wanted: Wanted) -> Line:
    told = row._mapping  # noqa: SLF001 - the documented way to read a row by name
    of_resource = wanted.grouping is Grouping.RESOURCE
    return Line(
        began_at=told.get("began_at", wanted.begin),
        meter=row.meter,
        unit=row.unit,
        state=row.state,
        quantity=row.quantity,
        subscription_id=told.get("subscription_id"),
        resource_type=told.get("resource_type"),
        resource_id=told.get("resource_id"),
        resource_name=row.resource_name if of_resource else None,
    )


def _aware(instant: datetime) -> datetime:
    return (instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)).astimezone(UTC)


def _floor(instant: datetime, length: timedelta) -> datetime:
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if length.days else instant.replace(minute=0, second=0, microsecond=0)
