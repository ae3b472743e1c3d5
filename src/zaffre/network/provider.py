"""The network as a resource provider: VM networks sold through plans."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, select

import zaffre
from zaffre.foundation.errors import InvalidInput, NotFound
from zaffre.foundation.ids import is_uuid
from zaffre.foundation.work import UnitOfWork
from zaffre.management import (
    ChangeKind,
    Holdings,
    PlannedService,
    ProviderHealth,
    QuotaDimension,
    QuotaFailure,
    QuotaUpdate,
    ServiceSetting,
    SubscriptionChange,
    SyncReport,
)
from zaffre.management.metering import Meter, ResourceUsage, Watched, measure_rows
from zaffre.network import api
from zaffre.network.logical_networks import LogicalNetworks
from zaffre.network.meters import NETWORK_HOURS, WATCHED
from zaffre.network.purging import network_holdings, purge_networks
from zaffre.network.tables import LogicalNetworkRow
from zaffre.network.vm_networks import DIMENSION

PROVIDER_NAME = "networks"


class NetworkProvider:
    """Sells VM networks on a logical network."""

    name = PROVIDER_NAME
    title = "Networks"
    version = zaffre.__version__
    dimensions: Sequence[QuotaDimension] = (
        QuotaDimension(DIMENSION, "VM networks", "count", default=5, maximum=10_000),
    )
    settings: Sequence[ServiceSetting] = (ServiceSetting("logical_network_id", "Logical network", "/logical-networks"),)
    tenant_routers: Sequence[APIRouter] = (api.tenant,)
    quota_batch = 200
    admin_routers: Sequence[APIRouter] = (api.administration,)
    meters: Sequence[Meter] = (NETWORK_HOURS,)
    watched: Sequence[Watched] = WATCHED

    async def measure(self, work: UnitOfWork, after: str, limit: int) -> Sequence[ResourceUsage]:
        """Return what VM networks use."""
        return await measure_rows(work, WATCHED, after, limit)

    async def check_service(self, work: UnitOfWork, settings: Mapping[str, Any]) -> None:
        """Check that the plan names a logical network.

        Raises:
            InvalidInput: it does not.
        """
        unknown = sorted(set(settings) - {"logical_network_id"})
        network_id = settings.get("logical_network_id")
        if unknown or not is_uuid(network_id):
            raise InvalidInput(
                "The networks service needs exactly the setting logical_network_id.",
                remedy="Name one of the logical networks: GET /logical-networks.",
                target="services.settings",
            )
        try:
            await LogicalNetworks(work).get(str(network_id))
        except NotFound as error:
            raise InvalidInput(error.detail, remedy=error.remedy, target="services.settings") from None

    async def subscription_changed(self, work: UnitOfWork, change: SubscriptionChange) -> SyncReport:
        """Check that the logical network is still there; networks are made when the tenant asks for them.

        Suspending changes nothing on the network: what runs on keeps its connections.
        """
        if change.kind is ChangeKind.DELETED:
            return SyncReport.done()
        await LogicalNetworks(work).get(logical_network_of(change.service))
        return SyncReport.done()

    async def holdings(self, work: UnitOfWork, subscription_id: str) -> Sequence[Holdings]:
        """List VM networks."""
        return [await network_holdings(work, subscription_id)]

    async def purge(self, work: UnitOfWork, subscription_id: str) -> SyncReport:
        """Begin to delete the networks that nothing is attached to any more."""
        return await purge_networks(work, subscription_id)

    async def move_obstacles(
        self, work: UnitOfWork, subscription_id: str, old: PlannedService, new: PlannedService
    ) -> Sequence[str]:
        """Say how many networks are on a logical network that the new plan does not offer."""
        if logical_network_of(old) == logical_network_of(new):
            return []
        count = (await network_holdings(work, subscription_id)).count
        return [f"{count} VM networks are on another logical network than the plan offers."] if count else []

    async def apply_quota(
        self,
        work: UnitOfWork,  # noqa: ARG002 - the contract's
        updates: Sequence[QuotaUpdate],  # noqa: ARG002 - the contract's
        *,
        validate_only: bool,  # noqa: ARG002 - the contract's
    ) -> Sequence[QuotaFailure]:
        """Have nothing to do: the counters are all there is to a quota here."""
        return ()

    async def health(self, work: UnitOfWork) -> ProviderHealth:
        """Say whether there is a logical network to offer."""
        count = await work.session.scalar(select(func.count()).select_from(LogicalNetworkRow)) or 0
        networks = "One logical network" if count == 1 else f"{count} logical networks"
        return ProviderHealth(count > 0, networks if count else "There is no logical network yet")


def logical_network_of(service: PlannedService) -> str:
    """Return the id of the logical network that a plan's service names."""
    return str(service.settings["logical_network_id"])
