"""Compute as a resource provider: virtual machines sold through plans."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, select

import zaffre
from zaffre.compute import api
from zaffre.compute.meters import METERS, WATCHED
from zaffre.compute.purging import ComputeHoldings
from zaffre.compute.suspensions import SuspendedMachines
from zaffre.fabric import Clouds
from zaffre.fabric.hosts import HostState
from zaffre.fabric.own_images import LIBRARY_DIMENSION
from zaffre.fabric.tables import HostRow
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
    SuspendPolicy,
    SyncReport,
)
from zaffre.management.metering import Meter, ResourceUsage, Watched, measure_rows

_BOUND_TO_CLOUD = ("virtual_machine", "disk")


class ComputeProvider:
    """Sells virtual machines on a cloud."""

    name = api.PROVIDER_NAME
    title = "Virtual machines"
    version = zaffre.__version__
    dimensions: Sequence[QuotaDimension] = (
        QuotaDimension("virtual_machines", "Virtual machines", "count", default=10, maximum=1_000_000),
        QuotaDimension("vcpus", "Virtual processors", "vCPU", default=20, maximum=10_000_000),
        QuotaDimension("memory_mib", "Memory", "MiB", default=40_960, maximum=2**40),
        QuotaDimension("disk_gib", "Disk", "GiB", default=500, maximum=2**40),
        QuotaDimension("disks", "Data disks", "count", default=50, maximum=1_000_000),
        QuotaDimension(LIBRARY_DIMENSION, "Library", "GiB", default=20, maximum=2**40),
        QuotaDimension("availability_sets", "Availability sets", "count", default=20, maximum=10_000),
        QuotaDimension("checkpoints", "Checkpoints", "count", default=50, maximum=1_000_000),
    )
    settings: Sequence[ServiceSetting] = (ServiceSetting("cloud_id", "Cloud", "/clouds"),)
    tenant_routers: Sequence[APIRouter] = api.TENANT_ROUTERS
    quota_batch = 200
    admin_routers: Sequence[APIRouter] = api.ADMIN_ROUTERS
    meters: Sequence[Meter] = METERS
    watched: Sequence[Watched] = WATCHED

    async def measure(self, work: UnitOfWork, after: str, limit: int) -> Sequence[ResourceUsage]:
        """Return what virtual machines, disks and tenants' images use."""
        return await measure_rows(work, WATCHED, after, limit)

    async def check_service(self, work: UnitOfWork, settings: Mapping[str, Any]) -> None:
        """Check that the plan names a cloud.

        Raises:
            InvalidInput: it does not.
        """
        cloud_id = settings.get("cloud_id")
        if set(settings) != {"cloud_id"} or not is_uuid(cloud_id):
            raise InvalidInput(
                "The virtual machines service needs exactly the setting cloud_id.",
                remedy="Name one of the clouds: GET /clouds.",
                target="services.settings",
            )
        try:
            await Clouds(work).get(str(cloud_id))
        except NotFound as error:
            raise InvalidInput(error.detail, remedy=error.remedy, target="services.settings") from None

    async def subscription_changed(self, work: UnitOfWork, change: SubscriptionChange) -> SyncReport:
        """Turn machines off and on as subscriptions are suspended and resumed; else check that the cloud is there."""
        machines = SuspendedMachines(work, change.subscription_id)
        match change.kind:
            case ChangeKind.DELETED:
                await machines.forget()
                return SyncReport.done()
            case ChangeKind.SUSPENDED:
                return await machines.turn_off(change.suspension or SuspendPolicy.ACCESS_ONLY)
            case ChangeKind.RESUMED:
                return await machines.bring_back()
            case ChangeKind.CREATED | ChangeKind.PLAN_CHANGED:
                await Clouds(work).get(str(change.service.settings["cloud_id"]))
                return SyncReport.done()

    async def holdings(self, work: UnitOfWork, subscription_id: str) -> Sequence[Holdings]:
        """List machines, disks, checkpoints, images, availability sets and SSH keys."""
        return await ComputeHoldings(work, subscription_id).all()

    async def purge(self, work: UnitOfWork, subscription_id: str) -> SyncReport:
        """Begin to delete what can go now."""
        return await ComputeHoldings(work, subscription_id).purge()

    async def move_obstacles(
        self, work: UnitOfWork, subscription_id: str, old: PlannedService, new: PlannedService
    ) -> Sequence[str]:
        """Say what is in a cloud that the new plan does not offer: machines and disks stay where they are."""
        if old.settings.get("cloud_id") == new.settings.get("cloud_id"):
            return []
        bound = [each for each in await self.holdings(work, subscription_id) if each.type in _BOUND_TO_CLOUD]
        return [f"{each.count} {each.title} are in another cloud than the plan offers." for each in bound if each.count]

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
        """Say whether there are hosts that can take virtual machines."""
        usable = (
            select(func.count())
            .select_from(HostRow)
            .where(HostRow.state == HostState.ENABLED, HostRow.connected.is_(True))
        )
        count = await work.session.scalar(usable) or 0
        hosts = "One host" if count == 1 else f"{count} hosts"
        return ProviderHealth(count > 0, f"{hosts} can take virtual machines")
