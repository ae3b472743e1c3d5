"""Failed sign-ins, on record."""

from fastapi import Request

from zaffre.foundation.audit.capture import About
from zaffre.foundation.http.routing import RequestContext
from zaffre.identity.tables import AccountRow


async def note_failure(request: Request, account: AccountRow | None, **detail: str) -> None:
    """Record a failed sign-in: of which account, if there is one; never what was typed."""
    context: RequestContext = request.app.state.context
    about = (
        About("account", account.id, account.email, account_id=account.id) if account else About("account", "unknown")
    )
    address = request.client.host if request.client else "unknown"
    await context.refusals.note(request.state.actor, address, "session.refused", about, dict(detail))
