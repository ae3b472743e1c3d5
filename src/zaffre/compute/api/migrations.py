"""Routes of the operator's view of one virtual machine, and of moving it to another host."""

from fastapi import APIRouter, Response

from zaffre.compute.api.machine_models import AdminVirtualMachineView
from zaffre.compute.migrations import Candidate, Migrations
from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.routing import TransactionalRoute, Work, accept
from zaffre.foundation.http.wire import Body, Id, PathId, View
from zaffre.identity import Permission, requires

administration = APIRouter(tags=["virtual machines"], route_class=TransactionalRoute)

_MACHINE = "/virtual-machines/{machine_id}"


class MigrationBody(Body):
    """Where to move a virtual machine."""

    host_id: Id | None = None
    """Left out, the best of the hosts that are fit."""


class CandidateHostView(View):
    """A host that a virtual machine could move to."""

    id: str
    name: str
    fit: bool
    unfit_because: str | None
    """Completes the sentence "Not fit are hosts that …"."""
    memory_free_mib: int
    vcpus_free: int
    storage_free_gib: int

    @classmethod
    def of(cls, candidate: Candidate) -> "CandidateHostView":
        """Shape a candidate."""
        host = candidate.host
        return cls(
            id=host.id,
            name=host.name,
            fit=candidate.unfit_because is None,
            unfit_because=candidate.unfit_because,
            memory_free_mib=host.memory_capacity_mib - host.memory_reserved_mib,
            vcpus_free=host.vcpus_capacity - host.vcpus_reserved,
            storage_free_gib=host.storage_capacity_gib - host.storage_reserved_gib,
        )


class CandidateHostsView(View):
    """The hosts of a virtual machine's stamp: a stamp is small enough for one answer."""

    value: list[CandidateHostView]


@administration.get(_MACHINE, dependencies=[requires(Permission.FABRIC_READ)])
async def get_any_virtual_machine(machine_id: PathId, work: Work, response: Response) -> AdminVirtualMachineView:
    """Show anybody's virtual machine, with its host."""
    row = await Migrations(work).machine(machine_id)
    set_etag(response, row.generation)
    return await AdminVirtualMachineView.one(work, row)


@administration.get(_MACHINE + "/hosts", dependencies=[requires(Permission.FABRIC_READ)])
async def list_candidate_hosts(machine_id: PathId, work: Work) -> CandidateHostsView:
    """List the hosts of a virtual machine's stamp, and why those that cannot take it over cannot."""
    candidates = await Migrations(work).candidates(machine_id)
    return CandidateHostsView(value=[CandidateHostView.of(candidate) for candidate in candidates])


@administration.post(_MACHINE + "/migrate", status_code=202, dependencies=[requires(Permission.FABRIC_WRITE)])
async def migrate_virtual_machine(
    machine_id: PathId, work: Work, if_match: IfMatch, response: Response, body: MigrationBody | None = None
) -> AdminVirtualMachineView:
    """Move a virtual machine that is on to another host, while it runs."""
    host_id = body.host_id if body is not None else None
    row, operation = await Migrations(work).migrate(machine_id, host_id, if_match)
    accept(response, operation.id)
    return await AdminVirtualMachineView.one(work, row)
