"""Routes of operations: everybody sees their own, administrators see all."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import ColumnElement, or_, select

from zaffre.foundation.errors import Forbidden, NotFound
from zaffre.foundation.http.etags import set_etag
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listed, Listing, Page
from zaffre.foundation.http.problems import Problem
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import PathId, View
from zaffre.foundation.operations.operation import Operation, OperationState
from zaffre.foundation.operations.operations import Operations, to_operation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.identity import Caller, CurrentCaller, Permission, requires
from zaffre.management import Subscriptions
from zaffre.management.subscriptions import reached_by
from zaffre.management.tables import SubscriptionRow

shared = APIRouter(prefix="/operations", tags=["operations"], route_class=TransactionalRoute)
administration = APIRouter(prefix="/operations", tags=["operations"], route_class=TransactionalRoute)

LISTING = Listing(
    OperationRow,
    {
        "id": Field(OperationRow.id, FieldType.ID),
        "kind": Field(OperationRow.kind, FieldType.TEXT, searchable=True),
        "state": Field(OperationRow.state, FieldType.TEXT),
        "resource_type": Field(OperationRow.resource_type, FieldType.TEXT),
        "resource_id": Field(OperationRow.resource_id, FieldType.ID),
        "resource_name": Field(OperationRow.resource_name, FieldType.TEXT, searchable=True, sortable=False),
        "subscription_id": Field(OperationRow.subscription_id, FieldType.ID, sortable=False),
        "created_at": Field(OperationRow.created_at, FieldType.INSTANT),
        "finished_at": Field(OperationRow.finished_at, FieldType.INSTANT, sortable=False),
    },
    key=OperationRow.id,
    order="id desc",
)


class OperationView(View):
    """A durable unit of work."""

    id: str
    kind: str
    state: OperationState
    resource_type: str
    resource_id: str
    resource_name: str | None
    subscription_id: str | None
    account_id: str | None
    progress_percent: int
    step: str | None
    sentence: str
    """What is happening, for people."""
    steps: list[dict[str, Any]]
    """What was done and undone, with times; filled in when the operation has ended."""
    problem: Problem | None
    """Why it failed or is being undone."""
    cancel_requested: bool
    attempt: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    generation: int

    @classmethod
    def of(cls, operation: Operation) -> "OperationView":
        """Shape an operation."""
        return cls.model_validate(operation)


def _visible(caller: Caller) -> list[ColumnElement[bool]]:
    if caller.may(Permission.OPERATION_READ_ALL):
        return []
    within = OperationRow.subscription_id.in_(select(SubscriptionRow.id).where(reached_by(caller)))
    if caller.scope.subscription_ids is not None:
        return [within]
    return [or_(OperationRow.account_id == caller.account_id, within)]


async def _check_visible(work: Work, caller: Caller, operation_id: str) -> None:
    statement = select(OperationRow.id).where(OperationRow.id == operation_id, *_visible(caller))
    if await work.session.scalar(statement) is None:
        raise NotFound("operation", operation_id)


@shared.get("", dependencies=[requires(Permission.OPERATION_READ)])
async def list_operations(request: Request, query: Listed, work: Work, caller: CurrentCaller) -> Page[OperationView]:
    """List operations, newest first."""
    found = await LISTING.rows(work.session, query, *_visible(caller))
    return found.page(request, [OperationView.of(to_operation(row)) for row in found.rows])


@shared.get("/{operation_id}", dependencies=[requires(Permission.OPERATION_READ)])
async def get_operation(operation_id: PathId, work: Work, caller: CurrentCaller, response: Response) -> OperationView:
    """Show an operation."""
    await _check_visible(work, caller, operation_id)
    operation = await Operations(work).get(operation_id)
    set_etag(response, operation.generation)
    return OperationView.of(operation)


@shared.post("/{operation_id}/cancel", status_code=202, dependencies=[requires(Permission.OPERATION_CANCEL)])
async def cancel_operation(operation_id: PathId, request: Request, work: Work, caller: CurrentCaller) -> OperationView:
    """Ask for an operation to be cancelled: what it has done is undone."""
    await _check_visible(work, caller, operation_id)
    operation = await Operations(work).get(operation_id)
    if not caller.may(Permission.OPERATION_ADMIN):
        await _check_cancels(work, caller, operation)
    cancellable: set[str] = request.app.state.cancellable
    cancelled = await Operations(work).cancel(operation_id, cancellable=operation.kind in cancellable)
    return OperationView.of(cancelled)


async def _check_cancels(work: Work, caller: Caller, operation: Operation) -> None:
    """See that a caller who sees an operation may cancel it: their own, or one in a subscription that they work in."""
    if operation.subscription_id is not None:
        await Subscriptions(work, caller).get(operation.subscription_id, Permission.OPERATION_CANCEL)
    elif operation.account_id != caller.account_id:
        raise Forbidden(
            "The operation is the site's.", remedy="Ask an operator.", target=Permission.OPERATION_ADMIN.value
        )


@administration.post("/{operation_id}/retry", status_code=202, dependencies=[requires(Permission.OPERATION_ADMIN)])
async def retry_operation(operation_id: PathId, work: Work) -> OperationView:
    """Let a stuck operation finish undoing, now that its cause is gone."""
    return OperationView.of(await Operations(work).retry(operation_id))
