"""What subscriptions that are gone were called."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from zaffre.foundation.audit.tables import AuditRecordRow
from zaffre.management.metering.tables import UsageDayRow


async def last_name(session: AsyncSession, subscription_id: str) -> str:
    """Return the last name of a subscription that is gone: as it was metered, or as its last deed tells.

    One that ended before it was metered itself can still owe something: for what was in it, or was recorded late.
    Without either its id stands for it.
    """
    metered = (
        select(UsageDayRow.resource_name)
        .where(
            UsageDayRow.subscription_id == subscription_id,
            UsageDayRow.resource_id == subscription_id,
            UsageDayRow.resource_type == "subscription",
        )
        .order_by(UsageDayRow.began_at.desc())
    )
    told = (
        select(AuditRecordRow.resource_name)
        .where(
            AuditRecordRow.resource_id == subscription_id,
            AuditRecordRow.resource_type == "subscription",
            AuditRecordRow.resource_name.is_not(None),
        )
        .order_by(AuditRecordRow.occurred_at.desc(), AuditRecordRow.id.desc())
    )
    for statement in (metered, told):
        name = await session.scalar(statement.limit(1))
        if name:
            return name
    return subscription_id
