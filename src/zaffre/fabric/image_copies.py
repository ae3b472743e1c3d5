"""Copies of images on hosts: guests' disks read from them, so they come first."""

import asyncio
from pathlib import Path

from sqlalchemy import select

from zaffre.fabric.drivers.hypervisor import Hypervisor
from zaffre.fabric.image_kinds import VOLUME_FORMAT_OF, ImageKind, image_volume
from zaffre.fabric.images import Images
from zaffre.fabric.library import Library
from zaffre.fabric.tables import ImageCopyRow
from zaffre.foundation.actor import system_actor
from zaffre.foundation.database import insert_of
from zaffre.foundation.work import UnitsOfWork


class ImageCopies:
    """Brings images to hosts, each once.

    That a copy is whole is written down after its last byte: an upload that was interrupted has no row and is sent
    again from the start. One process sends one image to one host at a time; others wait for it.
    """

    def __init__(self, units: UnitsOfWork, library: Library) -> None:
        self._units = units
        self._library = library
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}

    async def ensure(
        self, host_id: str, hypervisor: Hypervisor, image_id: str, kind: ImageKind = ImageKind.DISK
    ) -> str:
        """Make sure that the host has been given the image; returns the name of its volume.

        Raises:
            HostUnreachable: the host does not answer.
            StorageFull: the host has no room for it.
        """
        if not await self._known(host_id, image_id):
            await self.renew(host_id, hypervisor, image_id)
        return image_volume(image_id, kind)

    async def renew(self, host_id: str, hypervisor: Hypervisor, image_id: str) -> None:
        """Give the host the image unless the volume is there, whatever is on record."""
        async with self._locks.setdefault((host_id, image_id), asyncio.Lock()):
            kind, content = await self._content(image_id)
            volume = image_volume(image_id, kind)
            if not (await self._known(host_id, image_id) and await hypervisor.has_volume(volume)):
                await hypervisor.upload_volume(volume, content, VOLUME_FORMAT_OF[kind])
                await self._note(host_id, image_id)

    async def _content(self, image_id: str) -> tuple[ImageKind, Path]:
        async with self._units.read(system_actor("fabric")) as work:
            row = await Images(work).get(image_id)
            kind = ImageKind(row.kind)
            return kind, self._library.path(image_id, row.sha256 or "", kind)

    async def _known(self, host_id: str, image_id: str) -> bool:
        async with self._units.read(system_actor("fabric")) as work:
            return await work.session.get(ImageCopyRow, (host_id, image_id)) is not None

    async def _note(self, host_id: str, image_id: str) -> None:
        async with self._units.write(system_actor("fabric")) as work:
            insert = insert_of(work.session)
            values = {"host_id": host_id, "image_id": image_id, "created_at": work.clock.now()}
            await work.session.execute(insert(ImageCopyRow).values(values).on_conflict_do_nothing())

    async def hosts_with(self, image_id: str) -> list[str]:
        """Return the ids of the hosts that have the image."""
        async with self._units.read(system_actor("fabric")) as work:
            statement = select(ImageCopyRow.host_id).where(ImageCopyRow.image_id == image_id)
            return list(await work.session.scalars(statement))
