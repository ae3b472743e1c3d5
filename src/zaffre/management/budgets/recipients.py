"""Recipients: who is written to. A tenant chooses among those who work in the subscription, the provider freely.

Whether somebody is verified and still works there is looked at when there is something to tell: both may change, and a
member who is asked to verify their address later is then told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from zaffre.foundation.errors import InvalidInput
from zaffre.foundation.mail.outbox import check_address
from zaffre.foundation.work import UnitOfWork
from zaffre.identity.accounts import AccountState
from zaffre.identity.tables import AccountRow
from zaffre.management.budgets.tables import BudgetRow
from zaffre.management.tables import SubscriptionMemberRow, SubscriptionRow


@dataclass(frozen=True)
class Recipient:
    """Somebody to be written to."""

    email: str
    verified: bool
    """Whether mail goes there: the address is proved, and its holder may know."""


async def check_recipients(
    work: UnitOfWork, subscription: SubscriptionRow, emails: Sequence[str], *, anybody: bool
) -> list[str]:
    """Return addresses as they are kept.

    Args:
        work: reads who works in the subscription.
        subscription: whose costs are told.
        emails: as somebody wrote them.
        anybody: whether they may be others' than the owner's and members'.

    Raises:
        InvalidInput: one is no address, or nobody's who works in the subscription.
    """
    wanted = list(dict.fromkeys(email.strip().lower() for email in emails))
    for email in wanted:
        check_address(email)
    if not anybody:
        working = await _addresses(work, subscription)
        for email in wanted:
            if email not in working:
                raise InvalidInput(
                    f"{email} is the address of nobody who works in this subscription.",
                    remedy="Name its owner or members who have accepted their invitation.",
                    target="recipients",
                )
    return wanted


async def usual_recipients(work: UnitOfWork, subscription: SubscriptionRow, caller_id: str) -> list[str]:
    """Return who is written to when nobody is named: who sets it if they work there, else the owner."""
    members = select(SubscriptionMemberRow.account_id).where(SubscriptionMemberRow.subscription_id == subscription.id)
    works_there = caller_id == subscription.account_id or caller_id in set(await work.session.scalars(members))
    account = await work.session.get_one(AccountRow, caller_id if works_there else subscription.account_id)
    return [account.email]


async def recipients_of(
    work: UnitOfWork, budgets: Sequence[BudgetRow], subscriptions: Mapping[str, SubscriptionRow]
) -> dict[str, list[Recipient]]:
    """Tell whom some budgets are told to, and which of them mail goes to now; by budget.

    Args:
        work: reads accounts and members.
        budgets: any number of them.
        subscriptions: theirs, by id.
    """
    emails = {email for budget in budgets for email in budget.recipients}
    proved = select(AccountRow.email, AccountRow.id).where(
        AccountRow.email.in_(emails), AccountRow.verified_at.is_not(None), AccountRow.state == AccountState.ACTIVE
    )
    accounts = {row.email: row.id for row in await work.session.execute(proved)}
    members = select(SubscriptionMemberRow.subscription_id, SubscriptionMemberRow.account_id).where(
        SubscriptionMemberRow.subscription_id.in_(subscriptions), SubscriptionMemberRow.account_id.is_not(None)
    )
    working = {(row.subscription_id, row.account_id) for row in await work.session.execute(members)}
    working |= {(row.id, row.account_id) for row in subscriptions.values()}
    return {
        budget.id: [
            Recipient(
                email,
                email in accounts and (budget.by_provider or (budget.subscription_id, accounts[email]) in working),
            )
            for email in budget.recipients
        ]
        for budget in budgets
    }


async def _addresses(work: UnitOfWork, subscription: SubscriptionRow) -> set[str]:
    """Return the addresses of who works in a subscription."""
    members = select(SubscriptionMemberRow.account_id).where(
        SubscriptionMemberRow.subscription_id == subscription.id, SubscriptionMemberRow.account_id.is_not(None)
    )
    statement = select(AccountRow.email).where((AccountRow.id == subscription.account_id) | AccountRow.id.in_(members))
    return set(await work.session.scalars(statement))
