"""Plans: what a provider offers.

A plan that has subscriptions can change: new limits and new services are carried to all of them by an operation, in
bounded batches. What a service is about, such as its cloud, stays, because tenants' resources are there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from hmac import compare_digest

from pydantic import SecretStr
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm.attributes import flag_modified

from zaffre.foundation.database import RowLock, for_update
from zaffre.foundation.errors import Forbidden, InUse, InvalidInput, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.secrets import SealedSecret
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.management.money.fees import note_fee
from zaffre.management.offer_impact import (
    Impact,
    OfferChange,
    ask_providers,
    of_plan,
    overrun_impact,
    refuse_overruns,
    subscription_count,
)
from zaffre.management.offer_texts import Fee, OfferText, check_languages
from zaffre.management.planned_services import (
    CheckedServices,
    PlanFixed,
    changed_providers,
    check_settings_stay,
    limits_of_services,
    services_from,
    to_stored,
)
from zaffre.management.providers import PlannedService, ProviderRegistry, SuspendPolicy
from zaffre.management.tables import AddOnRow, PlanAddOnRow, PlanRow, SubscriptionAddOnRow, SubscriptionRow

APPLY_OPERATION = "plan.apply"

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
    """On offer."""
    DECOMMISSIONED = "decommissioned"
    """Existing subscriptions go on; new ones are not taken."""


class InvitationCodeNeeded(Forbidden):
    """The plan is by invitation, and no code was given."""

    code = "plan.code_needed"
    title = "An invitation code is needed"


class InvitationCodeWrong(Forbidden):
    """The invitation code is not the plan's."""

    code = "plan.code_wrong"
    title = "The invitation code is wrong"


@dataclass(frozen=True)
class AddOnLink:
    """An add-on that subscriptions to a plan may acquire."""

    add_on_id: str
    maximum: int | None = None
    """How many of it one subscription may hold; None: as many as it likes."""


@dataclass(frozen=True)
class NewPlan:
    """A plan as its designer wants it."""

    name: str
    description: str
    services: Sequence[PlannedService]
    subscriptions_per_account: int | None = None
    texts: Sequence[OfferText] = ()
    fee: Fee | None = None
    invitation_code: SecretStr | None = None
    add_ons: Sequence[AddOnLink] = ()
    suspend_policy: SuspendPolicy = SuspendPolicy.ACCESS_ONLY
    deletion_grace_days: int = 0


@dataclass(frozen=True)
class PlanChange:
    """What shall be otherwise. Of fields that may be empty, `given` names those that are meant."""

    given: frozenset[str] = frozenset()
    name: str | None = None
    description: str | None = None
    state: PlanState | None = None
    services: Sequence[PlannedService] | None = None
    subscriptions_per_account: int | None = None
    texts: Sequence[OfferText] | None = None
    fee: Fee | None = None
    invitation_code: SecretStr | None = field(default=None, repr=False)
    add_ons: Sequence[AddOnLink] | None = None
    suspend_policy: SuspendPolicy | None = None
    deletion_grace_days: int | None = None
    allow_over_quota: bool = False
    """Whether limits may go below what is used: nothing more can be claimed until it is less."""


class Plans:
    """Rules for plans inside one unit of work."""

    def __init__(self, work: UnitOfWork, providers: ProviderRegistry) -> None:
        self._work = work
        self._session = work.session
        self._providers = providers
        self._checked = CheckedServices(work, providers)

    async def create(self, draft: NewPlan) -> PlanRow:
        """Add a private plan.

        Raises:
            NameTaken: another plan has the name.
            InvalidInput: a provider, a setting, a quota or an add-on does not exist or is out of range.
        """
        check_languages(draft.texts)
        services = await self._checked.of_plan(draft.services)
        row = PlanRow(
            id=self._work.ids.new(),
            name=draft.name,
            description=draft.description,
            state=PlanState.PRIVATE,
            services=to_stored(services),
            subscriptions_per_account=draft.subscriptions_per_account,
            suspend_policy=draft.suspend_policy,
            deletion_grace_days=draft.deletion_grace_days,
            texts=[asdict(text) for text in draft.texts],
            fee=asdict(draft.fee) if draft.fee is not None else None,
            sealed_code=self._sealed(draft.invitation_code),
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: NameTaken("plan", draft.name))
        await self._link(row, services, draft.add_ons)
        await note_fee(self._work, row.id, row.name, row.fee)
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
        self, plan_id: str, change: PlanChange, expected: int | None = None
    ) -> tuple[PlanRow, OperationRow | None]:
        """Change what is given; returns the operation that carries new services to the subscriptions, if there are any.

        Another policy or time of grace holds for what is suspended or deleted from now on.

        Raises:
            NotFound: there is no such plan.
            PreconditionFailed: it is not at the expected generation.
            PlanFixed: the state would move backward, or a service in use would get other settings.
            OverQuota: subscriptions use more than they would be allowed, and that is not wanted.
            NameTaken: another plan has the name.
        """
        # Held against new subscriptions, so that each of them either is found here or sees the new services.
        row = await self._session.get(PlanRow, plan_id, with_for_update=for_update(RowLock.CHANGE))
        if row is None:
            raise NotFound("plan", plan_id)
        check_generation(expected, row.generation)
        _check_transition(row, change.state)
        operation = await self._change_services(row, change) if change.services is not None else None
        if change.add_ons is not None:
            await self._link(row, services_of(row), change.add_ons)
        self._describe(row, change)
        row.state = change.state if change.state is not None else row.state
        name = row.name
        # Links are no columns of the plan, and yet its readers must see that it is another now.
        flag_modified(row, "texts")
        await self._work.save(row, lambda _: NameTaken("plan", name))
        if "fee" in change.given:
            await note_fee(self._work, row.id, row.name, row.fee)
        self._work.emit("plan.changed", reference(row), state=row.state)
        return row, operation

    async def preview(self, plan_id: str, change: PlanChange) -> Impact:
        """Check a change as `change` would, and tell what it would do to subscriptions. Nothing is changed.

        Raises:
            NotFound: there is no such plan.
            PlanFixed: a service in use would get other settings.
        """
        row = await self.get(plan_id, offered_only=False)
        if change.services is None:
            return Impact(subscriptions=await subscription_count(self._work, of_plan(plan_id)))
        wish = await self._wish(row, change.services)
        impact = await overrun_impact(self._work, wish)
        await ask_providers(self._work, self._providers, wish, changed_providers(wish.old, wish.new), impact)
        return impact

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
        await self._session.execute(delete(PlanAddOnRow).where(PlanAddOnRow.plan_id == plan_id))
        await self._session.delete(row)
        self._work.emit("plan.deleted", reference(row))

    async def links(self, plan_ids: Sequence[str]) -> dict[str, list[tuple[PlanAddOnRow, AddOnRow]]]:
        """Return the add-ons linked to each of some plans, by name."""
        statement = select(PlanAddOnRow, AddOnRow).join(AddOnRow, AddOnRow.id == PlanAddOnRow.add_on_id)
        found: dict[str, list[tuple[PlanAddOnRow, AddOnRow]]] = {plan_id: [] for plan_id in plan_ids}
        rows = await self._session.execute(statement.where(PlanAddOnRow.plan_id.in_(plan_ids)).order_by(AddOnRow.name))
        for link, add_on in rows:
            found[link.plan_id].append((link, add_on))
        return found

    def _describe(self, row: PlanRow, change: PlanChange) -> None:
        row.name = change.name if change.name is not None else row.name
        row.description = change.description if change.description is not None else row.description
        if "subscriptions_per_account" in change.given:
            row.subscriptions_per_account = change.subscriptions_per_account
        if change.texts is not None:
            check_languages(change.texts)
            row.texts = [asdict(text) for text in change.texts]
        if "fee" in change.given:
            row.fee = asdict(change.fee) if change.fee is not None else None
        row.suspend_policy = change.suspend_policy if change.suspend_policy is not None else row.suspend_policy
        if change.deletion_grace_days is not None:
            row.deletion_grace_days = change.deletion_grace_days
        if "invitation_code" in change.given:
            row.sealed_code = self._sealed(change.invitation_code)

    async def _change_services(self, row: PlanRow, change: PlanChange) -> OperationRow | None:
        wish = await self._wish(row, change.services or ())
        impact = await overrun_impact(self._work, wish)
        refuse_overruns(impact, allow_over_quota=change.allow_over_quota)
        row.services = to_stored(wish.new)
        if not impact.subscriptions:
            return None
        parameters = {"providers": changed_providers(wish.old, wish.new), "before": to_stored(wish.old)}
        return self._work.start(NewOperation(APPLY_OPERATION, parameters=parameters), reference(row))

    async def _wish(self, row: PlanRow, services: Sequence[PlannedService]) -> OfferChange:
        """Check new services against providers, linked add-ons, and what must stay."""
        old, new = services_of(row), await self._checked.of_plan(services)
        affected = of_plan(row.id)
        if row.state != PlanState.PRIVATE or await subscription_count(self._work, affected):
            check_settings_stay(f"Plan {row.name!r}", old, new)
        linked = [add_on for _, add_on in (await self.links([row.id]))[row.id]]
        await self._checked.linked(new, await self._also_held(row.id, linked))
        return OfferChange(row.id, affected, old, new)

    async def _link(self, row: PlanRow, services: Sequence[PlannedService], links: Sequence[AddOnLink]) -> None:
        """Replace the plan's links to add-ons. What subscriptions hold of one that is no longer linked, they keep."""
        add_ons = [await self._linkable(link) for link in links]
        if len({link.add_on_id for link in links}) != len(links):
            raise InvalidInput("An add-on appears twice.", remedy="Give each add-on once.", target="add_ons")
        await self._checked.linked(services, await self._also_held(row.id, add_ons))
        await self._session.execute(delete(PlanAddOnRow).where(PlanAddOnRow.plan_id == row.id))
        for link in links:
            self._work.add(PlanAddOnRow(plan_id=row.id, add_on_id=link.add_on_id, maximum=link.maximum))
        await self._session.flush()

    async def _linkable(self, link: AddOnLink) -> AddOnRow:
        row = await self._session.get(AddOnRow, link.add_on_id, with_for_update=for_update(RowLock.USE))
        if row is None:
            raise InvalidInput(
                f"There is no add-on {link.add_on_id!r}.", remedy="List them: GET /add-ons.", target="add_ons"
            )
        return row

    async def _also_held(self, plan_id: str, add_ons: Sequence[AddOnRow]) -> list[AddOnRow]:
        """Return some add-ons together with those that subscriptions to the plan hold anyway."""
        held = (
            select(SubscriptionAddOnRow.add_on_id)
            .join(SubscriptionRow, SubscriptionRow.id == SubscriptionAddOnRow.subscription_id)
            .where(SubscriptionRow.plan_id == plan_id)
        )
        known = {row.id: row for row in add_ons}
        for row in await self._session.scalars(select(AddOnRow).where(AddOnRow.id.in_(held))):
            known.setdefault(row.id, row)
        return list(known.values())

    def _sealed(self, code: SecretStr | None) -> SealedSecret | None:
        return self._work.keyring.seal(code) if code is not None else None


def check_code(work: UnitOfWork, row: PlanRow, code: SecretStr | None) -> None:
    """Check the invitation code of somebody who wants to subscribe.

    Raises:
        InvitationCodeNeeded: the plan needs one, and none was given.
        InvitationCodeWrong: it is another. How long the comparison takes tells nothing about it.
    """
    if row.sealed_code is None:
        return
    if code is None:
        raise InvitationCodeNeeded(
            f"Plan {row.name!r} is by invitation.",
            remedy="Give the invitation code that the provider has sent you, as invitation_code.",
            target="invitation_code",
        )
    right = work.keyring.open(SealedSecret(row.sealed_code)).get_secret_value().encode()
    if not compare_digest(right, code.get_secret_value().encode()):
        raise InvitationCodeWrong(
            f"This is not the invitation code of plan {row.name!r}.",
            remedy="Compare it with what the provider has sent you, or ask for another.",
            target="invitation_code",
        )


def services_of(row: PlanRow) -> list[PlannedService]:
    """Return a plan's services as values."""
    return services_from(row.services)


def limits_of(row: PlanRow) -> Mapping[str, int | None]:
    """Return all quota limits of a plan, over all its services."""
    return limits_of_services(services_of(row))


def reference(row: PlanRow) -> ResourceRef:
    """Name a plan in events."""
    return ResourceRef("plan", row.id, row.name)


def _check_transition(row: PlanRow, state: PlanState | None) -> None:
    order = list(PlanState)
    if state is not None and order.index(state) < order.index(PlanState(row.state)):
        raise PlanFixed(
            f"Plan {row.name!r} is {row.state} and cannot become {state}.",
            remedy="Create a new plan instead.",
            target="state",
        )
