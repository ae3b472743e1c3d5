"""Ports: guests' attachments to subnets, with their MAC and address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from zaffre.foundation.database import RowLock, violated
from zaffre.foundation.errors import Conflict, DomainError, NotFound, RaceLost
from zaffre.foundation.work import UnitOfWork
from zaffre.network.drivers.plane import PlanePort
from zaffre.network.logical_networks import LogicalNetworks
from zaffre.network.subnets import AddressTaken, Subnets
from zaffre.network.tables import PortRow, SubnetRow
from zaffre.network.vm_networks import NetworkNotReady, NetworkState, VmNetworks


class TooManyPorts(Conflict):
    """The owner has as many ports as it can have."""

    code = "port.too_many"
    title = "Too many ports"

    def __init__(self, owner_id: str, limit: int) -> None:
        super().__init__(f"It has {limit} ports, which is the most.", remedy="Remove one first.", target=owner_id)


@dataclass(frozen=True)
class PortRequest:
    """A wish to be attached."""

    vm_network_id: str
    subnet_id: str
    address: str | None = None
    """A particular address, or None for a free one."""


class Ports:
    """Rules for ports inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def allocate(self, subscription_id: str, owner_id: str, requests: Sequence[PortRequest]) -> Sequence[PortRow]:
        """Give an owner its ports, with MAC and address; they go onto the plane when the owner is built.

        Raises:
            NotFound: the subscription has no such network or subnet.
            NetworkNotReady: it is being made or deleted.
            AddressTaken, SubnetFull, InvalidInput: see `Subnets.take_address`.
        """
        return [
            await self._allocate(subscription_id, owner_id, position, request)
            for position, request in enumerate(requests)
        ]

    async def add(self, subscription_id: str, owner_id: str, request: PortRequest, limit: int) -> PortRow:
        """Give an owner one more port, at the first position that is free. Whoever calls keeps others from doing so.

        Raises:
            TooManyPorts: it has `limit` ports.
            NotFound, NetworkNotReady, AddressTaken, SubnetFull, InvalidInput: see `allocate`.
        """
        taken = {port.position for port in await self.of_owner(owner_id)}
        if len(taken) >= limit:
            raise TooManyPorts(owner_id, limit)
        position = next(each for each in range(limit) if each not in taken)
        return await self._allocate(subscription_id, owner_id, position, request)

    async def get(self, owner_id: str, port_id: str) -> PortRow:
        """Return one of an owner's ports.

        Raises:
            NotFound: it has none with this id.
        """
        row = await self._session.get(PortRow, port_id)
        if row is None or row.owner_id != owner_id:
            raise NotFound("port", port_id)
        return row

    async def of_owner(self, owner_id: str) -> Sequence[PortRow]:
        """Return an owner's ports in order."""
        return (await self.of_owners([owner_id])).get(owner_id, [])

    async def of_owners(self, owner_ids: Sequence[str]) -> dict[str, list[PortRow]]:
        """Return the ports of several owners, each in order."""
        statement = select(PortRow).where(PortRow.owner_id.in_(owner_ids)).order_by(PortRow.owner_id, PortRow.position)
        ports: dict[str, list[PortRow]] = {}
        for row in await self._session.scalars(statement):
            ports.setdefault(row.owner_id, []).append(row)
        return ports

    async def subnets_of(self, ports: Sequence[PortRow]) -> dict[str, SubnetRow]:
        """Return the subnets of some ports, by id."""
        statement = select(SubnetRow).where(SubnetRow.id.in_({port.subnet_id for port in ports}))
        return {row.id: row for row in await self._session.scalars(statement)}

    async def want(self, owner_id: str, *, wanted: bool) -> None:
        """Say whether the plane shall have an owner's ports; the reconciler holds it to that."""
        await self._session.execute(
            update(PortRow)
            .where(PortRow.owner_id == owner_id)
            .values(wanted=wanted)
            .execution_options(synchronize_session=False)
        )

    async def request_chassis(self, owner_id: str, chassis: Sequence[str]) -> None:
        """Say which hosts alone may bind an owner's ports; none: any."""
        await self._session.execute(
            update(PortRow)
            .where(PortRow.owner_id == owner_id)
            .values(requested_chassis=list(chassis))
            .execution_options(synchronize_session=False)
        )

    async def want_not(self, port_id: str) -> PortRow | None:
        """Say that the plane shall not have a port any more; returns the port, None when it is gone."""
        row = await self._session.get(PortRow, port_id, with_for_update=True)
        if row is not None:
            row.wanted = False
        return row

    async def release_one(self, port_id: str) -> None:
        """Give back one port with its address. One that is gone is left alone."""
        await self._session.execute(delete(PortRow).where(PortRow.id == port_id))

    async def release(self, owner_id: str) -> None:
        """Give back an owner's ports with their addresses. An owner without ports is left alone."""
        await self._session.execute(delete(PortRow).where(PortRow.owner_id == owner_id))

    async def _allocate(self, subscription_id: str, owner_id: str, position: int, request: PortRequest) -> PortRow:
        subnets = Subnets(self._work)
        # Locked against deletion, which looks for ports after it has locked the row for itself.
        network = await VmNetworks(self._work, subscription_id).get(request.vm_network_id, lock=RowLock.USE)
        subnet = await subnets.get(network, request.subnet_id, lock=RowLock.USE)
        for kind, row in (("VM network", network), ("Subnet", subnet)):
            if row.state != NetworkState.READY:
                raise NetworkNotReady(kind, row.name, row.state)
        logical = await LogicalNetworks(self._work).get(network.logical_network_id)
        port_id = self._work.ids.new()
        port = PortRow(
            id=port_id,
            subnet_id=subnet.id,
            vm_network_id=network.id,
            logical_network_id=logical.id,
            subscription_id=subscription_id,
            owner_id=owner_id,
            position=position,
            mac=await LogicalNetworks(self._work).free_mac(logical, port_id),
            address=await subnets.take_address(subnet, request.address),
            created_at=self._work.clock.now(),
        )
        await self._work.save(port, lambda error: _refusal(error, request))
        return port


def _refusal(error: IntegrityError, request: PortRequest) -> DomainError:
    """Say what a port was refused for: a wish that cannot be met, or a choice of ours that others made first."""
    if request.address is not None and violated(error, "uq_ports_subnet_id_address"):
        return AddressTaken(request.address)
    return RaceLost("the address or MAC address that was chosen")


def plane_port(row: Any) -> PlanePort:
    """Return a port as the plane shall have it."""
    return PlanePort(row.id, row.subnet_id, row.mac, row.address, tuple(row.requested_chassis))
