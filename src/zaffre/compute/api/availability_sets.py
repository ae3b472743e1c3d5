"""Routes of availability sets."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from pydantic import Field

from zaffre.compute.availability_sets import AvailabilityPolicy, AvailabilitySets, machine_counts
from zaffre.compute.tables import AvailabilitySetRow
from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Name, PathId, ResourceView
from zaffre.foundation.tags import NewTags, TagChanges
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import Permission, requires
from zaffre.management import CurrentSubscription

tenant = APIRouter(tags=["virtual machines"], route_class=TransactionalRoute)


class NewAvailabilitySetBody(Body):
    """An availability set to make."""

    name: Name
    policy: AvailabilityPolicy = AvailabilityPolicy.PREFERRED
    """`strict`: two of its machines never share a host, and one that would have to is refused. `preferred`: they are
    spread over as many hosts as there are. It cannot be changed later."""
    tags: NewTags = Field(default_factory=dict[str, str])


class AvailabilitySetChangeBody(Body):
    """What to call an availability set from now on. What is left out stays as it is."""

    name: Name | None = None
    tags: TagChanges = Field(default_factory=dict[str, str | None])
    """Merged into the tags it has; null removes one."""


class AvailabilitySetView(ResourceView):
    """Virtual machines that are kept on different hosts."""

    subscription_id: str
    name: str
    policy: AvailabilityPolicy
    tags: dict[str, str]
    virtual_machine_count: int

    @classmethod
    async def read(cls, work: UnitOfWork, rows: Sequence[AvailabilitySetRow]) -> "list[AvailabilitySetView]":
        """Shape rows with how many machines they have."""
        counts = await machine_counts(work, [row.id for row in rows])
        return [
            cls(
                id=row.id,
                generation=row.generation,
                created_at=row.created_at,
                subscription_id=row.subscription_id,
                name=row.name,
                policy=AvailabilityPolicy(row.policy),
                tags=row.tags,
                virtual_machine_count=counts.get(row.id, 0),
            )
            for row in rows
        ]

    @classmethod
    async def one(cls, work: UnitOfWork, row: AvailabilitySetRow, response: Response) -> "AvailabilitySetView":
        """Shape one row, with its ETag."""
        set_etag(response, row.generation)
        return (await cls.read(work, [row]))[0]


_SETS = "/subscriptions/{subscription_id}/availability-sets"


@tenant.post(_SETS, status_code=201, dependencies=[requires(Permission.MACHINE_WRITE)])
async def create_availability_set(
    subscription: CurrentSubscription, body: NewAvailabilitySetBody, work: Work, response: Response
) -> AvailabilitySetView:
    """Make an availability set."""
    row = await AvailabilitySets(work, subscription.id).create(body.name, body.policy, body.tags)
    return await AvailabilitySetView.one(work, row, response)


@tenant.get(_SETS, dependencies=[requires(Permission.MACHINE_READ)])
async def list_availability_sets(
    request: Request, subscription: CurrentSubscription, query: Listed, work: Work
) -> Page[AvailabilitySetView]:
    """List the subscription's availability sets."""
    found = await AvailabilitySets(work, subscription.id).page(query)
    return found.page(request, await AvailabilitySetView.read(work, found.rows))


@tenant.get(_SETS + "/{set_id}", dependencies=[requires(Permission.MACHINE_READ)])
async def get_availability_set(
    set_id: PathId, subscription: CurrentSubscription, work: Work, response: Response
) -> AvailabilitySetView:
    """Show an availability set."""
    row = await AvailabilitySets(work, subscription.id).get(set_id)
    return await AvailabilitySetView.one(work, row, response)


@tenant.patch(_SETS + "/{set_id}", dependencies=[requires(Permission.MACHINE_WRITE)])
async def change_availability_set(
    set_id: PathId,
    subscription: CurrentSubscription,
    body: AvailabilitySetChangeBody,
    work: Work,
    if_match: IfMatch,
    response: Response,
) -> AvailabilitySetView:
    """Rename an availability set, or change its tags."""
    row = await AvailabilitySets(work, subscription.id).label(set_id, body.name, body.tags, if_match)
    return await AvailabilitySetView.one(work, row, response)


@tenant.delete(_SETS + "/{set_id}", status_code=204, dependencies=[requires(Permission.MACHINE_WRITE)])
async def delete_availability_set(
    set_id: PathId, subscription: CurrentSubscription, work: Work, if_match: IfMatch
) -> None:
    """Delete an availability set that no virtual machine is in."""
    await AvailabilitySets(work, subscription.id).delete(set_id, if_match)
