"""Routes of checkpoints."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import StringConstraints

from zaffre.compute.api.virtual_machines import CurrentMachine
from zaffre.compute.checkpoint_tree import CheckpointChange, Checkpoints, CheckpointState
from zaffre.compute.tables import CheckpointRow, VirtualMachineRow
from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work, accept
from zaffre.foundation.http.wire import Body, Name, PathId, ResourceView
from zaffre.identity import Permission, requires

tenant = APIRouter(
    prefix="/subscriptions/{subscription_id}/virtual-machines/{machine_id}/checkpoints",
    tags=["checkpoints"],
    route_class=TransactionalRoute,
)

Description = Annotated[str, StringConstraints(max_length=1000)]


class NewCheckpointBody(Body):
    """A checkpoint to take."""

    name: Name
    description: Description = ""


class ChangeCheckpointBody(Body):
    """What to write on a checkpoint anew. What is left out stays."""

    name: Name | None = None
    description: Description | None = None


class CheckpointView(ResourceView):
    """A state of a virtual machine that it can be brought back to."""

    virtual_machine_id: str
    name: str
    description: str
    parent_id: str | None
    """The checkpoint that the machine descended from when this one was taken."""
    current: bool
    """Whether the machine's present state descends directly from it."""
    with_memory: bool
    """Whether it has the memory of a machine that was on, so that the machine goes on from there."""
    state: CheckpointState
    operation_id: str | None
    """The operation that works on it now."""
    size_bytes: int | None
    """What its memory takes up on the host, known when it is taken. What the disks keep for it grows as they change."""

    @classmethod
    def of(cls, row: CheckpointRow, machine: VirtualMachineRow) -> "CheckpointView":
        """Shape a row."""
        plain: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
        return cls(**plain, current=machine.checkpoint_id == row.id)


_PLAIN = (
    *("id", "generation", "created_at", "virtual_machine_id", "name", "description", "parent_id", "with_memory"),
    *("state", "operation_id", "size_bytes"),
)


def _checkpoints(machine: CurrentMachine, work: Work) -> Checkpoints:
    return Checkpoints(work, machine)


CurrentCheckpoints = Annotated[Checkpoints, Depends(_checkpoints)]


@tenant.post("", status_code=202, dependencies=[requires(Permission.MACHINE_WRITE)])
async def create_checkpoint(
    machine: CurrentMachine, checkpoints: CurrentCheckpoints, body: NewCheckpointBody, response: Response
) -> CheckpointView:
    """Take a checkpoint: of the disks, and of a machine that is on also of its memory.

    A running machine stands still while its memory is written.
    """
    row, operation = await checkpoints.create(body.name, body.description)
    accept(response, operation.id)
    return CheckpointView.of(row, machine)


@tenant.get("", dependencies=[requires(Permission.MACHINE_READ)])
async def list_checkpoints(
    request: Request, machine: CurrentMachine, checkpoints: CurrentCheckpoints, query: Listed
) -> Page[CheckpointView]:
    """List a virtual machine's checkpoints. Their `parent_id` makes them a tree."""
    found = await checkpoints.page(query)
    return found.page(request, [CheckpointView.of(row, machine) for row in found.rows])


@tenant.get("/{checkpoint_id}", dependencies=[requires(Permission.MACHINE_READ)])
async def get_checkpoint(
    machine: CurrentMachine, checkpoints: CurrentCheckpoints, checkpoint_id: PathId, response: Response
) -> CheckpointView:
    """Show a checkpoint."""
    row = await checkpoints.get(checkpoint_id)
    set_etag(response, row.generation)
    return CheckpointView.of(row, machine)


@tenant.patch("/{checkpoint_id}", dependencies=[requires(Permission.MACHINE_WRITE)])
async def change_checkpoint(
    machine: CurrentMachine,
    checkpoints: CurrentCheckpoints,
    checkpoint_id: PathId,
    body: ChangeCheckpointBody,
    if_match: IfMatch,
    response: Response,
) -> CheckpointView:
    """Rename a checkpoint, or describe it anew."""
    row = await checkpoints.change(checkpoint_id, CheckpointChange(body.name, body.description), if_match)
    set_etag(response, row.generation)
    return CheckpointView.of(row, machine)


@tenant.delete("/{checkpoint_id}", status_code=202, dependencies=[requires(Permission.MACHINE_WRITE)])
async def delete_checkpoint(
    machine: CurrentMachine,
    checkpoints: CurrentCheckpoints,
    checkpoint_id: PathId,
    if_match: IfMatch,
    response: Response,
) -> CheckpointView:
    """Delete a checkpoint. What descends from it stays; the machine goes on as it is."""
    row, operation = await checkpoints.delete(checkpoint_id, if_match)
    accept(response, operation.id)
    return CheckpointView.of(row, machine)


@tenant.post("/{checkpoint_id}/restore", status_code=202, dependencies=[requires(Permission.MACHINE_WRITE)])
async def restore_checkpoint(
    machine: CurrentMachine,
    checkpoints: CurrentCheckpoints,
    checkpoint_id: PathId,
    if_match: IfMatch,
    response: Response,
) -> CheckpointView:
    """Bring a virtual machine back to a checkpoint. What it has written since is lost, unless a checkpoint keeps it."""
    row, operation = await checkpoints.restore(checkpoint_id, if_match)
    accept(response, operation.id)
    return CheckpointView.of(row, machine)
