"""Wire models of plans and add-ons: what is sent and shown of an offer."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from pydantic import Field, SecretStr, StringConstraints

from zaffre.foundation.http.wire import Body, Id, Name, ResourceView, Text, View
from zaffre.management.add_ons import AddOnChange, NewAddOn
from zaffre.management.held_add_ons import HeldAddOn
from zaffre.management.offer_impact import Impact
from zaffre.management.offer_texts import LANGUAGE_PATTERN, Fee, FeePeriod, OfferText, text_for
from zaffre.management.plans import AddOnLink, NewPlan, PlanChange, PlanState
from zaffre.management.providers import PlannedService, ProviderRegistry, SuspendPolicy
from zaffre.management.tables import AddOnRow, PlanAddOnRow, PlanRow

DimensionName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,63}$")]
Limit = Annotated[int, Field(ge=0, le=2**53)]
SettingName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,63}$")]
SettingValue = Annotated[str, Field(max_length=200)] | Annotated[int, Field(ge=-(2**53), le=2**53)] | bool
Language = Annotated[str, StringConstraints(pattern=LANGUAGE_PATTERN, max_length=35)]
Amount = Annotated[str, StringConstraints(pattern=r"^\d{1,12}(\.\d{1,6})?$")]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
Code = Annotated[SecretStr, Field(min_length=4, max_length=100)]
Occurrences = Annotated[int, Field(ge=1, le=10_000)]


def _providers(request: Request) -> ProviderRegistry:
    return request.app.state.providers


Providers = Annotated[ProviderRegistry, Depends(_providers)]
ReaderLanguages = Annotated[
    str | None, Header(alias="Accept-Language", max_length=500, description="Languages to read offers in")
]


class PlannedServiceBody(Body):
    """A provider's service in a plan or an add-on."""

    provider: DimensionName
    settings: Annotated[dict[SettingName, SettingValue], Field(max_length=50)] = Field(default_factory=dict)
    quota: Annotated[dict[DimensionName, Limit | None], Field(max_length=50)] = Field(default_factory=dict)
    """Limits; null means unlimited. In a plan, a dimension that is left out gets its provider's default."""

    def to_service(self) -> PlannedService:
        """Return the value for the rules."""
        return PlannedService(self.provider, self.settings, self.quota)


class OfferTextBody(Body):
    """What readers of one language see of an offer."""

    language: Language
    """BCP 47, such as `de` or `pt-BR`."""
    display_name: Name
    description: Text = ""
    price: Annotated[str, StringConstraints(max_length=200)] = ""
    """In words, such as `12 € a month`."""

    def to_text(self) -> OfferText:
        """Return the value for the rules."""
        return OfferText(self.language, self.display_name, self.description, self.price)


class FeeBody(Body):
    """What is due for each period, whatever is used."""

    amount: Amount
    """A decimal number as text, such as `12.50`."""
    currency: Currency
    """ISO 4217, such as `EUR`."""
    period: FeePeriod = FeePeriod.MONTH

    def to_fee(self) -> Fee:
        """Return the value for the rules."""
        return Fee(self.amount, self.currency, self.period)


class AddOnLinkBody(Body):
    """An add-on that can be had with a plan."""

    add_on_id: Id
    maximum: Occurrences | None = None
    """How many of it one subscription may hold; null means as many as it likes."""

    def to_link(self) -> AddOnLink:
        """Return the value for the rules."""
        return AddOnLink(self.add_on_id, self.maximum)


Services = Annotated[list[PlannedServiceBody], Field(min_length=1, max_length=50)]
Texts = Annotated[list[OfferTextBody], Field(max_length=50)]
Links = Annotated[list[AddOnLinkBody], Field(max_length=50)]
GraceDays = Annotated[int, Field(ge=0, le=90)]
PerAccount = Annotated[int, Field(ge=1, le=10_000)]


class NewPlanBody(Body):
    """A plan to add; it starts private."""

    name: Name
    description: Text = ""
    services: Services
    subscriptions_per_account: PerAccount | None = None
    texts: Texts = Field(default_factory=list[OfferTextBody])
    """What tenants read, per language; without any they read name and description."""
    fee: FeeBody | None = None
    invitation_code: Code | None = None
    """Tenants can subscribe only with it. It is kept encrypted and never shown again."""
    add_ons: Links = Field(default_factory=list[AddOnLinkBody])
    suspend_policy: SuspendPolicy = SuspendPolicy.ACCESS_ONLY
    """What suspending one of its subscriptions does with what runs in it."""
    deletion_grace_days: GraceDays = 0
    """How long its subscriptions can be restored once they are to be deleted, unless a deletion says otherwise."""

    def to_draft(self) -> NewPlan:
        """Return the value for the rules."""
        return NewPlan(
            self.name,
            self.description,
            [service.to_service() for service in self.services],
            self.subscriptions_per_account,
            [text.to_text() for text in self.texts],
            self.fee.to_fee() if self.fee is not None else None,
            self.invitation_code,
            [link.to_link() for link in self.add_ons],
            self.suspend_policy,
            self.deletion_grace_days,
        )


class PlanChangeBody(Body):
    """What may change of a plan; what is left out stays. Null takes away what may be absent."""

    name: Name | None = None
    description: Text | None = None
    state: PlanState | None = None
    services: Services | None = None
    """All services as they shall be. Those of a plan in use keep their settings; quotas and new services reach its
    subscriptions by an operation."""
    subscriptions_per_account: PerAccount | None = None
    texts: Texts | None = None
    fee: FeeBody | None = None
    invitation_code: Code | None = None
    add_ons: Links | None = None
    """All add-ons that can be had with the plan. What subscriptions hold already, they keep."""
    suspend_policy: SuspendPolicy | None = None
    deletion_grace_days: GraceDays | None = None
    allow_over_quota: bool | None = None
    """Let limits go below what subscriptions use: they keep it and get nothing more until they are below."""

    def to_change(self) -> PlanChange:
        """Return the value for the rules."""
        return PlanChange(
            frozenset(self.model_fields_set),
            self.name,
            self.description,
            self.state,
            _services(self.services),
            self.subscriptions_per_account,
            [text.to_text() for text in self.texts] if self.texts is not None else None,
            self.fee.to_fee() if self.fee is not None else None,
            self.invitation_code,
            [link.to_link() for link in self.add_ons] if self.add_ons is not None else None,
            self.suspend_policy,
            self.deletion_grace_days,
            bool(self.allow_over_quota),
        )


class NewAddOnBody(Body):
    """An add-on to make; it starts private."""

    name: Name
    description: Text = ""
    services: Services
    """What one occurrence adds. Settings are needed only for a service that plans have not."""
    texts: Texts = Field(default_factory=list[OfferTextBody])
    fee: FeeBody | None = None

    def to_draft(self) -> NewAddOn:
        """Return the value for the rules."""
        return NewAddOn(
            self.name,
            self.description,
            [service.to_service() for service in self.services],
            [text.to_text() for text in self.texts],
            self.fee.to_fee() if self.fee is not None else None,
        )


class AddOnChangeBody(Body):
    """What may change of an add-on; what is left out stays. Null takes away what may be absent."""

    name: Name | None = None
    description: Text | None = None
    state: PlanState | None = None
    services: Services | None = None
    """All services as they shall be; they reach the subscriptions that hold the add-on by an operation."""
    texts: Texts | None = None
    fee: FeeBody | None = None
    allow_over_quota: bool | None = None
    """Let limits go below what subscriptions use: they keep it and get nothing more until they are below."""

    def to_change(self) -> AddOnChange:
        """Return the value for the rules."""
        return AddOnChange(
            frozenset(self.model_fields_set),
            self.name,
            self.description,
            self.state,
            _services(self.services),
            [text.to_text() for text in self.texts] if self.texts is not None else None,
            self.fee.to_fee() if self.fee is not None else None,
            bool(self.allow_over_quota),
        )


class LimitView(View):
    """A quota limit in words."""

    dimension: str
    title: str
    unit: str
    limit: int | None
    """None means unlimited."""


class PlannedServiceView(View):
    """A provider's service in a plan or an add-on."""

    provider: str
    title: str
    """What people call the service."""
    settings: dict[str, Any]
    quota: dict[str, int | None]
    limits: list[LimitView]
    """The quota again, with titles and units."""

    @classmethod
    def of(cls, service: Mapping[str, Any], providers: ProviderRegistry) -> "PlannedServiceView":
        """Shape a service as its plan keeps it. A provider that is no longer installed is called by its name."""
        name, quota = service["provider"], service["quota"]
        provider = providers.find(name)
        limits = [_limit(dimension, limit, providers) for dimension, limit in quota.items()]
        title = provider.title if provider is not None else name
        return cls(provider=name, title=title, settings=service["settings"], quota=quota, limits=limits)


def _limit(name: str, limit: int | None, providers: ProviderRegistry) -> LimitView:
    dimension = providers.dimension(name)
    title, unit = (dimension.title, dimension.unit) if dimension is not None else (name, "count")
    return LimitView(dimension=name, title=title, unit=unit, limit=limit)


class OfferTextView(View):
    """What readers of one language see of an offer."""

    language: str
    display_name: str
    description: str
    price: str


class DisplayView(View):
    """An offer in the reader's language, as Accept-Language asks for it."""

    language: str | None
    """None: there are no texts, so these are the provider's own name and description."""
    name: str
    description: str
    price: str
    """In words; empty when nothing is said."""

    @classmethod
    def of(cls, row: PlanRow | AddOnRow, languages: str | None) -> "DisplayView":
        """Choose what a reader sees."""
        text = text_for(row.texts, languages)
        if text is None:
            return cls(language=None, name=row.name, description=row.description, price="")
        return cls(language=text.language, name=text.display_name, description=text.description, price=text.price)


class FeeView(View):
    """What is due for each period, whatever is used."""

    amount: str
    currency: str
    period: FeePeriod


class OfferView(ResourceView):
    """What plans and add-ons have in common."""

    name: str
    description: str
    state: PlanState
    services: list[PlannedServiceView]
    texts: list[OfferTextView]
    display: DisplayView
    fee: FeeView | None


class LinkedAddOnView(View):
    """An add-on that can be had with a plan."""

    add_on_id: str
    name: str
    state: PlanState
    display: DisplayView
    fee: FeeView | None
    maximum: int | None
    """How many of it one subscription may hold; null means as many as it likes."""


class PlanView(OfferView):
    """A plan."""

    subscriptions_per_account: int | None
    suspend_policy: SuspendPolicy
    deletion_grace_days: int
    needs_invitation_code: bool
    add_ons: list[LinkedAddOnView]

    @classmethod
    def of(
        cls,
        row: PlanRow,
        links: Sequence[tuple[PlanAddOnRow, AddOnRow]],
        providers: ProviderRegistry,
        languages: str | None,
    ) -> "PlanView":
        """Shape a row with its add-ons, for a reader."""
        return cls(
            **_offer(row, providers, languages),
            subscriptions_per_account=row.subscriptions_per_account,
            suspend_policy=SuspendPolicy(row.suspend_policy),
            deletion_grace_days=row.deletion_grace_days,
            needs_invitation_code=row.sealed_code is not None,
            add_ons=[
                LinkedAddOnView(
                    add_on_id=add_on.id,
                    name=add_on.name,
                    state=PlanState(add_on.state),
                    display=DisplayView.of(add_on, languages),
                    fee=_fee(add_on),
                    maximum=link.maximum,
                )
                for link, add_on in links
            ],
        )


class LinkedPlanView(View):
    """A plan that an add-on can be had with."""

    plan_id: str
    name: str


class AddOnView(OfferView):
    """An add-on. The quota of its services is what one occurrence adds."""

    @classmethod
    def of(cls, row: AddOnRow, providers: ProviderRegistry, languages: str | None) -> "AddOnView":
        """Shape a row for a reader."""
        return cls(**_offer(row, providers, languages))


class AddOnDetailView(AddOnView):
    """An add-on with the plans it is linked to."""

    plans: list[LinkedPlanView]

    @classmethod
    def with_plans(
        cls, row: AddOnRow, plans: Sequence[PlanRow], providers: ProviderRegistry, languages: str | None
    ) -> "AddOnDetailView":
        """Shape a row and its plans."""
        views = [LinkedPlanView(plan_id=plan.id, name=plan.name) for plan in plans]
        return cls(**_offer(row, providers, languages), plans=views)


class HeldAddOnView(View):
    """An add-on as one subscription has it."""

    add_on_id: str
    name: str
    display: DisplayView
    state: PlanState
    fee: FeeView | None
    services: list[PlannedServiceView]
    """What one occurrence adds."""
    held: int
    """How many of it the subscription holds."""
    maximum: int | None
    """How many its plan allows; null means as many as it likes."""
    left: int | None
    """How many more it can acquire; null means as many as it likes, 0 also when the add-on is no longer on offer."""

    @classmethod
    def of(cls, found: HeldAddOn, providers: ProviderRegistry, languages: str | None) -> "HeldAddOnView":
        """Shape an add-on for a reader."""
        row = found.row
        return cls(
            add_on_id=row.id,
            name=row.name,
            display=DisplayView.of(row, languages),
            state=PlanState(row.state),
            fee=_fee(row),
            services=[PlannedServiceView.of(service, providers) for service in row.services],
            held=found.held,
            maximum=found.maximum,
            left=found.left,
        )


class OverrunView(View):
    """A subscription that would use more of a dimension than it may."""

    subscription_id: str
    dimension: str
    limit: int
    used: int


class QuotaFailureView(View):
    """A subscription whose quota a provider would not apply."""

    subscription_id: str
    provider: str
    cause: str


class ImpactView(View):
    """What a change of services would do to subscriptions."""

    subscriptions: int
    """How many it reaches."""
    over_quota_subscriptions: int
    """How many of them would use more than they may."""
    over_quota: list[OverrunView]
    """The first of those, at most 100."""
    lost: list[str]
    """Dimensions in use whose service would be gone; such a change is refused."""
    refused_total: int
    """What providers would not apply."""
    refused: list[QuotaFailureView]
    """The first of these, at most 100."""

    @classmethod
    def of(cls, impact: Impact) -> "ImpactView":
        """Shape an impact."""
        return cls(
            subscriptions=impact.subscriptions,
            over_quota_subscriptions=impact.over_quota_subscriptions,
            over_quota=[OverrunView.model_validate(each) for each in impact.over_quota],
            lost=sorted(impact.lost),
            refused_total=impact.refused_total,
            refused=[QuotaFailureView.model_validate(each) for each in impact.refused],
        )


def _offer(row: PlanRow | AddOnRow, providers: ProviderRegistry, languages: str | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "generation": row.generation,
        "created_at": row.created_at,
        "name": row.name,
        "description": row.description,
        "state": PlanState(row.state),
        "services": [PlannedServiceView.of(service, providers) for service in row.services],
        "texts": [OfferTextView.model_validate(text) for text in row.texts],
        "display": DisplayView.of(row, languages),
        "fee": _fee(row),
    }


def _fee(row: PlanRow | AddOnRow) -> FeeView | None:
    return FeeView.model_validate(row.fee) if row.fee is not None else None


def _services(bodies: Sequence[PlannedServiceBody] | None) -> list[PlannedService] | None:
    return [body.to_service() for body in bodies] if bodies is not None else None
