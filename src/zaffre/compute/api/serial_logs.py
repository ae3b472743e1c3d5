"""Routes of serial logs. They read from hosts, so they hold no transaction meanwhile."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from zaffre.compute.serial_log import TAIL_BYTES, read_serial_log
from zaffre.compute.services import Compute
from zaffre.compute.virtual_machines import VirtualMachines
from zaffre.foundation.http.routing import PlainRoute
from zaffre.foundation.http.wire import PathId, View
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management import Subscriptions

tenant = APIRouter(tags=["virtual machines"], route_class=PlainRoute)


class SerialLogView(View):
    """A piece of what the guest wrote to its serial port."""

    text: str
    offset: int
    next_offset: int
    """Send it as `offset` to read on."""
    size: int


@tenant.get(
    "/subscriptions/{subscription_id}/virtual-machines/{machine_id}/serial-log",
    dependencies=[requires(Permission.MACHINE_READ)],
)
async def get_serial_log(
    request: Request,
    subscription_id: PathId,
    machine_id: PathId,
    caller: CurrentCaller,
    compute: Compute,
    offset: Annotated[int | None, Query(ge=0, le=2**53, description="First byte; left out: the log's end")] = None,
    limit: Annotated[int, Query(ge=1, le=2**20, description="Most bytes")] = TAIL_BYTES,
) -> SerialLogView:
    """Read what the guest wrote to its serial port."""
    async with compute.units.read(request.state.actor) as work:
        subscription = await Subscriptions(work, caller).get(subscription_id, Permission.MACHINE_READ)
        machine = await VirtualMachines(work, subscription.id).get(machine_id)
    if machine.host_id is None:
        return SerialLogView(text="", offset=0, next_offset=0, size=0)
    hypervisor = await compute.hypervisors.get(machine.host_id)
    return SerialLogView.model_validate(await read_serial_log(hypervisor, machine.id, offset, limit))
