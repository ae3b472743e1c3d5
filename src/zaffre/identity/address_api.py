"""Routes for addresses: proving one's own, changing it, and the way back when the password is lost."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Request
from pydantic import Field, SecretStr

from zaffre.foundation.http.routing import PlainRoute, TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, View
from zaffre.identity.account_links import AccountLinks, LinkPurpose
from zaffre.identity.accounts import Accounts
from zaffre.identity.addresses import Addresses, NoMail, Reader
from zaffre.identity.callers import CurrentCaller, public, requires
from zaffre.identity.federation.providers import IdentityProviders
from zaffre.identity.messages import language_of
from zaffre.identity.permissions import Permission
from zaffre.identity.reauthentication import check_password
from zaffre.identity.services import Identity, IdentityServices
from zaffre.identity.wire import Email, GivenPassword, NewPassword, source_key

links = APIRouter(tags=["identity"], route_class=TransactionalRoute)
password_links = APIRouter(tags=["identity"], route_class=PlainRoute)
routers = links, password_links

LinkToken = Annotated[SecretStr, Field(min_length=20, max_length=200)]


class OfferedProviderView(View):
    """An identity provider that people can sign in with."""

    id: str
    name: str


class SignInOptionsView(View):
    """What somebody can do who has not signed in."""

    sign_up: bool
    """Whether strangers may make tenant accounts."""
    mail: bool
    """Whether the site sends links: to prove an address, and to set a new password."""
    identity_providers: list[OfferedProviderView]
    """With which one can sign in instead of a password."""


class LinkBody(Body):
    """What a link carries behind `#`."""

    token: LinkToken


class ResetRequestBody(Body):
    """Somebody who has forgotten their password."""

    email: Email


class ResetBody(LinkBody):
    """A new password, with the link that allows it."""

    new_password: NewPassword


class NewEmailBody(Body):
    """A wish for another address."""

    email: Email
    current_password: GivenPassword


@links.get("/sign-in-options", dependencies=[public()])
async def sign_in_options(request: Request, work: Work, identity: Identity) -> SignInOptionsView:
    """Say what somebody can do who has not signed in."""
    strangers = identity.settings.sign_up and request.app.state.face != "admin"
    offered = await IdentityProviders(work, identity.federation.targets).offered()
    providers = [OfferedProviderView.model_validate(row) for row in offered]
    return SignInOptionsView(sign_up=strangers, mail=identity.sends_mail, identity_providers=providers)


@links.post("/address-verifications", status_code=204, dependencies=[public()])
async def verify_address(body: LinkBody, request: Request, work: Work, identity: Identity) -> None:
    """Prove an address with the link that was sent there. It becomes the account's if it was not."""
    await Addresses(work, reader_of(request, identity)).verify(body.token.get_secret_value())


@links.post("/accounts/me/address-verification", status_code=204, dependencies=[requires(Permission.ACCOUNT_SELF)])
async def send_verification(request: Request, work: Work, caller: CurrentCaller, identity: Identity) -> None:
    """Have the link sent again that proves one's address."""
    if not identity.sends_mail:
        raise NoMail
    account = await Accounts(work).get(caller.account_id)
    await Addresses(work, reader_of(request, identity)).send_verification(account)


@password_links.post("/accounts/me/email", status_code=204, dependencies=[requires(Permission.ACCOUNT_SELF)])
async def change_email(body: NewEmailBody, request: Request, caller: CurrentCaller, identity: Identity) -> None:
    """Have a link sent to another address, which becomes one's own when the link is opened."""
    if not identity.sends_mail:
        raise NoMail
    await check_password(identity, request, caller.account_id, body.current_password)
    async with identity.units.write(request.state.actor) as work:
        addresses = Addresses(work, reader_of(request, identity))
        await addresses.send_verification(await Accounts(work).get(caller.account_id), body.email)


@password_links.post("/password-resets", status_code=202, dependencies=[public()])
async def ask_for_reset(
    body: ResetRequestBody, request: Request, identity: Identity, background: BackgroundTasks
) -> None:
    """Have a link sent that sets a new password. The answer is the same whether the address has an account or not.

    What takes longer if it has comes after the answer, so that time does not tell either.
    """
    if not identity.sends_mail:
        raise NoMail
    await identity.attempts.take(f"reset {source_key(request)}", f"reset {body.email.lower()}")
    background.add_task(_send_reset, identity, request, body.email)


@password_links.post("/password-resets/redeem", status_code=204, dependencies=[public()])
async def reset_password(body: ResetBody, request: Request, identity: Identity) -> None:
    """Set a new password with the link that was sent. Every sign-in session ends."""
    token = body.token.get_secret_value()
    async with identity.units.read(request.state.actor) as work:
        await AccountLinks(work).find(token, LinkPurpose.RESET)
    password_hash = await identity.passwords.hash(body.new_password)
    async with identity.units.write(request.state.actor) as work:
        await Addresses(work, reader_of(request, identity)).reset(token, password_hash)


def reader_of(request: Request, identity: IdentityServices) -> Reader:
    """Return how whoever asks reads mail: in the portal of their face and in their language."""
    language = language_of(request.headers.get("Accept-Language", ""))
    return Reader(identity.portal_url(request.app.state.face), language)


async def _send_reset(identity: IdentityServices, request: Request, email: str) -> None:
    async with identity.units.write(request.state.actor) as work:
        await Addresses(work, reader_of(request, identity)).send_reset(email)
