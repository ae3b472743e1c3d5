"""Placement: which host gets a guest.

A host must be enabled, answer, and have room for the guest's processors, memory and disk. Among those, hosts with fewer
guests of the same subscription come first, so that one host's failure takes as little of a tenant as possible; then
those with the larger share of memory free. The choice is a guess made from a snapshot; the reservation that follows is
a conditional statement that holds under any race, and when it loses, the next candidate is tried.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, CursorResult, delete, func, select, update

from zaffre.fabric.hosts import HostState
from zaffre.fabric.tables import HostRow, ReservationRow
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


class NoCapacity(Conflict):
    """No host can take the guest; `detail` says why, host by host in numbers."""

    code = "placement.no_host"
    title = "No host has room"

    def __init__(self, demand: Demand, why: str) -> None:
        super().__init__(
            f"No host can take {demand.vcpus} vCPUs, {demand.memory_mib} MiB of memory and "
            f"{demand.storage_gib} GiB of disk: {why}.",
            remedy="Choose a smaller size, try again later, or ask the operator to add a host.",
        )


class Placement:
    """Chooses hosts and keeps their reservations, inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def reserve(self, resource_id: str, subscription_id: str, stamp_id: str, demand: Demand) -> str:
        """Reserve room on the best host of a stamp; returns the host's id. A second call returns the same host.

        Raises:
            NoCapacity: no host fits.
        """
        held = await self.host_of(resource_id)
        if held is not None:
            return held
        for _ in range(ROUNDS):
            candidates = await self._candidates(subscription_id, stamp_id, demand)
            for host_id in candidates:
                if await self._take(host_id, demand):
                    self._session.add(
                        ReservationRow(
                            resource_id=resource_id,
                            host_id=host_id,
                            subscription_id=subscription_id,
                            vcpus=demand.vcpus,
                            memory_mib=demand.memory_mib,
                            storage_gib=demand.storage_gib,
                            created_at=self._work.clock.now(),
                        )
                    )
                    return host_id
            if not candidates:
                break
        raise NoCapacity(demand, await self._explain(stamp_id, demand))

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

    async def _candidates(self, subscription_id: str, stamp_id: str, demand: Demand) -> Sequence[str]:
        """Return the best hosts: without guests of the subscription, or if there are none, with the fewest."""
        suitable = (
            HostRow.stamp_id == stamp_id,
            HostRow.state == HostState.ENABLED,
            HostRow.connected.is_(True),
            *_fits(demand),
        )
        mine = ReservationRow.subscription_id == subscription_id
        # Reads hosts in the order of their index, and only as many as it returns.
        held = select(ReservationRow.host_id).where(mine, ReservationRow.host_id == HostRow.id)
        fresh = select(HostRow.id).where(*suitable, ~held.exists())
        hosts = (await self._session.scalars(fresh.order_by(*_EMPTIEST_FIRST).limit(CANDIDATES))).all()
        if hosts:
            return hosts
        counted = (
            select(ReservationRow.host_id, func.count().label("guests"))
            .where(mine)
            .group_by(ReservationRow.host_id)
            .subquery()
        )
        shared = select(HostRow.id).join(counted, counted.c.host_id == HostRow.id).where(*suitable)
        ordered = shared.order_by(counted.c.guests, *_EMPTIEST_FIRST).limit(CANDIDATES)
        return (await self._session.scalars(ordered)).all()

    async def _take(self, host_id: str, demand: Demand) -> bool:
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
        return isinstance(result, CursorResult) and result.rowcount == 1

    async def _explain(self, stamp_id: str, demand: Demand) -> str:
        statement = select(HostRow).where(HostRow.stamp_id == stamp_id).execution_options(populate_existing=True)
        hosts = (await self._session.scalars(statement)).all()
        if not hosts:
            return "the stamp has no hosts"
        reasons = Counter(_reason(host, demand) for host in hosts)
        told = "; ".join(f"{count} of {len(hosts)} hosts {reason}" for reason, count in reasons.most_common())
        free_mib = max(host.memory_capacity_mib - host.memory_reserved_mib for host in hosts)
        return f"{told} (most memory free on one host: {free_mib} MiB)"


def _fits(demand: Demand) -> list[ColumnElement[bool]]:
    return [
        HostRow.vcpus_reserved + demand.vcpus <= HostRow.vcpus_capacity,
        HostRow.memory_reserved_mib + demand.memory_mib <= HostRow.memory_capacity_mib,
        HostRow.storage_reserved_gib + demand.storage_gib <= HostRow.storage_capacity_gib,
    ]


def _reason(host: HostRow, demand: Demand) -> str:
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
    return "were taken by others meanwhile"
