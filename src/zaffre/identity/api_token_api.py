"""Routes of one's own API tokens."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from zaffre.foundation.http.lists import Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Name, PathId, View
from zaffre.foundation.ids import UUID_PATTERN
from zaffre.foundation.work import UnitOfWork
from zaffre.identity.api_tokens import ApiTokens, NewApiToken
from zaffre.identity.callers import Caller, CurrentCaller, requires
from zaffre.identity.permissions import Permission
from zaffre.identity.scopes import WITHIN_SUBSCRIPTIONS, Scope
from zaffre.identity.services import Identity
from zaffre.identity.tables import ApiTokenRow
from zaffre.identity.token_uses import TokenLife

router = APIRouter(tags=["identity"], route_class=TransactionalRoute)

CheckReach = Callable[[UnitOfWork, Caller, frozenset[str]], Awaitable[None]]
"""Sees that a caller works in subscriptions, which identity knows nothing of; an app keeps it as
`app.state.check_reach`."""
Scopes = Annotated[list[Permission], Field(min_length=1, max_length=200)]
SubscriptionIds = Annotated[list[Annotated[str, Field(pattern=UUID_PATTERN)]], Field(min_length=1, max_length=100)]


class NewApiTokenBody(Body):
    """A wish for an API token."""

    name: Name
    expires_at: datetime | None = None
    """Absent: as late as the site allows."""
    scopes: Scopes | None = None
    """What it is for; absent: whatever its owner may do, at the time."""
    subscription_ids: SubscriptionIds | None = None
    """Where it is for: subscriptions that the owner works in. Then it is for nothing outside them."""

    def draft(self) -> NewApiToken:
        """Shape the wish."""
        return NewApiToken(self.name, self.expires_at, Scope.of(self.scopes, self.subscription_ids))


class ApiTokenView(View):
    """An API token without its secret."""

    id: str
    name: str
    created_at: datetime
    expires_at: datetime | None
    scopes: list[Permission] | None
    """The permissions it is for, of those its owner has at the time; null: for all of them."""
    subscription_ids: list[str] | None
    """The subscriptions it is for; null: for everything that its owner reaches."""
    last_used_at: datetime | None
    """To the minute; null: never."""
    last_used_from: str | None
    """The address."""

    @classmethod
    def of(cls, row: ApiTokenRow, life: TokenLife) -> "ApiTokenView":
        """Shape a row."""
        scope = Scope.of(row.scopes, row.subscription_ids)
        return cls(
            id=row.id,
            name=row.name,
            created_at=row.created_at,
            expires_at=life.ends(row),
            scopes=None if scope.permissions is None else sorted(scope.permissions),
            subscription_ids=row.subscription_ids,
            last_used_at=row.last_used_at,
            last_used_from=row.last_used_from,
        )


class NewApiTokenView(ApiTokenView):
    """An API token with its text, which is shown this once."""

    token: str


class ApiTokenOptionsView(View):
    """What one's next API token can be."""

    maximum_days: int | None
    """How long it can live; null: for ever."""
    scopes: list[Permission]
    """What it can be for, with the credential in hand."""
    subscription_scopes: list[Permission]
    """What of these it can be for when it is for certain subscriptions only."""


def _life(identity: Identity) -> TokenLife:
    return TokenLife(identity.settings.api_token_days)


Life = Annotated[TokenLife, Depends(_life)]


@router.get("/api-token-options", dependencies=[requires(Permission.ACCOUNT_SELF)])
async def api_token_options(caller: CurrentCaller, identity: Identity) -> ApiTokenOptionsView:
    """Show what one's next API token can be for, and for how long."""
    return ApiTokenOptionsView(
        maximum_days=identity.settings.api_token_days or None,
        scopes=sorted(caller.permissions),
        subscription_scopes=sorted(caller.permissions & WITHIN_SUBSCRIPTIONS),
    )


@router.get("/api-tokens", dependencies=[requires(Permission.ACCOUNT_SELF)])
async def my_api_tokens(work: Work, caller: CurrentCaller, life: Life) -> Page[ApiTokenView]:
    """List one's API tokens."""
    rows = await ApiTokens(work, caller.account_id, life).list()
    return Page[ApiTokenView](value=[ApiTokenView.of(row, life) for row in rows])


@router.post("/api-tokens", status_code=201, dependencies=[requires(Permission.ACCOUNT_SELF)])
async def create_api_token(
    body: NewApiTokenBody, request: Request, work: Work, caller: CurrentCaller, life: Life
) -> NewApiTokenView:
    """Make an API token. Its text is shown this once."""
    draft = body.draft()
    if draft.scope.subscription_ids is not None:
        check: CheckReach = request.app.state.check_reach
        await check(work, caller, draft.scope.subscription_ids)
    row, text = await ApiTokens(work, caller.account_id, life).create(draft, caller)
    return NewApiTokenView(**ApiTokenView.of(row, life).model_dump(), token=text)


@router.delete("/api-tokens/{token_id}", status_code=204, dependencies=[requires(Permission.ACCOUNT_SELF)])
async def delete_api_token(token_id: PathId, work: Work, caller: CurrentCaller, life: Life) -> None:
    """Revoke an API token, at once."""
    await ApiTokens(work, caller.account_id, life).delete(token_id)
