"""Routes of the fabric: stamps, hosts, clouds, images."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints

from zaffre.fabric.clouds import Clouds, NewCloud
from zaffre.fabric.drivers.hypervisor import Accelerator
from zaffre.fabric.hosts import Hosts, HostState, NewHost
from zaffre.fabric.image_kinds import ImageFormat, ImageKind
from zaffre.fabric.images import ImageNotReady, Images, ImageState, NewImage, smallest_disk_gib
from zaffre.fabric.services import Fabric
from zaffre.fabric.stamps import NewStamp, Stamps
from zaffre.fabric.tables import CloudRow, HostRow, ImageRow, StampRow
from zaffre.fabric.upload_api import (
    RESUMABLE_BODY,
    Protocol,
    UploadLength,
    UploadOffset,
    take_piece,
    upload_status,
)
from zaffre.foundation.errors import DomainError
from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import PlainRoute, TransactionalRoute, Work, accept
from zaffre.foundation.http.wire import Body, Id, Name, PathId, ResourceView, Text, View
from zaffre.identity import Permission, requires

administration = APIRouter(tags=["fabric"], route_class=TransactionalRoute)
uploads = APIRouter(tags=["fabric"], route_class=PlainRoute)

HostName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$")]
DriverName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_-]{0,31}$")]
Uri = Annotated[str, StringConstraints(pattern=r"^[a-z+]{3,20}://[\x21-\x7e]{0,400}$")]
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/[\x20-\x7e]{0,400}$")]
Address = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F.:]{2,45}$")]
ContentSize = Annotated[int, Field(ge=1, le=2**50)]
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
UserName = Annotated[str, StringConstraints(pattern="^[a-z_][a-z0-9_-]{0,31}$")]
BridgeName = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_.-]{1,15}$")]


class NewStampBody(Body):
    """A stamp to add."""

    name: Name
    vcpu_ratio: Annotated[float, Field(gt=0, le=64)] = 4.0
    """Virtual processors handed out per processor."""
    storage_ratio: Annotated[float, Field(gt=0, le=64)] = 2.0
    """Disk handed out per disk there is; disks are thin."""
    memory_reserve_mib: Annotated[int, Field(ge=0, le=2**24)] = 1024
    """Memory of each host that guests do not get."""


class StampView(ResourceView):
    """A stamp."""

    name: str
    vcpu_ratio: float
    storage_ratio: float
    memory_reserve_mib: int

    @classmethod
    def of(cls, row: StampRow) -> "StampView":
        """Shape a row."""
        return cls.model_validate(row)


class NewHostBody(Body):
    """A host to add."""

    stamp_id: Id
    name: HostName
    driver: DriverName = "libvirt"
    uri: Uri
    """libvirt connection URI, for example `qemu+tls://host.example/system`."""
    pool_path: AbsolutePath = "/var/lib/libvirt/zaffre"
    """Directory on the host for disks; created when absent."""
    integration_bridge: BridgeName = "br-int"
    provider_address: Address | None = None
    """The host's tunnel address (PA), for people."""
    migration_uri: Uri | None = None
    """How the stamp's other hosts reach its hypervisor to hand running machines over; left out, `uri` if it names a
    host. Without one, running machines cannot be moved to it."""

    def to_host(self) -> NewHost:
        """Return the value for the rules."""
        return NewHost(**self.model_dump())


class HostChangeBody(Body):
    """What may change of a host."""

    enabled: bool
    """Whether guests are placed on it."""


class HostView(ResourceView):
    """A host: what is wanted of it, what it is, and what is reserved on it."""

    stamp_id: str
    name: str
    driver: str
    uri: str
    pool_path: str
    integration_bridge: str
    provider_address: str | None
    migration_uri: str | None
    state: HostState
    connected: bool
    problem: str | None
    observed_at: datetime | None
    accelerator: Accelerator | None
    engine_version: str | None
    hostname: str | None
    vcpus: int
    memory_mib: int
    storage_gib: int
    storage_free_gib: int
    vcpus_capacity: int
    memory_capacity_mib: int
    storage_capacity_gib: int
    vcpus_reserved: int
    memory_reserved_mib: int
    storage_reserved_gib: int

    @classmethod
    def of(cls, row: HostRow) -> "HostView":
        """Shape a row."""
        return cls.model_validate(row)


class HostStorageView(View):
    """A host's storage pool."""

    host_id: str
    host_name: str
    stamp_id: str
    path: str
    total_gib: int
    free_gib: int
    used_gib: int
    capacity_gib: int
    """What may be promised: more than there is, because disks are thin."""
    reserved_gib: int
    """What is promised."""
    connected: bool
    observed_at: datetime | None

    @classmethod
    def of(cls, row: HostRow) -> "HostStorageView":
        """Shape a host's row."""
        return cls(
            host_id=row.id,
            host_name=row.name,
            stamp_id=row.stamp_id,
            path=row.pool_path,
            total_gib=row.storage_gib,
            free_gib=row.storage_free_gib,
            used_gib=row.storage_gib - row.storage_free_gib,
            capacity_gib=row.storage_capacity_gib,
            reserved_gib=row.storage_reserved_gib,
            connected=row.connected,
            observed_at=row.observed_at,
        )


class NewCloudBody(Body):
    """A cloud to add."""

    stamp_id: Id
    name: Name
    description: Text = ""


class CloudView(ResourceView):
    """A cloud."""

    stamp_id: str
    name: str
    description: str

    @classmethod
    def of(cls, row: CloudRow) -> "CloudView":
        """Shape a row."""
        return cls.model_validate(row)


class NewImageBody(Body):
    """An image to add; its content follows by upload or import."""

    name: Name
    kind: ImageKind = ImageKind.DISK
    description: Text = ""
    default_user: UserName = "root"
    """Whom the image lets in with an SSH key."""
    minimum_memory_mib: Annotated[int, Field(ge=16, le=2**24)] = 128
    minimum_disk_gib: Annotated[int, Field(ge=1, le=65_536)] = 1
    size_bytes: ContentSize | None = None
    """Of the content to come; a resumable upload that does not know it says so with `Upload-Length`."""
    sha256: Sha256 | None = None
    """Of the content to come; other content is refused."""


class ImportBody(Body):
    """Where on the server to find an image's content."""

    path: AbsolutePath


class ImageView(ResourceView):
    """An image."""

    name: str
    owner_subscription_id: str | None
    """The subscription that it belongs to and that alone sees it; null: the site's, for everybody."""
    kind: ImageKind
    description: str
    default_user: str
    minimum_memory_mib: int
    minimum_disk_gib: int
    state: ImageState
    format: ImageFormat
    sha256: str | None
    size_bytes: int | None
    virtual_size_bytes: int | None
    announced_size_bytes: int | None
    """How much content is to come, or was."""
    tags: dict[str, str]

    @classmethod
    def of(cls, row: ImageRow) -> "ImageView":
        """Shape a row."""
        return cls.model_validate(row).model_copy(update={"minimum_disk_gib": smallest_disk_gib(row)})


@administration.get("/stamps", dependencies=[requires(Permission.FABRIC_READ)])
async def list_stamps(request: Request, query: Listed, work: Work) -> Page[StampView]:
    """List all stamps."""
    found = await Stamps(work).page(query)
    return found.page(request, [StampView.of(row) for row in found.rows])


@administration.post("/stamps", status_code=201, dependencies=[requires(Permission.FABRIC_WRITE)])
async def create_stamp(body: NewStampBody, work: Work, response: Response) -> StampView:
    """Add a stamp."""
    row = await Stamps(work).create(NewStamp(**body.model_dump()))
    set_etag(response, row.generation)
    return StampView.of(row)


@administration.get("/stamps/{stamp_id}", dependencies=[requires(Permission.FABRIC_READ)])
async def get_stamp(stamp_id: PathId, work: Work, response: Response) -> StampView:
    """Show a stamp."""
    row = await Stamps(work).get(stamp_id)
    set_etag(response, row.generation)
    return StampView.of(row)


@administration.delete("/stamps/{stamp_id}", status_code=204, dependencies=[requires(Permission.FABRIC_WRITE)])
async def delete_stamp(stamp_id: PathId, work: Work, if_match: IfMatch) -> None:
    """Remove an empty stamp."""
    await Stamps(work).delete(stamp_id, if_match)


@administration.get("/hosts", dependencies=[requires(Permission.FABRIC_READ)])
async def list_hosts(request: Request, query: Listed, work: Work) -> Page[HostView]:
    """List all hosts."""
    found = await Hosts(work).page(query)
    return found.page(request, [HostView.of(row) for row in found.rows])


@administration.post("/hosts", status_code=202, dependencies=[requires(Permission.FABRIC_WRITE)])
async def add_host(body: NewHostBody, work: Work, fabric: Fabric, response: Response) -> HostView:
    """Add a host: connect to it, find out what it is, and let guests be placed on it."""
    fabric.hypervisors.driver(body.driver)
    row, operation = await Hosts(work).add(body.to_host())
    accept(response, operation.id)
    return HostView.of(row)


@administration.get("/hosts/{host_id}", dependencies=[requires(Permission.FABRIC_READ)])
async def get_host(host_id: PathId, work: Work, response: Response) -> HostView:
    """Show a host."""
    row = await Hosts(work).get(host_id)
    set_etag(response, row.generation)
    return HostView.of(row)


@administration.patch("/hosts/{host_id}", dependencies=[requires(Permission.FABRIC_WRITE)])
async def change_host(
    host_id: PathId, body: HostChangeBody, work: Work, if_match: IfMatch, response: Response
) -> HostView:
    """Enable or disable a host. On a disabled host guests run on and no new ones are placed."""
    row = await Hosts(work).enable(host_id, enabled=body.enabled, expected=if_match)
    set_etag(response, row.generation)
    return HostView.of(row)


@administration.delete("/hosts/{host_id}", status_code=202, dependencies=[requires(Permission.FABRIC_WRITE)])
async def remove_host(host_id: PathId, work: Work, if_match: IfMatch, response: Response) -> HostView:
    """Remove a host without guests."""
    hosts = Hosts(work)
    operation = await hosts.remove(host_id, if_match)
    accept(response, operation.id)
    return HostView.of(await hosts.get(host_id))


@administration.get("/storage", dependencies=[requires(Permission.FABRIC_READ)])
async def list_storage(request: Request, query: Listed, work: Work) -> Page[HostStorageView]:
    """List each host's storage pool: how large it is, how full, and how much of it is promised."""
    found = await Hosts(work).page(query)
    return found.page(request, [HostStorageView.of(row) for row in found.rows])


@administration.get("/clouds", dependencies=[requires(Permission.FABRIC_READ)])
async def list_clouds(request: Request, query: Listed, work: Work) -> Page[CloudView]:
    """List all clouds."""
    found = await Clouds(work).page(query)
    return found.page(request, [CloudView.of(row) for row in found.rows])


@administration.post("/clouds", status_code=201, dependencies=[requires(Permission.FABRIC_WRITE)])
async def create_cloud(body: NewCloudBody, work: Work, response: Response) -> CloudView:
    """Add a cloud over a stamp."""
    row = await Clouds(work).create(NewCloud(**body.model_dump()))
    set_etag(response, row.generation)
    return CloudView.of(row)


@administration.get("/clouds/{cloud_id}", dependencies=[requires(Permission.FABRIC_READ)])
async def get_cloud(cloud_id: PathId, work: Work, response: Response) -> CloudView:
    """Show a cloud."""
    row = await Clouds(work).get(cloud_id)
    set_etag(response, row.generation)
    return CloudView.of(row)


@administration.delete("/clouds/{cloud_id}", status_code=204, dependencies=[requires(Permission.FABRIC_WRITE)])
async def delete_cloud(cloud_id: PathId, work: Work, if_match: IfMatch) -> None:
    """Remove a cloud. Virtual machines made through it run on."""
    await Clouds(work).delete(cloud_id, if_match)


@administration.get("/images", dependencies=[requires(Permission.FABRIC_READ)])
async def list_images(request: Request, query: Listed, work: Work) -> Page[ImageView]:
    """List all images."""
    found = await Images(work).page(query)
    return found.page(request, [ImageView.of(row) for row in found.rows])


@administration.post("/images", status_code=201, dependencies=[requires(Permission.LIBRARY_WRITE)])
async def create_image(body: NewImageBody, work: Work, response: Response) -> ImageView:
    """Add an image. Then upload its content, or import it from a file of the server."""
    row = await Images(work).create(NewImage(**body.model_dump()))
    set_etag(response, row.generation)
    return ImageView.of(row)


@administration.get("/images/{image_id}", dependencies=[requires(Permission.FABRIC_READ)])
async def get_image(image_id: PathId, work: Work, response: Response) -> ImageView:
    """Show an image."""
    row = await Images(work).get(image_id)
    set_etag(response, row.generation)
    return ImageView.of(row)


@administration.post("/images/{image_id}/import", status_code=202, dependencies=[requires(Permission.LIBRARY_WRITE)])
async def import_image(image_id: PathId, body: ImportBody, work: Work, fabric: Fabric, response: Response) -> ImageView:
    """Fill an empty image from a file of the server."""
    path = fabric.library.importable(body.path)
    row, operation = await Images(work).import_from(image_id, str(path))
    accept(response, operation.id)
    return ImageView.of(row)


@uploads.put(
    "/images/{image_id}/content",
    dependencies=[requires(Permission.LIBRARY_WRITE)],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def upload_image(image_id: PathId, request: Request, fabric: Fabric) -> ImageView:
    """Fill an empty image with the request's body: a qcow2 file without backing file, or an ISO, as is its kind.

    The body is written to disk as it arrives. Nothing is kept of an upload that breaks off or is refused.
    """
    async with fabric.units.read(request.state.actor) as work:
        row = await Images(work).get(image_id)
        if row.state != ImageState.AWAITING_CONTENT:
            raise ImageNotReady(
                f"Image {row.name!r} is {row.state}.", remedy="Content goes into an empty image.", target=image_id
            )
    stored = await fabric.library.store(image_id, request.stream(), ImageKind(row.kind))
    try:
        async with fabric.units.write(request.state.actor) as work:
            return ImageView.of(await Images(work).fill(image_id, stored))
    except DomainError:
        await fabric.library.remove(image_id, stored.sha256)
        raise


@uploads.head(
    "/images/{image_id}/content", dependencies=[requires(Permission.LIBRARY_WRITE), Protocol], response_class=Response
)
async def get_upload(image_id: PathId, request: Request, fabric: Fabric) -> Response:
    """Say how much of an image's content has arrived: `Upload-Offset` of `Upload-Length`."""
    async with fabric.units.read(request.state.actor) as work:
        row = await Images(work).get(image_id)
    return await upload_status(fabric, row)


@uploads.patch(
    "/images/{image_id}/content",
    status_code=204,
    dependencies=[requires(Permission.LIBRARY_WRITE), Protocol],
    openapi_extra=RESUMABLE_BODY,
    response_class=Response,
)
async def upload_piece(
    image_id: PathId,
    request: Request,
    fabric: Fabric,
    upload_offset: UploadOffset,
    upload_length: UploadLength = None,
) -> Response:
    """Send a piece of an image's content, beginning at `Upload-Offset`. With the last piece the content is checked."""
    async with fabric.units.read(request.state.actor) as work:
        row = await Images(work).get(image_id)
    return await take_piece(fabric, row, request, upload_offset, upload_length)


@administration.delete("/images/{image_id}", status_code=202, dependencies=[requires(Permission.LIBRARY_WRITE)])
async def delete_image(image_id: PathId, work: Work, if_match: IfMatch, response: Response) -> ImageView:
    """Remove an image that no virtual machine started from."""
    images = Images(work)
    operation = await images.delete(image_id, if_match)
    accept(response, operation.id)
    return ImageView.of(await images.get(image_id))
