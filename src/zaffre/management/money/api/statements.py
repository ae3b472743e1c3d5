"""Routes of statements: what months came to, and closing them."""

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import StringConstraints

from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work, accept
from zaffre.foundation.http.wire import Body, PathId, View
from zaffre.foundation.settings import Settings
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management.metering.quantities import text
from zaffre.management.money.amounts import payable
from zaffre.management.money.api.wire import AskedMonth, KnownMeters
from zaffre.management.money.months import PATTERN, Month
from zaffre.management.money.statement_pdf import statement_pdf, text_of
from zaffre.management.money.statement_runs import LISTING as RUNS
from zaffre.management.money.statement_runs import StatementRuns
from zaffre.management.money.statements import LISTING, Draft, Line, LineKind, Statements, as_draft, number_text
from zaffre.management.money.tables import StatementRow, StatementRunRow
from zaffre.management.subscriptions import CurrentSubscription

shared = APIRouter(tags=["money"], route_class=TransactionalRoute)
own = APIRouter(tags=["money"], route_class=TransactionalRoute)
administration = APIRouter(tags=["money"], route_class=TransactionalRoute)
_ADMIN = [requires(Permission.STATEMENT_ADMIN)]
_READ_ALL = [requires(Permission.STATEMENT_READ_ALL)]
_READ = [requires(Permission.COST_READ)]
_OWN = [requires(Permission.ACCOUNT_SELF)]


class Pdf(Response):
    """A PDF."""

    media_type = "application/pdf"


class StatementLineView(View):
    """A line of a statement."""

    kind: LineKind
    title: str
    month: str
    """What was used, or is put right, is of this month."""
    quantity: str | None
    """Of fees, in hours."""
    unit: str | None
    """Of fees, the period that the unit price is for."""
    state: str | None
    unit_price: str | None
    """Null when there are several, as with tiers."""
    amount: str
    """To be paid; negative for what is taken off."""

    @classmethod
    def of(cls, line: Line, currency: str) -> "StatementLineView":
        """Shape a line."""
        return cls(
            kind=line.kind,
            title=line.title,
            month=line.month,
            quantity=text(line.quantity) if line.quantity is not None else None,
            unit=line.unit,
            state=line.state,
            unit_price=text_of(line.unit_price) or None,
            amount=payable(line.amount, currency),
        )


class StatementSummaryView(View):
    """What a subscription's month came to, without its lines."""

    id: str | None
    """Null for a draft."""
    number: str | None
    """One after the other through all of the site's, without gaps; null for a draft."""
    month: str
    begin: datetime
    end: datetime
    currency: str
    subscription_id: str
    subscription_name: str
    account_id: str
    account_name: str
    account_email: str
    total: str
    closed_at: datetime | None
    """Null for a draft."""


class StatementView(StatementSummaryView):
    """What a subscription's month came to."""

    lines: list[StatementLineView]
    """They add up to the total."""


class NewStatementRunBody(Body):
    """A month to close."""

    month: Annotated[str, StringConstraints(pattern=PATTERN)]


class StatementRunView(View):
    """The closing of a month."""

    id: str
    month: str
    operation_id: str
    began_at: datetime
    closed_at: datetime | None
    """Null while statements are being closed."""

    @classmethod
    def of(cls, row: StatementRunRow) -> "StatementRunView":
        """Shape a row."""
        return cls.model_validate(row)


def _summary(draft: Draft, row: StatementRow | None = None) -> dict[str, object]:
    return {
        "id": row.id if row is not None else None,
        "number": number_text(row.number) if row is not None else None,
        "month": str(draft.month),
        "begin": draft.month.begin,
        "end": draft.month.end,
        "currency": draft.currency,
        "subscription_id": draft.subscription_id,
        "subscription_name": draft.subscription_name,
        "account_id": draft.account_id,
        "account_name": draft.account_name,
        "account_email": draft.account_email,
        "total": payable(draft.total, draft.currency),
        "closed_at": row.closed_at if row is not None else None,
    }


def _listed(row: StatementRow) -> StatementSummaryView:
    return StatementSummaryView.model_validate(_summary(as_draft(row), row))


def _view(draft: Draft, row: StatementRow | None = None) -> StatementView:
    lines = [StatementLineView.of(line, draft.currency) for line in draft.lines]
    return StatementView.model_validate(_summary(draft, row) | {"lines": lines})


async def _pdf(row: StatementRow, settings: Settings) -> Pdf:
    """Draw a statement, beside the event loop: its fonts are cut to what is used, which takes a while."""
    drawn = (as_draft(row), row.number, row.closed_at, settings.money.issuer)
    content = await asyncio.to_thread(statement_pdf, *drawn)
    name = f"statement-{number_text(row.number)}.pdf"
    return Pdf(content, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _site_settings(request: Request) -> Settings:
    return request.app.state.site.settings


def _statements(request: Request, work: Work, meters: KnownMeters) -> Statements:
    return Statements(work, meters, _site_settings(request).metering)


SiteSettings = Annotated[Settings, Depends(_site_settings)]
TheStatements = Annotated[Statements, Depends(_statements)]
_PDF_ANSWER: dict[int | str, dict[str, object]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}, "description": "The PDF"}
}


@shared.get("/subscriptions/{subscription_id}/statements", dependencies=_READ)
async def list_subscription_statements(
    request: Request, subscription: CurrentSubscription, query: Listed, work: Work
) -> Page[StatementSummaryView]:
    """List a subscription's closed statements, the latest first."""
    found = await LISTING.rows(work.session, query, StatementRow.subscription_id == subscription.id)
    return found.page(request, [_listed(row) for row in found.rows])


@shared.get("/subscriptions/{subscription_id}/statement-drafts", dependencies=_READ)
async def list_statement_drafts(
    subscription: CurrentSubscription, statements: TheStatements, month: AskedMonth
) -> Page[StatementView]:
    """Show what a month's statement would be if it were closed now: one for each currency, nearly always one."""
    return Page[StatementView](value=[_view(draft) for draft in await statements.drafts(subscription.id, month)])


@shared.get("/subscriptions/{subscription_id}/statements/{statement_id}", dependencies=_READ)
async def get_subscription_statement(
    subscription: CurrentSubscription, statement_id: PathId, statements: TheStatements
) -> StatementView:
    """Show a closed statement."""
    row = await statements.get(statement_id, subscription.id)
    return _view(as_draft(row), row)


@shared.get(
    "/subscriptions/{subscription_id}/statements/{statement_id}/pdf",
    dependencies=_READ,
    response_class=Pdf,
    responses=_PDF_ANSWER,
)
async def get_subscription_statement_pdf(
    subscription: CurrentSubscription, statement_id: PathId, statements: TheStatements, settings: SiteSettings
) -> Pdf:
    """Return a closed statement as a PDF."""
    return await _pdf(await statements.get(statement_id, subscription.id), settings)


@own.get("/statements", dependencies=_OWN)
async def list_own_statements(
    request: Request, caller: CurrentCaller, query: Listed, work: Work
) -> Page[StatementSummaryView]:
    """List the closed statements that one's account got, the latest first; those of ended subscriptions too."""
    found = await LISTING.rows(work.session, query, StatementRow.account_id == caller.account_id)
    return found.page(request, [_listed(row) for row in found.rows])


@own.get("/statements/{statement_id}", dependencies=_OWN)
async def get_own_statement(statement_id: PathId, caller: CurrentCaller, statements: TheStatements) -> StatementView:
    """Show a closed statement that one's account got."""
    row = await statements.get(statement_id, account_id=caller.account_id)
    return _view(as_draft(row), row)


@own.get("/statements/{statement_id}/pdf", dependencies=_OWN, response_class=Pdf, responses=_PDF_ANSWER)
async def get_own_statement_pdf(
    statement_id: PathId, caller: CurrentCaller, statements: TheStatements, settings: SiteSettings
) -> Pdf:
    """Return a closed statement that one's account got as a PDF."""
    return await _pdf(await statements.get(statement_id, account_id=caller.account_id), settings)


@administration.get("/statements", dependencies=_READ_ALL)
async def list_statements(request: Request, query: Listed, work: Work) -> Page[StatementSummaryView]:
    """List everybody's closed statements, the latest first; those of subscriptions that are gone too."""
    found = await LISTING.rows(work.session, query)
    return found.page(request, [_listed(row) for row in found.rows])


@administration.get("/statements/{statement_id}", dependencies=_READ_ALL)
async def get_statement(statement_id: PathId, statements: TheStatements) -> StatementView:
    """Show a closed statement."""
    row = await statements.get(statement_id)
    return _view(as_draft(row), row)


@administration.get("/statements/{statement_id}/pdf", dependencies=_READ_ALL, response_class=Pdf, responses=_PDF_ANSWER)
async def get_statement_pdf(statement_id: PathId, statements: TheStatements, settings: SiteSettings) -> Pdf:
    """Return a closed statement as a PDF."""
    return await _pdf(await statements.get(statement_id), settings)


@administration.get("/statement-runs", dependencies=_READ_ALL)
async def list_statement_runs(request: Request, query: Listed, work: Work) -> Page[StatementRunView]:
    """List the months that were closed, the latest first."""
    found = await RUNS.rows(work.session, query)
    return found.page(request, [StatementRunView.of(row) for row in found.rows])


@administration.post("/statement-runs", status_code=202, dependencies=_ADMIN)
async def close_month(body: NewStatementRunBody, work: Work, response: Response) -> StatementRunView:
    """Close a month's statements now instead of after the grace. What comes later is adjusted in the next ones."""
    row, operation = await StatementRuns(work).begin(Month.parse(body.month))
    accept(response, operation.id)
    return StatementRunView.of(row)
