"""Images: what guests start from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import delete, select

from zaffre.fabric.image_header import BYTES_PER_GIB
from zaffre.fabric.image_kinds import FORMAT_OF, ImageKind
from zaffre.fabric.library import StoredImage
from zaffre.fabric.tables import ImageRow, ImageUseRow
from zaffre.foundation.errors import Conflict, InUse, InvalidInput, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.tags import tags_field
from zaffre.foundation.work import ResourceRef, UnitOfWork

IMPORT_OPERATION = "image.import"
DELETE_OPERATION = "image.delete"

LISTING = Listing(
    ImageRow,
    {
        "id": Field(ImageRow.id, FieldType.ID),
        "name": Field(ImageRow.name, FieldType.TEXT, searchable=True),
        "kind": Field(ImageRow.kind, FieldType.TEXT),
        "state": Field(ImageRow.state, FieldType.TEXT),
        "owner_subscription_id": Field(ImageRow.owner_subscription_id, FieldType.ID, sortable=False),
        "tags": tags_field(ImageRow),
        "created_at": Field(ImageRow.created_at, FieldType.INSTANT),
    },
    key=ImageRow.id,
    order="name",
)


class ImageState(StrEnum):
    """Where an image stands."""

    AWAITING_CONTENT = "awaiting_content"
    """It waits for its content."""
    IMPORTING = "importing"
    AVAILABLE = "available"
    DELETING = "deleting"


class ImageNotReady(Conflict):
    """The image cannot be used that way now."""

    code = "image.not_ready"
    title = "The image is not ready"


class WrongKind(InvalidInput):
    """The image is of another kind than is needed."""

    code = "image.wrong_kind"
    title = "The image is of another kind"


@dataclass(frozen=True)
class NewImage:
    """An image to add."""

    name: str
    kind: ImageKind
    description: str
    default_user: str
    minimum_memory_mib: int
    minimum_disk_gib: int
    owner_subscription_id: str | None = None
    """None: it is the site's."""
    size_bytes: int | None = None
    """Of the content to come, where that is known."""
    sha256: str | None = None
    """Of the content to come, where that is known."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Images:
    """Rules for images inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def create(self, draft: NewImage) -> ImageRow:
        """Add an image that waits for its content.

        Raises:
            NameTaken: another image has the name.
        """
        row = ImageRow(
            id=self._work.ids.new(),
            name=draft.name,
            kind=draft.kind,
            owner_subscription_id=draft.owner_subscription_id,
            announced_size_bytes=draft.size_bytes,
            announced_sha256=draft.sha256,
            description=draft.description,
            default_user=draft.default_user,
            minimum_memory_mib=draft.minimum_memory_mib,
            minimum_disk_gib=draft.minimum_disk_gib,
            state=ImageState.AWAITING_CONTENT,
            format=FORMAT_OF[draft.kind],
            tags=dict(draft.tags),
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: NameTaken("image", draft.name))
        self._work.emit("image.created", reference(row))
        return row

    async def get(self, image_id: str) -> ImageRow:
        """Return an image, whoever owns it.

        Raises:
            NotFound: there is none with this id.
        """
        row = await self._session.get(ImageRow, image_id)
        if row is None:
            raise NotFound("image", image_id)
        return row

    async def page(self, query: ListQuery) -> Rows[ImageRow]:
        """Return a page of all images, tenants' own among them."""
        return await LISTING.rows(self._session, query)

    async def import_from(self, image_id: str, path: str) -> tuple[ImageRow, OperationRow]:
        """Begin to fill an empty image from a file of the server.

        Raises:
            NotFound: there is none with this id.
            ImageNotReady: it is not empty.
        """
        row = await self.get(image_id)
        self._expect(row, ImageState.AWAITING_CONTENT)
        row.state = ImageState.IMPORTING
        await self._session.flush()
        return row, self._work.start(NewOperation(IMPORT_OPERATION, parameters={"path": path}), reference(row))

    async def fill(self, image_id: str, stored: StoredImage) -> ImageRow:
        """Note that an image's content has arrived; it can be used from now on.

        Raises:
            NotFound: it was deleted meanwhile.
            ImageNotReady: it has content already.
        """
        row = await self.get(image_id)
        if row.state == ImageState.AVAILABLE and row.sha256 == stored.sha256:
            return row
        self._expect(row, ImageState.AWAITING_CONTENT, ImageState.IMPORTING)
        row.state = ImageState.AVAILABLE
        row.sha256, row.size_bytes, row.virtual_size_bytes = (
            stored.sha256,
            stored.size_bytes,
            stored.virtual_size_bytes,
        )
        await self._session.flush()
        self._work.emit("image.available", reference(row), sha256=stored.sha256, size_bytes=stored.size_bytes)
        return row

    async def empty(self, image_id: str) -> bool:
        """Note that an import came to nothing; False when the image is in use by now and stays."""
        row = await self._session.get(ImageRow, image_id, with_for_update=True)
        if row is None or row.state not in (ImageState.IMPORTING, ImageState.AVAILABLE):
            return True
        if await self._used(image_id):
            return False
        row.state, row.sha256, row.size_bytes, row.virtual_size_bytes = ImageState.AWAITING_CONTENT, None, None, None
        await self._session.flush()
        return True

    async def use(
        self, image_id: str, user_id: str, kind: ImageKind = ImageKind.DISK, subscription_id: str | None = None
    ) -> ImageRow:
        """Note that `user_id` starts from this image or has it in its drive, so that it stays.

        Args:
            image_id: the image.
            user_id: the virtual machine.
            kind: what the image must be.
            subscription_id: whose machine it is; another subscription's own image does not exist for it.

        Raises:
            NotFound: there is none with this id that is available to the subscription.
            WrongKind: it is of another kind.
        """
        row = await self._session.get(ImageRow, image_id, with_for_update={"read": True})
        if row is None or row.state != ImageState.AVAILABLE or row.owner_subscription_id not in (None, subscription_id):
            raise NotFound("image", image_id)
        if row.kind != kind:
            raise WrongKind(
                f"Image {row.name!r} is of kind {row.kind}, and one of kind {kind} is needed.",
                remedy=f"Choose an image of kind {kind}.",
                target="image_id",
            )
        self._session.add(ImageUseRow(image_id=image_id, user_id=user_id))
        return row

    async def release(self, user_id: str, image_id: str | None = None) -> None:
        """Note that `user_id` needs an image no longer, or none of those it needed."""
        which = [ImageUseRow.user_id == user_id]
        if image_id is not None:
            which.append(ImageUseRow.image_id == image_id)
        await self._session.execute(delete(ImageUseRow).where(*which))

    async def delete(self, image_id: str, expected: int | None = None) -> OperationRow:
        """Begin to remove an image that nobody uses.

        Raises:
            NotFound: there is none with this id.
            ImageNotReady: it is being filled or deleted.
            InUse: virtual machines started from it.
        """
        row = await self._session.get(ImageRow, image_id, with_for_update=True)
        if row is None:
            raise NotFound("image", image_id)
        check_generation(expected, row.generation)
        self._expect(row, ImageState.AWAITING_CONTENT, ImageState.AVAILABLE)
        if await self._used(image_id):
            raise InUse(
                f"Virtual machines started from image {row.name!r} and read from it.",
                remedy="Delete these first.",
                target=image_id,
            )
        row.state = ImageState.DELETING
        await self._session.flush()
        self._work.emit("image.deleting", reference(row))
        return self._work.start(NewOperation(DELETE_OPERATION), reference(row))

    async def _used(self, image_id: str) -> bool:
        statement = select(ImageUseRow.user_id).where(ImageUseRow.image_id == image_id).limit(1)
        return await self._session.scalar(statement) is not None

    def _expect(self, row: ImageRow, *states: ImageState) -> None:
        if row.state not in states:
            raise ImageNotReady(
                f"Image {row.name!r} is {row.state}.",
                remedy=f"This needs an image that is {' or '.join(states)}.",
                target=row.id,
            )


def smallest_disk_gib(row: ImageRow) -> int:
    """Return the smallest disk that an image fits on: what its owner says, and at least what it is itself."""
    return max(row.minimum_disk_gib, -(-(row.virtual_size_bytes or 0) // BYTES_PER_GIB))


def reference(row: ImageRow) -> ResourceRef:
    """Name an image in events; the members of the subscription that owns it see them."""
    return ResourceRef("image", row.id, row.name, row.owner_subscription_id)
