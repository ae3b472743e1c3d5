"""Durable work on the fabric: adding and removing hosts, importing and deleting images."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import delete

from zaffre.fabric.cleanups import Cleanups
from zaffre.fabric.drivers.hypervisor import HostUnreachable, Hypervisor
from zaffre.fabric.hosts import ADD_OPERATION, REMOVE_OPERATION, Hosts, HostState
from zaffre.fabric.hosts import reference as host_reference
from zaffre.fabric.hypervisors import Hypervisors
from zaffre.fabric.image_copies import ImageCopies
from zaffre.fabric.image_kinds import ImageKind, image_volume
from zaffre.fabric.images import DELETE_OPERATION, IMPORT_OPERATION, Images
from zaffre.fabric.images import reference as image_reference
from zaffre.fabric.library import Library
from zaffre.fabric.tables import CleanupRow, HostRow, ImageCopyRow, ImageRow
from zaffre.foundation.operations.saga import Run, Step
from zaffre.management import Quotas

CONNECT_DEADLINE_S = 30.0
CONNECT_POLL_S = 0.1
IMPORT_DEADLINE_S = 3600.0


class AddHost:
    """Finds out what a machine is and lets guests be placed on it."""

    kind = ADD_OPERATION
    cancellable = True

    def __init__(self, hypervisors: Hypervisors) -> None:
        self._hypervisors = hypervisors

    def steps(self) -> Sequence[Step]:
        """Return the steps."""
        return [
            # Waiting for its connection is patience enough: a second attempt would only keep the operator waiting.
            Step(
                "reach",
                "Connecting to the host",
                self._reach,
                self._forget,
                deadline_s=CONNECT_DEADLINE_S + 30,
                attempts=1,
            ),
            Step("probe", "Running a test guest to see which acceleration works", self._probe),
            Step("enable", "Letting guests be placed on it", self._enable),
        ]

    async def _reach(self, run: Run) -> None:
        hypervisor = await self._hypervisors.get(run.operation.resource_id)
        await _wait_connected(run, hypervisor)
        facts = await hypervisor.facts()
        async with run.work() as work:
            await Hosts(work).note_facts(run.operation.resource_id, facts)

    async def _probe(self, run: Run) -> None:
        hypervisor = await self._hypervisors.get(run.operation.resource_id)
        accelerator = await hypervisor.probe_accelerator()
        async with run.work() as work:
            (await Hosts(work).get(run.operation.resource_id)).accelerator = accelerator

    async def _enable(self, run: Run) -> None:
        async with run.work() as work:
            row = await Hosts(work).get(run.operation.resource_id)
            if row.state == HostState.ADDING:
                row.state, row.connected, row.problem = HostState.ENABLED, True, None
                row.generation += 1
                work.emit("host.added", host_reference(row), accelerator=row.accelerator)

    async def _forget(self, run: Run) -> None:
        async with run.work() as work:
            row = await work.session.get(HostRow, run.operation.resource_id)
            if row is not None:
                await work.session.delete(row)
                work.emit("host.add_failed", host_reference(row))
        await self._hypervisors.forget(run.operation.resource_id)


class RemoveHost:
    """Takes a host without guests out of its stamp, and Zaffre's images off the host."""

    kind = REMOVE_OPERATION
    cancellable = False

    def __init__(self, hypervisors: Hypervisors) -> None:
        self._hypervisors = hypervisors

    def steps(self) -> Sequence[Step]:
        """Return the steps. There is nothing to undo: what was removed from the host is fetched again when needed."""
        return [
            Step("clean", "Removing images from the host", self._clean, deadline_s=300),
            Step("forget", "Forgetting the host", self._forget),
        ]

    async def _clean(self, run: Run) -> None:
        """Remove what we put there. A host that does not answer is let go as it is: it may be gone for good."""
        try:
            hypervisor = await self._hypervisors.get(run.operation.resource_id)
            for volume in await hypervisor.volumes():
                if volume.name.startswith("image-"):
                    await hypervisor.delete_volume(volume.name)
        except HostUnreachable:
            run.report(1.0, "The host does not answer; its images stay on it")

    async def _forget(self, run: Run) -> None:
        async with run.work() as work:
            row = await work.session.get(HostRow, run.operation.resource_id)
            if row is not None:
                for dependent in (ImageCopyRow, CleanupRow):
                    await work.session.execute(delete(dependent).where(dependent.host_id == row.id))
                await work.session.delete(row)
                work.emit("host.removed", host_reference(row))
        await self._hypervisors.forget(run.operation.resource_id)


class ImportImage:
    """Fills an image from a file of the server."""

    kind = IMPORT_OPERATION
    cancellable = True

    def __init__(self, library: Library) -> None:
        self._library = library

    def steps(self) -> Sequence[Step]:
        """Return the one step."""
        return [Step("copy", "Copying and checking the image", self._copy, self._drop, deadline_s=IMPORT_DEADLINE_S)]

    async def _copy(self, run: Run) -> None:
        source = Path(str(run.operation.parameters["path"]))
        async with run.units.read(run.actor) as work:
            kind = ImageKind((await Images(work).get(run.operation.resource_id)).kind)
        stored = await self._library.copy_in(run.operation.resource_id, source, run.report, kind)
        async with run.work() as work:
            await Images(work).fill(run.operation.resource_id, stored)

    async def _drop(self, run: Run) -> None:
        async with run.work() as work:
            emptied = await Images(work).empty(run.operation.resource_id)
        if emptied:
            await self._library.remove(run.operation.resource_id)


class DeleteImage:
    """Removes an image that nobody uses: from the hosts, then from the library."""

    kind = DELETE_OPERATION
    cancellable = False

    def __init__(self, hypervisors: Hypervisors, library: Library, copies: ImageCopies) -> None:
        self._hypervisors = hypervisors
        self._library = library
        self._copies = copies

    def steps(self) -> Sequence[Step]:
        """Return the steps. There is nothing to undo: the image has been withdrawn with the intent."""
        return [
            Step("hosts", "Removing copies from hosts", self._remove_copies, deadline_s=300),
            Step("library", "Removing the content", self._remove_content),
        ]

    async def _remove_copies(self, run: Run) -> None:
        image_id = run.operation.resource_id
        async with run.units.read(run.actor) as work:
            row = await work.session.get(ImageRow, image_id)
        if row is None:
            return
        volume = image_volume(image_id, ImageKind(row.kind))
        for host_id in await self._copies.hosts_with(image_id):
            try:
                await (await self._hypervisors.get(host_id)).delete_volume(volume)
            except HostUnreachable:
                async with run.work() as work:
                    await Cleanups(work).note(host_id, volumes=[volume])

    async def _remove_content(self, run: Run) -> None:
        image_id = run.operation.resource_id
        await self._library.remove(image_id)
        async with run.work() as work:
            row = await work.session.get(ImageRow, image_id)
            if row is not None:
                await work.session.execute(delete(ImageCopyRow).where(ImageCopyRow.image_id == image_id))
                await Quotas(work).release(image_id)
                await work.session.delete(row)
                work.emit("image.deleted", image_reference(row))


async def _wait_connected(run: Run, hypervisor: Hypervisor) -> None:
    """Wait for a door that was just opened.

    Raises:
        HostUnreachable: the host did not answer in time.
    """
    deadline_s = run.clock.monotonic_s() + CONNECT_DEADLINE_S
    while not hypervisor.connected:
        await run.check_cancelled()
        if run.clock.monotonic_s() > deadline_s:
            raise HostUnreachable(hypervisor.address.name, f"no answer from {hypervisor.address.uri}")
        await run.clock.sleep(CONNECT_POLL_S)
