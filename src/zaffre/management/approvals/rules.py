"""Approval rules: which changes need somebody's yes, and the check that each of these changes makes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, or_, select

from zaffre.foundation.errors import Conflict, InvalidInput, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity import Caller, Permission
from zaffre.management.approvals.tables import ApprovalRuleRow
from zaffre.management.providers import ProviderRegistry
from zaffre.management.tables import PlanRow

RULES_AT_MOST = 500

LISTING = Listing(
    ApprovalRuleRow,
    {
        "id": Field(ApprovalRuleRow.id, FieldType.ID),
        "name": Field(ApprovalRuleRow.name, FieldType.TEXT, searchable=True),
        "change": Field(ApprovalRuleRow.change, FieldType.TEXT),
        "plan_id": Field(ApprovalRuleRow.plan_id, FieldType.ID, sortable=False),
        "created_at": Field(ApprovalRuleRow.created_at, FieldType.INSTANT),
    },
    key=ApprovalRuleRow.id,
    order="name",
)


class ApprovableChange(StrEnum):
    """What a rule can be about."""

    SUBSCRIBE = "subscribe"
    CHANGE_PLAN = "change_plan"
    ACQUIRE_ADD_ON = "acquire_add_on"
    DELETE_SUBSCRIPTION = "delete_subscription"


_WORDS = {
    ApprovableChange.SUBSCRIBE: "Subscribing to plan",
    ApprovableChange.CHANGE_PLAN: "Moving to plan",
    ApprovableChange.ACQUIRE_ADD_ON: "An add-on to a subscription to plan",
    ApprovableChange.DELETE_SUBSCRIPTION: "Deleting a subscription to plan",
}


class ApprovalNeeded(Conflict):
    """The change needs an approval."""

    code = "approval.needed"
    title = "This needs an approval"

    def __init__(self, rule: ApprovalRuleRow, plan: PlanRow) -> None:
        why = "" if rule.dimension is None else f", as it raises {rule.dimension} above {rule.above}"
        super().__init__(
            f"{_WORDS[ApprovableChange(rule.change)]} {plan.name!r} needs the provider's approval{why}.",
            remedy="Ask for it with POST /change-requests; it is done when it is approved.",
            target="plan_id",
        )
        self.rule = rule
        self.plan = plan


@dataclass(frozen=True)
class NewApprovalRule:
    """A rule to make."""

    name: str
    change: ApprovableChange
    plan_id: str | None
    dimension: str | None
    above: int | None
    valid_hours: int


class ApprovalRules:
    """Rules about rules inside one unit of work."""

    def __init__(self, work: UnitOfWork, providers: ProviderRegistry) -> None:
        self._work = work
        self._session = work.session
        self._providers = providers

    async def page(self, query: ListQuery) -> Rows[ApprovalRuleRow]:
        """Return a page of rules."""
        return await LISTING.rows(self._session, query)

    async def get(self, rule_id: str) -> ApprovalRuleRow:
        """Return a rule.

        Raises:
            NotFound: there is none with this id.
        """
        row = await self._session.get(ApprovalRuleRow, rule_id)
        if row is None:
            raise NotFound("approval rule", rule_id)
        return row

    async def create(self, draft: NewApprovalRule) -> ApprovalRuleRow:
        """Make a rule, which counts for every change from now on.

        Raises:
            NotFound: there is no such plan.
            InvalidInput: the dimension is none, or the change raises no limits.
            NameTaken: another rule has the name.
            Conflict: there are as many rules as may be.
        """
        await self._check(draft)
        row = ApprovalRuleRow(
            id=self._work.ids.new(),
            name=draft.name,
            change=draft.change,
            plan_id=draft.plan_id,
            dimension=draft.dimension,
            above=draft.above,
            valid_hours=draft.valid_hours,
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: NameTaken("approval rule", draft.name))
        self._work.emit("approval_rule.created", _reference(row), change=row.change)
        return row

    async def change(
        self, rule_id: str, *, name: str | None, valid_hours: int | None, expected: int | None = None
    ) -> ApprovalRuleRow:
        """Give a rule another name, or its requests to come another time to wait.

        Raises:
            NameTaken: another rule has the name.
        """
        row = await self.get(rule_id)
        check_generation(expected, row.generation)
        wanted = (name or row.name, valid_hours or row.valid_hours)
        if wanted == (row.name, row.valid_hours):
            return row
        row.name, row.valid_hours = wanted
        await self._work.save(row, lambda _: NameTaken("approval rule", wanted[0]))
        self._work.emit("approval_rule.changed", _reference(row))
        return row

    async def delete(self, rule_id: str, expected: int | None = None) -> None:
        """Remove a rule. What waits because of it still waits."""
        row = await self.get(rule_id)
        check_generation(expected, row.generation)
        await self._session.delete(row)
        self._work.emit("approval_rule.deleted", _reference(row))

    async def _check(self, draft: NewApprovalRule) -> None:
        if draft.plan_id is not None and await self._session.get(PlanRow, draft.plan_id) is None:
            raise NotFound("plan", draft.plan_id)
        if (draft.dimension is None) != (draft.above is None):
            raise InvalidInput("A dimension and a number go together.", remedy="Give both or neither.", target="above")
        if draft.dimension is not None and draft.change is ApprovableChange.DELETE_SUBSCRIPTION:
            raise InvalidInput("Deleting raises no limit.", remedy="Leave dimension and above out.", target="dimension")
        if draft.dimension is not None and self._providers.dimension(draft.dimension) is None:
            raise InvalidInput(
                f"There is no quota dimension {draft.dimension!r}.",
                remedy="Choose one that a resource provider has.",
                target="dimension",
            )
        if (await self._session.scalar(select(func.count()).select_from(ApprovalRuleRow)) or 0) >= RULES_AT_MOST:
            raise Conflict(f"There are {RULES_AT_MOST} approval rules.", remedy="Delete one first.")


async def check_approved(
    work: UnitOfWork,
    caller: Caller,
    change: ApprovableChange,
    plan: PlanRow,
    limits: Mapping[str, int | None] | None = None,
    before: Mapping[str, int | None] | None = None,
) -> None:
    """See that a change needs no approval, or has one. What administrators do needs none.

    Args:
        work: the unit of work of the change.
        caller: who makes it.
        change: what it is.
        plan: the plan that it leads to, or that the subscription is on.
        limits: the quota limits after it; None means unlimited.
        before: the limits before it; none for a new subscription.

    Raises:
        ApprovalNeeded: a rule says so.
    """
    if caller.may(Permission.SUBSCRIPTION_ADMIN) or caller.approval_id is not None:
        return
    about = select(ApprovalRuleRow).where(
        ApprovalRuleRow.change == change, or_(ApprovalRuleRow.plan_id.is_(None), ApprovalRuleRow.plan_id == plan.id)
    )
    for rule in await work.session.scalars(about.order_by(ApprovalRuleRow.created_at, ApprovalRuleRow.id)):
        if _counts(rule, limits or {}, before or {}):
            raise ApprovalNeeded(rule, plan)


def _counts(rule: ApprovalRuleRow, limits: Mapping[str, int | None], before: Mapping[str, int | None]) -> bool:
    if rule.dimension is None or rule.above is None:
        return True
    after = _number(limits.get(rule.dimension, 0))
    return after > rule.above and after > _number(before.get(rule.dimension, 0))


def _number(limit: int | None) -> float:
    return math.inf if limit is None else limit


def _reference(row: ApprovalRuleRow) -> ResourceRef:
    return ResourceRef("approval_rule", row.id, row.name)
