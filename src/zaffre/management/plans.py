"""Plans: what a provider offers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, select

from zaffre.foundation.errors import Conflict, InUse, InvalidInput, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.management.providers import PlannedService, ProviderRegistry, SuspendPolicy
from zaffre.management.tables import PlanRow, SubscriptionRow

LISTING = Listing(
    PlanRow,
    {
        "id": Field(PlanRow.id, FieldType.ID),
        "name": Field(PlanRow.name, FieldType.TEXT, searchable=True),
        "state": Field(PlanRow.state, FieldType.TEXT),
        "created_at": Field(PlanRow.created_at, FieldType.INSTANT),
    },
    key=PlanRow.id,
    order="name",
)


class PlanState(StrEnum):
    """Whether a plan can be subscribed to. The values are ordered: a plan moves forward only."""

    PRIVATE = "private"
    """A draft: seen and used by administrators only."""
    PUBLIC = "public"
    """On offer. Its services are fixed, because tenants rely on them."""
    DECOMMISSIONED = "decommissioned"
    """Existing subscriptions go on; new ones are not taken."""


class PlanFixed(Conflict):
    """What tenants have subscribed to does not change under them."""

    code = "plan.fixed"
    title = "The plan cannot be changed that way"


@dataclass(frozen=True)
class NewPlan:
    """A plan as its designer wants it."""

    name: str
    description: str
    services: Sequence[PlannedService]
    subscriptions_per_account: int | None
    suspend_policy: SuspendPolicy = SuspendPolicy.ACCESS_ONLY
    deletion_grace_days: int = 0


class Plans:
    """Rules for plans inside one unit of work."""

    def __init__(self, work: UnitOfWork, providers: ProviderRegistry) -> None:
        self._work = work
        self._session = work.session
        self._providers = providers

    async def create(self, draft: NewPlan) -> PlanRow:
        """Add a private plan.

        Raises:
            NameTaken: another plan has the name.
            InvalidInput: a provider, a setting or a quota does not exist or is out of range.
        """
        row = PlanRow(
            id=self._work.ids.new(),
            name=draft.name,
            description=draft.description,
            state=PlanState.PRIVATE,
            services=await self._checked(draft.services),
            subscriptions_per_account=draft.subscriptions_per_account,
            suspend_policy=draft.suspend_policy,
            deletion_grace_days=draft.deletion_grace_days,
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: NameTaken("plan", draft.name))
        self._work.emit("plan.created", reference(row))
        return row

    async def get(self, plan_id: str, *, offered_only: bool) -> PlanRow:
        """Return a plan.

        Raises:
            NotFound: there is none, or it is not on offer and `offered_only`.
        """
        row = await self._session.get(PlanRow, plan_id)
        if row is None or (offered_only and row.state != PlanState.PUBLIC):
            raise NotFound("plan", plan_id)
        return row

    async def page(self, query: ListQuery, *, offered_only: bool) -> Rows[PlanRow]:
        """Return a page of plans."""
        scope: list[ColumnElement[bool]] = [PlanRow.state == PlanState.PUBLIC] if offered_only else []
        return await LISTING.rows(self._session, query, *scope)

    async def change(
        self,
        plan_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        state: PlanState | None = None,
        services: Sequence[PlannedService] | None = None,
        suspend_policy: SuspendPolicy | None = None,
        deletion_grace_days: int | None = None,
        expected: int | None = None,
    ) -> PlanRow:
        """Change what is given. Services can change only while the plan is private.

        Another policy or time of grace holds for what is suspended or deleted from now on.

        Raises:
            NotFound: there is no such plan.
            PreconditionFailed: it is not at the expected generation.
            PlanFixed: the state would move backward, or services would change after publishing.
            NameTaken: another plan has the name.
        """
        row = await self.get(plan_id, offered_only=False)
        check_generation(expected, row.generation)
        _check_transition(row, state, changes_services=services is not None)
        if services is not None:
            row.services = await self._checked(services)
        new_name = row.name = name if name is not None else row.name
        row.description = description if description is not None else row.description
        row.state = state if state is not None else row.state
        row.suspend_policy = suspend_policy if suspend_policy is not None else row.suspend_policy
        row.deletion_grace_days = deletion_grace_days if deletion_grace_days is not None else row.deletion_grace_days
        await self._work.save(row, lambda _: NameTaken("plan", new_name))
        self._work.emit("plan.changed", reference(row), state=row.state)
        return row

    async def delete(self, plan_id: str, expected: int | None = None) -> None:
        """Remove a plan that nobody subscribes to.

        Raises:
            NotFound: there is no such plan.
            InUse: it has subscriptions.
        """
        row = await self.get(plan_id, offered_only=False)
        check_generation(expected, row.generation)
        if await self._session.scalar(select(SubscriptionRow.id).where(SubscriptionRow.plan_id == plan_id).limit(1)):
            raise InUse(
                f"Plan {row.name!r} has subscriptions.",
                remedy="Decommission it, so that it takes no new ones, and delete it when they have ended.",
                target=plan_id,
            )
        await self._session.delete(row)
        self._work.emit("plan.deleted", reference(row))

    async def _checked(self, services: Sequence[PlannedService]) -> list[dict[str, Any]]:
        """Check every service with its provider, and complete its quota with the dimensions' defaults."""
        names = [service.provider for service in services]
        if len(set(names)) != len(names):
            raise InvalidInput("A provider appears twice.", remedy="Give each provider once.", target="services")
        checked: list[dict[str, Any]] = []
        for service in services:
            provider = self._providers.get(service.provider)
            await provider.check_service(self._work, service.settings)
            limits: dict[str, int | None] = {d.name: d.default for d in provider.dimensions}
            for dimension, limit in service.quota.items():
                self._check_limit(service.provider, dimension, limit)
                limits[dimension] = limit
            checked.append({"provider": service.provider, "settings": dict(service.settings), "quota": limits})
        return checked

    def _check_limit(self, provider: str, name: str, limit: int | None) -> None:
        dimension = self._providers.dimension(name)
        known = {d.name for d in self._providers.get(provider).dimensions}
        if dimension is None or name not in known:
            raise InvalidInput(
                f"Provider {provider!r} has no quota dimension {name!r}.",
                remedy=f"It has: {', '.join(sorted(known))}.",
                target="services.quota",
            )
        if limit is not None and not 0 <= limit <= dimension.maximum:
            raise InvalidInput(
                f"The limit for {name} must be between 0 and {dimension.maximum} {dimension.unit}.",
                remedy="Choose a limit in that range, or null for unlimited.",
                target="services.quota",
            )


def services_of(row: PlanRow) -> list[PlannedService]:
    """Return a plan's services as values."""
    return [PlannedService(s["provider"], s["settings"], s["quota"]) for s in row.services]


def limits_of(row: PlanRow) -> Mapping[str, int | None]:
    """Return all quota limits of a plan, over all its services."""
    return {dimension: limit for service in services_of(row) for dimension, limit in service.quota.items()}


def reference(row: PlanRow) -> ResourceRef:
    """Name a plan in events."""
    return ResourceRef("plan", row.id, row.name)


def _check_transition(row: PlanRow, state: PlanState | None, *, changes_services: bool) -> None:
    order = list(PlanState)
    if state is not None and order.index(state) < order.index(PlanState(row.state)):
        raise PlanFixed(
            f"Plan {row.name!r} is {row.state} and cannot become {state}.",
            remedy="Create a new plan instead.",
            target="state",
        )
    if changes_services and row.state != PlanState.PRIVATE:
        raise PlanFixed(
            f"Plan {row.name!r} is {row.state}, so its services and quotas are fixed.",
            remedy="Create a new plan with other services.",
            target="services",
        )
