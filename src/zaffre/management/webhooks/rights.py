"""Whether a webhook may still be sent what it asks for: as long as who holds it may see it."""

from zaffre.foundation.work import UnitOfWork
from zaffre.identity import Permission
from zaffre.identity.accounts import AccountState
from zaffre.identity.site_roles import permissions_of
from zaffre.identity.tables import AccountRow
from zaffre.management.roles import role_of
from zaffre.management.tables import SubscriptionRow
from zaffre.management.webhooks.tables import WebhookRow

NEEDED = frozenset({Permission.WEBHOOK_WRITE, Permission.OPERATION_READ})
"""In the subscription: to have webhooks, and to see its events."""


async def entitled(work: UnitOfWork, webhook: WebhookRow) -> bool:
    """Tell whether the holder of a webhook may, at this moment, have it and see what it is sent."""
    holder = await work.session.get(AccountRow, webhook.holder_id) if webhook.holder_id is not None else None
    if holder is None or holder.state != AccountState.ACTIVE:
        return False
    at_the_site = await permissions_of(work, holder.role)
    if webhook.subscription_id is None:
        return {Permission.WEBHOOK_ADMIN, Permission.OPERATION_READ_ALL} <= at_the_site
    if not at_the_site >= NEEDED:
        return False
    if Permission.SUBSCRIPTION_READ_ALL in at_the_site:
        return True
    subscription = await work.session.get(SubscriptionRow, webhook.subscription_id)
    role = await role_of(work, subscription, holder.id) if subscription is not None else None
    return role is not None and role.permissions >= NEEDED
