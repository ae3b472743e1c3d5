"""Turning a suspended subscription's virtual machines off, and exactly those on again when it is resumed.

What is to be turned off is decided once, when the suspension begins, in one statement: machines that an administrator
makes or starts later are meant to run and are left alone. Each machine carries a mark that says where it stands; the
turning off and on is done by machines' own power operations, begun in the same transaction in which the mark changes.
Whoever changes a machine's power by hand takes its mark away, so that resuming does not go against them.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import case, func, select, update

from zaffre.compute.states import Desired, Observed, Transition
from zaffre.compute.tables import SuspensionRow, VirtualMachineRow
from zaffre.compute.virtual_machines import POWER_RULES, Power, VirtualMachines, reference
from zaffre.foundation.operations.operation import OperationState
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitOfWork
from zaffre.management import SuspendPolicy, SyncReport

BATCH = 50
"""Machines that one transaction looks at."""
AT_ONCE = 8
"""Machines of one subscription whose power changes at the same time: others use the stamp's hosts, too."""
AGAIN_AFTER = timedelta(seconds=30)
"""How long a machine that could not be turned off is left alone."""


class SuspensionMark(StrEnum):
    """What a suspension has to do with a machine, or has done."""

    TO_TURN_OFF = "to_turn_off"
    OFF = "off"
    """The suspension paused it or shut it down; it comes back when the subscription is resumed."""
    RETURNING = "returning"
    NOT_RETURNED = "not_returned"
    """It could not be started when the subscription was resumed."""


_OFF = (Observed.STOPPED, Observed.CRASHED, Observed.MISSING)
_COMING_BACK = (SuspensionMark.TO_TURN_OFF, SuspensionMark.OFF, SuspensionMark.RETURNING)
_HOW = {SuspendPolicy.PAUSE_MACHINES: Power.PAUSE, SuspendPolicy.STOP_MACHINES: Power.SHUTDOWN}


class SuspendedMachines:
    """What a suspension does with one subscription's machines, inside one unit of work."""

    def __init__(self, work: UnitOfWork, subscription_id: str) -> None:
        self._work = work
        self._session = work.session
        self._subscription_id = subscription_id
        self._of_subscription = VirtualMachineRow.subscription_id == subscription_id
        self._room = 0
        """How many more machines may be begun with now."""

    async def turn_off(self, policy: SuspendPolicy) -> SyncReport:
        """Begin to turn off the next machines; nothing is pending when all are off that ran when it began."""
        suspension = await self._suspension()
        if suspension is None or suspension.ending:
            suspension = await self._begin(suspension, policy)
        how = _HOW.get(SuspendPolicy(suspension.policy))
        if how is None:
            return SyncReport.done()
        for row in await self._within_reach((SuspensionMark.TO_TURN_OFF,)):
            await self._turn_off(row, how)
        await self._session.flush()
        left = await self._count((SuspensionMark.TO_TURN_OFF,))
        off = await self._count((SuspensionMark.OFF,))
        return SyncReport.pending(f"{_machines(left)} still on, {off} off.") if left else SyncReport.done()

    async def bring_back(self) -> SyncReport:
        """Begin to turn on the next machines; nothing is pending when all are back that can be."""
        suspension = await self._suspension()
        if suspension is not None and not suspension.ending:
            suspension.ending = True
            await self._leave_on()
        for row in await self._within_reach(_COMING_BACK):
            await self._bring_back(row)
        await self._session.flush()
        left = await self._count(_COMING_BACK)
        if left:
            return SyncReport.pending(f"{_machines(left)} not back yet.")
        await self.forget()
        return SyncReport.done()

    async def forget(self) -> None:
        """Forget that there was a suspension."""
        suspension = await self._suspension()
        if suspension is not None:
            await self._session.delete(suspension)

    async def _suspension(self) -> SuspensionRow | None:
        return await self._session.get(SuspensionRow, self._subscription_id, with_for_update=True)

    async def _begin(self, row: SuspensionRow | None, policy: SuspendPolicy) -> SuspensionRow:
        """Mark what is to be turned off: all that is on, or is coming on. What is off already needs no mark."""
        if row is None:
            row = SuspensionRow(subscription_id=self._subscription_id, policy=policy, ending=False)
            self._work.add(row)
        row.policy, row.ending = policy, False
        if policy is SuspendPolicy.ACCESS_ONLY:
            return row
        mark = VirtualMachineRow.suspension
        to_turn_off = case(
            (mark == SuspensionMark.NOT_RETURNED, SuspensionMark.OFF.value), else_=SuspensionMark.TO_TURN_OFF.value
        )
        # One that was just coming back, and does not make it, is off because of the suspension before.
        turned_off_by = case((mark == SuspensionMark.RETURNING, VirtualMachineRow.suspension_operation_id), else_=None)
        await self._session.execute(
            update(VirtualMachineRow)
            .where(
                self._of_subscription,
                VirtualMachineRow.desired == Desired.RUNNING,
                VirtualMachineRow.transition.is_distinct_from(Transition.DELETING),
            )
            .values(suspension=to_turn_off, suspension_operation_id=turned_off_by)
            .execution_options(synchronize_session=False)
        )
        return row

    async def _leave_on(self) -> None:
        """Let those be that were still to be turned off when the subscription was resumed."""
        untouched = VirtualMachineRow.suspension_operation_id.is_(None)
        await self._session.execute(
            update(VirtualMachineRow)
            .where(self._of_subscription, VirtualMachineRow.suspension == SuspensionMark.TO_TURN_OFF, untouched)
            .values(suspension=None)
            .execution_options(synchronize_session=False)
        )

    async def _within_reach(self, marks: Sequence[SuspensionMark]) -> Sequence[VirtualMachineRow]:
        """Return some machines with these marks that nothing works on, and whose host answers, locked."""
        in_work = VirtualMachineRow.transition.is_not(None)
        statement = (
            select(VirtualMachineRow)
            .where(
                self._of_subscription,
                VirtualMachineRow.suspension.in_(marks),
                ~in_work,
                VirtualMachineRow.observed.not_in((Observed.UNKNOWN, Observed.ABSENT)),
            )
            .order_by(VirtualMachineRow.id)
            .limit(BATCH)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        rows = (await self._session.scalars(statement)).all()
        working = select(func.count()).where(self._of_subscription, VirtualMachineRow.suspension.is_not(None), in_work)
        self._room = AT_ONCE - (await self._session.scalar(working) or 0)
        return rows

    async def _turn_off(self, row: VirtualMachineRow, how: Power) -> None:
        if row.observed != Observed.RUNNING:
            # What was off, or paused by its owner, before the suspension came to it stays that way when it ends.
            row.suspension = SuspensionMark.OFF if row.suspension_operation_id is not None else None
        elif self._room > 0 and not await self._just_failed(row):
            await self._power(row, how, SuspensionMark.TO_TURN_OFF)

    async def _bring_back(self, row: VirtualMachineRow) -> None:
        if row.observed == Observed.RUNNING:
            row.suspension = None
        elif row.suspension == SuspensionMark.RETURNING:
            await self._give_up(row)
        elif self._room > 0:
            how = Power.START if row.observed in _OFF else Power.RESUME
            await self._power(row, how, SuspensionMark.RETURNING)

    async def _power(self, row: VirtualMachineRow, power: Power, mark: SuspensionMark) -> None:
        rule = POWER_RULES[power]
        row.desired, row.suspension = rule.desired, mark
        machines = VirtualMachines(self._work, self._subscription_id)
        _, operation = await machines.begin(row, rule.transition, power, {})
        row.suspension_operation_id = operation.id
        self._room -= 1

    async def _give_up(self, row: VirtualMachineRow) -> None:
        """Report a machine that did not come on, and leave it: starting it is its owner's from now on."""
        operation = await self._session.get(OperationRow, row.suspension_operation_id)
        problem = operation.problem if operation is not None else None
        cause = problem["detail"] if problem is not None else "It was started, and went off again."
        row.suspension = SuspensionMark.NOT_RETURNED
        self._work.emit("virtual_machine.not_brought_back", reference(row), cause=cause)

    async def _just_failed(self, row: VirtualMachineRow) -> bool:
        if row.suspension_operation_id is None:
            return False
        operation = await self._session.get(OperationRow, row.suspension_operation_id)
        if operation is None or operation.state == OperationState.SUCCEEDED or operation.finished_at is None:
            return False
        return self._work.clock.now() - operation.finished_at < AGAIN_AFTER

    async def _count(self, marks: Sequence[SuspensionMark]) -> int:
        statement = select(func.count()).where(self._of_subscription, VirtualMachineRow.suspension.in_(marks))
        return await self._session.scalar(statement) or 0


def shown_stop_reason(row: VirtualMachineRow) -> str | None:
    """Return why a machine is off or paused: by a suspension, or else as its host says."""
    if row.suspension == SuspensionMark.OFF:
        return "suspended"
    if row.suspension == SuspensionMark.NOT_RETURNED:
        return "not_brought_back"
    return row.stop_reason


def _machines(count: int) -> str:
    return "1 virtual machine is" if count == 1 else f"{count} virtual machines are"
