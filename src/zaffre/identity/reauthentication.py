"""Proving again who one is, before what would give the account away."""

from fastapi import Request
from pydantic import SecretStr

from zaffre.foundation.errors import InvalidInput
from zaffre.identity.accounts import Accounts
from zaffre.identity.services import IdentityServices
from zaffre.identity.tables import AccountRow


async def check_password(
    identity: IdentityServices, request: Request, account_id: str, given: SecretStr | None, *, if_any: bool = False
) -> AccountRow:
    """Return the account whose password was given.

    Args:
        identity: the process's services; the attempt is counted before the password is looked at.
        request: the request that needs it.
        account_id: whose password it must be.
        given: what was typed.
        if_any: whether an account without a password, whose holder signs in elsewhere, needs none.

    Raises:
        TooManyAttempts: there were too many lately.
        InvalidInput: it is not right, or the account has none.
    """
    key = f"account {account_id}"
    await identity.attempts.take(key)
    async with identity.units.read(request.state.actor) as work:
        account = await Accounts(work).get(account_id)
    if account.password_hash is None and not if_any:
        raise InvalidInput(
            "The account has no password.",
            remedy="Set one first, through 'I have forgotten my password' on the sign-in page.",
            target="current_password",
        )
    if account.password_hash is not None and (
        given is None or not await identity.passwords.verify(given, account.password_hash)
    ):
        raise InvalidInput("The current password is not right.", remedy="Type it again.", target="current_password")
    await identity.attempts.give_back(key)
    return account
