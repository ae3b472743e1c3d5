"""Routes of disks, and of what is in virtual machines' drives."""

from fastapi import APIRouter, Request, Response

from zaffre.compute.api.disk_models import AttachmentBody, DiskChangeBody, DiskView, InsertionBody, NewDiskBody
from zaffre.compute.api.machine_models import VirtualMachineView
from zaffre.compute.api.services import offered_cloud
from zaffre.compute.disks import Disks, NewDisk
from zaffre.compute.media import Media
from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work, accept
from zaffre.foundation.http.wire import PathId
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management import CurrentSubscription

tenant = APIRouter(tags=["disks"], route_class=TransactionalRoute)

_DISKS = "/subscriptions/{subscription_id}/disks"
_DISK = _DISKS + "/{disk_id}"
_ISO = "/subscriptions/{subscription_id}/virtual-machines/{machine_id}/iso"
_READ = [requires(Permission.MACHINE_READ)]
_WRITE = [requires(Permission.MACHINE_WRITE)]
_OPERATE = [requires(Permission.MACHINE_OPERATE)]


@tenant.get(_DISKS, dependencies=_READ)
async def list_disks(request: Request, subscription: CurrentSubscription, query: Listed, work: Work) -> Page[DiskView]:
    """List the subscription's disks: root disks and data disks, attached or not."""
    found = await Disks(work, subscription.id).page(query)
    return found.page(request, [DiskView.of(row) for row in found.rows])


@tenant.post(_DISKS, status_code=202, dependencies=_WRITE)
async def create_disk(
    subscription: CurrentSubscription, body: NewDiskBody, work: Work, caller: CurrentCaller, response: Response
) -> DiskView:
    """Make a data disk, and attach it when a virtual machine is named."""
    cloud = await offered_cloud(work, caller, subscription.id)
    draft = NewDisk(cloud.stamp_id, body.name, body.size_gib, body.virtual_machine_id, body.tags)
    row, operation = await Disks(work, subscription.id).create(draft)
    accept(response, operation.id)
    return DiskView.of(row)


@tenant.get(_DISK, dependencies=_READ)
async def get_disk(disk_id: PathId, subscription: CurrentSubscription, work: Work, response: Response) -> DiskView:
    """Show a disk."""
    row = await Disks(work, subscription.id).get(disk_id)
    set_etag(response, row.generation)
    return DiskView.of(row)


@tenant.patch(
    _DISK,
    dependencies=_WRITE,
    responses={202: {"description": "It is being made larger; see `Operation-Location`.", "model": DiskView}},
)
async def change_disk(
    disk_id: PathId,
    subscription: CurrentSubscription,
    body: DiskChangeBody,
    work: Work,
    if_match: IfMatch,
    response: Response,
) -> DiskView:
    """Rename a disk, change its tags, or make it larger. A running guest sees the new size at once."""
    disks = Disks(work, subscription.id)
    row = await disks.label(disk_id, body.name, body.tags, if_match)
    if body.size_gib is not None and body.size_gib != row.size_gib:
        row, operation = await disks.grow(disk_id, body.size_gib)
        accept(response, operation.id)
        response.status_code = 202
    await work.session.flush()
    set_etag(response, row.generation)
    return DiskView.of(row)


@tenant.delete(_DISK, status_code=202, dependencies=_WRITE)
async def delete_disk(
    disk_id: PathId, subscription: CurrentSubscription, work: Work, if_match: IfMatch, response: Response
) -> DiskView:
    """Delete a data disk that is attached to no virtual machine, with all that is on it."""
    row, operation = await Disks(work, subscription.id).delete(disk_id, if_match)
    accept(response, operation.id)
    return DiskView.of(row)


@tenant.post(_DISK + "/attach", status_code=202, dependencies=_WRITE)
async def attach_disk(
    disk_id: PathId,
    subscription: CurrentSubscription,
    body: AttachmentBody,
    work: Work,
    if_match: IfMatch,
    response: Response,
) -> DiskView:
    """Attach a data disk to a virtual machine, running or not. If it is on another host it is copied first."""
    row, operation = await Disks(work, subscription.id).attach(disk_id, body.virtual_machine_id, if_match)
    accept(response, operation.id)
    return DiskView.of(row)


@tenant.post(_DISK + "/detach", status_code=202, dependencies=_WRITE)
async def detach_disk(
    disk_id: PathId, subscription: CurrentSubscription, work: Work, if_match: IfMatch, response: Response
) -> DiskView:
    """Detach a data disk from its virtual machine. A running guest must have unmounted it."""
    row, operation = await Disks(work, subscription.id).detach(disk_id, if_match)
    accept(response, operation.id)
    return DiskView.of(row)


@tenant.post(_ISO, status_code=202, dependencies=_OPERATE)
async def insert_iso(
    machine_id: PathId,
    subscription: CurrentSubscription,
    body: InsertionBody,
    work: Work,
    if_match: IfMatch,
    response: Response,
) -> VirtualMachineView:
    """Put an ISO into a virtual machine's drive, in place of what is in it. A running guest sees it at once."""
    row, operation = await Media(work, subscription.id).insert(machine_id, body.image_id, if_match)
    accept(response, operation.id)
    return await VirtualMachineView.one(work, row)


@tenant.delete(_ISO, status_code=202, dependencies=_OPERATE)
async def eject_iso(
    machine_id: PathId, subscription: CurrentSubscription, work: Work, if_match: IfMatch, response: Response
) -> VirtualMachineView:
    """Take the ISO out of a virtual machine's drive."""
    row, operation = await Media(work, subscription.id).eject(machine_id, if_match)
    accept(response, operation.id)
    return await VirtualMachineView.one(work, row)
