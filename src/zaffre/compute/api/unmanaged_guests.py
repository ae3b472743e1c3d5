"""Routes of unmanaged guests."""

from datetime import datetime

from fastapi import APIRouter, Request

from zaffre.compute.tables import UnmanagedGuestRow
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listed, Listing, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import View
from zaffre.identity import Permission, requires

administration = APIRouter(tags=["virtual machines"], route_class=TransactionalRoute)

UNMANAGED = Listing(
    UnmanagedGuestRow,
    {
        "guest_id": Field(UnmanagedGuestRow.guest_id, FieldType.ID),
        "host_id": Field(UnmanagedGuestRow.host_id, FieldType.ID),
        "title": Field(UnmanagedGuestRow.title, FieldType.TEXT, searchable=True),
        "made_by_zaffre": Field(UnmanagedGuestRow.made_by_zaffre, FieldType.BOOLEAN),
        "first_seen_at": Field(UnmanagedGuestRow.first_seen_at, FieldType.INSTANT),
    },
    key=(UnmanagedGuestRow.guest_id, UnmanagedGuestRow.host_id),
    order="first_seen_at desc",
)


class UnmanagedGuestView(View):
    """A guest on a host that belongs to no virtual machine Zaffre knows."""

    host_id: str
    guest_id: str
    title: str
    power_state: str
    made_by_zaffre: bool
    first_seen_at: datetime
    last_seen_at: datetime


@administration.get("/unmanaged-guests", dependencies=[requires(Permission.FABRIC_READ)])
async def list_unmanaged_guests(request: Request, query: Listed, work: Work) -> Page[UnmanagedGuestView]:
    """List guests found on hosts that belong to no virtual machine Zaffre knows."""
    found = await UNMANAGED.rows(work.session, query)
    return found.page(request, [UnmanagedGuestView.model_validate(row) for row in found.rows])
