"""Routes of sizes."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from zaffre.compute.api.machine_models import SizeName
from zaffre.compute.sizes import NewSize, Sizes
from zaffre.compute.tables import SizeRow
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, PathId, View
from zaffre.identity import Permission, requires
from zaffre.management import CurrentSubscription

tenant = APIRouter(tags=["virtual machines"], route_class=TransactionalRoute)
administration = APIRouter(tags=["virtual machines"], route_class=TransactionalRoute)


class NewSizeBody(Body):
    """A size to add."""

    name: SizeName
    vcpus: Annotated[int, Field(ge=1, le=512)]
    memory_mib: Annotated[int, Field(ge=16, le=2**24)]


class SizeView(View):
    """A size."""

    id: str
    name: str
    vcpus: int
    memory_mib: int
    created_at: datetime

    @classmethod
    def of(cls, row: SizeRow) -> "SizeView":
        """Shape a row."""
        return cls.model_validate(row)


@tenant.get("/subscriptions/{subscription_id}/sizes", dependencies=[requires(Permission.MACHINE_READ)])
async def list_available_sizes(
    request: Request,
    subscription: CurrentSubscription,  # noqa: ARG001 - only its members may ask
    query: Listed,
    work: Work,
) -> Page[SizeView]:
    """List the sizes that virtual machines can have."""
    found = await Sizes(work).page(query)
    return found.page(request, [SizeView.of(row) for row in found.rows])


@administration.get("/sizes", dependencies=[requires(Permission.FABRIC_READ)])
async def list_sizes(request: Request, query: Listed, work: Work) -> Page[SizeView]:
    """List all sizes."""
    found = await Sizes(work).page(query)
    return found.page(request, [SizeView.of(row) for row in found.rows])


@administration.post("/sizes", status_code=201, dependencies=[requires(Permission.FABRIC_WRITE)])
async def create_size(body: NewSizeBody, work: Work) -> SizeView:
    """Add a size."""
    return SizeView.of(await Sizes(work).create(NewSize(**body.model_dump())))


@administration.delete("/sizes/{size_id}", status_code=204, dependencies=[requires(Permission.FABRIC_WRITE)])
async def delete_size(size_id: PathId, work: Work) -> None:
    """Withdraw a size. Virtual machines that have it keep it."""
    await Sizes(work).delete(size_id)
