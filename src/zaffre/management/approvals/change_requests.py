"""Change requests: asking for a change that needs an approval, deciding, and what becomes of what nobody decides.

Asking checks the whole wish, so that nobody waits for an approval of what cannot be. Approving does the change in the
transaction of the decision, as the one who asked and with their rights of that moment: either both stand or neither.

Where rules name programs, these are asked first, outside any transaction (see `desk`); what the request holds says how
far that has come. Whoever may decide can decide at any time.
"""

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, delete, select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.database import RowLock, for_update
from zaffre.foundation.errors import Conflict, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.mail import Mail, Outbox
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.secrets import SealedSecret
from zaffre.foundation.work import ResourceRef, UnitOfWork, UnitsOfWork
from zaffre.identity import Caller, Permission
from zaffre.identity.accounts import AccountState
from zaffre.identity.callers import caller_of
from zaffre.identity.tables import AccountRow
from zaffre.management.approvals.rules import ApprovalNeeded, NeededApproval
from zaffre.management.approvals.tables import ApprovalProgramRow, ChangeRequestRow
from zaffre.management.approvals.wishes import ApprovableChange, Wish
from zaffre.management.deletions import Deletions
from zaffre.management.held_add_ons import HeldAddOns
from zaffre.management.plan_moves import PlanMoves
from zaffre.management.providers import ProviderRegistry
from zaffre.management.subscriptions import NewSubscription, Subscriptions, refuse_suspended
from zaffre.management.tables import AddOnRow

WAITING_PER_ACCOUNT = 20
KEPT_FOR = timedelta(days=400)
AT_ONCE = 100

LISTING = Listing(
    ChangeRequestRow,
    {
        "id": Field(ChangeRequestRow.id, FieldType.ID),
        "change": Field(ChangeRequestRow.change, FieldType.TEXT, sortable=False),
        "state": Field(ChangeRequestRow.state, FieldType.TEXT, sortable=False),
        "account_id": Field(ChangeRequestRow.account_id, FieldType.ID, sortable=False),
        "subscription_id": Field(ChangeRequestRow.subscription_id, FieldType.ID, sortable=False),
        "created_at": Field(ChangeRequestRow.created_at, FieldType.INSTANT),
    },
    key=ChangeRequestRow.id,
    order="created_at desc",
)


class ChangeRequestState(StrEnum):
    """Where a change request stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    """The change has been made with the approval; its operation tells how that goes."""
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    """Nobody decided in time."""


class ApprovalNotNeeded(Conflict):
    """The change can simply be made."""

    code = "approval.not_needed"
    title = "This needs no approval"

    def __init__(self) -> None:
        super().__init__("No rule wants an approval for this.", remedy="Make the change itself.")


class RequestWaiting(Conflict):
    """The same wish waits already."""

    code = "change_request.waiting"
    title = "This has been asked for"

    def __init__(self, row: ChangeRequestRow) -> None:
        super().__init__(
            f"Change request {row.id} asks for the same and waits for an answer.",
            remedy="Wait for it, or withdraw it first.",
            target=row.id,
        )


class TooManyRequests(Conflict):
    """The account has as many requests waiting as it may."""

    code = "change_request.too_many"
    title = "Too many change requests"

    def __init__(self) -> None:
        super().__init__(
            f"{WAITING_PER_ACCOUNT} change requests of this account wait for an answer.",
            remedy="Withdraw one, or wait.",
        )


class NotWaiting(Conflict):
    """There is nothing to decide any more."""

    code = "change_request.not_waiting"
    title = "The change request does not wait"

    def __init__(self, row: ChangeRequestRow) -> None:
        super().__init__(f"The change request is {row.state}.", remedy="Ask anew if need be.", target=row.id)


class ChangeRequests:
    """Rules for change requests inside one unit of work."""

    def __init__(self, work: UnitOfWork, caller: Caller, providers: ProviderRegistry) -> None:
        self._work = work
        self._session = work.session
        self._caller = caller
        self._providers = providers

    async def page(self, query: ListQuery) -> Rows[ChangeRequestRow]:
        """Return a page: one's own requests; everybody's for administrators."""
        return await LISTING.rows(self._session, query, *self._visible())

    async def get(self, request_id: str) -> ChangeRequestRow:
        """Return a change request.

        Raises:
            NotFound: there is none with this id, or it is somebody else's.
        """
        statement = select(ChangeRequestRow).where(ChangeRequestRow.id == request_id, *self._visible())
        row = await self._session.scalar(statement)
        if row is None:
            raise NotFound("change request", request_id)
        return row

    async def ask(self, wish: Wish, reason: str, held_s: float = 0) -> ChangeRequestRow:
        """Ask for a change that needs an approval; for `held_s` seconds, only the caller asks programs about it.

        Raises:
            ApprovalNotNeeded: it needs none.
            RequestWaiting: the caller asks for the same already.
            TooManyRequests: too many of the caller's wait.
            DomainError: whatever the change itself would be refused for.
        """
        # Held, so that two requests of one account count one another.
        account_id = self._caller.account_id
        await self._session.get_one(AccountRow, account_id, with_for_update=for_update(RowLock.CHANGE))
        needed = await self._checked(wish)
        await self._make_sure_of_room(wish, needed.plan_id)
        now = self._work.clock.now()
        row = ChangeRequestRow(
            id=self._work.ids.new(),
            change=wish.change,
            account_id=account_id,
            plan_id=needed.plan_id,
            subscription_id=wish.subscription_id,
            add_on_id=wish.add_on_id,
            wish=_kept(wish),
            names=await self._names(wish, needed),
            sealed_code=self._work.keyring.seal(wish.invitation_code) if wish.invitation_code else None,
            reason=reason,
            state=ChangeRequestState.WAITING,
            created_at=now,
            expires_at=now + timedelta(hours=needed.valid_hours),
            limits={"before": needed.before, "after": needed.after},
            programs=list(needed.program_ids),
            needs_person=needed.needs_person,
            asks=0,
            ask_due_at=now if needed.program_ids else None,
            asked_until=now + timedelta(seconds=held_s) if held_s else None,
        )
        self._work.add(row)
        await self._session.flush()
        self._work.emit("change_request.created", reference(row), change=row.change)
        return row

    async def approve(self, request_id: str, reason: str, expected: int | None = None) -> ChangeRequestRow:
        """Approve a request, and make the change it asks for, as the one who asked.

        Raises:
            NotWaiting: it has been decided, or is over.
            Conflict: the account that asked is suspended.
            DomainError: whatever the change is refused for by now; the request waits on.
        """
        row = await self._held(request_id, expected)
        await self.make(row)
        await self._decide(row, ChangeRequestState.APPROVED, reason)
        return row

    async def make(self, row: ChangeRequestRow) -> None:
        """Make the change that a request which is held asks for, as the one who asked; see `approve`."""
        account = await self._session.get_one(AccountRow, row.account_id)
        if account.state != AccountState.ACTIVE:
            raise Conflict("The account that asked is suspended.", remedy="Decline the request.", target=row.id)
        asking = replace(await caller_of(self._work, account), approval_id=row.id)
        note_made(row, await self._make(_wish_of(self._work, row), asking))

    async def decline(self, request_id: str, reason: str, expected: int | None = None) -> ChangeRequestRow:
        """Decline a request; the reason is for the one who asked.

        Raises:
            NotWaiting: it has been decided, or is over.
        """
        row = await self._held(request_id, expected)
        await self._decide(row, ChangeRequestState.DECLINED, reason)
        return row

    async def withdraw(self, request_id: str, expected: int | None = None) -> ChangeRequestRow:
        """Take a request of one's own back.

        Raises:
            NotWaiting: it has been decided, or is over.
        """
        row = await self._held(request_id, expected)
        _end(row, ChangeRequestState.WITHDRAWN)
        await self._session.flush()
        self._work.emit("change_request.withdrawn", reference(row), change=row.change)
        return row

    # What asking checks ------------------------------------------------------------------------------------------

    async def _checked(self, wish: Wish) -> NeededApproval:
        """Make the change up to where it needs the approval, and take that back."""
        try:
            async with self._session.begin_nested():
                await self._make(wish, replace(self._caller, approval_id=None))
        except ApprovalNeeded as needed:
            return needed.needed
        raise ApprovalNotNeeded  # which takes everything back

    async def _make_sure_of_room(self, wish: Wish, plan_id: str) -> None:
        mine = select(ChangeRequestRow).where(
            ChangeRequestRow.account_id == self._caller.account_id,
            ChangeRequestRow.state == ChangeRequestState.WAITING,
        )
        rows = (await self._session.scalars(mine.limit(WAITING_PER_ACCOUNT))).all()
        wanted = (wish.change, plan_id, wish.subscription_id, wish.add_on_id, wish.name)
        for row in rows:
            if (row.change, row.plan_id, row.subscription_id, row.add_on_id, row.wish["name"]) == wanted:
                raise RequestWaiting(row)
        if len(rows) == WAITING_PER_ACCOUNT:
            raise TooManyRequests

    async def _names(self, wish: Wish, needed: NeededApproval) -> dict[str, str]:
        names = {"rule": needed.rule_name, "plan": needed.plan_name}
        programs = select(ApprovalProgramRow.name).where(ApprovalProgramRow.id.in_(needed.program_ids))
        if needed.program_ids:
            names["programs"] = ", ".join(sorted(await self._session.scalars(programs)))
        if wish.subscription_id is not None:
            names["subscription"] = (await Subscriptions(self._work, self._caller).get(wish.subscription_id)).name
        elif wish.name is not None:
            names["subscription"] = wish.name
        if wish.add_on_id is not None:
            names["add_on"] = (await self._session.get_one(AddOnRow, wish.add_on_id)).name
        return names

    # The change itself -------------------------------------------------------------------------------------------

    async def _make(self, wish: Wish, caller: Caller) -> OperationRow:
        if wish.change is ApprovableChange.SUBSCRIBE:
            draft = NewSubscription(
                str(wish.plan_id), str(wish.name), caller.account_id, wish.new_id, wish.invitation_code, wish.tags
            )
            return (await Subscriptions(self._work, caller).create(draft))[1]
        subscriptions = Subscriptions(self._work, caller)
        row = await subscriptions.get(str(wish.subscription_id), Permission.SUBSCRIPTION_WRITE)
        refuse_suspended(row, caller)
        return await self._change(wish, caller, row.id)

    async def _change(self, wish: Wish, caller: Caller, subscription_id: str) -> OperationRow:
        match wish.change:
            case ApprovableChange.CHANGE_PLAN:
                moves = PlanMoves(self._work, caller, self._providers)
                return (await moves.move(subscription_id, str(wish.plan_id), wish.invitation_code))[1]
            case ApprovableChange.ACQUIRE_ADD_ON:
                row = await Subscriptions(self._work, caller).get(subscription_id)
                return (await HeldAddOns(self._work, caller, row).acquire(str(wish.add_on_id)))[1]
            case _:
                deletions = Deletions(self._work, caller, self._providers)
                deleted = await deletions.delete(subscription_id, cascade=wish.cascade, grace_days=wish.grace_days)
                return deleted[1]

    # Deciding ----------------------------------------------------------------------------------------------------

    async def _held(self, request_id: str, expected: int | None) -> ChangeRequestRow:
        """Return a request that waits, held until the transaction ends, so that it is decided once."""
        await self.get(request_id)
        row = await hold(self._work, request_id)
        check_generation(expected, row.generation)
        return row

    async def _decide(self, row: ChangeRequestRow, state: ChangeRequestState, reason: str) -> None:
        await decide(self._work, row, state, reason, by=self._caller.actor_id or self._caller.account_id)
        await tell(self._work, row)

    def _visible(self) -> list[ColumnElement[bool]]:
        everybodys = {Permission.APPROVAL_READ, Permission.CHANGE_REQUEST_DECIDE}
        if everybodys & self._caller.permissions:
            return []
        return [ChangeRequestRow.account_id == self._caller.account_id]


def _end(row: ChangeRequestRow, state: ChangeRequestState) -> None:
    row.state, row.sealed_code, row.ask_due_at, row.asked_until = state, None, None, None


async def decide(
    work: UnitOfWork, row: ChangeRequestRow, state: ChangeRequestState, reason: str, *, by: str | None = None
) -> None:
    """Write down what became of a request that is held; `by` is the account that decided, None: programs did."""
    _end(row, state)
    row.decision_reason, row.decided_at, row.decided_by = reason, work.clock.now(), by
    await work.session.flush()
    work.emit(f"change_request.{state}", reference(row), change=row.change)


async def tell(work: UnitOfWork, row: ChangeRequestRow) -> None:
    """Write to the one who asked what has become of it."""
    account = await work.session.get(AccountRow, row.account_id)
    if account is None:
        return
    of_it = {what.replace("_", "-"): name for what, name in row.names.items() if what not in ("rule", "programs")}
    about = ", ".join(f"{what} {name!r}" for what, name in of_it.items())
    lines = [f"Your change request of {row.created_at:%Y-%m-%d %H:%M} UTC ({about}) is {row.state}."]
    if row.decision_reason:
        lines += ["", "Reason given:", row.decision_reason]
    await Outbox.put(work, Mail(account.email, f"Your change request is {row.state}", "\n".join(lines) + "\n"))


async def expire_requests(units: UnitsOfWork) -> None:
    """Let requests expire that nobody has decided in time, and forget old ones: a bounded number each."""
    async with units.write(system_actor("approvals")) as work:
        now = work.clock.now()
        due = (
            select(ChangeRequestRow)
            .where(ChangeRequestRow.state == ChangeRequestState.WAITING, ChangeRequestRow.expires_at <= now)
            .order_by(ChangeRequestRow.expires_at)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        for row in (await work.session.scalars(due)).all():
            _end(row, ChangeRequestState.EXPIRED)
            work.emit("change_request.expired", reference(row), change=row.change)
            await tell(work, row)
        old = (
            select(ChangeRequestRow.id)
            .where(ChangeRequestRow.state != ChangeRequestState.WAITING, ChangeRequestRow.created_at < now - KEPT_FOR)
            .limit(AT_ONCE)
        )
        await work.session.execute(delete(ChangeRequestRow).where(ChangeRequestRow.id.in_(old)))


async def hold(work: UnitOfWork, request_id: str) -> ChangeRequestRow:
    """Return a request that waits, held until the transaction ends, so that it is decided once.

    Raises:
        NotWaiting: it has been decided, or is over.
    """
    row = await work.session.get_one(ChangeRequestRow, request_id, with_for_update=True, populate_existing=True)
    if row.state != ChangeRequestState.WAITING or row.expires_at <= work.clock.now():
        raise NotWaiting(row)
    return row


def note_made(row: ChangeRequestRow, operation: OperationRow) -> None:
    """Note on a request what came of it: an operation on a subscription, which may be new."""
    row.operation_id = operation.id
    row.result_id = operation.resource_id if row.subscription_id is None else None


def reference(row: ChangeRequestRow) -> ResourceRef:
    """Name a change request in events; the one who asked sees them."""
    return ResourceRef("change_request", row.id, row.names.get("plan"), account_id=row.account_id)


def _wish_of(work: UnitOfWork, row: ChangeRequestRow) -> Wish:
    code = work.keyring.open(SealedSecret(row.sealed_code)) if row.sealed_code is not None else None
    return Wish(
        ApprovableChange(row.change),
        row.plan_id,
        row.subscription_id,
        row.add_on_id,
        row.wish["name"],
        code,
        row.wish["cascade"],
        row.wish["grace_days"],
        row.wish["new_id"],
        row.wish["tags"],
    )


def _kept(wish: Wish) -> dict[str, Any]:
    """Return the part of a wish that has no column of its own."""
    names = ("name", "cascade", "grace_days", "new_id")
    return {name: getattr(wish, name) for name in names} | {"tags": dict(wish.tags)}
