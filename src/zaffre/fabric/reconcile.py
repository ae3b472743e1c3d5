"""Loops that compare the fabric's records with its hosts."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy import CursorResult, delete, func, or_, select, update

from zaffre.fabric.cleanups import CHECKPOINT, GUEST, Cleanups, named_checkpoint
from zaffre.fabric.drivers.hypervisor import HostFacts, Hypervisor
from zaffre.fabric.hosts import Hosts, differs
from zaffre.fabric.hypervisors import Hypervisors
from zaffre.fabric.image_kinds import ImageKind, image_volume
from zaffre.fabric.tables import CleanupRow, HostRow, ImageCopyRow, ImageRow, ReservationRow
from zaffre.foundation.actor import system_actor
from zaffre.foundation.batches import batches
from zaffre.foundation.errors import DomainError
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import ResourceRef, UnitOfWork, UnitsOfWork

log = structlog.get_logger(__name__)

ACTOR = system_actor("fabric reconciler")
BATCH = 100


class FabricReconciler:
    """Keeps what is known of hosts true."""

    def __init__(self, units: UnitsOfWork, hypervisors: Hypervisors, metrics: Metrics) -> None:
        self._units = units
        self._hypervisors = hypervisors
        self._metrics = metrics

    async def refresh_facts(self) -> None:
        """Read every host's facts again: memory may have been added, a disk may have filled up."""
        facts = await self._hypervisors.gather(self._hypervisors.connected(), _read_facts)
        for ids in batches(sorted(facts), BATCH):
            async with self._units.read(ACTOR) as work:
                rows = await work.session.scalars(select(HostRow).where(HostRow.id.in_(ids)))
                changed = [row.id for row in rows if differs(row, facts[row.id])]
            if changed:
                async with self._units.write(ACTOR) as work:
                    for host_id in changed:
                        await Hosts(work).note_facts(host_id, facts[host_id])

    async def forget_lost_copies(self) -> None:
        """Notice images that vanished from hosts, so that they are sent again."""
        async with self._units.read(ACTOR) as work:
            known: dict[str, dict[str, str]] = {}
            copies = select(ImageCopyRow.host_id, ImageCopyRow.image_id, ImageRow.kind)
            for row in await work.session.execute(copies.join(ImageRow, ImageRow.id == ImageCopyRow.image_id)):
                known.setdefault(row.host_id, {})[row.image_id] = image_volume(row.image_id, ImageKind(row.kind))
        await self._hypervisors.gather(
            self._hypervisors.connected(),
            lambda host_id, hypervisor: self._check_copies(host_id, hypervisor, known.get(host_id, {})),
        )

    async def clean_up(self) -> None:
        """Remove from hosts that answer again what should have gone while they did not."""
        async with self._units.read(ACTOR) as work:
            waiting = set(await Cleanups(work).hosts())
        for host_id, hypervisor in self._hypervisors.connected():
            if host_id in waiting:
                await self._clean_host(host_id, hypervisor)

    async def prove_reservations(self) -> None:
        """Repair hosts whose reserved room does not equal the sum of their reservations. There should never be one.

        A few hosts at a time, so that no reading is long; only a difference is worth a writing transaction.
        """
        async with self._units.read(ACTOR) as work:
            host_ids = (await work.session.scalars(select(HostRow.id).order_by(HostRow.id))).all()
        for ids in batches(host_ids, BATCH):
            async with self._units.read(ACTOR) as work:
                spoilt = await _spoilt_reservations(work, ids)
            if spoilt:
                self._metrics.drift.labels("reservation").inc(len(spoilt))
                async with self._units.write(ACTOR) as work:
                    for host, summed in spoilt:
                        await _repair_reservations(work, host, summed)
            await asyncio.sleep(0)

    async def _check_copies(self, host_id: str, hypervisor: Hypervisor, known: Mapping[str, str]) -> None:
        lost = [image_id for image_id, volume in known.items() if not await hypervisor.has_volume(volume)]
        if not lost:
            return
        async with self._units.write(ACTOR) as work:
            await work.session.execute(
                delete(ImageCopyRow).where(ImageCopyRow.host_id == host_id, ImageCopyRow.image_id.in_(lost))
            )
            host = ResourceRef("host", host_id, hypervisor.address.name)
            work.emit("host.image_copies_lost", host, image_ids=lost)
        self._metrics.drift.labels("image_copy").inc(len(lost))

    async def _clean_host(self, host_id: str, hypervisor: Hypervisor) -> None:
        async with self._units.read(ACTOR) as work:
            due = await Cleanups(work).of_host(host_id, BATCH)
        done: list[str] = []
        for cleanup in due:
            try:
                await _remove(hypervisor, cleanup)
            except DomainError as error:
                log.warning("clean-up will be tried again", host=hypervisor.address.name, cause=error.detail)
            else:
                done.append(cleanup.id)
        if done:
            async with self._units.write(ACTOR) as work:
                await Cleanups(work).done(done)
                host = ResourceRef("host", host_id, hypervisor.address.name)
                work.emit("host.cleaned_up", host, removed=len(done))


async def _remove(hypervisor: Hypervisor, cleanup: CleanupRow) -> None:
    if cleanup.kind == GUEST:
        await hypervisor.undefine(cleanup.name)
    elif cleanup.kind == CHECKPOINT:
        await hypervisor.delete_checkpoint(*named_checkpoint(cleanup.name))
    else:
        await hypervisor.delete_volume(cleanup.name)


async def _read_facts(_host_id: str, hypervisor: Hypervisor) -> HostFacts:
    return await hypervisor.facts()


RESERVED = (HostRow.vcpus_reserved, HostRow.memory_reserved_mib, HostRow.storage_reserved_gib)


async def _spoilt_reservations(work: UnitOfWork, host_ids: Sequence[str]) -> list[tuple[HostRow, dict[str, int]]]:
    """Return hosts whose counters differ from the sums of their reservations, with those sums."""
    sums = (
        func.coalesce(func.sum(ReservationRow.vcpus), 0),
        func.coalesce(func.sum(ReservationRow.memory_mib), 0),
        func.coalesce(func.sum(ReservationRow.storage_gib), 0),
    )
    statement = (
        select(HostRow.id, *sums)
        .outerjoin(ReservationRow, ReservationRow.host_id == HostRow.id)
        .where(HostRow.id.in_(host_ids))
        .group_by(HostRow.id, *RESERVED)
        .having(or_(*(counted != summed for counted, summed in zip(RESERVED, sums, strict=True))))
    )
    spoilt: list[tuple[HostRow, dict[str, int]]] = []
    for host_id, *values in (await work.session.execute(statement)).all():
        summed = {column.key: int(value) for column, value in zip(RESERVED, values, strict=True)}
        spoilt.append((await work.session.get_one(HostRow, host_id), summed))
    return spoilt


async def _repair_reservations(work: UnitOfWork, host: HostRow, summed: dict[str, int]) -> None:
    """Set a host's counters right, with an event, unless they moved since they were read."""
    counted = {column.key: getattr(host, column.key) for column in RESERVED}
    unmoved = (column == counted[column.key] for column in RESERVED)
    result = await work.session.execute(
        update(HostRow)
        .where(HostRow.id == host.id, *unmoved)
        .values(**summed)
        .execution_options(synchronize_session=False)
    )
    if isinstance(result, CursorResult) and result.rowcount:
        work.emit("host.reservations_repaired", ResourceRef("host", host.id, host.name), counted=counted)
