"""Migrations: moving virtual machines between the hosts of a stamp, as rules for the operator inside a unit of work."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from zaffre.compute.availability_sets import separation_of
from zaffre.compute.checkpoints import refuse_with_checkpoints
from zaffre.compute.guest import seed_volume, serial_log_volume
from zaffre.compute.states import Observed, Transition
from zaffre.compute.tables import DiskRow, VirtualMachineRow
from zaffre.compute.virtual_machines import VirtualMachines, WrongPowerState
from zaffre.fabric import Cleanups, Demand, Placement
from zaffre.fabric.hosts import Hosts
from zaffre.fabric.placement import unfitness
from zaffre.fabric.tables import HostRow
from zaffre.foundation.errors import Conflict, NotFound
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitOfWork

MOVABLE = frozenset({Observed.RUNNING, Observed.PAUSED})
"""What a machine must be seen as to be moved: its memory goes with it."""


class HostUnfit(Conflict):
    """The host cannot take over the virtual machine."""

    code = "migration.host_unfit"
    title = "The host cannot take over the virtual machine"


@dataclass(frozen=True)
class Candidate:
    """A host that a virtual machine could move to."""

    host: HostRow
    unfit_because: str | None
    """What speaks against it, as the predicate of "hosts …"; None when nothing does."""


class Migrations:
    """Moves of any subscription's virtual machines."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def machine(self, machine_id: str) -> VirtualMachineRow:
        """Return a virtual machine, whoever's it is.

        Raises:
            NotFound: there is none with this id.
        """
        row = await self._session.get(VirtualMachineRow, machine_id)
        if row is None:
            raise NotFound("virtual machine", machine_id)
        return row

    async def migrate(
        self, machine_id: str, host_id: str | None, expected: int | None = None
    ) -> tuple[VirtualMachineRow, OperationRow]:
        """Begin to move a virtual machine that is on to another host: to a particular one, or to the best.

        Raises:
            NotFound: there is no such machine or host.
            VirtualMachineBusy: an operation works on it.
            HasCheckpoints: it has checkpoints, which stay where they are.
            WrongPowerState: it is off, or its host does not answer.
            HostUnfit: the host cannot take it; `detail` says why.
        """
        machines = VirtualMachines(self._work, (await self.machine(machine_id)).subscription_id)
        row = await machines.free(machine_id, expected)
        if row.observed not in MOVABLE or row.host_id is None:
            raise WrongPowerState(
                f"Virtual machine {row.name!r} is {row.state}; only one that is running or paused can be moved.",
                remedy="Start it first, or wait until its host answers.",
                target=machine_id,
            )
        await refuse_with_checkpoints(self._work, row)
        if host_id is not None:
            await self._check(row, host_id)
        parameters = {"from_host_id": row.host_id, "host_id": host_id}
        return await machines.begin(row, Transition.MIGRATING, "migrate", parameters)

    async def candidates(self, machine_id: str) -> Sequence[Candidate]:
        """Return the hosts of a virtual machine's stamp with what speaks against each, by name."""
        row = await self.machine(machine_id)
        statement = select(HostRow).where(HostRow.stamp_id == row.stamp_id).order_by(HostRow.name)
        hosts = (await self._session.scalars(statement.execution_options(populate_existing=True))).all()
        here = await self._session.get(HostRow, row.host_id) if row.host_id is not None else None
        demand = await Placement(self._work).demand_of(row.id) or Demand(row.vcpus, row.memory_mib, 0)
        company = await Placement(self._work).in_company(await separation_of(self._work, row), row.id)
        unclean = await Cleanups(self._work).hosts_with(await machine_names(self._work, row.id))
        found: list[Candidate] = []
        for host in hosts:
            because = _unlike(host, here) or unfitness(host, demand, in_company=host.id in company)
            if because is None and host.id in unclean:
                because = "have remains of it that are just being removed"
            found.append(Candidate(host, because))
        return found

    async def _check(self, row: VirtualMachineRow, host_id: str) -> None:
        host = await Hosts(self._work).get(host_id)
        for candidate in await self.candidates(row.id):
            if candidate.host.id == host.id and candidate.unfit_because is None:
                return
            if candidate.host.id == host.id:
                because = f"Hosts that {candidate.unfit_because} cannot take over {row.name!r}"
                break
        else:
            because = "It belongs to another stamp"
        raise HostUnfit(
            f"Host {host.name!r} is not fit: {because[0].lower()}{because[1:]}.",
            remedy="Choose one of the hosts that are fit: GET /virtual-machines/{id}/hosts.",
            target="host_id",
        )


async def machine_names(work: UnitOfWork, machine_id: str) -> list[str]:
    """Return the names of everything of a virtual machine on its host: guest, disks, seed, serial log."""
    volumes = await work.session.scalars(select(DiskRow.volume).where(DiskRow.virtual_machine_id == machine_id))
    return [machine_id, seed_volume(machine_id), serial_log_volume(machine_id), *(name for name in volumes if name)]


def _unlike(host: HostRow, here: HostRow | None) -> str | None:
    """Return what a host lacks to go on with a guest of another, as the predicate of "hosts …"."""
    if here is None:
        return None
    if host.id == here.id:
        return "have it already"
    if host.migration_uri is None:
        return "have no migration URI"
    if (host.driver, host.accelerator) != (here.driver, here.accelerator):
        return "run guests in another way"
    return None
