"""The route that says how the site is."""

from datetime import datetime

from fastapi import APIRouter, Request

from zaffre.edge.overview import Overview, overview
from zaffre.edge.problems import Severity
from zaffre.edge.site import Site
from zaffre.foundation.http.routing import PlainRoute
from zaffre.foundation.http.wire import View
from zaffre.identity import Permission, requires
from zaffre.management.health import CheckedHealth

administration = APIRouter(tags=["overview"], route_class=PlainRoute)


class HostCountsView(View):
    """How many hosts there are, by what is wanted of them, and how many of those do not answer."""

    adding: int
    enabled: int
    disabled: int
    removing: int
    unreachable: int


class RoomView(View):
    """How much there is of something on the hosts that guests can be placed on."""

    total: int
    reserved: int
    used: int | None
    """What guests really take of it; null where that is not measured."""


class CapacityView(View):
    """The room there is."""

    vcpus: RoomView
    memory_mib: RoomView
    storage_gib: RoomView


class OperationCountsView(View):
    """How much work there is."""

    queued: int
    running: int
    failed_24h: int


class ProviderHealthView(View):
    """How a resource provider is."""

    name: str
    title: str
    healthy: bool
    sentence: str

    @classmethod
    def of(cls, checked: CheckedHealth) -> "ProviderHealthView":
        """Shape an answer."""
        provider, health = checked.provider, checked.health
        return cls(name=provider.name, title=provider.title, healthy=health.healthy, sentence=health.sentence)


class FoundProblemView(View):
    """Something that needs a human. It is there as long as its cause is."""

    code: str
    severity: Severity
    title: str
    detail: str
    remedy: str
    resource_type: str | None
    resource_id: str | None
    resource_name: str | None
    since: datetime | None


class OverviewView(View):
    """How the site is."""

    hosts: HostCountsView
    capacity: CapacityView
    virtual_machines: dict[str, int]
    """How many there are, by state."""
    operations: OperationCountsView
    providers: list[ProviderHealthView]
    problems: list[FoundProblemView]
    """The worst first."""

    @classmethod
    def of(cls, found: Overview) -> "OverviewView":
        """Shape an overview."""
        return cls(
            hosts=HostCountsView.model_validate(found.hosts),
            capacity=CapacityView(**{name: RoomView.model_validate(room) for name, room in found.capacity.items()}),
            virtual_machines=dict(found.virtual_machines),
            operations=OperationCountsView.model_validate(found.operations),
            providers=[ProviderHealthView.of(each) for each in found.providers],
            problems=[FoundProblemView.model_validate(each) for each in found.problems],
        )


@administration.get("/overview", dependencies=[requires(Permission.FABRIC_READ)])
async def get_overview(request: Request) -> OverviewView:
    """Say how the site is: what there is, how full it is, and what needs a human."""
    site: Site = request.app.state.site
    return OverviewView.of(await overview(site))
