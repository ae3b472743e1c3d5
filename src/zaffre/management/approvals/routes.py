"""Routes whose changes programs may have to approve."""

from dataclasses import replace

from fastapi import Request, Response

from zaffre.foundation.errors import DomainError
from zaffre.foundation.http.routing import Endpoint, TransactionalRoute
from zaffre.foundation.work import UnitsOfWork
from zaffre.identity import Caller
from zaffre.management.approvals.desk import Approval, ApprovalDesk
from zaffre.management.approvals.rules import ApprovalNeeded


class ApprovableRoute(TransactionalRoute):
    """A route that, when its change needs programs' approvals, asks them between two transactions.

    The first finds out and is taken back; the second makes the change, and closes the change request that was made
    meanwhile. Where people have to approve as well, nothing is asked: the caller is told to ask for it.
    """

    async def _write(self, units: UnitsOfWork, request: Request, endpoint: Endpoint, body: bytes) -> Response:
        try:
            return await super()._write(units, request, endpoint, body)
        except ApprovalNeeded as needed:
            if needed.needed.needs_person:
                raise
            desk: ApprovalDesk = request.app.state.approval_desk
            caller: Caller = request.state.caller
            approval = await desk.approval(needed.needed, request.state.actor, caller)
        request.state.caller = replace(caller, approval_id=approval.request_id)
        try:
            return await super()._write(units, request, _with(approval, endpoint), body)
        except DomainError as refusal:
            if not refusal.transient:
                await desk.close(approval.request_id, refusal)
            raise


def _with(approval: Approval, endpoint: Endpoint) -> Endpoint:
    async def make(request: Request) -> Response:
        return await approval.make(request.state.work, lambda: endpoint(request))

    return make
