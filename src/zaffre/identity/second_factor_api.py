"""Routes for second factors: one's own, and resetting somebody's who lost theirs."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request

from zaffre.foundation.http.routing import PlainRoute, TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, PathId, View
from zaffre.foundation.mail import Mail, Outbox
from zaffre.foundation.work import UnitOfWork
from zaffre.identity.accounts import Accounts
from zaffre.identity.address_api import reader_of
from zaffre.identity.callers import CurrentCaller, requires
from zaffre.identity.messages import Message, message
from zaffre.identity.permissions import Permission
from zaffre.identity.reauthentication import check_password
from zaffre.identity.role_giving import check_within_reach
from zaffre.identity.second_factors import SecondFactors
from zaffre.identity.services import Identity, IdentityServices
from zaffre.identity.tables import AccountRow
from zaffre.identity.wire import GivenCode, GivenPassword

own = APIRouter(tags=["identity"], route_class=TransactionalRoute)
enrolment = APIRouter(tags=["identity"], route_class=PlainRoute)
routers = own, enrolment
administration = APIRouter(tags=["identity"], route_class=TransactionalRoute)


class SecondFactorView(View):
    """One's own second factor."""

    confirmed_at: datetime | None
    """Since when signing in needs a code; null: it does not."""
    recovery_codes_left: int
    required: bool
    """Whether the site wants one of this account."""


class EnrolmentBody(Body):
    """A wish to set up a second factor."""

    current_password: GivenPassword | None = None
    """Of an account that has one."""


class EnrolmentView(View):
    """What a device needs to make codes. Shown once."""

    secret: str
    """To type where no picture can be taken."""
    uri: str
    """The same for programs (`otpauth:`)."""
    picture: list[str]
    """The URI as a QR code: rows of `0` and `1`, where `1` is dark."""


class CodeBody(Body):
    """A code that the device shows, or a recovery code."""

    code: GivenCode


class RecoveryCodesView(View):
    """Codes for when the device is lost, each good once. Shown once."""

    recovery_codes: list[str]


@own.get("/accounts/me/second-factor", dependencies=[requires(Permission.ACCOUNT_SELF)])
async def my_second_factor(work: Work, caller: CurrentCaller, identity: Identity) -> SecondFactorView:
    """Show one's own second factor."""
    factors = await _factors(work, caller.account_id)
    return SecondFactorView(
        confirmed_at=await factors.confirmed_at(),
        recovery_codes_left=await factors.codes_left(),
        required=identity.wants_second_factor(caller.role),
    )


@enrolment.post("/accounts/me/second-factor", status_code=201, dependencies=[requires(Permission.ACCOUNT_SELF)])
async def begin_second_factor(
    body: EnrolmentBody, request: Request, caller: CurrentCaller, identity: Identity
) -> EnrolmentView:
    """Begin to set up a second factor. It counts when a code has been confirmed."""
    await check_password(identity, request, caller.account_id, body.current_password, if_any=True)
    async with identity.units.write(request.state.actor) as work:
        begun = await (await _factors(work, caller.account_id)).begin()
    return EnrolmentView.model_validate(begun)


@enrolment.post("/accounts/me/second-factor/confirm", dependencies=[requires(Permission.ACCOUNT_SELF)])
async def confirm_second_factor(
    body: CodeBody, request: Request, caller: CurrentCaller, identity: Identity
) -> RecoveryCodesView:
    """Confirm the device with a code: signing in needs one from now on. Other sign-in sessions end."""
    async with _Counted(identity, caller.account_id), identity.units.write(request.state.actor) as work:
        account = await Accounts(work).get(caller.account_id)
        codes = await SecondFactors(work, account).confirm(body.code)
        await Accounts(work).end_sessions(account, keep_session_id=caller.session_id)
        await _tell(work, request, identity, account)
    return RecoveryCodesView(recovery_codes=list(codes))


@enrolment.post("/accounts/me/second-factor/recovery-codes", dependencies=[requires(Permission.ACCOUNT_SELF)])
async def renew_recovery_codes(
    body: CodeBody, request: Request, caller: CurrentCaller, identity: Identity
) -> RecoveryCodesView:
    """Get new recovery codes; the old ones are void."""
    async with _Counted(identity, caller.account_id), identity.units.write(request.state.actor) as work:
        codes = await (await _factors(work, caller.account_id)).renew_codes(body.code)
    return RecoveryCodesView(recovery_codes=list(codes))


@enrolment.post("/accounts/me/second-factor/remove", status_code=204, dependencies=[requires(Permission.ACCOUNT_SELF)])
async def remove_second_factor(body: CodeBody, request: Request, caller: CurrentCaller, identity: Identity) -> None:
    """Remove one's second factor."""
    async with _Counted(identity, caller.account_id), identity.units.write(request.state.actor) as work:
        account = await Accounts(work).get(caller.account_id)
        await SecondFactors(work, account).remove(body.code)
        await _tell(work, request, identity, account)


@administration.delete(
    "/accounts/{account_id}/second-factor", status_code=204, dependencies=[requires(Permission.ACCOUNT_ADMIN)]
)
async def reset_second_factor(
    account_id: PathId, request: Request, work: Work, caller: CurrentCaller, identity: Identity
) -> None:
    """Remove somebody's second factor who lost their device and their recovery codes. Their sessions end."""
    await check_within_reach(work, caller, account_id)
    account = await Accounts(work).get(account_id)
    await SecondFactors(work, account).remove(None)
    await Accounts(work).end_sessions(account, keep_session_id=None)
    await _tell(work, request, identity, account)


class _Counted:
    """Counts an attempt at a code around what uses it, and gives it back when that went well."""

    def __init__(self, identity: IdentityServices, account_id: str) -> None:
        self._attempts = identity.code_attempts
        self._key = f"code {account_id}"

    async def __aenter__(self) -> None:
        await self._attempts.take(self._key)

    async def __aexit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is None:
            await self._attempts.give_back(self._key)


async def _factors(work: UnitOfWork, account_id: str) -> SecondFactors:
    return SecondFactors(work, await Accounts(work).get(account_id))


async def _tell(work: UnitOfWork, request: Request, identity: IdentityServices, account: AccountRow) -> None:
    """Tell the holder that the factor was changed, where mail can."""
    if identity.sends_mail:
        reader = reader_of(request, identity)
        await Outbox.put(work, Mail(account.email, *message(Message.FACTOR_SET, reader.language, reader.portal_url)))
