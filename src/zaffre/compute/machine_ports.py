"""Network ports of virtual machines: adding and removing one, as rules inside a unit of work."""

from zaffre.compute.checkpoints import refuse_with_checkpoints
from zaffre.compute.states import Observed, Transition
from zaffre.compute.tables import VirtualMachineRow
from zaffre.compute.virtual_machines import PORTS_PER_MACHINE, VirtualMachines, WrongPowerState
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitOfWork
from zaffre.network import PortRequest, Ports

_TAKING = frozenset({Observed.RUNNING, Observed.PAUSED, Observed.STOPPED, Observed.CRASHED})
"""What a machine must be seen as to get a port: its guest is on its host, and the host answers."""
_LETTING_GO = frozenset({Observed.RUNNING, Observed.STOPPED, Observed.CRASHED, Observed.MISSING})
"""What a machine must be seen as to lose one. A paused guest cannot let go of anything."""


class MachinePorts:
    """Rules for the ports of one subscription's virtual machines."""

    def __init__(self, work: UnitOfWork, subscription_id: str) -> None:
        self._work = work
        self._subscription_id = subscription_id
        self._machines = VirtualMachines(work, subscription_id)

    async def add(
        self, machine_id: str, request: PortRequest, expected: int | None = None
    ) -> tuple[VirtualMachineRow, OperationRow]:
        """Begin to attach a virtual machine to one more subnet, running or not. Its address is claimed at once.

        Raises:
            NotFound: the subscription has no such machine, network or subnet.
            VirtualMachineBusy: an operation works on it.
            HasCheckpoints: it has checkpoints.
            WrongPowerState: its guest is not on its host, or the host does not answer.
            TooManyPorts: it has as many as it can have.
            AddressTaken, SubnetFull, NetworkNotReady: see `Ports.allocate`.
        """
        row = await self._changeable(machine_id, _TAKING, expected)
        port = await Ports(self._work).add(self._subscription_id, row.id, request, PORTS_PER_MACHINE)
        return await self._machines.begin(row, Transition.RECONFIGURING, "add_port", {"port_id": port.id})

    async def remove(
        self, machine_id: str, port_id: str, expected: int | None = None
    ) -> tuple[VirtualMachineRow, OperationRow]:
        """Begin to detach a virtual machine from a subnet, running or not.

        Raises:
            NotFound: the subscription has no such machine, or it has no such port.
            VirtualMachineBusy: an operation works on it.
            HasCheckpoints: it has checkpoints.
            WrongPowerState: it is paused, or its host does not answer.
        """
        row = await self._changeable(machine_id, _LETTING_GO, expected)
        port = await Ports(self._work).get(row.id, port_id)
        return await self._machines.begin(row, Transition.RECONFIGURING, "remove_port", {"port_id": port.id})

    async def _changeable(
        self, machine_id: str, allowed: frozenset[Observed], expected: int | None
    ) -> VirtualMachineRow:
        row = await self._machines.free(machine_id, expected)
        await refuse_with_checkpoints(self._work, row)
        if row.observed not in allowed:
            raise WrongPowerState(
                f"Virtual machine {row.name!r} is {row.state}, so its network ports cannot be changed now.",
                remedy="Start or stop it first, or wait until its host answers.",
                target=machine_id,
            )
        return row
