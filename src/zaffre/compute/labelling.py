"""What tenants call their virtual machines: names, and tags beside them.

A name is for people. The guest's host name stays as it was made, because programs inside the guest rely on it; the
title that the hypervisor host shows follows the name at the next full read of that host.
"""

from collections.abc import Mapping

from zaffre.compute.tables import VirtualMachineRow
from zaffre.compute.virtual_machines import VirtualMachines, reference
from zaffre.foundation.database import RowLock
from zaffre.foundation.errors import NameTaken
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.tags import retag
from zaffre.foundation.work import UnitOfWork


class Labelling:
    """Rules for the names and tags of one subscription's virtual machines inside one unit of work."""

    def __init__(self, work: UnitOfWork, subscription_id: str) -> None:
        self._work = work
        self._machines = VirtualMachines(work, subscription_id)

    async def change(
        self, machine_id: str, name: str | None, tags: Mapping[str, str | None], expected: int | None = None
    ) -> VirtualMachineRow:
        """Give a virtual machine another name, if one is given, and merge tags into those it has.

        Args:
            machine_id: which one. What an operation does with it meanwhile does not matter.
            name: the new name; None leaves it.
            tags: values by key; None removes the key.
            expected: the generation it must still have.

        Raises:
            NotFound: the subscription has none with this id.
            NameTaken: it has another one of that name.
            TooManyTags: there would be too many.
        """
        row = await self._machines.get(machine_id, lock=RowLock.CHANGE)
        check_generation(expected, row.generation)
        was, wanted = row.name, name or row.name
        if wanted != was:
            row.name = wanted
            await self._work.save(row, lambda _: NameTaken("virtual machine", wanted))
            self._work.emit("virtual_machine.renamed", reference(row), was=was)
        await retag(self._work, row, reference(row), tags)
        return row
