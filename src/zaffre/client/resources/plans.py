"""Plans: what is on offer, and all of them for administrators."""

from zaffre.client.collection import Collection
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import ImpactView, NewPlanBody, PlanChangeBody, PlanState, PlanView, SuspendPolicy


class OfferedPlans(Collection[PlanView, PlanView]):
    """Plans that can be subscribed to."""

    noun = "plan"

    def __init__(self, connection: Connection) -> None:
        """Use the plans of a face."""
        super().__init__(connection, "/plans", PlanView, PlanView)


class Plans(OfferedPlans):
    """All plans, for administrators."""

    def create(self, body: NewPlanBody) -> PlanView:
        """Add a plan; it starts private."""
        return self._create(body)

    def change(self, plan_id: str, body: PlanChangeBody, if_match: int | None = None) -> PlanView:
        """Change a plan. New services of one in use are carried to its subscriptions by an operation."""
        return self._change(plan_id, body, PlanView, if_match)

    def what_if(self, plan_id: str, body: PlanChangeBody) -> ImpactView:
        """Tell what a change would do to subscriptions, without making it."""
        return parsed(self._connection.ask("POST", f"{self._member(plan_id)}/what-if", body), ImpactView)

    def publish(self, plan_id: str, if_match: int | None = None) -> PlanView:
        """Offer a plan to everybody."""
        return self.change(plan_id, PlanChangeBody(state=PlanState.PUBLIC), if_match)

    def decommission(self, plan_id: str, if_match: int | None = None) -> PlanView:
        """Take a plan off the offer for good. Its subscriptions go on."""
        return self.change(plan_id, PlanChangeBody(state=PlanState.DECOMMISSIONED), if_match)

    def set_terms(
        self,
        plan_id: str,
        suspend_policy: SuspendPolicy | None = None,
        deletion_grace_days: int | None = None,
        if_match: int | None = None,
    ) -> PlanView:
        """Say what suspending does with machines, and how long a deleted subscription can be restored."""
        body = PlanChangeBody(suspend_policy=suspend_policy, deletion_grace_days=deletion_grace_days)
        return self.change(plan_id, body, if_match)

    def delete(self, plan_id: str, if_match: int | None = None) -> None:
        """Remove a plan that nobody subscribes to.

        Raises:
            ZaffreError: it has subscriptions.
        """
        self._delete(plan_id, if_match)
