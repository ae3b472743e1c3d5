"""Durable work on networks: putting VM networks and subnets onto the plane and taking them off."""

from abc import abstractmethod
from collections.abc import Sequence

import structlog
from sqlalchemy import delete, select

from zaffre.foundation.operations.saga import Run, Step
from zaffre.foundation.work import UnitOfWork
from zaffre.management import Quotas
from zaffre.network import subnets, vm_networks
from zaffre.network.drivers.plane import NetworkPlane, PlaneNetwork, PlaneUnreachable
from zaffre.network.planes import NetworkPlanes
from zaffre.network.subnets import plane_subnet
from zaffre.network.tables import SubnetRow, VmNetworkRow
from zaffre.network.vm_networks import NetworkState

log = structlog.get_logger(__name__)


class _OnPlane:
    """What the four sagas share: finding the plane of the network they work on, and leaving it."""

    def __init__(self, planes: NetworkPlanes) -> None:
        self._planes = planes

    async def _network(self, work: UnitOfWork, network_id: str) -> VmNetworkRow | None:
        return await work.session.get(VmNetworkRow, network_id)

    async def _plane(self, run: Run, network_id: str) -> NetworkPlane | None:
        """Return the plane; None when the network is gone, so that nothing is left to do."""
        async with run.units.read(run.actor) as work:
            row = await self._network(work, network_id)
        return await self._planes.get(row.logical_network_id) if row is not None else None

    @abstractmethod
    async def _tear_down(self, run: Run) -> None:
        """Take the operation's object off the plane."""

    async def _take_back(self, run: Run) -> None:
        """Take it off; if the plane does not answer, its reconciler removes what no record knows when it does."""
        try:
            await self._tear_down(run)
        except PlaneUnreachable as error:
            log.info("what is on the plane is left to the reconciler", cause=error.detail)


class _OfNetwork(_OnPlane):
    """What the two sagas of whole networks share."""

    async def _tear_down(self, run: Run) -> None:
        plane = await self._plane(run, run.operation.resource_id)
        if plane is not None:
            await plane.remove_networks([run.operation.resource_id])


class CreateVmNetwork(_OfNetwork):
    """Puts a VM network with its first subnets onto the plane."""

    kind = vm_networks.CREATE_OPERATION
    cancellable = True

    def steps(self) -> Sequence[Step]:
        """Return the steps. The first has nothing to do: its row was written with the intent."""
        return [
            Step("record", "Recording the network", self._recorded, self._forget),
            Step("plane", "Putting the network onto the network plane", self._build, self._take_back),
            Step("ready", "Opening the network", self._open),
        ]

    async def _recorded(self, run: Run) -> None:
        pass

    async def _build(self, run: Run) -> None:
        network_id = run.operation.resource_id
        async with run.units.read(run.actor) as work:
            statement = select(SubnetRow).where(SubnetRow.vm_network_id == network_id)
            rows = (await work.session.scalars(statement)).all()
        plane = await self._plane(run, network_id)
        if plane is not None:
            await plane.ensure_networks([PlaneNetwork(network_id)])
            await plane.ensure_subnets([plane_subnet(row) for row in rows])

    async def _open(self, run: Run) -> None:
        async with run.work() as work:
            row = await work.session.get_one(VmNetworkRow, run.operation.resource_id)
            if row.state == NetworkState.CREATING:
                row.state = NetworkState.READY
                statement = select(SubnetRow).where(SubnetRow.vm_network_id == row.id)
                for subnet in await work.session.scalars(statement):
                    subnet.state = NetworkState.READY
                work.emit("vm_network.created", vm_networks.reference(row))

    async def _forget(self, run: Run) -> None:
        async with run.work() as work:
            await _forget_network(work, run.operation.resource_id, "vm_network.create_failed")


class DeleteVmNetwork(_OfNetwork):
    """Takes a VM network with its subnets off the plane."""

    kind = vm_networks.DELETE_OPERATION
    cancellable = False

    def steps(self) -> Sequence[Step]:
        """Return the steps. Undoing reopens the network: the plane's reconciler puts back what was taken off."""
        return [
            Step("plane", "Taking the network off the network plane", self._tear_down, self._reopen),
            Step("forget", "Removing the network", self._forget),
        ]

    async def _reopen(self, run: Run) -> None:
        async with run.work() as work:
            row = await work.session.get(VmNetworkRow, run.operation.resource_id)
            if row is not None and row.state == NetworkState.DELETING:
                row.state = NetworkState.READY
                work.emit("vm_network.delete_failed", vm_networks.reference(row))

    async def _forget(self, run: Run) -> None:
        async with run.work() as work:
            await _forget_network(work, run.operation.resource_id, "vm_network.deleted")


class CreateSubnet(_OnPlane):
    """Puts a subnet onto the plane."""

    kind = subnets.CREATE_OPERATION
    cancellable = True

    def steps(self) -> Sequence[Step]:
        """Return the steps. The first has nothing to do: its row was written with the intent."""
        return [
            Step("record", "Recording the subnet", self._recorded, self._forget),
            Step("plane", "Putting the subnet onto the network plane", self._build, self._take_back),
            Step("ready", "Opening the subnet", self._open),
        ]

    async def _recorded(self, run: Run) -> None:
        pass

    async def _build(self, run: Run) -> None:
        row = await _subnet(run)
        plane = await self._plane(run, row.vm_network_id) if row is not None else None
        if row is not None and plane is not None:
            await plane.ensure_subnets([plane_subnet(row)])

    async def _open(self, run: Run) -> None:
        async with run.work() as work:
            row = await work.session.get_one(SubnetRow, run.operation.resource_id)
            if row.state == NetworkState.CREATING:
                row.state = NetworkState.READY
                work.emit("subnet.created", subnets.reference(row, run.operation.subscription_id or ""))

    async def _tear_down(self, run: Run) -> None:
        row = await _subnet(run)
        plane = await self._plane(run, row.vm_network_id) if row is not None else None
        if row is not None and plane is not None:
            await plane.remove_subnets([row.id])

    async def _forget(self, run: Run) -> None:
        await _forget_subnet(run, "subnet.create_failed")


class DeleteSubnet(CreateSubnet):
    """Takes a subnet off the plane."""

    kind = subnets.DELETE_OPERATION
    cancellable = False

    def steps(self) -> Sequence[Step]:
        """Return the steps. Undoing reopens the subnet: the plane's reconciler puts back what was taken off."""
        return [
            Step("plane", "Taking the subnet off the network plane", self._tear_down, self._reopen),
            Step("forget", "Removing the subnet", self._remove),
        ]

    async def _reopen(self, run: Run) -> None:
        async with run.work() as work:
            row = await work.session.get(SubnetRow, run.operation.resource_id)
            if row is not None and row.state == NetworkState.DELETING:
                row.state = NetworkState.READY
                work.emit("subnet.delete_failed", subnets.reference(row, run.operation.subscription_id or ""))

    async def _remove(self, run: Run) -> None:
        await _forget_subnet(run, "subnet.deleted")


async def _subnet(run: Run) -> SubnetRow | None:
    async with run.units.read(run.actor) as work:
        return await work.session.get(SubnetRow, run.operation.resource_id)


async def _forget_subnet(run: Run, event: str) -> None:
    async with run.work() as work:
        row = await work.session.get(SubnetRow, run.operation.resource_id)
        if row is not None:
            await work.session.delete(row)
            work.emit(event, subnets.reference(row, run.operation.subscription_id or ""))


async def _forget_network(work: UnitOfWork, network_id: str, event: str) -> None:
    row = await work.session.get(VmNetworkRow, network_id)
    if row is not None:
        await work.session.execute(delete(SubnetRow).where(SubnetRow.vm_network_id == network_id))
        await work.session.delete(row)
        work.emit(event, vm_networks.reference(row))
    await Quotas(work).release(network_id)
