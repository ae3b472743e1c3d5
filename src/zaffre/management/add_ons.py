"""Add-ons: what can be had on top of a plan.

An add-on adds quota to services, or brings a service that the plan has not. It is linked to the plans it can be had
with; a subscription may hold several occurrences of it, as many as the link allows.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete as delete_rows
from sqlalchemy import select

from zaffre.foundation.database import RowLock, for_update
from zaffre.foundation.errors import Conflict, InUse, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.management.money.fees import note_fee
from zaffre.management.offer_impact import (
    Impact,
    OfferChange,
    ask_providers,
    of_add_on,
    overrun_impact,
    refuse_overruns,
    subscription_count,
)
from zaffre.management.offer_texts import Fee, OfferText, check_languages
from zaffre.management.planned_services import (
    CheckedServices,
    changed_providers,
    check_settings_stay,
    services_from,
    to_stored,
)
from zaffre.management.plans import Plans, PlanState, services_of
from zaffre.management.providers import PlannedService, ProviderRegistry
from zaffre.management.tables import AddOnRow, PlanAddOnRow, PlanRow

APPLY_OPERATION = "add_on.apply"

LISTING = Listing(
    AddOnRow,
    {
        "id": Field(AddOnRow.id, FieldType.ID),
        "name": Field(AddOnRow.name, FieldType.TEXT, searchable=True),
        "state": Field(AddOnRow.state, FieldType.TEXT),
        "created_at": Field(AddOnRow.created_at, FieldType.INSTANT),
    },
    key=AddOnRow.id,
    order="name",
)


class AddOnFixed(Conflict):
    """What tenants have acquired does not change under them."""

    code = "add_on.fixed"
    title = "The add-on cannot be changed that way"


@dataclass(frozen=True)
class NewAddOn:
    """An add-on as its designer wants it."""

    name: str
    description: str
    services: Sequence[PlannedService]
    """The quota of each is what one occurrence adds."""
    texts: Sequence[OfferText] = ()
    fee: Fee | None = None


@dataclass(frozen=True)
class AddOnChange:
    """What shall be otherwise. Of fields that may be empty, `given` names those that are meant."""

    given: frozenset[str] = frozenset()
    name: str | None = None
    description: str | None = None
    state: PlanState | None = None
    services: Sequence[PlannedService] | None = None
    texts: Sequence[OfferText] | None = None
    fee: Fee | None = None
    allow_over_quota: bool = False
    """Whether limits may go below what is used: nothing more can be claimed until it is less."""


class AddOns:
    """Rules for add-ons inside one unit of work."""

    def __init__(self, work: UnitOfWork, providers: ProviderRegistry) -> None:
        self._work = work
        self._session = work.session
        self._providers = providers
        self._checked = CheckedServices(work, providers)

    async def create(self, draft: NewAddOn) -> AddOnRow:
        """Add a private add-on.

        Raises:
            NameTaken: another add-on has the name.
            InvalidInput: a provider, a setting or a quota does not exist or is out of range.
        """
        check_languages(draft.texts)
        row = AddOnRow(
            id=self._work.ids.new(),
            name=draft.name,
            description=draft.description,
            state=PlanState.PRIVATE,
            services=to_stored(await self._checked.of_add_on(draft.services)),
            texts=[asdict(text) for text in draft.texts],
            fee=asdict(draft.fee) if draft.fee is not None else None,
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: NameTaken("add-on", draft.name))
        await note_fee(self._work, row.id, row.name, row.fee)
        self._work.emit("add_on.created", reference(row))
        return row

    async def get(self, add_on_id: str) -> AddOnRow:
        """Return an add-on.

        Raises:
            NotFound: there is none.
        """
        row = await self._session.get(AddOnRow, add_on_id)
        if row is None:
            raise NotFound("add-on", add_on_id)
        return row

    async def page(self, query: ListQuery) -> Rows[AddOnRow]:
        """Return a page of add-ons."""
        return await LISTING.rows(self._session, query)

    async def change(
        self, add_on_id: str, change: AddOnChange, expected: int | None = None
    ) -> tuple[AddOnRow, OperationRow | None]:
        """Change what is given; returns the operation that carries new services to those who hold it, if there are any.

        Raises:
            NotFound: there is no such add-on.
            PreconditionFailed: it is not at the expected generation.
            AddOnFixed: the state would move backward.
            PlanFixed: a service in use would get other settings.
            OverQuota: subscriptions use more than they would be allowed, and that is not wanted.
            NameTaken: another add-on has the name.
        """
        # Held against being acquired, so that every occurrence either is found here or sees the new services.
        row = await self._session.get(AddOnRow, add_on_id, with_for_update=for_update(RowLock.CHANGE))
        if row is None:
            raise NotFound("add-on", add_on_id)
        check_generation(expected, row.generation)
        _check_transition(row, change.state)
        operation = await self._change_services(row, change) if change.services is not None else None
        self._describe(row, change)
        row.state = change.state if change.state is not None else row.state
        name = row.name
        await self._work.save(row, lambda _: NameTaken("add-on", name))
        if "fee" in change.given:
            await note_fee(self._work, row.id, row.name, row.fee)
        self._work.emit("add_on.changed", reference(row), state=row.state)
        return row, operation

    async def preview(self, add_on_id: str, change: AddOnChange) -> Impact:
        """Check a change as `change` would, and tell what it would do to subscriptions. Nothing is changed.

        Raises:
            NotFound: there is no such add-on.
            PlanFixed: a service in use would get other settings.
        """
        row = await self.get(add_on_id)
        if change.services is None:
            return Impact(subscriptions=await subscription_count(self._work, of_add_on(add_on_id)))
        wish = await self._wish(row, change.services)
        impact = await overrun_impact(self._work, wish)
        await ask_providers(self._work, self._providers, wish, changed_providers(wish.old, wish.new), impact)
        return impact

    async def delete(self, add_on_id: str, expected: int | None = None) -> None:
        """Remove an add-on that nobody holds, also from the plans it is linked to.

        Raises:
            NotFound: there is no such add-on.
            InUse: subscriptions hold it.
        """
        row = await self._session.get(AddOnRow, add_on_id, with_for_update=for_update(RowLock.CHANGE))
        if row is None:
            raise NotFound("add-on", add_on_id)
        check_generation(expected, row.generation)
        held = await subscription_count(self._work, of_add_on(add_on_id))
        if held:
            raise InUse(
                f"{held} subscriptions hold add-on {row.name!r}.",
                remedy="Decommission it, so that nobody acquires it any more; delete it when it is released.",
                target=add_on_id,
            )
        await self._session.execute(delete_rows(PlanAddOnRow).where(PlanAddOnRow.add_on_id == add_on_id))
        await self._session.delete(row)
        self._work.emit("add_on.deleted", reference(row))

    async def plans(self, add_on_id: str) -> Sequence[PlanRow]:
        """Return the plans that the add-on is linked to."""
        linked = select(PlanAddOnRow.plan_id).where(PlanAddOnRow.add_on_id == add_on_id)
        return (await self._session.scalars(select(PlanRow).where(PlanRow.id.in_(linked)).order_by(PlanRow.name))).all()

    def _describe(self, row: AddOnRow, change: AddOnChange) -> None:
        row.name = change.name if change.name is not None else row.name
        row.description = change.description if change.description is not None else row.description
        if change.texts is not None:
            check_languages(change.texts)
            row.texts = [asdict(text) for text in change.texts]
        if "fee" in change.given:
            row.fee = asdict(change.fee) if change.fee is not None else None

    async def _change_services(self, row: AddOnRow, change: AddOnChange) -> OperationRow | None:
        wish = await self._wish(row, change.services or ())
        impact = await overrun_impact(self._work, wish)
        refuse_overruns(impact, allow_over_quota=change.allow_over_quota)
        row.services = to_stored(wish.new)
        await self._session.flush()
        await self._check_links(row)
        if not impact.subscriptions:
            return None
        parameters = {"providers": changed_providers(wish.old, wish.new), "before": to_stored(wish.old)}
        return self._work.start(NewOperation(APPLY_OPERATION, parameters=parameters), reference(row))

    async def _wish(self, row: AddOnRow, services: Sequence[PlannedService]) -> OfferChange:
        old, new = services_from(row.services), await self._checked.of_add_on(services)
        affected = of_add_on(row.id)
        if await subscription_count(self._work, affected):
            check_settings_stay(f"Add-on {row.name!r}", old, new)
        return OfferChange(row.id, affected, old, new)

    async def _check_links(self, row: AddOnRow) -> None:
        """Check that the add-on still goes with each plan that it is linked to."""
        plans = await self.plans(row.id)
        links = await Plans(self._work, self._providers).links([plan.id for plan in plans])
        for plan in plans:
            await self._checked.linked(services_of(plan), [add_on for _, add_on in links[plan.id]])


def reference(row: AddOnRow) -> ResourceRef:
    """Name an add-on in events."""
    return ResourceRef("add_on", row.id, row.name)


def _check_transition(row: AddOnRow, state: PlanState | None) -> None:
    order = list(PlanState)
    if state is not None and order.index(state) < order.index(PlanState(row.state)):
        raise AddOnFixed(
            f"Add-on {row.name!r} is {row.state} and cannot become {state}.",
            remedy="Create a new add-on instead.",
            target="state",
        )
