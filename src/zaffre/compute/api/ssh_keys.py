"""Routes of SSH keys."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints

from zaffre.compute.ssh_keys import SshKeys
from zaffre.compute.tables import SshKeyRow
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Name, PathId, View
from zaffre.foundation.tags import NewTags, TagChanges
from zaffre.identity import Permission, requires
from zaffre.management import CurrentSubscription

KeyText = Annotated[str, StringConstraints(min_length=20, max_length=16_384)]

tenant = APIRouter(tags=["virtual machines"], route_class=TransactionalRoute)


class NewSshKeyBody(Body):
    """A public key to add."""

    name: Name
    public_key: KeyText
    tags: NewTags = Field(default_factory=dict[str, str])


class SshKeyChangeBody(Body):
    """What to call an SSH key from now on. What is left out stays as it is."""

    name: Name | None = None
    tags: TagChanges = Field(default_factory=dict[str, str | None])
    """Merged into the tags it has; null removes one."""


class SshKeyView(View):
    """An SSH public key."""

    id: str
    name: str
    public_key: str
    fingerprint: str
    tags: dict[str, str]
    created_at: datetime

    @classmethod
    def of(cls, row: SshKeyRow) -> "SshKeyView":
        """Shape a row."""
        return cls.model_validate(row)


_KEYS = "/subscriptions/{subscription_id}/ssh-keys"


@tenant.post(_KEYS, status_code=201, dependencies=[requires(Permission.MACHINE_WRITE)])
async def add_ssh_key(subscription: CurrentSubscription, body: NewSshKeyBody, work: Work) -> SshKeyView:
    """Add a public key that new virtual machines can let in."""
    return SshKeyView.of(await SshKeys(work, subscription.id).add(body.name, body.public_key, body.tags))


@tenant.get(_KEYS, dependencies=[requires(Permission.MACHINE_READ)])
async def list_ssh_keys(
    request: Request, subscription: CurrentSubscription, query: Listed, work: Work
) -> Page[SshKeyView]:
    """List the subscription's SSH keys."""
    found = await SshKeys(work, subscription.id).page(query)
    return found.page(request, [SshKeyView.of(row) for row in found.rows])


@tenant.get(_KEYS + "/{key_id}", dependencies=[requires(Permission.MACHINE_READ)])
async def get_ssh_key(key_id: PathId, subscription: CurrentSubscription, work: Work) -> SshKeyView:
    """Show an SSH key."""
    return SshKeyView.of(await SshKeys(work, subscription.id).get(key_id))


@tenant.patch(_KEYS + "/{key_id}", dependencies=[requires(Permission.MACHINE_WRITE)])
async def change_ssh_key(
    key_id: PathId, subscription: CurrentSubscription, body: SshKeyChangeBody, work: Work
) -> SshKeyView:
    """Rename an SSH key, or change its tags."""
    return SshKeyView.of(await SshKeys(work, subscription.id).label(key_id, body.name, body.tags))


@tenant.delete(_KEYS + "/{key_id}", status_code=204, dependencies=[requires(Permission.MACHINE_WRITE)])
async def delete_ssh_key(key_id: PathId, subscription: CurrentSubscription, work: Work) -> None:
    """Remove an SSH key. Virtual machines made with it keep letting it in."""
    await SshKeys(work, subscription.id).delete(key_id)
