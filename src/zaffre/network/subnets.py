"""Subnets: address ranges of a VM network, each with a virtual subnet id."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select, update

from zaffre.foundation.database import RowLock, for_update
from zaffre.foundation.errors import Conflict, InUse, InvalidInput, NameTaken, NotFound
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.network.addressing import FIRST_HOST, GENEVE_OVERHEAD_BYTES, SubnetRange, gateway_mac
from zaffre.network.drivers.plane import PlaneSubnet
from zaffre.network.logical_networks import LogicalNetworks
from zaffre.network.tables import LogicalNetworkRow, PortRow, SubnetRow, VmNetworkRow
from zaffre.network.vm_networks import NetworkNotReady, NetworkState, attached_owners

CREATE_OPERATION = "subnet.create"
DELETE_OPERATION = "subnet.delete"
SUBNETS_PER_NETWORK = 32
SEARCH_TRIES = 64


class SubnetsOverlap(Conflict):
    """Subnets of one VM network must not share addresses: they reach each other."""

    code = "subnet.overlaps"
    title = "The subnets overlap"

    def __init__(self, cidr: str, other: str) -> None:
        super().__init__(
            f"{cidr} overlaps with {other} of the same VM network.",
            remedy="Choose another range, or make the subnet in another VM network.",
            target="cidr",
        )


class TooManySubnets(Conflict):
    """The VM network has as many subnets as it may."""

    code = "subnet.too_many"
    title = "Too many subnets"


class AddressTaken(Conflict):
    """Another port has the address."""

    code = "subnet.address_taken"
    title = "The address is taken"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"The address {address} belongs to another virtual machine.",
            remedy="Choose another one, or leave it out to get a free one.",
            target="address",
        )


class SubnetFull(Conflict):
    """Every address of the subnet is taken."""

    code = "subnet.full"
    title = "The subnet is full"

    def __init__(self, name: str, capacity: int) -> None:
        super().__init__(
            f"All {capacity} addresses of subnet {name!r} are taken.",
            remedy="Delete a virtual machine, or add a larger subnet.",
            target="subnet_id",
        )


@dataclass(frozen=True)
class NewSubnet:
    """A subnet to make."""

    name: str
    cidr: str
    dns_servers: Sequence[str] = field(default_factory=tuple[str, ...])


class Subnets:
    """Rules for subnets inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def add(self, network: VmNetworkRow, draft: NewSubnet) -> SubnetRow:
        """Write down a subnet of a VM network; whoever calls this starts the operation that puts it on the plane.

        Raises:
            InvalidInput: its range cannot be used.
            SubnetsOverlap: another subnet of the network has some of its addresses.
            NameTaken: another subnet of the network has its name.
            TooManySubnets: the network has as many as it may.
            PoolExhausted: no virtual subnet id is free.
        """
        subnet_range = SubnetRange.parse(draft.cidr)
        await self._check_siblings(network, subnet_range)
        logical = await self._session.get_one(LogicalNetworkRow, network.logical_network_id)
        vsid = await LogicalNetworks(self._work).take_vsid(logical.id)
        row = SubnetRow(
            id=self._work.ids.new(),
            vm_network_id=network.id,
            logical_network_id=logical.id,
            name=draft.name,
            state=NetworkState.CREATING,
            vsid=vsid,
            cidr=str(subnet_range.network),
            gateway=subnet_range.gateway,
            gateway_mac=gateway_mac(vsid),
            mtu=logical.underlay_mtu - GENEVE_OVERHEAD_BYTES,
            dns_servers=list(draft.dns_servers),
            next_host=FIRST_HOST,
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: NameTaken("subnet", draft.name))
        self._work.emit("subnet.creating", reference(row, network.subscription_id), cidr=row.cidr, vsid=row.vsid)
        return row

    async def create(self, network: VmNetworkRow, draft: NewSubnet) -> tuple[SubnetRow, OperationRow]:
        """Begin to add a subnet to a VM network that exists.

        Raises:
            NetworkNotReady: the network is being made or deleted.
        """
        # Locked against its deletion, and against others who add to it: two subnets at a time might overlap.
        await self._session.refresh(network, with_for_update=True)
        if network.state != NetworkState.READY:
            raise NetworkNotReady("VM network", network.name, network.state)
        row = await self.add(network, draft)
        return row, await self._start(CREATE_OPERATION, row, network)

    async def of_network(self, network_id: str) -> Sequence[SubnetRow]:
        """Return a VM network's subnets in the order they were made."""
        statement = select(SubnetRow).where(SubnetRow.vm_network_id == network_id)
        return (await self._session.scalars(statement.order_by(SubnetRow.id))).all()

    async def get(self, network: VmNetworkRow, subnet_id: str, *, lock: RowLock | None = None) -> SubnetRow:
        """Return a subnet of a VM network, locked as wanted until the transaction ends.

        Raises:
            NotFound: the network has none with this id.
        """
        row = await self._session.get(SubnetRow, subnet_id, with_for_update=for_update(lock))
        if row is None or row.vm_network_id != network.id:
            raise NotFound("subnet", subnet_id)
        return row

    async def delete(self, network: VmNetworkRow, subnet_id: str) -> tuple[SubnetRow, OperationRow]:
        """Begin to delete a subnet that nothing is attached to.

        Raises:
            NotFound: the network has none with this id.
            NetworkNotReady: it is being made or deleted.
            InUse: virtual machines are attached.
        """
        row = await self.get(network, subnet_id, lock=RowLock.CHANGE)
        if row.state != NetworkState.READY:
            raise NetworkNotReady("Subnet", row.name, row.state)
        attached = await attached_owners(self._work, PortRow.subnet_id == row.id)
        if attached:
            raise InUse(
                f"Subnet {row.name!r} has {len(attached)} or more virtual machines attached.",
                remedy="Delete these first.",
                target=subnet_id,
            )
        row.state = NetworkState.DELETING
        self._work.emit("subnet.deleting", reference(row, network.subscription_id))
        return row, await self._start(DELETE_OPERATION, row, network)

    async def take_address(self, row: SubnetRow, requested: str | None) -> str:
        """Return an address of the subnet that no port has: the requested one, or a free one.

        Free addresses are given out in turn, so that one given back rests before somebody else gets it. The unique
        constraint on ports decides races; the loser of one is told that the address is taken.

        Raises:
            InvalidInput: the requested address is not one that a guest of this subnet can have.
            AddressTaken: another port has it.
            SubnetFull: no address is free.
        """
        subnet_range = SubnetRange.parse(row.cidr)
        if requested is not None:
            host = subnet_range.host(requested)
            if host is None:
                raise InvalidInput(
                    f"{requested} is not an address for guests of {row.cidr}.",
                    remedy=f"Choose one from {subnet_range.address(FIRST_HOST)} "
                    f"to {subnet_range.address(subnet_range.last_host)}.",
                    target="address",
                )
            address = subnet_range.address(host)
            if await self._taken(row.id, address):
                raise AddressTaken(address)
            return address
        for _ in range(SEARCH_TRIES):
            address = subnet_range.address(await self._advance(row.id, subnet_range))
            if not await self._taken(row.id, address):
                return address
        return await self._search(row, subnet_range)

    async def _check_siblings(self, network: VmNetworkRow, subnet_range: SubnetRange) -> None:
        siblings = await self.of_network(network.id)
        if len(siblings) >= SUBNETS_PER_NETWORK:
            raise TooManySubnets(
                f"VM network {network.name!r} has {len(siblings)} subnets, the most it may.",
                remedy="Delete one, or use another VM network.",
            )
        for sibling in siblings:
            if subnet_range.overlaps(SubnetRange.parse(sibling.cidr)):
                raise SubnetsOverlap(str(subnet_range.network), sibling.cidr)

    async def _advance(self, subnet_id: str, subnet_range: SubnetRange) -> int:
        """Move the subnet's cursor on in one statement, so that racing takers get different addresses."""
        result = await self._session.execute(
            update(SubnetRow)
            .where(SubnetRow.id == subnet_id)
            .values(next_host=SubnetRow.next_host + 1)
            .returning(SubnetRow.next_host)
            .execution_options(synchronize_session=False)
        )
        return FIRST_HOST + (result.scalar_one() - 1 - FIRST_HOST) % subnet_range.capacity

    async def _taken(self, subnet_id: str, address: str) -> bool:
        statement = select(PortRow.id).where(PortRow.subnet_id == subnet_id, PortRow.address == address)
        return await self._session.scalar(statement) is not None

    async def _search(self, row: SubnetRow, subnet_range: SubnetRange) -> str:
        """Look for any free address in a nearly full subnet."""
        taken = set((await self._session.scalars(select(PortRow.address).where(PortRow.subnet_id == row.id))).all())
        if len(taken) < subnet_range.capacity:
            for host in range(FIRST_HOST, subnet_range.last_host + 1):
                if subnet_range.address(host) not in taken:
                    return subnet_range.address(host)
        raise SubnetFull(row.name, subnet_range.capacity)

    async def _start(self, kind: str, row: SubnetRow, network: VmNetworkRow) -> OperationRow:
        logical = await self._session.get_one(LogicalNetworkRow, network.logical_network_id)
        return self._work.start(NewOperation(kind, queue=logical.stamp_id), reference(row, network.subscription_id))


def plane_subnet(row: SubnetRow | Row[Any]) -> PlaneSubnet:
    """Return a subnet, or a tuple of what matters of it, as the plane shall have it."""
    return PlaneSubnet(
        id=row.id,
        network_id=row.vm_network_id,
        vsid=row.vsid,
        cidr=row.cidr,
        gateway=row.gateway,
        gateway_mac=row.gateway_mac,
        mtu=row.mtu,
        dns_servers=tuple(row.dns_servers),
    )


def reference(row: SubnetRow, subscription_id: str) -> ResourceRef:
    """Name a subnet in events."""
    return ResourceRef("subnet", row.id, row.name, subscription_id)
