"""Money: what subscriptions cost, and for administrators rate cards, discounts and credits."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from zaffre.client.collection import Collection, Listing, Query, operation_of
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import (
    CostsView,
    CreditView,
    CurrentRateView,
    DiscountView,
    EndDiscountBody,
    NewCreditBody,
    NewDiscountBody,
    NewRateBody,
    NewRateCardBody,
    NewRateCardUseBody,
    NewStatementRunBody,
    RateCardChangeBody,
    RateCardUseView,
    RateCardView,
    RateView,
    StatementRunView,
    StatementSummaryView,
    StatementView,
)
from zaffre.client.problems import NotFound
from zaffre.client.waiting import Accepted


class CurrentRates(Listing[CurrentRateView]):
    """What meters cost a subscription now."""

    noun = "rate"
    name_field = "meter"
    filterable = False


class UsableCredits(Listing[CreditView]):
    """The credits that a subscription's statements can use."""

    noun = "credit"


class Statements(Collection[StatementSummaryView, StatementView]):
    """Closed statements, the latest first."""

    noun = "statement"
    name_field = None

    def __init__(self, connection: Connection, path: str = "/statements") -> None:
        """Look at those of a subscription, else at those of one's account, or on the admin face at everybody's."""
        super().__init__(connection, path, StatementSummaryView, StatementView)

    def numbered(self, reference: str) -> StatementView:
        """Return the one with that id or number.

        Raises:
            NotFound: there is none.
        """
        if not reference.isdecimal():
            return self.get(reference)
        found = self.list(Query(f"number eq {int(reference)}"), top=1).items
        if not found:
            raise NotFound(self._no_such(reference))
        return self.get(str(found[0].id))

    def pdf(self, statement_id: str) -> bytes:
        """Return one as a PDF."""
        return self._connection.ask("GET", f"{self._member(statement_id)}/pdf").content


class StatementRuns(Listing[StatementRunView]):
    """The months that were closed, for administrators."""

    noun = "closing of a month"
    name_field = "month"

    def __init__(self, connection: Connection) -> None:
        """Use the admin face."""
        super().__init__(connection, "/statement-runs", StatementRunView)

    def close(self, month: str) -> Accepted[StatementRunView]:
        """Close a month such as `2026-10` now, instead of when the grace is over."""
        response = self._connection.ask("POST", self._path, NewStatementRunBody(month=month))
        return Accepted(parsed(response, StatementRunView), operation_of(response), self._connection)


class SubscriptionMoney:
    """What a subscription costs."""

    def __init__(self, connection: Connection, subscription_path: str) -> None:
        """Look at one subscription."""
        self._connection = connection
        self._path = subscription_path
        self.rates = CurrentRates(connection, f"{subscription_path}/rates", CurrentRateView)
        self.statements = Statements(connection, f"{subscription_path}/statements")
        self.credits = UsableCredits(connection, f"{subscription_path}/credits", CreditView)

    def costs(
        self, month: str | None = None, *, group: str = "meter", step: str = "total", tag: str | None = None
    ) -> CostsView:
        """Return what a month such as `2026-11` costs, by `group` (meter, resource, tag) and `step` (day, total).

        Left out, it is the running month, with what it is expected to cost in the end.
        """
        parameters = {"group": group, "step": step, "month": month, "tag": tag}
        told = {name: value for name, value in parameters.items() if value is not None}
        return self._connection.get(f"{self._path}/costs", CostsView, told)

    def draft_statements(self, month: str | None = None) -> Sequence[StatementView]:
        """Return what a month's statement would be if it were closed now: one for each currency."""
        path = f"{self._path}/statement-drafts"
        listing = Listing(self._connection, path, StatementView)
        page = listing.page_of({"month": month} if month is not None else {})
        return page.items


class Rates(Listing[RateView]):
    """The prices of a card: past, present and to come."""

    noun = "rate"
    name_field = "meter"

    def __init__(self, connection: Connection, path: str) -> None:
        """Look at the prices of a card."""
        super().__init__(connection, path, RateView)

    def set(self, body: NewRateBody) -> RateView:
        """Price a meter from an instant on."""
        return parsed(self._connection.ask("POST", self._path, body), RateView)

    def withdraw(self, rate_id: str) -> None:
        """Take back a price that has not taken effect."""
        self._connection.ask("DELETE", f"{self._path}/{rate_id}")


class RateCardUses(Listing[RateCardUseView]):
    """Which card prices which plan since when."""

    noun = "rate card use"
    name_field = None

    def __init__(self, connection: Connection) -> None:
        """Use the admin face."""
        super().__init__(connection, "/rate-card-uses", RateCardUseView)

    def add(
        self, rate_card_id: str | None, plan_id: str | None = None, effective_from: datetime | None = None
    ) -> RateCardUseView:
        """Have a card price a plan, or without one all plans that have no card of their own."""
        body = NewRateCardUseBody(plan_id=plan_id, rate_card_id=rate_card_id, effective_from=effective_from)
        return parsed(self._connection.ask("POST", self._path, body), RateCardUseView)

    def withdraw(self, use_id: str) -> None:
        """Take back an assignment that has not taken effect."""
        self._connection.ask("DELETE", f"{self._path}/{use_id}")


class RateCards(Collection[RateCardView, RateCardView]):
    """The rate cards, for administrators."""

    noun = "rate card"

    def __init__(self, connection: Connection) -> None:
        """Use the admin face."""
        super().__init__(connection, "/rate-cards", RateCardView, RateCardView)

    @cached_property
    def uses(self) -> RateCardUses:
        """Which card prices which plan."""
        return RateCardUses(self._connection)

    def rates(self, rate_card_id: str) -> Rates:
        """Return the prices of a card."""
        return Rates(self._connection, f"{self._member(rate_card_id)}/rates")

    def create(self, body: NewRateCardBody) -> RateCardView:
        """Begin a card. It prices nothing until it has prices and is used."""
        return self._create(body)

    def change(self, rate_card_id: str, body: RateCardChangeBody, if_match: int | None = None) -> RateCardView:
        """Change a card's name or description."""
        return self._change(rate_card_id, body, RateCardView, if_match)

    def delete(self, rate_card_id: str, if_match: int | None = None) -> None:
        """Remove a card that was never used.

        Raises:
            ZaffreError: it was.
        """
        self._delete(rate_card_id, if_match)


class Discounts(Collection[DiscountView, DiscountView]):
    """The discounts, for administrators."""

    noun = "discount"

    def __init__(self, connection: Connection) -> None:
        """Use the admin face."""
        super().__init__(connection, "/discounts", DiscountView, DiscountView)

    def create(self, body: NewDiscountBody) -> DiscountView:
        """Give a discount."""
        return self._create(body)

    def end(self, discount_id: str, ends_at: datetime | None = None) -> DiscountView:
        """Have a discount end, with this hour when no time is given."""
        body = EndDiscountBody(ends_at=ends_at)
        return parsed(self._connection.ask("POST", f"{self._member(discount_id)}/end", body), DiscountView)


class Credits(Listing[CreditView]):
    """The credits, for administrators."""

    noun = "credit"

    def __init__(self, connection: Connection) -> None:
        """Use the admin face."""
        super().__init__(connection, "/credits", CreditView)

    def create(self, body: NewCreditBody) -> CreditView:
        """Give a credit."""
        return parsed(self._connection.ask("POST", self._path, body), CreditView)

    def revoke(self, credit_id: str) -> CreditView:
        """Take back what is left of a credit."""
        return parsed(self._connection.ask("POST", f"{self._path}/{credit_id}/revoke"), CreditView)
