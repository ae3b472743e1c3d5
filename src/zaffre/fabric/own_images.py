"""Images of a subscription's own: uploaded by its members, counted against its quota, invisible to all others."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import and_, or_

from zaffre.fabric.image_header import BYTES_PER_GIB
from zaffre.fabric.images import LISTING, Images, ImageState, NewImage, reference
from zaffre.fabric.tables import ImageRow
from zaffre.foundation.errors import NameTaken, NotFound, TooLarge
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.lists import ListQuery, Rows
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.tags import retag
from zaffre.foundation.work import UnitOfWork
from zaffre.management import Quotas

LIBRARY_DIMENSION = "library_gib"


class OwnImages:
    """Rules for the images that one subscription sees, inside one unit of work."""

    def __init__(self, work: UnitOfWork, subscription_id: str) -> None:
        self._work = work
        self._images = Images(work)
        self._subscription_id = subscription_id

    async def create(self, draft: NewImage, limit_bytes: int) -> ImageRow:
        """Add an image of the subscription's own that waits for its content. Its quota is claimed at once.

        Raises:
            TooLarge: its content would exceed the library's limit.
            QuotaExceeded: the plan does not allow that much.
            NameTaken: the subscription has another image of that name.
        """
        size_bytes = draft.size_bytes or 0
        if size_bytes > limit_bytes:
            raise TooLarge(
                f"The image would have {size_bytes} bytes and the limit is {limit_bytes}.",
                remedy="Compress or shrink it, or ask the provider to raise library.image_limit_gib.",
                target="size_bytes",
            )
        row = await self._images.create(replace(draft, owner_subscription_id=self._subscription_id))
        await Quotas(self._work).claim(self._subscription_id, row.id, {LIBRARY_DIMENSION: size_gib(size_bytes)})
        return row

    async def page(self, query: ListQuery) -> Rows[ImageRow]:
        """Return a page of the site's available images and of the subscription's own in any state."""
        site = and_(ImageRow.owner_subscription_id.is_(None), ImageRow.state == ImageState.AVAILABLE)
        return await LISTING.rows(
            self._work.session, query, or_(site, ImageRow.owner_subscription_id == self._subscription_id)
        )

    async def get(self, image_id: str) -> ImageRow:
        """Return an image that the subscription sees.

        Raises:
            NotFound: there is none with this id, it is somebody else's, or the site's and not available.
        """
        row = await self._images.get(image_id)
        if row.owner_subscription_id is None and row.state == ImageState.AVAILABLE:
            return row
        return await self.own(image_id)

    async def own(self, image_id: str) -> ImageRow:
        """Return an image of the subscription's own.

        Raises:
            NotFound: it has none with this id.
        """
        row = await self._images.get(image_id)
        if row.owner_subscription_id != self._subscription_id:
            raise NotFound("image of this subscription", image_id)
        return row

    async def label(
        self, image_id: str, name: str | None, tags: Mapping[str, str | None], expected: int | None = None
    ) -> ImageRow:
        """Give an image of the subscription's own another name, if one is given, and merge tags into those it has.

        Raises:
            NotFound: it has none with this id.
            NameTaken: it has another image of that name.
            TooManyTags: there would be too many.
        """
        row = await self.own(image_id)
        check_generation(expected, row.generation)
        if name is not None and row.name != name:
            row.name = name
            await self._work.save(row, lambda _: NameTaken("image", name))
            self._work.emit("image.renamed", reference(row))
        await retag(self._work, row, reference(row), tags)
        return row

    async def delete(self, image_id: str, expected: int | None = None) -> OperationRow:
        """Begin to remove an image of the subscription's own that no virtual machine uses.

        Raises:
            NotFound: it has none with this id.
            ImageNotReady: it is being deleted.
            InUse: virtual machines started from it or have it in their drive.
        """
        await self.own(image_id)
        return await self._images.delete(image_id, expected)


def size_gib(size_bytes: int) -> int:
    """Return what content counts in the quota: whole GiB, at least one."""
    return max(-(-size_bytes // BYTES_PER_GIB), 1)
