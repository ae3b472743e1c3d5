"""Routes of metering: usage records, their feed for billing systems, and summaries."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, Field, PlainSerializer, StringConstraints, model_validator

from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Id, Name, View, printable
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import Permission, requires
from zaffre.management.metering.cursors import RecordCursor
from zaffre.management.metering.meters import MeterKind, Meters
from zaffre.management.metering.quantities import billionths, exact, text
from zaffre.management.metering.records import NewUsageRecord, RecordKind, UsageRecords
from zaffre.management.metering.summaries import Grouping, Line, Step, Wanted, summarise
from zaffre.management.metering.tables import UsageRecordRow
from zaffre.management.subscriptions import CurrentSubscription

shared = APIRouter(tags=["usage"], route_class=TransactionalRoute)
administration = APIRouter(tags=["usage"], route_class=TransactionalRoute)

FEED_USUAL = 500
FEED_MOST = 5000

Amount = Annotated[Decimal, PlainSerializer(lambda value: text(billionths(value)), return_type=str)]
"""A quantity: an exact decimal number, as text."""
MeterName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,63}$")]
Word = Annotated[str, StringConstraints(max_length=100), AfterValidator(printable)]


def _exact_text(value: str) -> str:
    exact(value)
    return value


ExactText = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,10}(\.[0-9]{1,9})?$"), AfterValidator(_exact_text)]


class MeterView(View):
    """Something that is measured of resources."""

    name: str
    title: str
    unit: str
    kind: MeterKind


class UsageRecordView(View):
    """What was used of one meter by one resource over a time."""

    id: str
    meter: str
    subscription_id: str
    account_id: str
    plan_id: str
    """The subscription's at that time."""
    resource_type: str
    resource_id: str
    resource_name: str
    state: str
    """What the resource was doing, such as `running`, `stopped` or `suspended`."""
    quantity: Amount
    unit: str
    began_at: datetime
    ended_at: datetime
    dimensions: dict[str, Any]
    """What else prices may depend on, such as the size."""
    tags: dict[str, str]
    kind: RecordKind
    corrects: str | None
    """The record that this one is to be added to."""
    recorded_at: datetime

    @classmethod
    def of(cls, row: UsageRecordRow) -> "UsageRecordView":
        """Shape a row."""
        return cls.model_validate(row)


class UsageFeedView(View):
    """Records in the order in which they were written for good."""

    value: list[UsageRecordView]
    cursor: str
    """Send it as `after` to read on, at any time."""
    more: bool
    """Whether more can be read at once."""


class UsageLineView(View):
    """What was used of a meter in a state."""

    began_at: datetime
    """Of the hour or the day; of all that was asked for in a total."""
    meter: str
    title: str
    unit: str
    state: str
    quantity: Amount
    subscription_id: str | None
    """Unless lines are grouped by meter."""
    resource_type: str | None
    resource_id: str | None
    """Of lines grouped by resource, as are type and name."""
    resource_name: str | None

    @classmethod
    def of(cls, line: Line, meters: Meters) -> "UsageLineView":
        """Shape a line. A meter whose provider is no longer installed is called by its name."""
        meter = meters.get(line.meter)
        return cls(title=meter.title if meter is not None else line.meter, **vars(line))


class UsageSummaryView(View):
    """What was used over a time."""

    begin: datetime
    end: datetime
    step: Step
    value: list[UsageLineView]


class NewUsageRecordBody(Body):
    """A late record from outside, or with `corrects` the difference to one that is there."""

    quantity: ExactText
    corrects: Id | None = None
    """The record to correct; all else is taken from it then and must be left out."""
    meter: MeterName | None = None
    subscription_id: Id | None = None
    resource_type: MeterName | None = None
    resource_id: Id | None = None
    resource_name: Name | None = None
    state: Word = ""
    began_at: datetime | None = None
    ended_at: datetime | None = None
    dimensions: Annotated[dict[MeterName, Word | int], Field(max_length=20)] = Field(default_factory=dict)
    tags: Annotated[dict[Word, Word], Field(max_length=50)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _either(self) -> "NewUsageRecordBody":
        told = [name for name in _NEEDED if getattr(self, name) is not None]
        if self.corrects is not None and (told or self.state or self.dimensions or self.tags):
            raise ValueError("a correction consists of corrects and quantity only")
        if self.corrects is None and len(told) < len(_NEEDED):
            missing = sorted(set(_NEEDED) - set(told))
            raise ValueError(f"is missing {', '.join(missing)}")
        return self

    def to_draft(self) -> NewUsageRecord:
        """Return the value for the rules."""
        begin, end = self.began_at, self.ended_at
        names = (self.meter, self.subscription_id, self.resource_type, self.resource_id, self.resource_name)
        meter, subscription_id, resource_type, resource_id, resource_name = (str(name) for name in names)
        return NewUsageRecord(
            meter,
            subscription_id,
            resource_type,
            resource_id,
            resource_name,
            exact(self.quantity),
            _utc(begin),
            _utc(end),
            self.state,
            self.dimensions,
            self.tags,
        )


_NEEDED = ("meter", "subscription_id", "resource_type", "resource_id", "resource_name", "began_at", "ended_at")


def _utc(instant: datetime | None) -> datetime:
    """Return an instant that the model has found to be there; one without a zone is UTC."""
    assert instant is not None  # noqa: S101 - the model's validator has checked it
    return instant.astimezone(UTC) if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def _meters(request: Request) -> Meters:
    return request.app.state.meters


KnownMeters = Annotated[Meters, Depends(_meters)]


def _wanted(
    work: Work,
    begin: Annotated[
        datetime | None, Query(alias="from", description="Where to begin; left out: 30 days before the end")
    ] = None,
    end: Annotated[datetime | None, Query(alias="to", description="Where to end; left out: now")] = None,
    step: Annotated[Step, Query(description="How finely time is shown")] = Step.DAY,
    group: Annotated[Grouping, Query(description="What is added up to one line")] = Grouping.METER,
    meter: Annotated[str | None, Query(pattern="^[a-z][a-z0-9_]{0,63}$", description="Only this meter")] = None,
) -> Wanted:
    return Wanted.of(begin, end, work.clock.now(), step=step, grouping=group, meter=meter)


AskedSummary = Annotated[Wanted, Depends(_wanted)]


@shared.get("/meters", dependencies=[requires(Permission.USAGE_READ)])
async def list_meters(meters: KnownMeters) -> Page[MeterView]:
    """List what is measured."""
    return Page[MeterView](value=[MeterView.model_validate(meter) for meter in meters])


@shared.get("/subscriptions/{subscription_id}/usage-records", dependencies=[requires(Permission.USAGE_READ)])
async def list_subscription_usage_records(
    request: Request, subscription: CurrentSubscription, query: Listed, work: Work, meters: KnownMeters
) -> Page[UsageRecordView]:
    """List what a subscription used, newest first."""
    found = await UsageRecords(work, meters).page(query, subscription.id)
    return found.page(request, [UsageRecordView.of(row) for row in found.rows])


@shared.get("/subscriptions/{subscription_id}/usage-summary", dependencies=[requires(Permission.USAGE_READ)])
async def summarise_subscription_usage(
    subscription: CurrentSubscription, work: Work, wanted: AskedSummary, meters: KnownMeters
) -> UsageSummaryView:
    """Show what a subscription used by meter and hour, day or in all, in UTC."""
    return await _summary(work, replace(wanted, subscription_id=subscription.id), meters)


@administration.get("/usage-records", dependencies=[requires(Permission.USAGE_READ_ALL)])
async def list_usage_records(request: Request, query: Listed, work: Work, meters: KnownMeters) -> Page[UsageRecordView]:
    """List what everybody used, newest first."""
    found = await UsageRecords(work, meters).page(query)
    return found.page(request, [UsageRecordView.of(row) for row in found.rows])


@administration.get("/usage-feed", dependencies=[requires(Permission.USAGE_READ_ALL)])
async def read_usage_feed(
    work: Work,
    meters: KnownMeters,
    after: Annotated[
        str | None, Query(max_length=40, description="The cursor of the last answer; left out: from the oldest record")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=FEED_MOST, description="Largest number of records")] = FEED_USUAL,
) -> UsageFeedView:
    """Read usage records in the order in which they were written, each once; nothing is deleted by being read.

    Any number of systems read, each with its own cursor. Late and corrected records come like all others.
    """
    cursor = RecordCursor.parse(after) if after is not None else RecordCursor()
    rows = await UsageRecords(work, meters).after(cursor, limit)
    behind = RecordCursor(rows[-1].transaction_id, rows[-1].position) if rows else cursor
    value = [UsageRecordView.of(row) for row in rows]
    return UsageFeedView(value=value, cursor=str(behind), more=len(rows) == limit)


@administration.get("/usage-summary", dependencies=[requires(Permission.USAGE_READ_ALL)])
async def summarise_usage(
    work: Work,
    wanted: AskedSummary,
    meters: KnownMeters,
    subscription_id: Annotated[Id | None, Query(description="Only this subscription")] = None,
) -> UsageSummaryView:
    """Show what everybody used, by meter, subscription or resource."""
    return await _summary(work, replace(wanted, subscription_id=subscription_id), meters)


@administration.post("/usage-records", status_code=201, dependencies=[requires(Permission.USAGE_ADMIN)])
async def add_usage_record(body: NewUsageRecordBody, work: Work, meters: KnownMeters) -> UsageRecordView:
    """Add a late record, or correct one by a difference. Nothing is ever changed or taken back."""
    records = UsageRecords(work, meters)
    if body.corrects is not None:
        return UsageRecordView.of(await records.correct(body.corrects, exact(body.quantity)))
    return UsageRecordView.of(await records.add(body.to_draft()))


async def _summary(work: UnitOfWork, wanted: Wanted, meters: Meters) -> UsageSummaryView:
    lines: Sequence[Line] = await summarise(work, wanted)
    value = [UsageLineView.of(line, meters) for line in lines]
    return UsageSummaryView(begin=wanted.begin, end=wanted.end, step=wanted.step, value=value)
