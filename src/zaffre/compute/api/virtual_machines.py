"""Routes of virtual machines."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import SecretStr

from zaffre.compute.api.machine_models import (
    AdminVirtualMachineView,
    MachineChangeBody,
    NewVirtualMachineBody,
    ResizeBody,
    ShutdownBody,
    VirtualMachineView,
)
from zaffre.compute.api.services import offered_cloud
from zaffre.compute.labelling import Labelling
from zaffre.compute.resizing import begin_resize
from zaffre.compute.ssh_keys import SshKeys
from zaffre.compute.tables import VirtualMachineRow
from zaffre.compute.virtual_machines import ADMIN_LISTING, NewVirtualMachine, Power, VirtualMachines
from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work, accept
from zaffre.foundation.http.wire import PathId
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management import CurrentSubscription

_MACHINES = "/subscriptions/{subscription_id}/virtual-machines"

tenant = APIRouter(tags=["virtual machines"], route_class=TransactionalRoute)
administration = APIRouter(tags=["virtual machines"], route_class=TransactionalRoute)


async def _machine(machine_id: PathId, subscription: CurrentSubscription, work: Work) -> VirtualMachineRow:
    return await VirtualMachines(work, subscription.id).get(machine_id)


CurrentMachine = Annotated[VirtualMachineRow, Depends(_machine)]


@tenant.post(_MACHINES, status_code=202, dependencies=[requires(Permission.MACHINE_WRITE)])
async def create_virtual_machine(
    subscription: CurrentSubscription,
    body: NewVirtualMachineBody,
    work: Work,
    caller: CurrentCaller,
    response: Response,
) -> VirtualMachineView:
    """Make a virtual machine and start it."""
    cloud = await offered_cloud(work, caller, subscription.id)
    draft = NewVirtualMachine(
        subscription_id=subscription.id,
        stamp_id=cloud.stamp_id,
        name=body.name,
        size=body.size,
        image_id=body.image_id,
        disk_gib=body.disk_gib,
        ports=[port.to_request() for port in body.ports],
        ssh_public_keys=await SshKeys(work, subscription.id).public_keys(body.ssh_key_ids),
        user_data=SecretStr(body.user_data) if body.user_data is not None else None,
        availability_set_id=body.availability_set_id,
        tags=body.tags,
    )
    row, operation = await VirtualMachines(work, subscription.id).create(draft)
    accept(response, operation.id)
    return await VirtualMachineView.one(work, row)


@tenant.get(_MACHINES, dependencies=[requires(Permission.MACHINE_READ)])
async def list_virtual_machines(
    request: Request, subscription: CurrentSubscription, query: Listed, work: Work
) -> Page[VirtualMachineView]:
    """List the subscription's virtual machines."""
    found = await VirtualMachines(work, subscription.id).page(query)
    return found.page(request, await VirtualMachineView.read(work, found.rows))


@tenant.get(_MACHINES + "/{machine_id}", dependencies=[requires(Permission.MACHINE_READ)])
async def get_virtual_machine(machine: CurrentMachine, work: Work, response: Response) -> VirtualMachineView:
    """Show a virtual machine."""
    set_etag(response, machine.generation)
    return await VirtualMachineView.one(work, machine)


@tenant.patch(_MACHINES + "/{machine_id}", dependencies=[requires(Permission.MACHINE_WRITE)])
async def change_virtual_machine(
    machine_id: PathId,
    subscription: CurrentSubscription,
    body: MachineChangeBody,
    work: Work,
    if_match: IfMatch,
    response: Response,
) -> VirtualMachineView:
    """Rename a virtual machine, or change its tags."""
    row = await Labelling(work, subscription.id).change(machine_id, body.name, body.tags, if_match)
    set_etag(response, row.generation)
    return await VirtualMachineView.one(work, row)


@tenant.delete(_MACHINES + "/{machine_id}", status_code=202, dependencies=[requires(Permission.MACHINE_WRITE)])
async def delete_virtual_machine(
    machine_id: PathId,
    subscription: CurrentSubscription,
    work: Work,
    if_match: IfMatch,
    response: Response,
    *,
    delete_disks: Annotated[
        bool, Query(description="Whether its data disks go with it; else they are detached and stay")
    ] = False,
) -> VirtualMachineView:
    """Delete a virtual machine with its root disk.

    Each of the answer's disks is `deleting`, or `detaching` when it stays.
    """
    row, operation = await VirtualMachines(work, subscription.id).delete(
        machine_id, if_match, delete_disks=delete_disks
    )
    accept(response, operation.id)
    return await VirtualMachineView.one(work, row)


async def _change_power(
    power: Power, machine_id: str, subscription_id: str, work: UnitOfWork, if_match: int | None, response: Response
) -> VirtualMachineView:
    row, operation = await VirtualMachines(work, subscription_id).power(machine_id, power, if_match)
    accept(response, operation.id)
    return await VirtualMachineView.one(work, row)


_OPERATE = [requires(Permission.MACHINE_OPERATE)]


@tenant.post(_MACHINES + "/{machine_id}/start", status_code=202, dependencies=_OPERATE)
async def start_virtual_machine(
    machine_id: PathId, subscription: CurrentSubscription, work: Work, if_match: IfMatch, response: Response
) -> VirtualMachineView:
    """Start a stopped virtual machine."""
    return await _change_power(Power.START, machine_id, subscription.id, work, if_match, response)


@tenant.post(_MACHINES + "/{machine_id}/shutdown", status_code=202, dependencies=_OPERATE)
async def shut_down_virtual_machine(
    machine_id: PathId,
    subscription: CurrentSubscription,
    work: Work,
    if_match: IfMatch,
    response: Response,
    body: ShutdownBody | None = None,
) -> VirtualMachineView:
    """Ask the guest to shut down; cut its power if it has not done so in time."""
    wish = body or ShutdownBody()
    row, operation = await VirtualMachines(work, subscription.id).power(
        machine_id, Power.SHUTDOWN, if_match, timeout_s=wish.timeout_s, force=wish.force
    )
    accept(response, operation.id)
    return await VirtualMachineView.one(work, row)


@tenant.post(_MACHINES + "/{machine_id}/stop", status_code=202, dependencies=_OPERATE)
async def stop_virtual_machine(
    machine_id: PathId, subscription: CurrentSubscription, work: Work, if_match: IfMatch, response: Response
) -> VirtualMachineView:
    """Cut a virtual machine's power. What the guest has not written to disk is lost."""
    return await _change_power(Power.STOP, machine_id, subscription.id, work, if_match, response)


@tenant.post(_MACHINES + "/{machine_id}/resize", status_code=202, dependencies=[requires(Permission.MACHINE_WRITE)])
async def resize_virtual_machine(
    machine_id: PathId,
    subscription: CurrentSubscription,
    body: ResizeBody,
    work: Work,
    if_match: IfMatch,
    response: Response,
) -> VirtualMachineView:
    """Give a virtual machine another size. What a running guest cannot take at once waits for its next start."""
    row, operation = await begin_resize(work, subscription.id, machine_id, body.size, if_match)
    accept(response, operation.id)
    return await VirtualMachineView.one(work, row)


@tenant.post(_MACHINES + "/{machine_id}/reset", status_code=202, dependencies=_OPERATE)
async def reset_virtual_machine(
    machine_id: PathId, subscription: CurrentSubscription, work: Work, if_match: IfMatch, response: Response
) -> VirtualMachineView:
    """Press a virtual machine's reset button."""
    return await _change_power(Power.RESET, machine_id, subscription.id, work, if_match, response)


@tenant.post(_MACHINES + "/{machine_id}/pause", status_code=202, dependencies=_OPERATE)
async def pause_virtual_machine(
    machine_id: PathId, subscription: CurrentSubscription, work: Work, if_match: IfMatch, response: Response
) -> VirtualMachineView:
    """Stop a virtual machine's processors, keeping its memory."""
    return await _change_power(Power.PAUSE, machine_id, subscription.id, work, if_match, response)


@tenant.post(_MACHINES + "/{machine_id}/resume", status_code=202, dependencies=_OPERATE)
async def resume_virtual_machine(
    machine_id: PathId, subscription: CurrentSubscription, work: Work, if_match: IfMatch, response: Response
) -> VirtualMachineView:
    """Let a paused virtual machine go on."""
    return await _change_power(Power.RESUME, machine_id, subscription.id, work, if_match, response)


@administration.get("/virtual-machines", dependencies=[requires(Permission.FABRIC_READ)])
async def list_all_virtual_machines(request: Request, query: Listed, work: Work) -> Page[AdminVirtualMachineView]:
    """List everybody's virtual machines, with their hosts."""
    found = await ADMIN_LISTING.rows(work.session, query)
    return found.page(request, await AdminVirtualMachineView.read(work, found.rows))
