"""Closing a month: an operation that closes every subscription's statements, begun by itself when the grace is over."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.errors import Conflict
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing
from zaffre.foundation.operations.operation import FINISHED, NewOperation
from zaffre.foundation.operations.saga import Run, Step
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.settings import MeteringSettings, MoneySettings
from zaffre.foundation.work import ResourceRef, UnitOfWork, UnitsOfWork
from zaffre.management.metering.cursors import held_cursor
from zaffre.management.metering.meters import Meters
from zaffre.management.metering.rollups import add_up
from zaffre.management.metering.tables import UsageDayRow
from zaffre.management.money.months import Month
from zaffre.management.money.price_book import PriceBook
from zaffre.management.money.statements import Statements, closable_at, subscriptions_to_bill
from zaffre.management.money.tables import StatementRunRow

CLOSE_OPERATION = "statement_run.close"
LOCK = "statement runs"
AT_ONCE = 200
RECORDS_AT_ONCE = 1000
DEADLINE_S = 6 * 3600.0
"""For all statements of a month: minutes for ten thousand subscriptions."""

LISTING = Listing(
    StatementRunRow,
    {
        "id": Field(StatementRunRow.id, FieldType.ID),
        "month": Field(StatementRunRow.month, FieldType.TEXT),
        "began_at": Field(StatementRunRow.began_at, FieldType.INSTANT),
    },
    key=StatementRunRow.id,
    order="month desc",
)


class MonthNotOver(Conflict):
    """A month that goes on cannot be closed."""

    code = "statement.month_not_over"
    title = "The month is not over"


class MonthClosed(Conflict):
    """The month's statements are closed, or being closed."""

    code = "statement.month_closed"
    title = "The month is closed"


class StatementRuns:
    """Rules for closing months inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def begin(self, month: Month) -> tuple[StatementRunRow, OperationRow]:
        """Begin to close a month, or go on with one whose operation has failed.

        Months are closed one after the other, because each puts right what the ones before it have missed.

        Raises:
            MonthNotOver: it is not over.
            MonthClosed: it is closed or being closed, or a later one is.
        """
        await held_cursor(self._work, LOCK)
        if month.end > self._work.clock.now():
            raise MonthNotOver(f"{month} is not over.", remedy="Look at the drafts until then.", target="month")
        latest = await self._session.scalar(select(func.max(StatementRunRow.month)))
        row = await self._session.scalar(select(StatementRunRow).where(StatementRunRow.month == str(month)))
        if (row is None and latest is not None and latest > str(month)) or await self._done(row):
            raise MonthClosed(
                f"The statements of {month} are closed, or being closed, or later ones are.",
                remedy="What was not in them yet comes into the next ones as adjustments.",
                target="month",
            )
        if row is None:
            row = StatementRunRow(
                id=self._work.ids.new(), month=str(month), began_at=self._work.clock.now(), closed_at=None
            )
            self._work.add(row)
        resource = reference(row)
        operation = self._work.start(NewOperation(CLOSE_OPERATION, parameters={"month": str(month)}), resource)
        row.operation_id = operation.id
        await self._session.flush()
        self._work.emit("statement_run.begun", resource)
        return row, operation

    async def due(self, grace: timedelta) -> Month | None:
        """Return the month that is to be closed now: the one after the last one, or to begin with the one just over."""
        now = self._work.clock.now()
        latest = await self._session.scalar(select(StatementRunRow).order_by(StatementRunRow.month.desc()).limit(1))
        if latest is not None and not await self._done(latest):
            return Month.parse(latest.month)
        month = Month.parse(latest.month).plus(1) if latest is not None else Month.of(now - grace).plus(-1)
        if closable_at(month, grace) > now:
            return None
        used = select(UsageDayRow.subscription_id).where(UsageDayRow.began_at < month.end).limit(1)
        return month if await self._session.scalar(used) is not None else None

    async def _done(self, row: StatementRunRow | None) -> bool:
        """Tell whether a month is closed, or an operation is at it."""
        if row is None:
            return False
        if row.closed_at is not None:
            return True
        state = await self._session.scalar(select(OperationRow.state).where(OperationRow.id == row.operation_id))
        return state is not None and state not in FINISHED


class CloseStatements:
    """Closes the statements of a month, each in a transaction of its own.

    There is nothing to undo: what is closed stays closed, and whoever goes on closes the rest.
    """

    kind = CLOSE_OPERATION
    cancellable = False

    def __init__(self, meters: Meters, kept: MeteringSettings) -> None:
        self._meters = meters
        self._kept = kept

    def steps(self) -> Sequence[Step]:
        """Return the steps."""
        return [
            Step("usage", "Adding up what was recorded", self._add_up, deadline_s=DEADLINE_S),
            Step("statements", "Closing the statements", self._close, deadline_s=DEADLINE_S),
            Step("finish", "Closing the month", self._finish),
        ]

    async def _add_up(self, run: Run) -> None:
        """Have all that is recorded in the sums, which statements are made from."""
        added = RECORDS_AT_ONCE
        while added == RECORDS_AT_ONCE:
            async with run.work() as work:
                added = await add_up(work, RECORDS_AT_ONCE)

    async def _close(self, run: Run) -> None:
        month = Month.parse(run.operation.parameters["month"])
        async with run.units.read(run.actor) as work:
            book = await PriceBook.read(work, month.end)
        last, closed = "", 0
        while True:
            async with run.units.read(run.actor) as work:
                ids, last = await subscriptions_to_bill(work, month, last, AT_ONCE)
            for subscription_id in ids:
                async with run.work() as work:
                    closed += await Statements(work, self._meters, self._kept).close(subscription_id, month, book)
            if not last:
                return
            run.report(0.5, f"{closed} statements are closed")

    async def _finish(self, run: Run) -> None:
        async with run.work() as work:
            row = await work.session.get_one(StatementRunRow, run.operation.resource_id)
            if row.closed_at is None:
                row.closed_at = work.clock.now()
                work.emit("statement_run.closed", reference(row))


async def close_due_months(units: UnitsOfWork, settings: MoneySettings) -> None:
    """Begin to close the month whose grace is over, if it is not being closed; one at a time."""
    async with units.write(system_actor("statements")) as work:
        await held_cursor(work, LOCK)
        month = await StatementRuns(work).due(timedelta(hours=settings.statement_grace_hours))
        if month is not None:
            await StatementRuns(work).begin(month)


def reference(row: StatementRunRow) -> ResourceRef:
    """Name a closing of a month in events."""
    return ResourceRef("statement_run", row.id, row.month)
