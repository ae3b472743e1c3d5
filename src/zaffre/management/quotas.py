"""Quotas: what a subscription may use, counted exactly.

A claim is one SQL statement that checks and counts every dimension at once: rows whose limit would be passed do not
match its condition, and if one is missing among the rows that changed, the claim is refused and its transaction lost.
Two racing requests therefore never overshoot, on either database, without locks beyond the statement's transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import CursorResult, and_, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from zaffre.foundation.errors import Conflict
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.management.tables import QuotaClaimRow, QuotaCounterRow, SubscriptionRow


class QuotaExceeded(Conflict):
    """The subscription's quota does not allow it."""

    code = "quota.exceeded"
    title = "Quota exceeded"

    def __init__(self, dimension: str, limit: int, used: int, requested: int) -> None:
        super().__init__(
            f"The quota for {dimension} is {limit}; {used} are used and {requested} more were asked for.",
            remedy="Delete or shrink something, or ask the provider for a larger plan.",
            target=dimension,
        )
        self.dimension = dimension
        self.limit = limit
        self.used = used
        self.requested = requested


class NotInPlan(Conflict):
    """The subscription's plan does not include the service."""

    code = "quota.not_in_plan"
    title = "Not part of the plan"

    def __init__(self, dimension: str) -> None:
        super().__init__(
            f"The plan of this subscription has no quota for {dimension}.",
            remedy="Subscribe to a plan that includes the service.",
            target=dimension,
        )


class SubscriptionClosed(Conflict):
    """The subscription is being deleted."""

    code = "subscription.closed"
    title = "The subscription is being deleted"

    def __init__(self) -> None:
        super().__init__("Nothing can be added to this subscription.", remedy="Use another subscription.")


@dataclass(frozen=True)
class QuotaUsage:
    """One dimension of a subscription's quota."""

    dimension: str
    limit: int | None
    used: int


@dataclass(frozen=True)
class QuotaDrift:
    """A counter that did not equal the sum of its claims."""

    subscription_id: str
    dimension: str
    counted: int
    claimed: int


class Quotas:
    """Rules for quotas inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session: AsyncSession = work.session

    async def open(self, subscription_id: str, limits: Mapping[str, int | None]) -> None:
        """Give a new subscription its counters."""
        for dimension, limit in sorted(limits.items()):
            self._session.add(
                QuotaCounterRow(subscription_id=subscription_id, dimension=dimension, limit=limit, used=0)
            )

    async def claim(self, subscription_id: str, resource_id: str, amounts: Mapping[str, int]) -> None:
        """Count a new resource against its subscription, in every dimension or in none.

        Args:
            subscription_id: whose quota.
            resource_id: what is counted; may claim once.
            amounts: how much per dimension, in the dimension's unit; at least 1 each.

        Raises:
            QuotaExceeded: a limit would be passed.
            NotInPlan: the plan has no quota for a dimension.
            SubscriptionClosed: the subscription is being deleted.
        """
        result = await self._session.execute(_claim_statement(subscription_id, amounts))
        counted = set(result.scalars())
        if counted != set(amounts):
            # Refusing loses the transaction, and with it the dimensions that were counted up.
            raise await self._refusal(subscription_id, {d: n for d, n in amounts.items() if d not in counted})
        for dimension, amount in amounts.items():
            self._session.add(
                QuotaClaimRow(
                    resource_id=resource_id, dimension=dimension, subscription_id=subscription_id, amount=amount
                )
            )

    async def claimed(self, resource_id: str) -> dict[str, int]:
        """Return what a resource claims, by dimension."""
        statement = select(QuotaClaimRow).where(QuotaClaimRow.resource_id == resource_id)
        rows = await self._session.scalars(statement.execution_options(populate_existing=True))
        return {row.dimension: row.amount for row in rows}

    async def change(self, subscription_id: str, resource_id: str, amounts: Mapping[str, int]) -> None:
        """Let a resource that claims in some dimensions claim other amounts there, in all of them or in none.

        The caller holds the resource's row, so that nobody else changes its claims meanwhile.

        Raises:
            QuotaExceeded: a limit would be passed.
            SubscriptionClosed: the subscription is being deleted.
        """
        held = await self.claimed(resource_id)
        more = {dimension: amount - held[dimension] for dimension, amount in amounts.items()}
        growth = {dimension: amount for dimension, amount in more.items() if amount > 0}
        if growth:
            counted = set((await self._session.execute(_claim_statement(subscription_id, growth))).scalars())
            if counted != set(growth):
                raise await self._refusal(subscription_id, {d: n for d, n in growth.items() if d not in counted})
        for dimension, amount in sorted(more.items()):
            if amount < 0:
                await self._session.execute(
                    update(QuotaCounterRow)
                    .where(QuotaCounterRow.subscription_id == subscription_id, QuotaCounterRow.dimension == dimension)
                    .values(used=QuotaCounterRow.used + amount)
                )
            if amount:
                await self._session.execute(
                    update(QuotaClaimRow)
                    .where(QuotaClaimRow.resource_id == resource_id, QuotaClaimRow.dimension == dimension)
                    .values(amount=amounts[dimension])
                )

    async def release(self, resource_id: str) -> None:
        """Give back what a resource claimed. A resource that claims nothing is left alone."""
        gone = await self._session.execute(
            delete(QuotaClaimRow)
            .where(QuotaClaimRow.resource_id == resource_id)
            .returning(QuotaClaimRow.subscription_id, QuotaClaimRow.dimension, QuotaClaimRow.amount)
        )
        for subscription_id, dimension, amount in sorted(gone.all(), key=lambda row: row[1]):
            await self._session.execute(
                update(QuotaCounterRow)
                .where(QuotaCounterRow.subscription_id == subscription_id, QuotaCounterRow.dimension == dimension)
                .values(used=QuotaCounterRow.used - amount)
            )

    async def merge(self, resource_id: str, heir_id: str) -> None:
        """Add what a resource claimed to another's claims of the same dimensions. Done already: nothing."""
        merged = (
            await self._session.execute(
                delete(QuotaClaimRow)
                .where(QuotaClaimRow.resource_id == resource_id)
                .returning(QuotaClaimRow.dimension, QuotaClaimRow.amount)
            )
        ).all()
        for dimension, amount in merged:
            await self._session.execute(
                update(QuotaClaimRow)
                .where(QuotaClaimRow.resource_id == heir_id, QuotaClaimRow.dimension == dimension)
                .values(amount=QuotaClaimRow.amount + amount)
                .execution_options(synchronize_session=False)
            )

    async def usage(self, subscription_id: str) -> Sequence[QuotaUsage]:
        """Return limit and use of every dimension of a subscription."""
        statement = select(QuotaCounterRow).where(QuotaCounterRow.subscription_id == subscription_id)
        rows = await self._session.scalars(
            statement.order_by(QuotaCounterRow.dimension).execution_options(populate_existing=True)
        )
        return [QuotaUsage(row.dimension, row.limit, row.used) for row in rows]

    async def close(self, subscription_id: str) -> bool:
        """Let nothing be claimed any more; False, and nothing changed, when something is claimed now.

        The check and the closing are one statement, so a claim that races with it either comes first and is seen, or
        comes after and is refused. The subscription is held, so that it gets no new counters meanwhile.
        """
        held = select(SubscriptionRow.id).where(SubscriptionRow.id == subscription_id)
        await self._session.execute(held.with_for_update(key_share=True))
        of_subscription = QuotaCounterRow.subscription_id == subscription_id
        total = await self._session.scalar(select(func.count()).select_from(QuotaCounterRow).where(of_subscription))
        savepoint = await self._session.begin_nested()
        result = await self._session.execute(
            update(QuotaCounterRow).where(of_subscription, QuotaCounterRow.used == 0).values(closed=True)
        )
        if isinstance(result, CursorResult) and result.rowcount == total:
            await savepoint.commit()
            return True
        await savepoint.rollback()
        return False

    async def seal(self, subscription_id: str) -> None:
        """Let nothing be claimed any more, whatever is claimed now. What is claimed can still be given back."""
        await self._session.execute(
            update(QuotaCounterRow).where(QuotaCounterRow.subscription_id == subscription_id).values(closed=True)
        )

    async def reopen(self, subscription_id: str) -> None:
        """Let things be claimed again."""
        await self._session.execute(
            update(QuotaCounterRow).where(QuotaCounterRow.subscription_id == subscription_id).values(closed=False)
        )

    async def forget(self, subscription_id: str) -> None:
        """Remove a subscription's counters."""
        await self._session.execute(delete(QuotaCounterRow).where(QuotaCounterRow.subscription_id == subscription_id))

    async def drifts(self, subscription_ids: Sequence[str]) -> Sequence[QuotaDrift]:
        """Find the counters of some subscriptions that differ from the sum of their claims."""
        claimed = func.coalesce(func.sum(QuotaClaimRow.amount), 0)
        statement = (
            select(
                QuotaCounterRow.subscription_id,
                QuotaCounterRow.dimension,
                QuotaCounterRow.used,
                claimed.label("claimed"),
            )
            .outerjoin(
                QuotaClaimRow,
                and_(
                    QuotaClaimRow.subscription_id == QuotaCounterRow.subscription_id,
                    QuotaClaimRow.dimension == QuotaCounterRow.dimension,
                ),
            )
            .where(QuotaCounterRow.subscription_id.in_(subscription_ids))
            .group_by(QuotaCounterRow.subscription_id, QuotaCounterRow.dimension, QuotaCounterRow.used)
            .having(claimed != QuotaCounterRow.used)
        )
        rows = (await self._session.execute(statement)).all()
        return [QuotaDrift(row.subscription_id, row.dimension, row.used, int(row.claimed)) for row in rows]

    async def repair(self, drift: QuotaDrift) -> None:
        """Set a counter right, with an event, unless it moved since it was read: then the next proof looks again."""
        result = await self._session.execute(
            update(QuotaCounterRow)
            .where(
                QuotaCounterRow.subscription_id == drift.subscription_id,
                QuotaCounterRow.dimension == drift.dimension,
                QuotaCounterRow.used == drift.counted,
            )
            .values(used=drift.claimed)
        )
        if not (isinstance(result, CursorResult) and result.rowcount):
            return
        resource = ResourceRef("subscription", drift.subscription_id, subscription_id=drift.subscription_id)
        self._work.emit(
            "quota.repaired", resource, dimension=drift.dimension, counted=drift.counted, claimed=drift.claimed
        )

    async def _refusal(self, subscription_id: str, refused: Mapping[str, int]) -> Conflict:
        """Say why a claim was refused, from the counters of the dimensions that did not take it."""
        statement = select(QuotaCounterRow).where(
            QuotaCounterRow.subscription_id == subscription_id, QuotaCounterRow.dimension.in_(refused)
        )
        found = await self._session.scalars(statement.execution_options(populate_existing=True))
        counters = {row.dimension: row for row in found}
        missing = sorted(set(refused) - set(counters))
        if missing:
            return NotInPlan(missing[0])
        if any(row.closed for row in counters.values()):
            return SubscriptionClosed()
        dimension = next(iter(refused))
        row = counters[dimension]
        return QuotaExceeded(dimension, row.limit or 0, row.used, refused[dimension])


def _claim_statement(subscription_id: str, amounts: Mapping[str, int]) -> ReturningUpdate[str]:
    """Return the statement that counts in every dimension which has room, and names those.

    It locks the counters in the order of their names, as releasing does: in whatever order the database finds them, two
    claims could each wait for what the other has.
    """
    amount = case(amounts, value=QuotaCounterRow.dimension)
    of_subscription = QuotaCounterRow.subscription_id == subscription_id
    locked = (
        select(QuotaCounterRow.dimension)
        .where(of_subscription, QuotaCounterRow.dimension.in_(sorted(amounts)))
        .order_by(QuotaCounterRow.dimension)
        .with_for_update()
        .cte("locked")
    )
    return (
        update(QuotaCounterRow)
        .where(
            of_subscription,
            QuotaCounterRow.dimension == locked.c.dimension,
            QuotaCounterRow.closed.is_(False),
            or_(QuotaCounterRow.limit.is_(None), QuotaCounterRow.used + amount <= QuotaCounterRow.limit),
        )
        .values(used=QuotaCounterRow.used + amount)
        .returning(QuotaCounterRow.dimension)
        .execution_options(synchronize_session=False)
    )
