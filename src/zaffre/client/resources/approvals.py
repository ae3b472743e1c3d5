"""Approvals: rules that want them, and the requests for them."""

from zaffre.client.collection import Collection
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import (
    AddOnWishBody,
    ApprovalRuleChangeBody,
    ApprovalRuleView,
    ChangePlanWishBody,
    ChangeRequestView,
    DecisionBody,
    DeclineBody,
    DeletionWishBody,
    NewApprovalRuleBody,
    SubscribeWishBody,
)

WishBody = SubscribeWishBody | ChangePlanWishBody | AddOnWishBody | DeletionWishBody


class ApprovalRules(Collection[ApprovalRuleView, ApprovalRuleView]):
    """The rules that say which changes need an approval, for administrators."""

    noun = "approval rule"

    def __init__(self, connection: Connection) -> None:
        """Use the rules of the admin face."""
        super().__init__(connection, "/approval-rules", ApprovalRuleView, ApprovalRuleView)

    def create(self, body: NewApprovalRuleBody) -> ApprovalRuleView:
        """Have a kind of change need an approval."""
        return self._create(body)

    def change(self, rule_id: str, body: ApprovalRuleChangeBody, if_match: int | None = None) -> ApprovalRuleView:
        """Change a rule's name, or how long requests wait."""
        return self._change(rule_id, body, ApprovalRuleView, if_match)

    def delete(self, rule_id: str, if_match: int | None = None) -> None:
        """Remove a rule. What waits because of it still waits."""
        self._delete(rule_id, if_match)


class ChangeRequests(Collection[ChangeRequestView, ChangeRequestView]):
    """One's requests for changes that need an approval."""

    noun = "change request"
    name_field = None

    def __init__(self, connection: Connection) -> None:
        """Use the change requests of a face."""
        super().__init__(connection, "/change-requests", ChangeRequestView, ChangeRequestView)

    def ask(self, body: WishBody) -> ChangeRequestView:
        """Ask for a change. It is checked now and made when it is approved.

        Raises:
            ZaffreError: it needs no approval, or would be refused anyway.
        """
        return parsed(self._connection.ask("POST", self._path, body), ChangeRequestView)

    def withdraw(self, request_id: str) -> ChangeRequestView:
        """Take a request back."""
        return parsed(self._connection.ask("POST", f"{self._member(request_id)}/withdraw"), ChangeRequestView)


class AllChangeRequests(ChangeRequests):
    """Everybody's change requests, for whoever decides on them."""

    def approve(self, request_id: str, reason: str = "") -> ChangeRequestView:
        """Approve a request; the change is made in the same moment.

        Raises:
            ZaffreError: it does not wait any more, or the change is refused by now.
        """
        body = DecisionBody(reason=reason)
        return parsed(self._connection.ask("POST", f"{self._member(request_id)}/approve", body), ChangeRequestView)

    def decline(self, request_id: str, reason: str) -> ChangeRequestView:
        """Decline a request; the one who asked reads why."""
        body = DeclineBody(reason=reason)
        return parsed(self._connection.ask("POST", f"{self._member(request_id)}/decline", body), ChangeRequestView)
