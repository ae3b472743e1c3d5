"""Routes of approvals: rules, change requests, deciding."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Id, Name, PathId, ResourceView, Text
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management.api import InvitationCode
from zaffre.management.approvals.change_requests import ChangeRequests, ChangeRequestState
from zaffre.management.approvals.rules import ApprovalRules, NewApprovalRule
from zaffre.management.approvals.tables import ApprovalRuleRow, ChangeRequestRow
from zaffre.management.approvals.wishes import ApprovableChange, Wish
from zaffre.management.deletions import LONGEST_GRACE_DAYS
from zaffre.management.offer_wire import Providers

shared = APIRouter(tags=["approvals"], route_class=TransactionalRoute)
asking = APIRouter(tags=["approvals"], route_class=TransactionalRoute)
administration = APIRouter(tags=["approvals"], route_class=TransactionalRoute)

ValidHours = Annotated[int, Field(ge=1, le=2160)]
"""How long a request waits for an answer: an hour to 90 days."""
Reason = Annotated[Text, Field(min_length=1)]


class NewApprovalRuleBody(Body):
    """A kind of change that shall need an approval."""

    name: Name
    change: ApprovableChange
    plan_id: Id | None = None
    """The plan that it is about; left out, every plan."""
    dimension: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,63}$")] | None = None
    """Only changes that raise the limit of this quota dimension above the number."""
    above: Annotated[int, Field(ge=0, le=2**53)] | None = None
    valid_hours: ValidHours = 168
    program_id: Id | None = None
    """The approval program that decides; left out, people do."""


class ApprovalRuleChangeBody(Body):
    """What may change of a rule; what is left out stays."""

    name: Name | None = None
    valid_hours: ValidHours | None = None
    program_id: Id | None = None
    """null: people decide."""

    def changes(self) -> dict[str, Any]:
        """Return what was given; only the program can be nothing."""
        given = self.model_dump(exclude_unset=True)
        return {name: value for name, value in given.items() if value is not None or name == "program_id"}


class ApprovalRuleView(ResourceView):
    """A kind of change that needs an approval."""

    name: str
    change: ApprovableChange
    plan_id: str | None
    """None: every plan."""
    dimension: str | None
    above: int | None
    valid_hours: int
    program_id: str | None
    """The approval program that decides; None: people do."""

    @classmethod
    def of(cls, row: ApprovalRuleRow, response: Response | None = None) -> "ApprovalRuleView":
        """Shape a row, with its ETag where there is one answer."""
        if response is not None:
            set_etag(response, row.generation)
        return cls.model_validate(row)


class _WishBody(Body):
    reason: Text = ""
    """Why it is wanted, for the one who decides."""


class SubscribeWishBody(_WishBody):
    """Wants to subscribe to a plan."""

    change: Literal["subscribe"]
    plan_id: Id
    name: Name
    """Of the subscription."""
    invitation_code: InvitationCode | None = None


class ChangePlanWishBody(_WishBody):
    """Wants a subscription to be on another plan."""

    change: Literal["change_plan"]
    subscription_id: Id
    plan_id: Id
    invitation_code: InvitationCode | None = None


class AddOnWishBody(_WishBody):
    """Wants one more of an add-on for a subscription."""

    change: Literal["acquire_add_on"]
    subscription_id: Id
    add_on_id: Id


class DeletionWishBody(_WishBody):
    """Wants a subscription to be deleted."""

    change: Literal["delete_subscription"]
    subscription_id: Id
    cascade: bool = False
    """Whether everything in it goes with it; else it must be empty."""
    grace_days: Annotated[int, Field(ge=0, le=LONGEST_GRACE_DAYS)] | None = None
    """0 for at once; left out, as the plan says."""


WishBody = Annotated[
    SubscribeWishBody | ChangePlanWishBody | AddOnWishBody | DeletionWishBody, Field(discriminator="change")
]


class DecisionBody(Body):
    """A decision, and why."""

    reason: Text = ""


class DeclineBody(Body):
    """Why not; the one who asked reads it."""

    reason: Reason


class ChangeRequestView(ResourceView):
    """A change that somebody wants and somebody else decides on."""

    change: ApprovableChange
    state: ChangeRequestState
    account_id: str
    """Who asked."""
    plan_id: str
    plan_name: str
    subscription_id: str | None
    """The subscription to change; for a new one, what came of it."""
    subscription_name: str | None
    add_on_id: str | None
    add_on_name: str | None
    cascade: bool
    grace_days: int | None
    rule_name: str
    """The rule that wants the approval."""
    reason: str
    expires_at: datetime
    decided_at: datetime | None
    decision_reason: str | None
    decided_by: Literal["person", "programs"] | None
    """Who decided, once it is decided."""
    program_names: str | None
    """The programs that have to approve it, if any."""
    needs_person: bool
    """Whether a person has to approve it, too."""
    asks: int
    """How often the program that is asked now has not answered."""
    next_ask_at: datetime | None
    """When it is asked again."""
    operation_id: str | None
    """What came of it, once it is approved."""

    @classmethod
    def of(cls, row: ChangeRequestRow, response: Response | None = None) -> "ChangeRequestView":
        """Shape a row, with its ETag where there is one answer."""
        if response is not None:
            set_etag(response, row.generation)
        return cls(
            id=row.id,
            generation=row.generation,
            created_at=row.created_at,
            change=ApprovableChange(row.change),
            state=ChangeRequestState(row.state),
            account_id=row.account_id,
            plan_id=row.plan_id,
            plan_name=row.names["plan"],
            subscription_id=row.subscription_id or row.result_id,
            subscription_name=row.names.get("subscription"),
            add_on_id=row.add_on_id,
            add_on_name=row.names.get("add_on"),
            cascade=row.wish["cascade"],
            grace_days=row.wish["grace_days"],
            rule_name=row.names["rule"],
            reason=row.reason,
            expires_at=row.expires_at,
            decided_at=row.decided_at,
            decision_reason=row.decision_reason,
            decided_by=_decided_by(row),
            program_names=row.names.get("programs"),
            needs_person=row.needs_person,
            asks=row.asks,
            next_ask_at=row.ask_due_at,
            operation_id=row.operation_id,
        )


def _decided_by(row: ChangeRequestRow) -> Literal["person", "programs"] | None:
    if row.state not in (ChangeRequestState.APPROVED, ChangeRequestState.DECLINED):
        return None
    return "programs" if row.decided_by is None else "person"


def _wish(body: SubscribeWishBody | ChangePlanWishBody | AddOnWishBody | DeletionWishBody) -> Wish:
    given = {name: getattr(body, name) for name in type(body).model_fields if name not in {"change", "reason"}}
    return Wish(ApprovableChange(body.change), **given)


# Rules ---------------------------------------------------------------------------------------------------------------


@administration.get("/approval-rules", dependencies=[requires(Permission.APPROVAL_READ)])
async def list_approval_rules(
    request: Request, query: Listed, work: Work, providers: Providers
) -> Page[ApprovalRuleView]:
    """List which changes need an approval."""
    found = await ApprovalRules(work, providers).page(query)
    return found.page(request, [ApprovalRuleView.of(row) for row in found.rows])


@administration.post("/approval-rules", status_code=201, dependencies=[requires(Permission.APPROVAL_ADMIN)])
async def create_approval_rule(
    body: NewApprovalRuleBody, work: Work, providers: Providers, response: Response
) -> ApprovalRuleView:
    """Have a kind of change need an approval, from now on. What administrators do needs none."""
    row = await ApprovalRules(work, providers).create(NewApprovalRule(**body.model_dump()))
    return ApprovalRuleView.of(row, response)


@administration.get("/approval-rules/{rule_id}", dependencies=[requires(Permission.APPROVAL_READ)])
async def get_approval_rule(rule_id: PathId, work: Work, providers: Providers, response: Response) -> ApprovalRuleView:
    """Show a rule."""
    return ApprovalRuleView.of(await ApprovalRules(work, providers).get(rule_id), response)


@administration.patch("/approval-rules/{rule_id}", dependencies=[requires(Permission.APPROVAL_ADMIN)])
async def change_approval_rule(
    rule_id: PathId,
    body: ApprovalRuleChangeBody,
    work: Work,
    providers: Providers,
    if_match: IfMatch,
    response: Response,
) -> ApprovalRuleView:
    """Change a rule's name, who decides, or how long its requests to come wait."""
    row = await ApprovalRules(work, providers).change(rule_id, body.changes(), if_match)
    return ApprovalRuleView.of(row, response)


@administration.delete("/approval-rules/{rule_id}", status_code=204, dependencies=[requires(Permission.APPROVAL_ADMIN)])
async def delete_approval_rule(rule_id: PathId, work: Work, providers: Providers, if_match: IfMatch) -> None:
    """Remove a rule. Requests that wait because of it still wait."""
    await ApprovalRules(work, providers).delete(rule_id, if_match)


# Change requests -----------------------------------------------------------------------------------------------------


@shared.get("/change-requests", dependencies=[requires(Permission.CHANGE_REQUEST_SELF)])
async def list_change_requests(
    request: Request, query: Listed, work: Work, caller: CurrentCaller, providers: Providers
) -> Page[ChangeRequestView]:
    """List one's change requests; administrators see all."""
    found = await ChangeRequests(work, caller, providers).page(query)
    return found.page(request, [ChangeRequestView.of(row) for row in found.rows])


@shared.get("/change-requests/{request_id}", dependencies=[requires(Permission.CHANGE_REQUEST_SELF)])
async def get_change_request(
    request_id: PathId, work: Work, caller: CurrentCaller, providers: Providers, response: Response
) -> ChangeRequestView:
    """Show a change request."""
    return ChangeRequestView.of(await ChangeRequests(work, caller, providers).get(request_id), response)


@asking.post("/change-requests", status_code=201, dependencies=[requires(Permission.CHANGE_REQUEST_SELF)])
async def create_change_request(
    body: WishBody, work: Work, caller: CurrentCaller, providers: Providers, response: Response
) -> ChangeRequestView:
    """Ask for a change that needs an approval. It is checked now and made when it is approved."""
    row = await ChangeRequests(work, caller, providers).ask(_wish(body), body.reason)
    return ChangeRequestView.of(row, response)


@asking.post("/change-requests/{request_id}/withdraw", dependencies=[requires(Permission.CHANGE_REQUEST_SELF)])
async def withdraw_change_request(
    request_id: PathId,
    work: Work,
    caller: CurrentCaller,
    providers: Providers,
    if_match: IfMatch,
    response: Response,
) -> ChangeRequestView:
    """Take a request of one's own back."""
    row = await ChangeRequests(work, caller, providers).withdraw(request_id, if_match)
    return ChangeRequestView.of(row, response)


@administration.post("/change-requests/{request_id}/approve", dependencies=[requires(Permission.CHANGE_REQUEST_DECIDE)])
async def approve_change_request(
    request_id: PathId,
    body: DecisionBody,
    work: Work,
    caller: CurrentCaller,
    providers: Providers,
    if_match: IfMatch,
    response: Response,
) -> ChangeRequestView:
    """Approve a request: the change is made in the same moment, as the one who asked. See its operation."""
    row = await ChangeRequests(work, caller, providers).approve(request_id, body.reason, if_match)
    return ChangeRequestView.of(row, response)


@administration.post("/change-requests/{request_id}/decline", dependencies=[requires(Permission.CHANGE_REQUEST_DECIDE)])
async def decline_change_request(
    request_id: PathId,
    body: DeclineBody,
    work: Work,
    caller: CurrentCaller,
    providers: Providers,
    if_match: IfMatch,
    response: Response,
) -> ChangeRequestView:
    """Decline a request. The one who asked reads why."""
    row = await ChangeRequests(work, caller, providers).decline(request_id, body.reason, if_match)
    return ChangeRequestView.of(row, response)
