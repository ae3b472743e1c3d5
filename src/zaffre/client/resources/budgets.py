"""Budgets: what months may cost, and who is told when they come near it."""

from zaffre.client.collection import Collection, Listing
from zaffre.client.connection import Connection
from zaffre.client.models import BudgetAlertView, BudgetChangeBody, BudgetView, NewBudgetBody


class BudgetAlerts(Listing[BudgetAlertView]):
    """The thresholds of one budget that were reached, the latest first."""

    noun = "alert"
    name_field = None


class Budgets(Collection[BudgetView, BudgetView]):
    """The budgets of a subscription, or on the admin face everybody's, to look at."""

    noun = "budget"

    def __init__(self, connection: Connection, path: str = "/budgets") -> None:
        """Use the budgets at `path`."""
        super().__init__(connection, path, BudgetView, BudgetView)

    def create(self, body: NewBudgetBody) -> BudgetView:
        """Say what a month may cost; an administrator's budgets are the provider's."""
        return self._create(body)

    def change(self, budget_id: str, change: BudgetChangeBody, if_match: int | None = None) -> BudgetView:
        """Change a budget. With another amount, tag or other thresholds what is reached is told again."""
        return self._change(budget_id, change, BudgetView, if_match)

    def delete(self, budget_id: str, if_match: int | None = None) -> None:
        """Remove a budget; what it suspended stays suspended."""
        self._delete(budget_id, if_match)

    def alerts(self, budget_id: str) -> BudgetAlerts:
        """Return what a budget has told."""
        return BudgetAlerts(self._connection, f"{self._member(budget_id)}/alerts", BudgetAlertView)
