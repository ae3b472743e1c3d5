"""What tenants call their virtual machines: names, and tags beside them.

A name is for people. The guest's host name stays as it was made, because programs inside the guest rely on it; the
title that the hypervisor host shows follows the name at the next full read of that host. Tags are pairs of a key and a
value that mean something to their tenant only.
"""

from collections.abc import Mapping

from zaffre.compute.tables import VirtualMachineRow
from zaffre.compute.virtual_machines import VirtualMachines, reference
from zaffre.foundation.database import RowLock
from zaffre.foundation.errors import InvalidInput, NameTaken
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.work import UnitOfWork

TAGS_PER_MACHINE = 20


class TooManyTags(InvalidInput):
    """A virtual machine would have more tags than it may."""

    code = "virtual_machine.too_many_tags"
    title = "Too many tags"

    def __init__(self, count: int) -> None:
        super().__init__(
            f"The virtual machine would have {count} tags and may have {TAGS_PER_MACHINE}.",
            remedy="Remove tags that nobody needs any more, by setting them to null.",
            target="tags",
        )


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
        was, had = row.name, row.tags
        wanted, kept = name or was, merged(had, tags)
        if (wanted, kept) == (was, had):
            return row
        row.name, row.tags, row.tag_text = wanted, kept, tag_text(kept)
        await self._work.save(row, lambda _: NameTaken("virtual machine", wanted))
        if wanted != was:
            self._work.emit("virtual_machine.renamed", reference(row), was=was)
        if kept != had:
            self._work.emit("virtual_machine.tagged", reference(row), tags=kept)
        return row


def merged(had: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return tags with changes merged into them, sorted by key.

    Raises:
        TooManyTags: there would be too many.
    """
    kept = {key: value for key, value in {**had, **changes}.items() if value is not None}
    if len(kept) > TAGS_PER_MACHINE:
        raise TooManyTags(len(kept))
    return dict(sorted(kept.items()))


def tag_text(tags: Mapping[str, str]) -> str:
    """Return tags as the text that is searched: a line `key=value` for each, with line breaks around all of them."""
    return "".join(f"\n{key}={value}" for key, value in sorted(tags.items())) + ("\n" if tags else "")
