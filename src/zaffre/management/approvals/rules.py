"""Approval rules: which changes need somebody's yes, and the check that each of these changes makes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select

from zaffre.foundation.errors import Conflict, InvalidInput, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.identity import Caller, Permission
from zaffre.management.approvals.tables import ApprovalProgramRow, ApprovalRuleRow
from zaffre.management.approvals.wishes import ApprovableChange, Wish
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
        "program_id": Field(ApprovalRuleRow.program_id, FieldType.ID, sortable=False),
        "created_at": Field(ApprovalRuleRow.created_at, FieldType.INSTANT),
    },
    key=ApprovalRuleRow.id,
    order="name",
)


_WORDS = {
    ApprovableChange.SUBSCRIBE: "Subscribing to plan",
    ApprovableChange.CHANGE_PLAN: "Moving to plan",
    ApprovableChange.ACQUIRE_ADD_ON: "An add-on to a subscription to plan",
    ApprovableChange.DELETE_SUBSCRIPTION: "Deleting a subscription to plan",
}


@dataclass(frozen=True)
class NeededApproval:
    """What a change needs. It holds no rows, as it outlives the transaction that found out."""

    wish: Wish
    plan_id: str
    plan_name: str
    rule_name: str
    """The first of the rules that want an approval."""
    valid_hours: int
    program_ids: Sequence[str]
    """The programs that all have to approve it."""
    needs_person: bool
    """Whether somebody has to, too."""
    before: Mapping[str, int | None]
    """The quota limits before the change; None: unlimited."""
    after: Mapping[str, int | None]


class ApprovalNeeded(Conflict):
    """The change needs an approval."""

    code = "approval.needed"
    title = "This needs an approval"

    def __init__(self, rule: ApprovalRuleRow, needed: NeededApproval) -> None:
        why = "" if rule.dimension is None else f", as it raises {rule.dimension} above {rule.above}"
        super().__init__(
            f"{_WORDS[needed.wish.change]} {needed.plan_name!r} needs the provider's approval{why}.",
            remedy="Ask for it with POST /change-requests; it is done when it is approved.",
            target="plan_id",
        )
        self.needed = needed


@dataclass(frozen=True)
class NewApprovalRule:
    """A rule to make."""

    name: str
    change: ApprovableChange
    plan_id: str | None
    dimension: str | None
    above: int | None
    valid_hours: int
    program_id: str | None = None


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
            NotFound: there is no such plan, or no such program.
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
            program_id=draft.program_id,
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: NameTaken("approval rule", draft.name))
        self._work.emit("approval_rule.created", _reference(row), change=row.change)
        return row

    async def change(self, rule_id: str, given: Mapping[str, Any], expected: int | None = None) -> ApprovalRuleRow:
        """Change a rule's name, who decides, or how long its requests to come wait. What waits goes on as it began.

        Raises:
            NameTaken: another rule has the name.
            NotFound: there is no such program.
        """
        row = await self.get(rule_id)
        check_generation(expected, row.generation)
        names = ("name", "valid_hours", "program_id")
        before = [getattr(row, name) for name in names]
        for name in names:
            setattr(row, name, given.get(name, getattr(row, name)))
        if [getattr(row, name) for name in names] == before:
            return row
        await self._check_program(row.program_id)
        name = row.name
        await self._work.save(row, lambda _: NameTaken("approval rule", name))
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
        await self._check_program(draft.program_id)
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

    async def _check_program(self, program_id: str | None) -> None:
        if program_id is not None and await self._session.get(ApprovalProgramRow, program_id) is None:
            raise NotFound("approval program", program_id)


async def check_approved(
    work: UnitOfWork,
    caller: Caller,
    wish: Wish,
    plan: PlanRow,
    limits: Mapping[str, int | None] | None = None,
    before: Mapping[str, int | None] | None = None,
) -> None:
    """See that a change needs no approval, or has one. What administrators do needs none.

    Args:
        work: the unit of work of the change.
        caller: who makes it.
        wish: what it is.
        plan: the plan that it leads to, or that the subscription is on.
        limits: the quota limits after it; None means unlimited.
        before: the limits before it; none for a new subscription.

    Raises:
        ApprovalNeeded: rules say so.
    """
    if caller.may(Permission.SUBSCRIPTION_ADMIN) or caller.approval_id is not None:
        return
    about = select(ApprovalRuleRow).where(
        ApprovalRuleRow.change == wish.change,
        or_(ApprovalRuleRow.plan_id.is_(None), ApprovalRuleRow.plan_id == plan.id),
    )
    order = (ApprovalRuleRow.created_at, ApprovalRuleRow.id)
    rules = [
        rule for rule in await work.session.scalars(about.order_by(*order)) if _counts(rule, limits or {}, before or {})
    ]
    if rules:
        raise ApprovalNeeded(rules[0], _needed(wish, plan, rules, before or {}, limits or {}))


def _needed(
    wish: Wish,
    plan: PlanRow,
    rules: Sequence[ApprovalRuleRow],
    before: Mapping[str, int | None],
    after: Mapping[str, int | None],
) -> NeededApproval:
    programs = dict.fromkeys(rule.program_id for rule in rules if rule.program_id is not None)
    return NeededApproval(
        wish,
        plan.id,
        plan.name,
        rules[0].name,
        min(rule.valid_hours for rule in rules),
        tuple(programs),
        any(rule.program_id is None for rule in rules),
        dict(before),
        dict(after),
    )


def _counts(rule: ApprovalRuleRow, limits: Mapping[str, int | None], before: Mapping[str, int | None]) -> bool:
    if rule.dimension is None or rule.above is None:
        return True
    after = _number(limits.get(rule.dimension, 0))
    return after > rule.above and after > _number(before.get(rule.dimension, 0))


def _number(limit: int | None) -> float:
    return math.inf if limit is None else limit


def _reference(row: ApprovalRuleRow) -> ResourceRef:
    return ResourceRef("approval_rule", row.id, row.name)
