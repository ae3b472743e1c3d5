"""What of a site needs a human: found in the records, each with what to do about it.

A problem is never stored. It is there as long as its cause is, and gone with it; so nothing has to be closed by hand.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, or_, select
from sqlalchemy.orm import aliased

from zaffre.compute.states import Observed
from zaffre.compute.tables import UnmanagedGuestRow, VirtualMachineRow
from zaffre.fabric.hosts import HostState
from zaffre.fabric.tables import HostRow, StampRow
from zaffre.foundation.events.tables import LifecycleEventRow
from zaffre.foundation.operations.operation import SITE_QUEUE, OperationState
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitOfWork
from zaffre.management.subscriptions import SyncState
from zaffre.management.tables import SubscriptionRow, SubscriptionSyncRow

PROBLEMS_PER_KIND = 50
"""More of one kind have one cause; the first of them lead to it."""
RECENTLY = timedelta(hours=24)
DRIFT_REPEATS_FROM = 3
"""One repair is what reconcilers are for; the same one again and again has a cause that they cannot remove."""
FREE_STORAGE_PERCENT = 10
RESERVED_MEMORY_PERCENT = 90
DRIFTS = {
    "quota.repaired": "Its quota counters were repaired",
    "host.reservations_repaired": "Its reservations were repaired",
    "host.image_copies_lost": "Image copies vanished from it",
    "logical_network.repaired": "Its network plane was repaired",
}


class Severity(StrEnum):
    """How bad a problem is."""

    CRITICAL = "critical"
    """Something does not work."""
    WARNING = "warning"
    """It works, and will not for long or not well."""
    NOTICE = "notice"
    """Somebody should know."""


ORDER = list(Severity)


@dataclass(frozen=True)
class FoundProblem:
    """Something that needs a human."""

    code: str
    severity: Severity
    title: str
    detail: str
    remedy: str
    resource_type: str | None = None
    resource_id: str | None = None
    resource_name: str | None = None
    since: datetime | None = None
    """None: not known."""


async def find_problems(work: UnitOfWork) -> list[FoundProblem]:
    """Return what the records say needs a human, the worst first and of those the longest standing."""
    problems: list[FoundProblem] = []
    for find in FINDERS:
        problems += await find(work)
    return sorted(problems, key=_urgency)


def _urgency(problem: FoundProblem) -> tuple[int, float]:
    return ORDER.index(problem.severity), problem.since.timestamp() if problem.since else 0.0


async def _unreachable_hosts(work: UnitOfWork) -> list[FoundProblem]:
    statement = select(HostRow).where(
        HostRow.state.in_((HostState.ENABLED, HostState.DISABLED)), HostRow.connected.is_(False)
    )
    return [
        FoundProblem(
            "host.unreachable",
            Severity.CRITICAL,
            "A host does not answer",
            f"Host {row.name} does not answer: {row.problem or 'no connection yet'}. Its machines are not seen.",
            "Check that it is on, its network, and its libvirt daemon; Zaffre connects again by itself.",
            *("host", row.id, row.name),
            row.observed_at or row.created_at,
        )
        for row in await _rows(work, statement.order_by(HostRow.observed_at))
    ]


async def _full_storage(work: UnitOfWork) -> list[FoundProblem]:
    statement = select(HostRow).where(
        HostRow.storage_gib > 0, HostRow.storage_free_gib * 100 < HostRow.storage_gib * FREE_STORAGE_PERCENT
    )
    return [
        FoundProblem(
            "host.storage_nearly_full",
            Severity.WARNING if row.storage_free_gib else Severity.CRITICAL,
            "A host's storage is nearly full",
            f"Of the {row.storage_gib} GiB in the pool of host {row.name} {row.storage_free_gib} are free.",
            "Add storage to the pool, or delete or move virtual machines and images that are no longer needed.",
            *("host", row.id, row.name),
            row.observed_at,
        )
        for row in await _rows(work, statement.order_by(HostRow.storage_free_gib))
    ]


async def _full_stamps(work: UnitOfWork) -> list[FoundProblem]:
    usable = HostRow.state == HostState.ENABLED, HostRow.connected.is_(True)
    reserved, capacity = func.sum(HostRow.memory_reserved_mib), func.sum(HostRow.memory_capacity_mib)
    statement = (
        select(StampRow.id, StampRow.name, reserved.label("reserved"), capacity.label("capacity"))
        .join(HostRow, HostRow.stamp_id == StampRow.id)
        .where(*usable)
        .group_by(StampRow.id, StampRow.name)
        .having(reserved * 100 >= capacity * RESERVED_MEMORY_PERCENT)
    )
    return [
        FoundProblem(
            "stamp.nearly_full",
            Severity.WARNING,
            "A stamp is nearly full",
            f"Of the memory of stamp {row.name} {int(row.reserved)} of {int(row.capacity)} MiB are reserved.",
            "Add a host, or enable one that is disabled; soon no virtual machine finds room.",
            *("stamp", row.id, row.name),
        )
        for row in await work.session.execute(statement.limit(PROBLEMS_PER_KIND))
    ]


async def _failed_operations(work: UnitOfWork) -> list[FoundProblem]:
    """Find what failed and was not tried again since: no later operation is about the same resource."""
    later = aliased(OperationRow)
    tried_again = select(later.id).where(later.resource_id == OperationRow.resource_id, later.id > OperationRow.id)
    failed = OperationRow.state == OperationState.FAILED
    statement = select(OperationRow).where(
        OperationRow.finished_at > work.clock.now() - RECENTLY, failed, ~tried_again.exists()
    )
    stuck = select(OperationRow).where(in_known_queue(), OperationRow.state == OperationState.STUCK)
    return [
        _operation_problem(row)
        for chosen in (stuck, statement)
        for row in await _rows(work, chosen.order_by(OperationRow.finished_at.desc()))
    ]


def _operation_problem(row: OperationRow) -> FoundProblem:
    stuck = row.state == OperationState.STUCK
    cause = row.problem["detail"] if row.problem else "its cause was not recorded."
    remedy = row.problem["remedy"] if row.problem else ""
    return FoundProblem(
        f"operation.{row.state}",
        Severity.CRITICAL if stuck else Severity.WARNING,
        "An operation is stuck" if stuck else "An operation failed and was not tried again",
        f"{row.kind} of {row.resource_name or row.resource_id}: {cause}",
        f"Remove the cause, then retry the operation. {remedy}".strip() if stuck else remedy or "Try it again.",
        *("operation", row.id, row.resource_name),
        row.finished_at,
    )


def in_known_queue() -> ColumnElement[bool]:
    """Name every queue there is, so that the index of operations by queue and state serves for the state alone."""
    return or_(OperationRow.queue == SITE_QUEUE, OperationRow.queue.in_(select(cast(StampRow.id, String))))


async def _unsynced_subscriptions(work: UnitOfWork) -> list[FoundProblem]:
    statement = (
        select(SubscriptionSyncRow, SubscriptionRow.name)
        .join(SubscriptionRow, SubscriptionRow.id == SubscriptionSyncRow.subscription_id)
        .where(SubscriptionSyncRow.state == SyncState.OUT_OF_SYNC)
        .order_by(SubscriptionSyncRow.updated_at)
    )
    return [
        FoundProblem(
            "subscription.out_of_sync",
            Severity.WARNING,
            "A resource provider does not know a subscription's state",
            f"{sync.provider}: {sync.last_error or 'it gave no reason.'}",
            "Remove the cause; Zaffre tells it again by itself, or at once with: zaffre provider resync.",
            *("subscription", sync.subscription_id, name),
            sync.updated_at,
        )
        for sync, name in await work.session.execute(statement.limit(PROBLEMS_PER_KIND))
    ]


async def _missing_machines(work: UnitOfWork) -> list[FoundProblem]:
    bad = (Observed.MISSING, Observed.CRASHED)
    statement = select(VirtualMachineRow).where(VirtualMachineRow.state.in_(bad))
    told = {
        Observed.MISSING: ("is not known to its host any more", "Start it: it is defined anew from its disks."),
        Observed.CRASHED: ("has crashed", "Look at its serial log, then start it; tell its owner."),
    }
    return [
        FoundProblem(
            f"virtual_machine.{row.state}",
            Severity.WARNING,
            f"A virtual machine is {row.state}",
            f"Virtual machine {row.name} {told[Observed(row.state)][0]}.",
            told[Observed(row.state)][1],
            *("virtual_machine", row.id, row.name),
            row.observed_at,
        )
        for row in await _rows(work, statement.order_by(VirtualMachineRow.observed_at))
    ]


async def _repeated_drift(work: UnitOfWork) -> list[FoundProblem]:
    times, first = func.count(), func.min(LifecycleEventRow.occurred_at)
    statement = (
        select(
            LifecycleEventRow.kind,
            LifecycleEventRow.resource_type,
            LifecycleEventRow.resource_id,
            func.max(LifecycleEventRow.resource_name).label("name"),
            times.label("times"),
            first.label("first"),
        )
        .where(LifecycleEventRow.kind.in_(DRIFTS), LifecycleEventRow.occurred_at > work.clock.now() - RECENTLY)
        .group_by(LifecycleEventRow.kind, LifecycleEventRow.resource_type, LifecycleEventRow.resource_id)
        .having(times >= DRIFT_REPEATS_FROM)
        .order_by(times.desc())
    )
    return [
        FoundProblem(
            "drift.repeats",
            Severity.WARNING,
            "The same drift comes again and again",
            f"{DRIFTS[row.kind]} {row.times} times within a day: {row.name or row.resource_id}.",
            "Something outside Zaffre changes it: look for other tools or people at work there, and at its events.",
            *(row.resource_type, row.resource_id, row.name),
            row.first,
        )
        for row in await work.session.execute(statement.limit(PROBLEMS_PER_KIND))
    ]


async def _lost_images(work: UnitOfWork) -> list[FoundProblem]:
    """Find hosts from which images vanished lately; the next machine there waits until its image is sent again."""
    newest = func.max(LifecycleEventRow.occurred_at)
    statement = (
        select(
            LifecycleEventRow.resource_id, func.max(LifecycleEventRow.resource_name).label("name"), newest.label("at")
        )
        .where(
            LifecycleEventRow.kind == "host.image_copies_lost",
            LifecycleEventRow.occurred_at > work.clock.now() - RECENTLY,
        )
        .group_by(LifecycleEventRow.resource_id)
        .having(func.count() < DRIFT_REPEATS_FROM)
    )
    return [
        FoundProblem(
            "host.images_lost",
            Severity.NOTICE,
            "Images vanished from a host",
            f"Copies of images vanished from host {row.name}; virtual machines that read from them may be broken.",
            "Find out who removed them from its pool. Zaffre sends them again when the next machine needs them.",
            *("host", row.resource_id, row.name),
            row.at,
        )
        for row in await work.session.execute(statement.limit(PROBLEMS_PER_KIND))
    ]


async def _unmanaged_guests(work: UnitOfWork) -> list[FoundProblem]:
    statement = (
        select(UnmanagedGuestRow, HostRow.name)
        .join(HostRow, HostRow.id == UnmanagedGuestRow.host_id)
        .order_by(UnmanagedGuestRow.first_seen_at)
    )
    return [
        FoundProblem(
            "host.unmanaged_guest",
            Severity.NOTICE,
            "A guest that Zaffre does not know runs on a host",
            f"{guest.title or guest.guest_id} on host {host} belongs to no virtual machine that Zaffre knows.",
            "Remove it from the host if nobody needs it; it takes room that Zaffre believes to be free.",
            *("host", guest.host_id, host),
            guest.first_seen_at,
        )
        for guest, host in await work.session.execute(statement.limit(PROBLEMS_PER_KIND))
    ]


async def _rows(work: UnitOfWork, statement: Any) -> Sequence[Any]:
    return (await work.session.scalars(statement.limit(PROBLEMS_PER_KIND))).all()


FINDERS: Sequence[Callable[[UnitOfWork], Awaitable[list[FoundProblem]]]] = (
    _unreachable_hosts,
    _full_storage,
    _full_stamps,
    _failed_operations,
    _unsynced_subscriptions,
    _missing_machines,
    _repeated_drift,
    _lost_images,
    _unmanaged_guests,
)
