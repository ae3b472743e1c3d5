"""Credits: amounts that an account need not pay. Statements use them up, the oldest first."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, or_

from zaffre.foundation.errors import Conflict, InvalidInput, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity.tables import AccountRow
from zaffre.management.money.tables import CreditRow
from zaffre.management.tables import SubscriptionRow

LISTING = Listing(
    CreditRow,
    {
        "id": Field(CreditRow.id, FieldType.ID),
        "name": Field(CreditRow.name, FieldType.TEXT, searchable=True),
        "account_id": Field(CreditRow.account_id, FieldType.ID),
        "subscription_id": Field(CreditRow.subscription_id, FieldType.ID, sortable=False),
        "currency": Field(CreditRow.currency, FieldType.TEXT),
        "created_at": Field(CreditRow.created_at, FieldType.INSTANT),
    },
    key=CreditRow.id,
    order="created_at desc",
)


class CreditUsedUp(Conflict):
    """There is nothing left to take back."""

    code = "credit.used_up"
    title = "The credit is used up"


@dataclass(frozen=True)
class NewCredit:
    """A credit to give: to an account, or only for one subscription."""

    name: str
    amount: Decimal
    currency: str
    account_id: str | None = None
    subscription_id: str | None = None
    expires_at: datetime | None = None


class Credits:
    """Rules for credits inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def create(self, draft: NewCredit) -> CreditRow:
        """Give a credit.

        Raises:
            NotFound: there is no such account or subscription.
            InvalidInput: it has expired already.
        """
        account_id = await self._holder(draft)
        now = self._work.clock.now()
        if draft.expires_at is not None and draft.expires_at <= now:
            raise InvalidInput("The credit has expired already.", remedy="Correct `expires_at`.", target="expires_at")
        row = CreditRow(
            id=self._work.ids.new(),
            name=draft.name,
            account_id=account_id,
            subscription_id=draft.subscription_id,
            amount=draft.amount,
            left=draft.amount,
            currency=draft.currency,
            expires_at=draft.expires_at,
            created_at=now,
        )
        self._work.add(row)
        await self._session.flush()
        self._work.emit("credit.created", reference(row), currency=row.currency)
        return row

    async def get(self, credit_id: str) -> CreditRow:
        """Return a credit.

        Raises:
            NotFound: there is none.
        """
        row = await self._session.get(CreditRow, credit_id, with_for_update=True)
        if row is None:
            raise NotFound("credit", credit_id)
        return row

    async def page(self, query: ListQuery) -> Rows[CreditRow]:
        """Return a page of credits."""
        return await LISTING.rows(self._session, query)

    async def revoke(self, credit_id: str, expected: int | None = None) -> CreditRow:
        """Take back what is left of a credit. What statements used of it, they keep.

        Raises:
            CreditUsedUp: nothing is left.
        """
        row = await self.get(credit_id)
        check_generation(expected, row.generation)
        if not row.left:
            raise CreditUsedUp(f"Nothing is left of {row.name!r}.", remedy="There is nothing to do.", target=credit_id)
        row.left = Decimal(0)
        await self._session.flush()
        self._work.emit("credit.revoked", reference(row))
        return row

    async def _holder(self, draft: NewCredit) -> str:
        if draft.subscription_id is not None:
            subscription = await self._session.get(SubscriptionRow, draft.subscription_id)
            if subscription is None:
                raise NotFound("subscription", draft.subscription_id)
            return subscription.account_id
        if draft.account_id is None or await self._session.get(AccountRow, draft.account_id) is None:
            raise NotFound("account", draft.account_id or "")
        return draft.account_id


def reference(row: CreditRow) -> ResourceRef:
    """Name a credit in events; the account that it was given to sees them."""
    return ResourceRef("credit", row.id, row.name, subscription_id=row.subscription_id, account_id=row.account_id)


def usable_by(subscription_id: str, account_id: str) -> ColumnElement[bool]:
    """Return the condition for credits that a subscription's statements can use."""
    own = or_(CreditRow.subscription_id.is_(None), CreditRow.subscription_id == subscription_id)
    return and_(CreditRow.account_id == account_id, own)
