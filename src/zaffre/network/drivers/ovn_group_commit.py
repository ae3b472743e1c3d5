"""Group commit: many calls' changes in one transaction, without waiting for company.

While a transaction is under way the calls that arrive queue up; the next transaction takes as many of them as it may.
So an idle plane answers one call in one round trip, and a busy one answers hundreds.

A transaction that the server refuses is split in two and each half is tried alone, and so on, until the call that the
server objects to stands alone. It gets one more chance if the replica has changed meanwhile, for somebody else may
have made the same object at the same moment; then it fails alone.
"""

import json
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal

from ovs.db.idl import Transaction

from zaffre.foundation.clock import Clock
from zaffre.network.drivers.ovn_idl import Poller, ReplicaIdl
from zaffre.network.drivers.ovn_index import RowIndex
from zaffre.network.drivers.ovn_transaction import PlaneTransaction
from zaffre.network.drivers.plane import PlaneRefused, PlaneUnreachable
from zaffre.network.drivers.plane_limits import Refusal

MAX_OBJECTS = 500
"""No call joins a transaction that has this many objects already: the server does one transaction at a time, and
northd and every host take in each as a whole."""

MAX_WAITING = 10_000
"""How many changes may wait. More can only pile up while the plane is down, and then their deadlines pass anyway."""


@dataclass(eq=False)
class Change:
    """What one call wants to have written."""

    action: Literal["ensure", "remove"]
    ids: frozenset[str]
    write: Callable[[PlaneTransaction], None]
    deadline_s: float
    """When the caller stops waiting, on the clock's monotonic scale. After that the change must not be made any more:
    the caller may already be undoing it."""
    done: Future[None] = field(default_factory=Future[None])
    """Ends with the change."""
    last_chance_taken: bool = False
    _claimed: bool | None = None

    def take(self, now_s: float) -> bool:
        """Tell whether the change is still wanted; after a yes only `succeed` and `fail` end it."""
        return now_s < self.deadline_s and self._claim()

    def succeed(self) -> None:
        """Tell the caller that the change is made."""
        self.done.set_result(None)

    def fail(self, cause: Exception) -> None:
        """Tell the caller that the change is not made, or that nobody knows."""
        if self._claim():
            self.done.set_exception(cause)

    def _claim(self) -> bool:
        """Tell whether the caller still waits, and keep them from giving up if so."""
        if self._claimed is None:
            self._claimed = self.done.set_running_or_notify_cancel()
        return self._claimed


class GroupCommit:
    """Commits changes to the database behind `idl`. Only `submit` may be called from other threads."""

    def __init__(self, plane: str, idl: ReplicaIdl, index: Callable[[], RowIndex], clock: Clock) -> None:
        self._plane = plane
        self._idl = idl
        self._index = index
        self._clock = clock
        self._waiting: deque[Change] = deque()
        self._again: deque[list[Change]] = deque()
        self._under_way: _Attempt | None = None
        self._lost_against_seqno: int | None = None
        self.committed_count = 0
        """How many transactions the server has accepted."""

    def submit(self, change: Change) -> None:
        """Have the change made as soon as possible, after all that were submitted before.

        Raises:
            PlaneUnreachable: too many changes are waiting.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise PlaneUnreachable(self._plane, f"{MAX_WAITING} changes are waiting for it already")
        self._waiting.append(change)

    def run(self) -> None:
        """Finish what the server has answered and send what can be sent."""
        if self._under_way is not None:
            self._finish(self._under_way)
        while self._under_way is None and self._may_commit():
            batch = self._next_batch()
            if not batch:
                return
            self._attempt(batch)

    def wait(self, poller: Poller) -> None:
        """Have `poller` wake up when `run` has something to do."""
        if self._under_way is not None:
            self._under_way.transaction.wait(poller)

    def close(self, cause: str) -> None:
        """Fail every change that is not finished."""
        unfinished = list(self._under_way.changes) if self._under_way is not None else []
        unfinished += [change for batch in self._again for change in batch]
        unfinished += self._waiting
        for change in unfinished:
            change.fail(PlaneUnreachable(self._plane, cause))

    def _may_commit(self) -> bool:
        """Tell whether a transaction has a chance: not before the replica shows what the last one stumbled over."""
        return self._idl.ready and self._idl.change_seqno != self._lost_against_seqno

    def _next_batch(self) -> list[Change]:
        """Return the changes that the next transaction makes, none if there is nothing to do."""
        now_s = self._clock.monotonic_s()
        while self._again:
            batch = [change for change in self._again.popleft() if self._take(change, now_s)]
            if batch:
                return batch
        batch, ids = list[Change](), set[str]()
        while self._waiting and _may_join(self._waiting[0], batch, ids):
            change = self._waiting.popleft()
            if self._take(change, now_s):
                batch.append(change)
                ids |= change.ids
        return batch

    def _take(self, change: Change, now_s: float) -> bool:
        """Tell whether a change is still to be made, and end it if not."""
        wanted = change.take(now_s)
        if not wanted:
            change.fail(PlaneUnreachable(self._plane, "the change could not be made in time"))
        return wanted

    def _attempt(self, batch: list[Change]) -> None:
        """Send a transaction that makes these changes."""
        seqno = self._idl.change_seqno
        transaction, changes = self._compose(batch)
        self._under_way = _Attempt(transaction, changes, seqno)
        self._finish(self._under_way)

    def _compose(self, batch: list[Change]) -> tuple[Transaction, list[Change]]:
        """Return a transaction with those of the changes that are possible; fail the others."""
        transaction = PlaneTransaction(self._idl, self._index())
        changes: list[Change] = []
        for change in batch:
            try:
                change.write(transaction)
            except Refusal as refusal:
                change.fail(PlaneRefused(self._plane, f"{refusal}."))
            except Exception as fault:  # noqa: BLE001 - passed on to the caller
                # A fault of ours: the change may be half written, so the others start over without it.
                transaction.idl_transaction.abort()
                change.fail(fault)
                return self._compose([other for other in batch if not other.done.done()])
            else:
                changes.append(change)
        return transaction.idl_transaction, changes

    def _finish(self, attempt: "_Attempt") -> None:
        """Deal with the answer to a transaction, if there is one."""
        status = attempt.transaction.commit()
        if status == Transaction.INCOMPLETE:
            return
        self._under_way = None
        self._lost_against_seqno = None
        if status in (Transaction.SUCCESS, Transaction.UNCHANGED):
            self.committed_count += status == Transaction.SUCCESS
            for change in attempt.changes:
                change.succeed()
        elif status == Transaction.ERROR:
            self._take_apart(attempt)
        else:
            # The connection broke, or somebody changed a row that this transaction stands on.
            self._again.appendleft(attempt.changes)
            self._lost_against_seqno = attempt.seqno

    def _take_apart(self, attempt: "_Attempt") -> None:
        """Try the halves of a refused transaction one by one, or fail the one change that it made."""
        changes = attempt.changes
        half = len(changes) // 2
        if half:
            self._again.extendleft((changes[half:], changes[:half]))
        elif self._idl.change_seqno != attempt.seqno and not changes[0].last_chance_taken:
            changes[0].last_chance_taken = True
            self._again.appendleft(changes)
        else:
            changes[0].fail(PlaneRefused(self._plane, _reason(attempt.transaction)))


@dataclass(frozen=True)
class _Attempt:
    """A transaction under way."""

    transaction: Transaction
    changes: list[Change]
    seqno: int
    """Which state of the replica it was composed on."""


def _may_join(change: Change, batch: list[Change], ids: set[str]) -> bool:
    """Tell whether a change may be in one transaction with others; see `PlaneTransaction` for why not."""
    if not batch:
        return True
    return change.action == batch[0].action and len(ids) + len(change.ids) <= MAX_OBJECTS and ids.isdisjoint(change.ids)


def _reason(transaction: Transaction) -> str:
    """Return in words why the server turned a transaction down."""
    text = transaction.get_error()
    try:
        error: dict[str, Any] = json.loads(text)
    except ValueError:
        return text
    return f"{error.get('details', 'no details')} ({error.get('error', 'error')})"
