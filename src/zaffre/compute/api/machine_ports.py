"""Routes of virtual machines' network ports."""

from fastapi import APIRouter, Response

from zaffre.compute.api.machine_models import NewPortBody, VirtualMachineView
from zaffre.compute.machine_ports import MachinePorts
from zaffre.foundation.http.etags import IfMatch
from zaffre.foundation.http.routing import TransactionalRoute, Work, accept
from zaffre.foundation.http.wire import PathId
from zaffre.identity import Permission, requires
from zaffre.management import CurrentSubscription

tenant = APIRouter(tags=["virtual machines"], route_class=TransactionalRoute)

_PORTS = "/subscriptions/{subscription_id}/virtual-machines/{machine_id}/ports"


@tenant.post(_PORTS, status_code=202, dependencies=[requires(Permission.MACHINE_WRITE)])
async def add_port(
    machine_id: PathId,
    subscription: CurrentSubscription,
    body: NewPortBody,
    work: Work,
    if_match: IfMatch,
    response: Response,
) -> VirtualMachineView:
    """Attach a virtual machine to one more subnet, at once if it runs."""
    row, operation = await MachinePorts(work, subscription.id).add(machine_id, body.to_request(), if_match)
    accept(response, operation.id)
    return await VirtualMachineView.one(work, row)


@tenant.delete(_PORTS + "/{port_id}", status_code=202, dependencies=[requires(Permission.MACHINE_WRITE)])
async def remove_port(
    machine_id: PathId,
    port_id: PathId,
    subscription: CurrentSubscription,
    work: Work,
    if_match: IfMatch,
    response: Response,
) -> VirtualMachineView:
    """Detach a virtual machine from a subnet, at once if it runs; its address is free again."""
    row, operation = await MachinePorts(work, subscription.id).remove(machine_id, port_id, if_match)
    accept(response, operation.id)
    return await VirtualMachineView.one(work, row)
