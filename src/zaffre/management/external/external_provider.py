"""A program as a resource provider.

Whatever management asks of a provider inside its transactions is answered from records: what has to be told is written
down, and counts as known once the courier brought the answer. Only questions that change nothing are put to the program
at once.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, select

from zaffre.foundation.database import RowLock, for_update
from zaffre.foundation.errors import InvalidInput
from zaffre.foundation.work import UnitOfWork
from zaffre.management.external.description import Description, read_description
from zaffre.management.external.lines import Answer, Lines, ProviderRefused, listed, told
from zaffre.management.external.messages import NotTold, content_of, newer_limits, tell_later
from zaffre.management.external.tables import (
    ProviderMessageRow,
    QuotaReservationRow,
    ResourceProviderConditionRow,
    ResourceProviderRow,
)
from zaffre.management.holdings import SHOWN, Holding, Holdings
from zaffre.management.metering.meters import Meter, ResourceUsage, Watched
from zaffre.management.providers import (
    ChangeKind,
    PlannedService,
    ProviderHealth,
    QuotaDimension,
    QuotaFailure,
    QuotaUpdate,
    ServiceSetting,
    SubscriptionChange,
    SyncReport,
)
from zaffre.management.tables import SubscriptionSyncRow

NOT_ASKED_FOR = 6
"""Intervals after which a program counts as sick whose health nobody has asked for: no worker runs."""


class ExternalProvider:
    """A program, as management sees it."""

    settings: Sequence[ServiceSetting] = ()
    tenant_routers: Sequence[APIRouter] = ()
    admin_routers: Sequence[APIRouter] = ()
    meters: Sequence[Meter] = ()
    """None that are measured: its records are fetched. `described_meters` are what these are about."""
    watched: Sequence[Watched] = ()

    def __init__(self, row: ResourceProviderRow, lines: Lines) -> None:
        description = read_description(row.description)
        self.id = row.id
        self.generation = row.generation
        self.enabled = row.enabled
        self.name = row.name
        self.title = description.title.en
        self.version = description.version
        self.dimensions: Sequence[QuotaDimension] = description.quota_dimensions()
        self.quota_batch = description.quota_batch
        self.description: Description = description
        self.described_meters: Sequence[Meter] = description.as_meters()
        self._lines = lines

    async def measure(self, work: UnitOfWork, after: str, limit: int) -> Sequence[ResourceUsage]:  # noqa: ARG002
        """Measure nothing: its records are fetched by cursor."""
        return ()

    async def check_service(self, work: UnitOfWork, settings: Mapping[str, Any]) -> None:
        """Check that a plan sets nothing, and that the program stays registered while the plan is written.

        Raises:
            InvalidInput: it does, or the program is not registered any more.
        """
        lock = for_update(RowLock.USE) if work.capture is not None else None  # what only looks holds nothing
        if await work.session.get(ResourceProviderRow, self.id, with_for_update=lock) is None:
            raise InvalidInput(
                f"Resource provider {self.name!r} is not registered any more.",
                remedy="Leave its service out.",
                target="services.provider",
            )
        if settings:
            raise InvalidInput(
                f"The service of {self.name!r} has no settings.", remedy="Leave them out.", target="services.settings"
            )

    async def subscription_changed(self, work: UnitOfWork, change: SubscriptionChange) -> SyncReport:
        """Have the program told, and say whether it knows.

        Raises:
            NotTold: it refused, or does not answer.
        """
        since = None
        if change.kind is not ChangeKind.DELETED:
            sync = await work.session.get(SubscriptionSyncRow, (change.subscription_id, self.name))
            since = sync.updated_at if sync is not None else None
        return await tell_later(work, self.name, change.subscription_id, content_of(change), known_at_least=since)

    async def holdings(self, work: UnitOfWork, subscription_id: str) -> Sequence[Holdings]:
        """List what a subscription has: all that has reserved quota."""
        row = QuotaReservationRow
        found: list[Holdings] = []
        for collection in self.description.collections:
            mine = (
                row.provider == self.name,
                row.subscription_id == subscription_id,
                row.resource_type == collection.type,
            )
            count = await work.session.scalar(select(func.count()).select_from(row).where(*mine)) or 0
            if count:
                rows = await work.session.scalars(select(row).where(*mine).order_by(row.name, row.id).limit(SHOWN))
                items = [Holding(each.id, each.name) for each in rows]
                found.append(Holdings(collection.type, collection.title.en, count, items))
        return found

    async def purge(self, work: UnitOfWork, subscription_id: str) -> SyncReport:
        """Have the program told that the subscription ends; it knows once nothing of it is left.

        Raises:
            NotTold: it refused, or does not answer.
        """
        row = await work.session.get(ProviderMessageRow, (self.name, subscription_id))
        if row is None:
            return SyncReport.done()  # it has never heard of it
        service = PlannedService(**row.content["service"])
        change = SubscriptionChange(ChangeKind.DELETED, subscription_id, service)
        return await tell_later(work, self.name, subscription_id, content_of(change))

    async def move_obstacles(
        self,
        work: UnitOfWork,  # noqa: ARG002 - the contract's, as are the others
        subscription_id: str,  # noqa: ARG002
        old: PlannedService,  # noqa: ARG002
        new: PlannedService,  # noqa: ARG002
    ) -> Sequence[str]:
        """Have no obstacles: its service has no settings that anything could be bound to."""
        return ()

    async def apply_quota(
        self, work: UnitOfWork, updates: Sequence[QuotaUpdate], *, validate_only: bool
    ) -> Sequence[QuotaFailure]:
        """Have the program told new limits; for those that it does not know yet the failure says that it is pending.

        With `validate_only` it is asked at once. The caller's transaction only reads then.
        """
        if validate_only:
            return await self._ask_whether(work, updates)
        # In the order in which everybody locks these: the sync states, then the messages.
        ids = [update.subscription_id for update in updates]
        syncs = select(SubscriptionSyncRow.subscription_id).where(
            SubscriptionSyncRow.provider == self.name, SubscriptionSyncRow.subscription_id.in_(ids)
        )
        await work.session.execute(syncs.order_by(SubscriptionSyncRow.subscription_id).with_for_update())
        failures: list[QuotaFailure] = []
        for update in updates:
            try:
                content = await newer_limits(work, self.name, update.subscription_id, update.service)
                report = await tell_later(work, self.name, update.subscription_id, dict(content))
            except NotTold as error:
                failures.append(QuotaFailure(update.subscription_id, self.name, error.detail))
                continue
            if report != SyncReport.done():
                failures.append(QuotaFailure(update.subscription_id, self.name, report.sentence, pending=True))
        return failures

    async def health(self, work: UnitOfWork) -> ProviderHealth:
        """Say how the program was when it was asked last."""
        if not self.enabled:
            return ProviderHealth(healthy=False, sentence="It is disabled")
        row = await work.session.get(ResourceProviderConditionRow, self.id)
        if row is None or row.checked_at is None:
            return ProviderHealth(healthy=False, sentence="It has not been asked yet")
        age = work.clock.now() - row.checked_at
        if age > timedelta(seconds=NOT_ASKED_FOR * self._lines.settings.health_interval_s):
            return ProviderHealth(healthy=False, sentence=f"Nobody has asked it for {age.total_seconds():.0f} s")
        return ProviderHealth(row.healthy, row.sentence)

    async def _ask_whether(self, work: UnitOfWork, updates: Sequence[QuotaUpdate]) -> Sequence[QuotaFailure]:
        row = await work.session.get_one(ResourceProviderRow, self.id)
        content = {"validate_only": True, "updates": [quota_content(each) for each in updates]}
        answer = await self._lines.to(row).ask("POST", "/quotas", content)
        if not answer.good:
            raise ProviderRefused(self.name, answer)
        return [
            QuotaFailure(subscription_id, self.name, cause) for subscription_id, cause in failures_of(answer).items()
        ]


def quota_content(update: QuotaUpdate) -> dict[str, Any]:
    """Return what a program is told of one subscription's limits."""
    return {"subscription_id": update.subscription_id, "quota": dict(update.service.quota)}


def failures_of(answer: Answer) -> dict[str, str]:
    """Return what a program says that it could not apply: the causes by subscription."""
    failures = [told(each) for each in listed(answer.told.get("failures")) or []]
    return {
        str(each["subscription_id"]): str(each.get("cause") or "It gave no reason.")[:500]
        for each in failures
        if "subscription_id" in each
    }
