"""How a site is, at a glance: counts, capacity, and what needs a human."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from zaffre.compute.tables import VirtualMachineRow
from zaffre.edge.problems import ORDER, RECENTLY, FoundProblem, Severity, find_problems, in_known_queue
from zaffre.edge.site import Site
from zaffre.fabric.hosts import HostState
from zaffre.fabric.tables import HostRow
from zaffre.foundation.actor import system_actor
from zaffre.foundation.mail import Outbox
from zaffre.foundation.operations.operation import OperationState
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitOfWork
from zaffre.management.health import CheckedHealth, check_health
from zaffre.network.tables import LogicalNetworkRow

ACTOR = system_actor("overview")


@dataclass(frozen=True)
class Room:
    """How much there is of something, on the hosts that guests can be placed on."""

    total: int
    reserved: int
    used: int | None
    """What guests really take of it; None where that is not measured."""


@dataclass(frozen=True)
class HostCounts:
    """How many hosts there are, by what is wanted of them, and how many of those do not answer."""

    adding: int
    enabled: int
    disabled: int
    removing: int
    unreachable: int


@dataclass(frozen=True)
class OperationCounts:
    """How much work there is."""

    queued: int
    running: int
    failed_24h: int
    """Failed or stuck within the last day."""


@dataclass(frozen=True)
class Overview:
    """How a site is."""

    hosts: HostCounts
    capacity: Mapping[str, Room]
    virtual_machines: Mapping[str, int]
    operations: OperationCounts
    providers: Sequence[CheckedHealth]
    problems: Sequence[FoundProblem]


async def overview(site: Site) -> Overview:
    """Look at the records, and ask the providers and this process's loops and doors."""
    providers = await check_health(site.units, site.providers)
    async with site.units.read(ACTOR) as work:
        problems = [
            *_sick_providers(providers),
            *_failing_loops(site),
            *await _silent_planes(work, site),
            *await _waiting_mail(work, site),
            *await find_problems(work),
        ]
        return Overview(
            await _hosts(work),
            await _capacity(work),
            await _machines(work),
            await _operations(work),
            providers,
            sorted(problems, key=lambda problem: ORDER.index(problem.severity)),
        )


async def _hosts(work: UnitOfWork) -> HostCounts:
    statement = select(HostRow.state, HostRow.connected, func.count()).group_by(HostRow.state, HostRow.connected)
    counts = {(state, connected): count for state, connected, count in await work.session.execute(statement)}
    wanted = {state: sum(n for (s, _), n in counts.items() if s == state) for state in HostState}
    lost = sum(counts.get((state, False), 0) for state in (HostState.ENABLED, HostState.DISABLED))
    return HostCounts(**{state.value: count for state, count in wanted.items()}, unreachable=lost)


async def _capacity(work: UnitOfWork) -> Mapping[str, Room]:
    """Add up the hosts that guests can be placed on: enabled ones that answer."""
    columns = (
        *(HostRow.vcpus_capacity, HostRow.vcpus_reserved),
        *(HostRow.memory_capacity_mib, HostRow.memory_reserved_mib),
        *(HostRow.storage_capacity_gib, HostRow.storage_reserved_gib),
        *(HostRow.storage_gib, HostRow.storage_free_gib),
    )
    statement = select(*(func.coalesce(func.sum(column), 0) for column in columns))
    usable = HostRow.state == HostState.ENABLED, HostRow.connected.is_(True)
    sums = [int(value) for value in (await work.session.execute(statement.where(*usable))).one()]
    vcpus, vcpus_reserved, memory, memory_reserved, storage, storage_reserved, pools, free = sums
    return {
        "vcpus": Room(vcpus, vcpus_reserved, None),
        "memory_mib": Room(memory, memory_reserved, None),
        "storage_gib": Room(storage, storage_reserved, pools - free),
    }


async def _machines(work: UnitOfWork) -> Mapping[str, int]:
    statement = select(VirtualMachineRow.state, func.count()).group_by(VirtualMachineRow.state)
    counts = await work.session.execute(statement.order_by(VirtualMachineRow.state))
    return {str(state): int(count) for state, count in counts}


async def _operations(work: UnitOfWork) -> OperationCounts:
    under_way = (OperationState.QUEUED, OperationState.RUNNING, OperationState.UNWINDING)
    statement = select(OperationRow.state, func.count()).where(in_known_queue(), OperationRow.state.in_(under_way))
    found = await work.session.execute(statement.group_by(OperationRow.state))
    counts = {str(state): int(count) for state, count in found}
    failed = select(func.count()).where(
        OperationRow.finished_at > work.clock.now() - RECENTLY,
        OperationRow.state.in_((OperationState.FAILED, OperationState.STUCK)),
    )
    queued = counts.get(OperationState.QUEUED, 0)
    return OperationCounts(queued, sum(counts.values()) - queued, await work.session.scalar(failed) or 0)


def _sick_providers(checked: Sequence[CheckedHealth]) -> list[FoundProblem]:
    return [
        FoundProblem(
            "provider.unhealthy",
            Severity.CRITICAL,
            "A resource provider is not well",
            f"{each.provider.title}: {each.health.sentence}.",
            "Do what it says; until then its services may not be delivered.",
            *("provider", each.provider.name, each.provider.title),
        )
        for each in checked
        if not each.health.healthy
    ]


def _failing_loops(site: Site) -> list[FoundProblem]:
    """Find loops of this process whose newest run failed. A process that only serves the API has none."""
    return [
        FoundProblem(
            "server.loop_failing",
            Severity.CRITICAL,
            "A background loop of the server fails",
            f"The loop {loop.name!r} fails: {loop.last_failure}.",
            "The server's log says where; it goes on trying.",
            *("loop", loop.name, loop.name),
            loop.last_success,
        )
        for loop in site.loops
        if loop.last_failure is not None
    ]


async def _waiting_mail(work: UnitOfWork, site: Site) -> list[FoundProblem]:
    """Find mail that cannot leave the site: there is no server for it, or the server does not take it."""
    backlog = await Outbox.backlog(work)
    if backlog.waiting and not site.settings.mail.configured:
        return [
            FoundProblem(
                "mail.no_server",
                Severity.WARNING,
                "The site has no mail server",
                f"{backlog.waiting} messages wait and will be given up a day after they were written.",
                "Name a server in the settings: mail.host and what it needs.",
                since=backlog.oldest,
            )
        ]
    if not backlog.failing:
        return []
    return [
        FoundProblem(
            "mail.not_delivered",
            Severity.WARNING,
            "Mail cannot be delivered",
            f"{backlog.failing} of {backlog.waiting} messages were not taken: {backlog.last_error}",
            "Check the mail server and the settings below `mail`; delivery is tried again for a day.",
            since=backlog.oldest,
        )
    ]


async def _silent_planes(work: UnitOfWork, site: Site) -> list[FoundProblem]:
    """Find network planes that do not answer this process, if it is one that speaks to them."""
    if not site.loops:
        return []
    rows = await work.session.execute(select(LogicalNetworkRow.id, LogicalNetworkRow.name, LogicalNetworkRow.address))
    return [
        FoundProblem(
            "logical_network.unreachable",
            Severity.CRITICAL,
            "A network plane does not answer",
            f"The plane of logical network {row.name} at {row.address} does not answer.",
            "Check its databases and the way to them. Traffic goes on; nothing about networks can be changed.",
            *("logical_network", row.id, row.name),
        )
        for row in rows
        if not site.planes.answers(row.id)
    ]
