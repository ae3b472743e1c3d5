"""The usage feed: what programs measured, fetched by cursor.

Records and the cursor behind them are written in one transaction, and a record's id follows from the program's:
whatever is fetched twice, after a kill or after the program began anew, is recorded once.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError
from sqlalchemy import select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.http.wire import Body, Id
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.management.external.catalog import Catalog
from zaffre.management.external.external_provider import ExternalProvider
from zaffre.management.external.lines import Answer, Lines, ProviderRefused, ProviderUnreachable, listed
from zaffre.management.external.registrations import reference
from zaffre.management.external.tables import ResourceProviderConditionRow, ResourceProviderRow
from zaffre.management.metering.records import LONGEST, RecordKind, insert_records
from zaffre.management.metering.tables import UsageSpanRow
from zaffre.management.tables import SubscriptionRow

ACTOR = system_actor("usage feed")
PAGE = 500
PAGES_AT_ONCE = 20
"""Pages of one program that one run fetches: others want their turn."""
FUTURE = timedelta(minutes=5)
CAUSE_CHARACTERS = 300
Short = Annotated[str, StringConstraints(max_length=100)]


class FedRecord(Body):
    """A usage record as a program gives it."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    """Its own; stable."""
    meter: Short
    subscription_id: Id
    resource_type: Short
    resource_id: Id
    resource_name: Short = ""
    quantity: Annotated[Decimal, Field(ge=-(10**9), le=10**9, decimal_places=9)]
    began_at: datetime
    ended_at: datetime
    state: Short = ""
    dimensions: Annotated[dict[Short, str | int], Field(max_length=20)] = Field(default_factory=dict[str, str | int])
    tags: Annotated[dict[Short, Short], Field(max_length=20)] = Field(default_factory=dict[str, str])
    corrects: Annotated[str, StringConstraints(max_length=100)] | None = None
    """The id of the record to which this one is to be added; only such may be negative."""


class UsageFeed:
    """Fetches what programs measured."""

    def __init__(self, units: UnitsOfWork, catalog: Catalog, lines: Lines) -> None:
        self._units = units
        self._catalog = catalog
        self._lines = lines

    async def run(self) -> None:
        """Fetch what there is of every program."""
        for provider in self._catalog.all():
            if provider.enabled and provider.described_meters:
                await self.fetch(provider)

    async def fetch(self, provider: ExternalProvider) -> None:
        """Fetch what there is of one program, a bounded number of pages."""
        try:
            for _ in range(PAGES_AT_ONCE):
                if not await self._page(provider):
                    return
        except (ProviderUnreachable, ProviderRefused) as error:
            async with self._units.write(ACTOR) as work:
                condition = await work.session.get(ResourceProviderConditionRow, provider.id)
                if condition is not None:
                    condition.usage_error = error.detail[:CAUSE_CHARACTERS]

    async def _page(self, provider: ExternalProvider) -> bool:
        """Fetch one page; returns whether there is more."""
        async with self._units.read(ACTOR) as work:
            row = await work.session.get(ResourceProviderRow, provider.id)
            condition = await work.session.get(ResourceProviderConditionRow, provider.id)
        if row is None or condition is None:
            return False
        query = f"/usage?limit={PAGE}" + (f"&after={condition.usage_cursor}" if condition.usage_cursor else "")
        answer = await self._lines.to(row).ask("GET", query)
        if not answer.good:
            raise ProviderRefused(provider.name, answer)
        page = _Page.read(provider.name, answer)
        async with self._units.write(ACTOR) as work:
            held = await work.session.get(
                ResourceProviderConditionRow, provider.id, with_for_update=True, populate_existing=True
            )
            if held is None or held.usage_cursor != condition.usage_cursor:
                return False  # another process was quicker
            await self._take(work, provider, row, held, page)
        return page.more

    async def _take(
        self,
        work: UnitOfWork,
        provider: ExternalProvider,
        row: ResourceProviderRow,
        condition: ResourceProviderConditionRow,
        page: "_Page",
    ) -> None:
        taker = _Taker(work, provider)
        good, refused = await taker.sort(page.records)
        await insert_records(work, good)
        condition.usage_cursor, condition.usage_read_at = page.cursor, work.clock.now()
        condition.usage_error = f"{refused[0]}"[:CAUSE_CHARACTERS] if refused else None
        condition.usage_refused += len(refused)
        if refused:
            work.emit(
                "resource_provider.usage_refused",
                reference(row),
                records=len(refused),
                first=refused[0][:CAUSE_CHARACTERS],
            )


class _Page:
    """A page of a feed."""

    def __init__(self, records: Sequence[Any], cursor: str, *, more: bool) -> None:
        self.records = records
        self.cursor = cursor
        self.more = more

    @classmethod
    def read(cls, name: str, answer: Answer) -> "_Page":
        """Read an answer.

        Raises:
            ProviderUnreachable: it is no page.
        """
        records, cursor = listed(answer.told.get("records")), answer.told.get("cursor")
        if records is None or len(records) > PAGE or not _is_cursor(cursor):
            raise ProviderUnreachable(name, "its usage is not what the contract says")
        return cls(records, str(cursor), more=answer.told.get("more") is True and bool(records))


class _Taker:
    """Turns what a program gave into records, and sorts out what cannot be taken."""

    def __init__(self, work: UnitOfWork, provider: ExternalProvider) -> None:
        self._work = work
        self._provider = provider
        self._units = {meter.name: meter.unit for meter in provider.described_meters}

    async def sort(self, raw: Sequence[Any]) -> tuple[list[dict[str, Any]], list[str]]:
        """Return the records to write, and why the others are refused."""
        good: list[dict[str, Any]] = []
        refused: list[str] = []
        parsed: list[FedRecord] = []
        for each in raw:
            try:
                parsed.append(FedRecord.model_validate(each))
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"])
                refused.append(f"A record is malformed: {where}: {first['msg']}.")
        owners = await self._owners({each.subscription_id for each in parsed})
        for each in parsed:
            reason = self._reason(each, owners)
            if reason is None:
                good.append(self._record(each, owners[each.subscription_id]))
            else:
                refused.append(f"Record {each.id!r}: {reason}")
        return good, refused

    async def _owners(self, subscription_ids: set[str]) -> Mapping[str, tuple[str, str]]:
        """Return account and plan of subscriptions; also of those that ended a while ago."""
        span = UsageSpanRow
        ended = select(span.resource_id, span.account_id, span.plan_id).where(
            span.resource_id.in_(subscription_ids), span.resource_type == "subscription"
        )
        row = SubscriptionRow
        present = select(row.id, row.account_id, row.plan_id).where(row.id.in_(subscription_ids))
        found: dict[str, tuple[str, str]] = {}
        for statement in (ended, present):
            for subscription_id, account_id, plan_id in await self._work.session.execute(statement):
                found[subscription_id] = (account_id, plan_id)
        return found

    def _reason(self, record: FedRecord, owners: Mapping[str, tuple[str, str]]) -> str | None:
        """Say why a record cannot be taken; None: it can."""
        if record.meter not in self._units:
            return f"there is no meter {record.meter!r}."
        if record.subscription_id not in owners:
            return f"there is no subscription {record.subscription_id}."
        if record.began_at.tzinfo is None or record.ended_at.tzinfo is None:
            return "its instants do not say which time zone they are in."
        if not record.began_at < record.ended_at <= record.began_at + LONGEST:
            return f"it must end after it begins, and be at most {LONGEST.days} days long."
        if record.ended_at > self._work.clock.now() + FUTURE:
            return "it ends in the future."
        if record.quantity < 0 and record.corrects is None:
            return "only corrections may be negative."
        return None

    def _record(self, record: FedRecord, owner: tuple[str, str]) -> dict[str, Any]:
        corrects = self._id(record.corrects) if record.corrects is not None else None
        same = record.model_dump(exclude={"id", "corrects"})
        return {
            **same,
            "id": self._id(record.id),
            "account_id": owner[0],
            "plan_id": owner[1],
            "unit": self._units[record.meter],
            "kind": RecordKind.METERED if corrects is None else RecordKind.CORRECTION,
            "corrects": corrects,
            "recorded_at": self._work.clock.now(),
        }

    def _id(self, own: str) -> str:
        return str(uuid.uuid5(uuid.UUID(self._provider.id), own))


def _is_cursor(text: Any) -> bool:
    """Tell whether a cursor can be sent back as it is, in an address."""
    return (
        isinstance(text, str)
        and len(text) <= 200
        and text.isascii()
        and all(character.isalnum() or character in "-._~" for character in text)
    )
