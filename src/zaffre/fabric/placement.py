"""Placement: which host gets a guest.

A host must be enabled, answer, and have room for the guest's processors, memory and disk. Among those, hosts with fewer
guests of the same subscription come first, so that one host's failure takes as little of a tenant as possible; then
those with the larger share of memory free. The choice is a guess made from a snapshot; the reservation that follows is
a conditional statement that holds under any race, and when it loses, the next candidate is tried.

Guests can be kept apart: a group's guests never share a host when it is strict, which a unique constraint guarantees,
and otherwise only when every host that has room holds one of them already, and then the host with the fewest.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, CursorResult, Subquery, and_, delete, func, select, update

from zaffre.fabric.hosts import HostState
from zaffre.fabric.tables import HostRow, ReservationRow
from zaffre.foundation.database import insert_of
from zaffre.foundation.errors import Conflict
from zaffre.foundation.work import UnitOfWork

CANDIDATES = 8
ROUNDS = 4
_EMPTIEST_FIRST = (HostRow.memory_share, HostRow.id)


@dataclass(frozen=True)
class Demand:
    """The room a guest needs."""

    vcpus: int
    memory_mib: int
    storage_gib: int


@dataclass(frozen=True)
class Separation:
    """Whose company a guest shall not have: that of the other guests of its group."""

    group_id: str
    name: str
    """Of the group, for people."""
    strict: bool
    """Whether it is rather not placed at all than with one of them."""


class NoCapacity(Conflict):
    """No host can take the guest; `detail` says why, host by host in numbers."""

    code = "placement.no_host"
    title = "No host has room"

    def __init__(self, demand: Demand, why: str, apart: Separation | None = None) -> None:
        remedy = "Choose a smaller size, try again later, or ask the operator to add a host."
        if apart is not None and apart.strict:
            remedy = (
                f"Availability set {apart.name!r} is strict, so each of its machines needs a host of its own: delete "
                "one of them, use a set with the policy `preferred`, or ask the operator to add a host."
            )
        super().__init__(
            f"No host can take {demand.vcpus} vCPUs, {demand.memory_mib} MiB of memory and "
            f"{demand.storage_gib} GiB of disk: {why}.",
            remedy=remedy,
        )


@dataclass(frozen=True)
class _Search:
    """What is looked for."""

    resource_id: str
    subscription_id: str
    stamp_id: str
    demand: Demand
    apart: Separation | None
    among: frozenset[str] | None


class Placement:
    """Chooses hosts and keeps their reservations, inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def reserve(
        self,
        resource_id: str,
        subscription_id: str,
        stamp_id: str,
        demand: Demand,
        *,
        apart: Separation | None = None,
        among: frozenset[str] | None = None,
    ) -> str:
        """Reserve room on the best host of a stamp; returns the host's id. A second call returns the same host.

        Args:
            resource_id: who holds the room.
            subscription_id: whose guest it is for.
            stamp_id: where to look.
            demand: how much room.
            apart: the group whose guests to stay away from. Whoever places several at a time and wants them spread as
                far as possible, not only as far as they must, keeps others from placing the same group meanwhile.
            among: the only hosts that will do; None: all of the stamp.

        Raises:
            NoCapacity: no host fits.
        """
        held = await self.host_of(resource_id)
        if held is not None:
            return held
        search = _Search(resource_id, subscription_id, stamp_id, demand, apart, among)
        for _ in range(ROUNDS):
            candidates = await self._candidates(search)
            for host_id in candidates:
                if await self._take(host_id, search):
                    return host_id
            if not candidates:
                break
        raise NoCapacity(demand, await self._explain(search), apart)

    async def hand_over(self, resource_id: str, heir_id: str) -> None:
        """Give the room that one holds to another, which gives back what it held itself. Done already: nothing."""
        if await self.host_of(resource_id) is None:
            return
        await self.release(heir_id)
        await self._session.execute(
            update(ReservationRow)
            .where(ReservationRow.resource_id == resource_id)
            .values(resource_id=heir_id)
            .execution_options(synchronize_session=False)
        )

    async def release(self, resource_id: str) -> None:
        """Give back the room that a guest holds. One that holds none is left alone."""
        row = (
            await self._session.execute(
                delete(ReservationRow)
                .where(ReservationRow.resource_id == resource_id)
                .returning(
                    ReservationRow.host_id,
                    ReservationRow.vcpus,
                    ReservationRow.memory_mib,
                    ReservationRow.storage_gib,
                )
            )
        ).first()
        if row is None:
            return
        await self._session.execute(
            update(HostRow)
            .where(HostRow.id == row.host_id)
            .values(
                vcpus_reserved=HostRow.vcpus_reserved - row.vcpus,
                memory_reserved_mib=HostRow.memory_reserved_mib - row.memory_mib,
                storage_reserved_gib=HostRow.storage_reserved_gib - row.storage_gib,
            )
            .execution_options(synchronize_session=False)
        )

    async def host_of(self, resource_id: str) -> str | None:
        """Return the id of the host on which a guest holds room."""
        statement = select(ReservationRow.host_id).where(ReservationRow.resource_id == resource_id)
        return await self._session.scalar(statement)

    async def demand_of(self, resource_id: str) -> Demand | None:
        """Return the room that a guest holds."""
        row = await self._session.get(ReservationRow, resource_id, populate_existing=True)
        return Demand(row.vcpus, row.memory_mib, row.storage_gib) if row is not None else None

    async def in_company(self, apart: Separation | None, besides: str) -> frozenset[str]:
        """Return the hosts that a guest must stay away from because of others of its strict group."""
        if apart is None or not apart.strict:
            return frozenset()
        others = (ReservationRow.exclusive_group_id == apart.group_id, ReservationRow.resource_id != besides)
        return frozenset(await self._session.scalars(select(ReservationRow.host_id).where(*others)))

    async def _candidates(self, search: _Search) -> Sequence[str]:
        """Return the best hosts.

        Those without guests of the group, if there are any or the group is strict, and else those with the fewest.
        Among them those without guests of the subscription, or if there are none, those with the fewest.
        """
        suitable = _suitable(search)
        if search.apart is None:
            return await self._spread(search, suitable)
        members = select(ReservationRow.host_id).where(
            ReservationRow.group_id == search.apart.group_id, ReservationRow.host_id == HostRow.id
        )
        hosts = await self._spread(search, [*suitable, ~members.exists()])
        if hosts or search.apart.strict:
            return hosts
        counted = _guests_per_host(ReservationRow.group_id == search.apart.group_id)
        shared = select(HostRow.id).join(counted, counted.c.host_id == HostRow.id).where(*suitable)
        ordered = shared.order_by(counted.c.guests, *_EMPTIEST_FIRST).limit(CANDIDATES)
        return (await self._session.scalars(ordered)).all()

    async def _spread(self, search: _Search, suitable: Sequence[ColumnElement[bool]]) -> Sequence[str]:
        """Return the best suitable hosts: without guests of the subscription, or if there are none, with the fewest."""
        # A disk that belongs to no guest holds room too, but needs no processors.
        mine = and_(ReservationRow.subscription_id == search.subscription_id, ReservationRow.vcpus > 0)
        # Reads hosts in the order of their index, and only as many as it returns.
        held = select(ReservationRow.host_id).where(mine, ReservationRow.host_id == HostRow.id)
        fresh = select(HostRow.id).where(*suitable, ~held.exists())
        hosts = (await self._session.scalars(fresh.order_by(*_EMPTIEST_FIRST).limit(CANDIDATES))).all()
        if hosts:
            return hosts
        counted = _guests_per_host(mine)
        shared = select(HostRow.id).join(counted, counted.c.host_id == HostRow.id).where(*suitable)
        ordered = shared.order_by(counted.c.guests, *_EMPTIEST_FIRST).limit(CANDIDATES)
        return (await self._session.scalars(ordered)).all()

    async def _take(self, host_id: str, search: _Search) -> bool:
        """Take the room, unless others were faster or the group has come to the host."""
        if not await self._note(host_id, search):
            return False
        demand = search.demand
        result = await self._session.execute(
            update(HostRow)
            .where(HostRow.id == host_id, HostRow.state == HostState.ENABLED, *_fits(demand))
            .values(
                vcpus_reserved=HostRow.vcpus_reserved + demand.vcpus,
                memory_reserved_mib=HostRow.memory_reserved_mib + demand.memory_mib,
                storage_reserved_gib=HostRow.storage_reserved_gib + demand.storage_gib,
            )
            .execution_options(synchronize_session=False)
        )
        if isinstance(result, CursorResult) and result.rowcount == 1:
            return True
        await self._session.execute(delete(ReservationRow).where(ReservationRow.resource_id == search.resource_id))
        return False

    async def _note(self, host_id: str, search: _Search) -> bool:
        """Write the reservation down; False when a strict group has come to the host meanwhile.

        Before the room is taken, because a refusal by the constraint must not lose the transaction.
        """
        insert = insert_of(self._session)
        group_id = search.apart.group_id if search.apart is not None else None
        values = {
            "resource_id": search.resource_id,
            "host_id": host_id,
            "subscription_id": search.subscription_id,
            "vcpus": search.demand.vcpus,
            "memory_mib": search.demand.memory_mib,
            "storage_gib": search.demand.storage_gib,
            "group_id": group_id,
            "exclusive_group_id": group_id if search.apart is not None and search.apart.strict else None,
            "created_at": self._work.clock.now(),
        }
        noting = insert(ReservationRow).values(values)
        alone = noting.on_conflict_do_nothing(index_elements=["exclusive_group_id", "host_id"])
        return await self._session.scalar(alone.returning(ReservationRow.resource_id)) is not None

    async def _explain(self, search: _Search) -> str:
        statement = select(HostRow).where(HostRow.stamp_id == search.stamp_id)
        if search.among is not None:
            statement = statement.where(HostRow.id.in_(search.among))
        hosts = (await self._session.scalars(statement.execution_options(populate_existing=True))).all()
        if not hosts:
            return "the stamp has no hosts" if search.among is None else "there is no other host that could"
        occupied = await self.in_company(search.apart, search.resource_id)
        reasons = Counter(_why(host, search, occupied) for host in hosts)
        told = "; ".join(f"{count} of {len(hosts)} hosts {reason}" for reason, count in reasons.most_common())
        free_mib = max(host.memory_capacity_mib - host.memory_reserved_mib for host in hosts)
        return f"{told} (most memory free on one host: {free_mib} MiB)"


def _suitable(search: _Search) -> list[ColumnElement[bool]]:
    conditions = [
        HostRow.stamp_id == search.stamp_id,
        HostRow.state == HostState.ENABLED,
        HostRow.connected.is_(True),
        *_fits(search.demand),
    ]
    if search.among is not None:
        conditions.append(HostRow.id.in_(search.among))
    return conditions


def _guests_per_host(whose: ColumnElement[bool]) -> Subquery:
    return (
        select(ReservationRow.host_id, func.count().label("guests"))
        .where(whose)
        .group_by(ReservationRow.host_id)
        .subquery()
    )


def _fits(demand: Demand) -> list[ColumnElement[bool]]:
    return [
        HostRow.vcpus_reserved + demand.vcpus <= HostRow.vcpus_capacity,
        HostRow.memory_reserved_mib + demand.memory_mib <= HostRow.memory_capacity_mib,
        HostRow.storage_reserved_gib + demand.storage_gib <= HostRow.storage_capacity_gib,
    ]


def _why(host: HostRow, search: _Search, occupied: frozenset[str]) -> str:
    return unfitness(host, search.demand, in_company=host.id in occupied) or "were taken by others meanwhile"


def unfitness(host: HostRow, demand: Demand, *, in_company: bool) -> str | None:
    """Return why a host cannot take a guest, as the predicate of "hosts …"; None when it can.

    Args:
        host: the host.
        demand: the room that the guest needs.
        in_company: whether the host holds a guest from which this one must stay apart.
    """
    if host.state != HostState.ENABLED:
        return f"are {host.state}"
    if not host.connected:
        return "do not answer"
    if host.memory_reserved_mib + demand.memory_mib > host.memory_capacity_mib:
        return "lack memory"
    if host.vcpus_reserved + demand.vcpus > host.vcpus_capacity:
        return "lack processors"
    if host.storage_reserved_gib + demand.storage_gib > host.storage_capacity_gib:
        return "lack disk"
    if in_company:
        return "hold a machine of the availability set already"
    return None
