"""Approvals: rules that want them, and the requests for them."""

from zaffre.client.collection import Collection
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import (
    AddOnWishBody,
    ApprovalAskView,
    ApprovalProgramChangeBody,
    ApprovalProgramView,
    ApprovalRuleChangeBody,
    ApprovalRuleView,
    ChangePlanWishBody,
    ChangeRequestView,
    DecisionBody,
    DeclineBody,
    DeletionWishBody,
    NewApprovalProgramBody,
    NewApprovalProgramView,
    NewApprovalRuleBody,
    ProgramSecretRotationBody,
    SubscribeWishBody,
)

WishBody = SubscribeWishBody | ChangePlanWishBody | AddOnWishBody | DeletionWishBody


class ApprovalAsks(Collection[ApprovalAskView, ApprovalAskView]):
    """What one program was asked of late, newest first."""

    noun = "question"
    name_field = None

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the log of the program at `path`."""
        super().__init__(connection, f"{path}/asks", ApprovalAskView, ApprovalAskView)


class ApprovalPrograms(Collection[ApprovalProgramView, ApprovalProgramView]):
    """The programs that decide on changes, for administrators."""

    noun = "approval program"

    def __init__(self, connection: Connection) -> None:
        """Use the programs of the admin face."""
        super().__init__(connection, "/approval-programs", ApprovalProgramView, ApprovalProgramView)

    def create(self, body: NewApprovalProgramBody) -> NewApprovalProgramView:
        """Name a program that rules can refer to; the answer holds its secret, which is not shown again."""
        return parsed(self._connection.ask("POST", self._path, body), NewApprovalProgramView)

    def change(
        self, program_id: str, body: ApprovalProgramChangeBody, if_match: int | None = None
    ) -> ApprovalProgramView:
        """Change a program; it counts for the next question."""
        return self._change(program_id, body, ApprovalProgramView, if_match)

    def delete(self, program_id: str, if_match: int | None = None) -> None:
        """Forget a program that no rule refers to."""
        self._delete(program_id, if_match)

    def rotate_secret(self, program_id: str, overlap_hours: int = 24) -> NewApprovalProgramView:
        """Have another secret sign; for some hours the present one signs as well."""
        body = ProgramSecretRotationBody(overlap_hours=overlap_hours)
        path = f"{self._member(program_id)}/rotate-secret"
        return parsed(self._connection.ask("POST", path, body), NewApprovalProgramView)

    def test(self, program_id: str) -> ApprovalAskView:
        """Ask a program about a change that nobody wants, and return what came of it."""
        return parsed(self._connection.ask("POST", f"{self._member(program_id)}/test"), ApprovalAskView)

    def asks(self, program_id: str) -> ApprovalAsks:
        """Return what a program was asked of late."""
        return ApprovalAsks(self._connection, self._member(program_id))


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
        """Change a rule's name, who decides, or how long requests wait."""
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
