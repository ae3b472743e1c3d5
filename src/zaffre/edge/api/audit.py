"""Routes of the audit trail: who did what.

Administrators see all of it, export and verify it. Tenants see what was done in their subscriptions and with their
account; of the provider's people they see that it was one of them, and whom they acted for.
"""

import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy import ColumnElement, select
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from zaffre.foundation.audit.capture import About, Change
from zaffre.foundation.audit.chain import ChainEnd, ChainFault, FaultKind
from zaffre.foundation.audit.tables import AuditRecordRow
from zaffre.foundation.audit.trail import LISTING, OWN_LISTING, ExportFormat, ReadingDesk, export_lines
from zaffre.foundation.audit.verification import Verification, VerificationProgress, ends_of_chain
from zaffre.foundation.errors import NotFound
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import PlainRoute, RequestContext, TransactionalRoute, Work
from zaffre.foundation.http.wire import PathId, View
from zaffre.identity import Caller, CurrentCaller, Permission, requires
from zaffre.management.subscriptions import CurrentSubscription

administration = APIRouter(tags=["audit"], route_class=TransactionalRoute)
whole = APIRouter(tags=["audit"], route_class=PlainRoute)
shared = APIRouter(tags=["audit"], route_class=TransactionalRoute)

Filter = Annotated[str | None, Query(alias="$filter", max_length=2000, description="OData v4 expression")]
Format = Annotated[ExportFormat, Query(alias="format")]
Search = Annotated[str | None, Query(alias="$search", max_length=200, description="Words that all must occur")]
KnownSequence = Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Number of a record noted outside")]
KnownHash = Annotated[str | None, Query(alias="hash", pattern="^[0-9a-f]{64}$", description="Its hash")]


class AuditRecordView(View):
    """Something that was done."""

    id: str
    occurred_at: datetime
    action: str
    """What was done, in the words of events and operations."""
    change: Change | None
    """What became of the resource's record; null when nothing of it changed."""
    resource_type: str
    resource_id: str
    resource_name: str | None
    subscription_id: str | None
    actor_kind: str
    """`account`, `system`, `anonymous`; to tenants also `operator`: one of the provider's people."""
    actor_id: str | None
    asked_by_id: str | None
    """The account behind it: the actor's, or that of whoever asked for the operation."""
    asked_by_email: str | None
    """Its address at the time."""
    acting_for_id: str | None
    """The account that an administrator acted for."""
    acting_for_email: str | None
    face: str | None
    """The face of the API that was asked."""
    address: str | None
    user_agent: str | None
    credential: str | None
    """`session`, `api_token` or `client_certificate`."""
    credential_id: str | None
    credential_name: str | None
    operation_id: str | None
    request_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    detail: dict[str, Any] | None
    sequence: int | None
    """Its number in the chain; null for the second until it is sealed."""
    hash: str | None

    @classmethod
    def of(cls, row: AuditRecordRow) -> "AuditRecordView":
        """Shape a record as the provider sees it."""
        return cls.model_validate(row)

    @classmethod
    def seen_by(cls, row: AuditRecordRow, caller: Caller) -> "AuditRecordView":
        """Shape a record as the caller may see it."""
        view = cls.of(row)
        if caller.may(Permission.AUDIT_READ):
            return view
        hidden = set(row.internal or ())
        changes: dict[str, Any] = {
            "before": _without(view.before, hidden),
            "after": _without(view.after, hidden),
            "sequence": None,
            "hash": None,
        }
        if row.operator and row.asked_by_id != caller.account_id:
            who = ("actor_id", "asked_by_id", "asked_by_email", "address", "user_agent")
            changes |= dict.fromkeys((*who, "credential", "credential_id", "credential_name", "request_id"))
            changes["actor_kind"] = "operator" if view.actor_kind == "account" else view.actor_kind
        return view.model_copy(update=changes)


class AuditHeadView(View):
    """Where the chain ends now. Noted outside the site, it proves later that no end was cut off."""

    sequence: int
    hash: str
    anchor_sequence: int
    """The last record that was taken off the beginning; 0 when none was."""
    anchor_hash: str
    unsealed: int
    """Records that wait to be sealed, counted up to 1,000."""


class AuditFaultView(View):
    """Something that is wrong with the chain."""

    kind: FaultKind
    sequence: int
    detail: str

    @classmethod
    def of(cls, fault: ChainFault) -> "AuditFaultView":
        """Shape a fault."""
        return cls.model_validate(fault)


class AuditVerificationView(View):
    """How far a verification is; one a line, the last with `done`."""

    done: bool
    checked: int
    up_to: int
    anchor_sequence: int
    anchor_hash: str
    head_sequence: int
    head_hash: str
    fault_count: int
    faults: list[AuditFaultView]
    """The first hundred; on the last line."""

    @classmethod
    def of(cls, progress: VerificationProgress) -> "AuditVerificationView":
        """Shape a progress."""
        return cls(
            done=progress.done,
            checked=progress.checked,
            up_to=progress.up_to,
            anchor_sequence=progress.anchor.sequence,
            anchor_hash=progress.anchor.hash,
            head_sequence=progress.head.sequence,
            head_hash=progress.head.hash,
            fault_count=progress.fault_count,
            faults=[AuditFaultView.of(fault) for fault in progress.faults],
        )


class Lines(StreamingResponse):
    """One JSON document a line."""

    media_type = "application/x-ndjson"


class _WholeTrail(Lines):
    """An answer that reads the whole trail; gives its place back however it ends."""

    def __init__(
        self,
        lines: AsyncIterator[str],
        release: Callable[[], None],
        media_type: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(lines, media_type=media_type, headers=headers)
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._release()


@administration.get("/audit-records", dependencies=[requires(Permission.AUDIT_READ)])
async def list_audit_records(request: Request, query: Listed, work: Work) -> Page[AuditRecordView]:
    """List what was done on the site, the latest first."""
    found = await LISTING.rows(work.session, query)
    return found.page(request, [AuditRecordView.of(row) for row in found.rows])


@whole.get(
    "/audit-records/export",
    response_class=Lines,
    responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}, "description": "Records"}},
    dependencies=[requires(Permission.AUDIT_READ)],
)
async def export_audit_records(
    request: Request, form: Format = ExportFormat.NDJSON, filter_: Filter = None, search: Search = None
) -> Response:
    """Export sealed records in the order of the chain. Without a filter, the export can be verified anywhere."""
    context: RequestContext = request.app.state.context
    conditions = LISTING.matching(filter_, search)
    release = _desk(request).take()
    try:
        async with context.units.write(request.state.actor) as work:
            work.note("audit.exported", About("audit", "audit"), {"format": form, "filter": filter_, "search": search})
    except BaseException:
        release()
        raise
    lines = export_lines(context.units, request.state.actor, form, *conditions)
    media_type = "text/csv; charset=utf-8" if form is ExportFormat.CSV else None
    return _WholeTrail(lines, release, media_type, {"Content-Disposition": f'attachment; filename="audit.{form}"'})


@administration.get("/audit-records/{record_id}", dependencies=[requires(Permission.AUDIT_READ)])
async def get_audit_record(record_id: PathId, work: Work) -> AuditRecordView:
    """Show a record."""
    row = await work.session.scalar(select(AuditRecordRow).where(AuditRecordRow.id == record_id))
    if row is None:
        raise NotFound("audit record", record_id)
    return AuditRecordView.of(row)


@administration.get("/audit/head", dependencies=[requires(Permission.AUDIT_READ)])
async def get_audit_head(work: Work) -> AuditHeadView:
    """Show where the chain ends, to be noted outside the site."""
    ends = await ends_of_chain(work)
    return AuditHeadView(
        sequence=ends.head.sequence,
        hash=ends.head.hash,
        anchor_sequence=ends.anchor.sequence,
        anchor_hash=ends.anchor.hash,
        unsealed=ends.unsealed,
    )


@whole.post(
    "/audit/verify",
    response_class=Lines,
    responses={200: {"model": AuditVerificationView, "description": "Progress, one a line"}},
    dependencies=[requires(Permission.AUDIT_READ)],
)
async def verify_audit_trail(request: Request, sequence: KnownSequence = None, known: KnownHash = None) -> Response:
    """Verify the whole chain: one line of progress per 1,000 records, at last what was found."""
    context: RequestContext = request.app.state.context
    noted = ChainEnd(sequence, known) if sequence is not None and known is not None else None
    release = _desk(request).take()

    async def lines() -> AsyncIterator[str]:
        async for progress in Verification(context.units, request.state.actor, noted).run():
            yield json.dumps(AuditVerificationView.of(progress).model_dump(mode="json")) + "\n"

    return _WholeTrail(lines(), release)


@shared.get("/subscriptions/{subscription_id}/audit-records", dependencies=[requires(Permission.SUBSCRIPTION_AUDIT)])
async def list_subscription_audit_records(
    subscription: CurrentSubscription, request: Request, query: Listed, work: Work, caller: CurrentCaller
) -> Page[AuditRecordView]:
    """List what was done in a subscription, the latest first."""
    return await _own(request, query, work, caller, AuditRecordRow.subscription_id == subscription.id)


@shared.get(
    "/subscriptions/{subscription_id}/audit-records/{record_id}",
    dependencies=[requires(Permission.SUBSCRIPTION_AUDIT)],
)
async def get_subscription_audit_record(
    subscription: CurrentSubscription, record_id: PathId, work: Work, caller: CurrentCaller
) -> AuditRecordView:
    """Show what was done in a subscription."""
    row = await work.session.scalar(select(AuditRecordRow).where(AuditRecordRow.id == record_id))
    if row is None or row.subscription_id != subscription.id:
        raise NotFound("audit record", record_id)
    return AuditRecordView.seen_by(row, caller)


@shared.get("/accounts/me/audit-records", dependencies=[requires(Permission.ACCOUNT_SELF)])
async def list_own_audit_records(
    request: Request, query: Listed, work: Work, caller: CurrentCaller
) -> Page[AuditRecordView]:
    """List what was done with one's own account: signing in, tokens, subscriptions; the latest first."""
    return await _own(request, query, work, caller, AuditRecordRow.account_id == caller.account_id)


async def _own(
    request: Request, query: Listed, work: Work, caller: Caller, scope: ColumnElement[bool]
) -> Page[AuditRecordView]:
    found = await OWN_LISTING.rows(work.session, query, scope)
    return found.page(request, [AuditRecordView.seen_by(row, caller) for row in found.rows])


def _without(values: dict[str, Any] | None, hidden: set[str]) -> dict[str, Any] | None:
    return None if values is None else {name: value for name, value in values.items() if name not in hidden}


def _desk(request: Request) -> ReadingDesk:
    return request.app.state.site.reading_desk
