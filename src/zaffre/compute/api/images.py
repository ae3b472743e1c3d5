"""Routes of the images that a subscription sees, and of those it owns."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, model_validator

from zaffre.fabric.api import ContentSize, ImageView, Sha256, UserName
from zaffre.fabric.image_kinds import FORMAT_OF, ImageFormat, ImageKind
from zaffre.fabric.images import NewImage
from zaffre.fabric.own_images import OwnImages
from zaffre.fabric.services import Fabric
from zaffre.fabric.tables import ImageRow
from zaffre.fabric.upload_api import (
    RESUMABLE_BODY,
    Protocol,
    UploadLength,
    UploadOffset,
    take_piece,
    upload_status,
)
from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import READING, PlainRoute, TransactionalRoute, Work, accept
from zaffre.foundation.http.wire import Body, Name, PathId, Text
from zaffre.foundation.tags import NewTags, TagChanges
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management import CurrentSubscription, Subscriptions
from zaffre.management.subscriptions import refuse_suspended

_IMAGES = "/subscriptions/{subscription_id}/images"

tenant = APIRouter(tags=["images"], route_class=TransactionalRoute)
uploads = APIRouter(tags=["images"], route_class=PlainRoute)


class NewOwnImageBody(Body):
    """An image of one's own; its content follows as a resumable upload."""

    name: Name
    kind: ImageKind = ImageKind.DISK
    format: ImageFormat | None = None
    """Follows from the kind: qcow2 for a disk, iso for an ISO."""
    size_bytes: ContentSize
    """Of the content to come; counts in the quota from now on, in whole GiB."""
    sha256: Sha256 | None = None
    """Of the content to come; other content is refused."""
    description: Text = ""
    default_user: UserName = "root"
    """Whom the image lets in with an SSH key."""
    minimum_memory_mib: Annotated[int, Field(ge=16, le=2**24)] = 128
    minimum_disk_gib: Annotated[int, Field(ge=1, le=65_536)] = 1
    tags: NewTags = Field(default_factory=dict[str, str])

    @model_validator(mode="after")
    def _format_of_kind(self) -> "NewOwnImageBody":
        if self.format not in (None, FORMAT_OF[self.kind]):
            raise ValueError(f"an image of kind {self.kind} has the format {FORMAT_OF[self.kind]}")
        return self

    def to_image(self) -> NewImage:
        """Return the value for the rules."""
        return NewImage(**self.model_dump(exclude={"format"}))


class OwnImageChangeBody(Body):
    """What to call an image of one's own from now on. What is left out stays as it is."""

    name: Name | None = None
    tags: TagChanges = Field(default_factory=dict[str, str | None])
    """Merged into the tags it has; null removes one."""


@tenant.get(_IMAGES, dependencies=[requires(Permission.MACHINE_READ)])
async def list_available_images(
    request: Request, subscription: CurrentSubscription, query: Listed, work: Work
) -> Page[ImageView]:
    """List the images that virtual machines can be made from, and the subscription's own in any state."""
    found = await OwnImages(work, subscription.id).page(query)
    return found.page(request, [ImageView.of(row) for row in found.rows])


@tenant.post(_IMAGES, status_code=201, dependencies=[requires(Permission.IMAGE_WRITE)])
async def create_own_image(
    subscription: CurrentSubscription, body: NewOwnImageBody, work: Work, fabric: Fabric, response: Response
) -> ImageView:
    """Add an image of one's own. Its content follows as a resumable upload; without it, the image goes after a day."""
    row = await OwnImages(work, subscription.id).create(body.to_image(), fabric.library.limit_bytes)
    set_etag(response, row.generation)
    return ImageView.of(row)


@tenant.get(_IMAGES + "/{image_id}", dependencies=[requires(Permission.MACHINE_READ)])
async def get_available_image(
    image_id: PathId, subscription: CurrentSubscription, work: Work, response: Response
) -> ImageView:
    """Show an image."""
    row = await OwnImages(work, subscription.id).get(image_id)
    set_etag(response, row.generation)
    return ImageView.of(row)


@tenant.patch(_IMAGES + "/{image_id}", dependencies=[requires(Permission.IMAGE_WRITE)])
async def change_own_image(
    image_id: PathId,
    subscription: CurrentSubscription,
    body: OwnImageChangeBody,
    work: Work,
    if_match: IfMatch,
    response: Response,
) -> ImageView:
    """Rename an image of one's own, or change its tags."""
    row = await OwnImages(work, subscription.id).label(image_id, body.name, body.tags, if_match)
    set_etag(response, row.generation)
    return ImageView.of(row)


@tenant.delete(_IMAGES + "/{image_id}", status_code=202, dependencies=[requires(Permission.IMAGE_WRITE)])
async def delete_own_image(
    image_id: PathId, subscription: CurrentSubscription, work: Work, if_match: IfMatch, response: Response
) -> ImageView:
    """Remove an image of one's own that no virtual machine uses. An upload under way ends."""
    images = OwnImages(work, subscription.id)
    operation = await images.delete(image_id, if_match)
    accept(response, operation.id)
    return ImageView.of(await images.own(image_id))


async def _own(
    fabric: Fabric, request: Request, subscription_id: str, image_id: str, caller: CurrentCaller
) -> ImageRow:
    async with fabric.units.read(request.state.actor) as work:
        subscription = await Subscriptions(work, caller).get(subscription_id, request.state.required)
        if request.method not in READING:
            refuse_suspended(subscription, caller)
        return await OwnImages(work, subscription.id).own(image_id)


@uploads.head(
    _IMAGES + "/{image_id}/content", dependencies=[requires(Permission.IMAGE_WRITE), Protocol], response_class=Response
)
async def get_own_upload(
    subscription_id: PathId, image_id: PathId, request: Request, fabric: Fabric, caller: CurrentCaller
) -> Response:
    """Say how much of an image's content has arrived: `Upload-Offset` of `Upload-Length`."""
    return await upload_status(fabric, await _own(fabric, request, subscription_id, image_id, caller))


@uploads.patch(
    _IMAGES + "/{image_id}/content",
    status_code=204,
    dependencies=[requires(Permission.IMAGE_WRITE), Protocol],
    openapi_extra=RESUMABLE_BODY,
    response_class=Response,
)
async def upload_own_piece(
    subscription_id: PathId,
    image_id: PathId,
    request: Request,
    fabric: Fabric,
    caller: CurrentCaller,
    upload_offset: UploadOffset,
    upload_length: UploadLength = None,
) -> Response:
    """Send a piece of an image's content, beginning at `Upload-Offset`. With the last piece the content is checked."""
    row = await _own(fabric, request, subscription_id, image_id, caller)
    return await take_piece(fabric, row, request, upload_offset, upload_length)
