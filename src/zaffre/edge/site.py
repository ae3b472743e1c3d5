"""A site in one process: every service and loop, put together and started in order."""

from datetime import timedelta

import structlog

from zaffre.compute.checkpoint_operations import checkpoint_sagas
from zaffre.compute.checkpoint_reconcile import CheckpointProof
from zaffre.compute.console_sessions import ConsoleSessions
from zaffre.compute.consoles import forget_tokens
from zaffre.compute.disk_operations import disk_sagas
from zaffre.compute.guest_facts import GuestFactsDesk
from zaffre.compute.media_operations import EjectIso, InsertIso
from zaffre.compute.migration_operations import MigrateVirtualMachine
from zaffre.compute.operations import CreateVirtualMachine, DeleteVirtualMachine, MachineTools
from zaffre.compute.port_operations import AddPort, RemovePort
from zaffre.compute.power_operations import machine_power_sagas
from zaffre.compute.reconcile import FullRead, GuestWatch
from zaffre.compute.resize_operations import ResizeVirtualMachine
from zaffre.compute.services import ComputeServices
from zaffre.compute.traffic import TrafficMetering
from zaffre.edge.drivers import Drivers
from zaffre.edge.host_preflight import HostPreflight
from zaffre.fabric.hypervisors import Hypervisors
from zaffre.fabric.image_copies import ImageCopies
from zaffre.fabric.library import Library
from zaffre.fabric.measurements.sampler import Sampler
from zaffre.fabric.operations import AddHost, DeleteImage, ImportImage, RemoveHost
from zaffre.fabric.reconcile import FabricReconciler
from zaffre.fabric.services import FabricServices
from zaffre.fabric.uploads import Uploads
from zaffre.foundation.actor import system_actor
from zaffre.foundation.audit.refusals import Refusals
from zaffre.foundation.audit.retention import take_off
from zaffre.foundation.audit.sealer import Sealer
from zaffre.foundation.audit.trail import ReadingDesk
from zaffre.foundation.background import Loop
from zaffre.foundation.events import EventLog, EventStream
from zaffre.foundation.http.idempotency import forget_keys
from zaffre.foundation.mail.delivery import Delivery
from zaffre.foundation.mail.drivers import post_office
from zaffre.foundation.operations.runtime import OperationsRuntime
from zaffre.foundation.operations.saga import Saga
from zaffre.foundation.settings import Settings
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork
from zaffre.identity.account_links import AccountLinks
from zaffre.identity.attempts import forget_attempts
from zaffre.identity.bootstrap import ensure_administrator
from zaffre.identity.federation.sign_ins import FederatedSignIns
from zaffre.identity.passwords import Passwords
from zaffre.identity.services import IdentityServices
from zaffre.management.approvals.change_requests import expire_requests
from zaffre.management.approvals.desk import ApprovalDesk
from zaffre.management.budgets.alerts import LOOK_INTERVAL_S as BUDGET_INTERVAL_S
from zaffre.management.budgets.alerts import BudgetWatch
from zaffre.management.cost_overview.watch import LOOK_INTERVAL_S as COST_INTERVAL_S
from zaffre.management.cost_overview.watch import CostWatch
from zaffre.management.deletions import delete_expired
from zaffre.management.external.catalog import Catalog
from zaffre.management.external.courier import Courier
from zaffre.management.external.lines import Lines
from zaffre.management.external.usage_feed import UsageFeed
from zaffre.management.metering import Meters
from zaffre.management.metering.journal import UsageJournal
from zaffre.management.metering.loops import Metering
from zaffre.management.metering.subscription_meter import SubscriptionMetering
from zaffre.management.money.statement_runs import CloseStatements, close_due_months
from zaffre.management.offer_operations import offer_sagas
from zaffre.management.operations import (
    ChangePlan,
    DeleteSubscription,
    ResumeSubscription,
    SuspendSubscription,
    SyncSubscription,
)
from zaffre.management.providers import ProviderRegistry
from zaffre.management.reconcile import heal_syncs, prove_quotas
from zaffre.management.webhooks import WebhookDispatch
from zaffre.network.operations import CreateSubnet, CreateVmNetwork, DeleteSubnet, DeleteVmNetwork
from zaffre.network.planes import NetworkPlanes
from zaffre.network.port_plane import PortPlane
from zaffre.network.reconcile import PlaneReconciler, PortWatch
from zaffre.network.services import NetworkServices

log = structlog.get_logger(__name__)

SLOW_LOOP_S = 60.0
CATALOG_S = 2.0
"""How soon every process knows of a resource provider that was registered through another."""
HOUSEKEEPING_S = 300.0
RARELY = 6
"""How many times rarer than full reads something is that costs several calls for each machine."""
HOUSEKEEPING_BATCH = 1000


class Site:
    """One process's share of a site: the whole of it when embedded."""

    def __init__(
        self,
        settings: Settings,
        units: UnitsOfWork,
        drivers: Drivers,
        providers: ProviderRegistry,
        passwords: Passwords | None = None,
    ) -> None:
        self.settings = settings
        self.units = units
        self.providers = providers
        self.metrics = Metrics()
        self.meters = Meters([SubscriptionMetering(), *providers])
        units.watchers.append(UsageJournal(self.meters).note)
        self.metering = Metering(units, self.meters, self.metrics, settings.metering)
        self.identity = IdentityServices.of(settings, units, passwords or Passwords())
        self.stream = EventStream(units.database, units.events_written, settings.events.streams)
        self.metrics.event_streams.set_function(lambda: self.stream.open)
        self.hypervisors = Hypervisors(units, drivers.hypervisors, self.metrics)
        self.planes = NetworkPlanes(units, drivers.planes)
        self.preflight = HostPreflight(units, self.hypervisors, self.planes)
        self.library = Library(
            settings.library_directory, settings.library.image_limit_gib, settings.library.import_directories
        )
        self.copies = ImageCopies(units, self.library)
        self.uploads = Uploads(units, self.library)
        self.fabric = FabricServices(units, self.hypervisors, self.library, self.copies, self.uploads)
        self.network = NetworkServices(self.planes)
        self.compute = ComputeServices(
            units,
            self.hypervisors,
            ConsoleSessions(units, self.hypervisors, settings.consoles, self.metrics),
            GuestFactsDesk(self.hypervisors, units.clock),
        )
        self.sealer = Sealer(units, self.metrics)
        self.refusals = Refusals(units)
        self.reading_desk = ReadingDesk(settings.audit.exports)
        self.focus_desk = ReadingDesk(settings.audit.exports)
        self.delivery = Delivery(units, settings.mail, post_office(settings.mail))
        self.webhooks = WebhookDispatch(units, self.metrics, settings.webhooks, settings.operations.worker)
        self.provider_lines = Lines(settings.providers, units.keyring, units.clock, units.ids)
        self.provider_catalog = Catalog(units, providers, self.meters, self.provider_lines)
        self.courier = Courier(
            units, providers, self.provider_catalog, self.provider_lines, settings.providers, self.metrics
        )
        self.approval_desk = ApprovalDesk(units, providers, self.meters, settings.providers, self.metrics)
        self.usage_feed = UsageFeed(units, self.provider_catalog, self.provider_lines)
        self.traffic = TrafficMetering(units, self.meters)
        self.budgets = BudgetWatch(units, self.meters, settings.money)
        self.costs = CostWatch(units, self.meters, settings)
        self.sagas = self._sagas()
        self.operations = OperationsRuntime(units, self.sagas, settings.operations, self.metrics)
        self.loops: list[Loop] = []
        """The loops that are running; in a process that only serves the API, the one that knows of providers."""

    async def start(self) -> None:
        """Make the first administrator if there is none; as a worker, resume operations and begin to watch."""
        await ensure_administrator(
            self.units, self.identity.passwords, self.settings.identity, self.settings.state_directory
        )
        await self.provider_catalog.refresh()
        catalog = Loop("provider catalog", CATALOG_S, self.provider_catalog.refresh, self.units.clock, self.metrics)
        catalog.start()
        self.loops = [catalog]
        if "worker" in self.settings.parts:
            await self.library.sweep_unfinished()
            self.operations.start()
            for loop in self._loops():
                loop.start()
                self.loops.append(loop)
            self.loops += self.operations.loops

    async def stop(self) -> None:
        """End every loop and close every door. Guests, networks and unfinished operations stay as they are."""
        for loop in self.loops:
            await loop.stop()
        if self.loops and "worker" in self.settings.parts:
            await self.operations.stop()
        await self.webhooks.stop()
        await self.courier.stop()
        await self.approval_desk.stop()
        await self.provider_lines.close()
        await self.hypervisors.close()
        await self.planes.close()
        self.library.close()
        await self.identity.close()
        await self.units.database.close()

    def _sagas(self) -> list[Saga]:
        tools = MachineTools(self.hypervisors, self.copies, PortPlane(self.units, self.planes))
        return [
            SyncSubscription(self.providers),
            SuspendSubscription(self.providers),
            ResumeSubscription(self.providers),
            ChangePlan(self.providers),
            DeleteSubscription(self.providers),
            *offer_sagas(self.providers),
            CloseStatements(self.meters, self.settings.metering),
            AddHost(self.hypervisors),
            RemoveHost(self.hypervisors),
            ImportImage(self.library),
            DeleteImage(self.hypervisors, self.library, self.copies),
            CreateVmNetwork(self.planes),
            DeleteVmNetwork(self.planes),
            CreateSubnet(self.planes),
            DeleteSubnet(self.planes),
            CreateVirtualMachine(tools),
            DeleteVirtualMachine(tools),
            *machine_power_sagas(tools),
            ResizeVirtualMachine(tools),
            AddPort(tools),
            RemovePort(tools),
            *checkpoint_sagas(tools),
            *disk_sagas(self.hypervisors),
            InsertIso(tools),
            EjectIso(tools),
            MigrateVirtualMachine(tools),
        ]

    def _loops(self) -> list[Loop]:
        units, metrics, clock = self.units, self.metrics, self.units.clock
        interval_s = self.settings.fabric.reconcile_interval_s
        fabric = FabricReconciler(units, self.hypervisors, metrics)
        guests = GuestWatch(units, self.hypervisors, metrics)
        full_read = FullRead(units, self.hypervisors, metrics)
        guests.full_read = Loop("full read of hosts", interval_s, full_read.run, clock, metrics)
        checkpoints = CheckpointProof(units, self.hypervisors, metrics)
        planes = PlaneReconciler(units, self.planes, metrics)
        sampler = Sampler(units, self.hypervisors, metrics, self.settings.metrics, self.settings.operations.worker)
        sampler.listeners.append(self.traffic.look)
        return [
            self.hypervisors.watch,
            *sampler.loops,
            *self.metering.loops,
            *self.webhooks.loops,
            *self.courier.loops,
            self.approval_desk.loop,
            Loop("provider usage", self.settings.providers.usage_interval_s, self.usage_feed.run, clock, metrics),
            Loop("traffic metering", self.settings.metering.interval_s, self.traffic.record, clock, metrics),
            guests.loop,
            guests.full_read,
            PortWatch(units, self.planes, metrics).loop,
            Loop("network planes", interval_s, planes.run, clock, metrics),
            Loop("host facts", SLOW_LOOP_S, fabric.refresh_facts, clock, metrics),
            Loop("image copies", SLOW_LOOP_S, fabric.forget_lost_copies, clock, metrics),
            Loop("checkpoint proof", RARELY * interval_s, checkpoints.run, clock, metrics),
            Loop("abandoned uploads", HOUSEKEEPING_S, self.uploads.sweep, clock, metrics),
            Loop("clean-ups", interval_s, fabric.clean_up, clock, metrics),
            Loop("reservation proof", SLOW_LOOP_S, fabric.prove_reservations, clock, metrics),
            Loop("quota proof", SLOW_LOOP_S, lambda: prove_quotas(units, metrics), clock, metrics),
            Loop("expired subscriptions", interval_s, lambda: delete_expired(units), clock, metrics),
            Loop("change requests", SLOW_LOOP_S, lambda: expire_requests(units), clock, metrics),
            Loop("subscription syncs", interval_s, lambda: heal_syncs(units), clock, metrics),
            Loop("mail", self.settings.mail.interval_s, self.delivery.run, clock, metrics),
            Loop("statements", HOUSEKEEPING_S, lambda: close_due_months(units, self.settings.money), clock, metrics),
            Loop("budgets", BUDGET_INTERVAL_S, self.budgets.run, clock, metrics),
            Loop("cost overview", COST_INTERVAL_S, self.costs.run, clock, metrics),
            self.sealer.loop,
            Loop("housekeeping", HOUSEKEEPING_S, self._keep_house, clock, metrics),
        ]

    async def _keep_house(self) -> None:
        """Delete what is older than it is kept for, a bounded amount at a time."""
        keep = timedelta(days=self.settings.events.keep_days)
        async with self.units.write(system_actor("housekeeping")) as work:
            now = work.clock.now()
            await EventLog(work.session).forget_before(now - keep, HOUSEKEEPING_BATCH)
            await forget_keys(work, now, HOUSEKEEPING_BATCH)
            await self.webhooks.forget(work)
            await forget_tokens(work, HOUSEKEEPING_BATCH)
            await self.identity.sessions(work).forget_expired(HOUSEKEEPING_BATCH)
            await AccountLinks(work).forget_expired(HOUSEKEEPING_BATCH)
            await FederatedSignIns(work).forget_expired(HOUSEKEEPING_BATCH)
            await forget_attempts(work, HOUSEKEEPING_BATCH)
            await take_off(work, now - timedelta(days=self.settings.audit.keep_days), HOUSEKEEPING_BATCH)
