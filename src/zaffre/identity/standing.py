"""Whether a caller who was let in some time ago would be let in now."""

from dataclasses import replace

from zaffre.foundation.work import UnitOfWork
from zaffre.identity.accounts import AccountState
from zaffre.identity.callers import Caller
from zaffre.identity.site_roles import permissions_of
from zaffre.identity.tables import AccountRow, ApiTokenRow, ClientCertificateRow, SessionRow


async def standing(work: UnitOfWork, caller: Caller) -> Caller | None:
    """Return the caller as they are now; None when the session, token, certificate or account that let them in is gone.

    For what goes on for longer than an access token lives: it asks the database, and not the token.
    """
    account = await work.session.get(AccountRow, caller.account_id)
    if account is None or account.state != AccountState.ACTIVE or not await _credential_stands(work, caller):
        return None
    return replace(caller, role=account.role, held=await permissions_of(work, account.role))


async def _credential_stands(work: UnitOfWork, caller: Caller) -> bool:
    unexpired = caller.expires_at is None or caller.expires_at > work.clock.now()
    if caller.token_id is not None:
        return unexpired and await work.session.get(ApiTokenRow, caller.token_id) is not None
    if caller.certificate_id is not None:
        return unexpired and await work.session.get(ClientCertificateRow, caller.certificate_id) is not None
    if caller.session_id is None:
        return False
    session = await work.session.get(SessionRow, caller.session_id)
    return session is not None and session.expires_at > work.clock.now()
