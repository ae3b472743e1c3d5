"""Wire models of resource providers in other processes."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from zaffre.foundation.http.etags import set_etag
from zaffre.foundation.http.wire import Body, Id, Name, ResourceView, View, no_nul
from zaffre.foundation.outbound.targets import MAX_URL_CHARACTERS
from zaffre.foundation.work import UnitOfWork
from zaffre.management.external.description import Description, FieldKind, Words, read_description
from zaffre.management.external.external_provider import ExternalProvider
from zaffre.management.external.registrations import Credentials, NewProvider
from zaffre.management.external.reservations import Reservation
from zaffre.management.external.tables import ResourceProviderConditionRow, ResourceProviderRow

ExternalName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9]{1,30}$")]
Url = Annotated[str, Field(min_length=1, max_length=MAX_URL_CHARACTERS)]
Certificates = Annotated[str, StringConstraints(min_length=1, max_length=65_536), AfterValidator(no_nul)]
PathProvider = Annotated[str, Path(pattern="^[a-z][a-z0-9]{1,30}$", description="Name of a resource provider")]
PathCollection = Annotated[str, Path(pattern="^[a-z][a-z0-9-]{0,63}$", description="Name of one of its collections")]
Amounts = Annotated[dict[Words, Annotated[int, Field(ge=1, le=2**53)]], Field(min_length=1, max_length=20)]


class NewResourceProviderBody(Body):
    """A program that is to be a resource provider."""

    name: ExternalName
    """As the program calls itself: lower case letters and digits."""
    url: Url
    """Where it answers: `https://notes.example/zaffre`."""
    ca_certificates: Certificates | None = None
    """Certificates that vouch for it, in PEM; left out: those that this system trusts."""

    def to_draft(self) -> NewProvider:
        """Return what is to be registered."""
        return NewProvider(self.name, self.url.rstrip("/"), self.ca_certificates)


class ResourceProviderChangeBody(Body):
    """What may change of a registration; what is left out stays."""

    url: Url | None = None
    ca_certificates: Certificates | None = None
    """null: those that this system trusts."""
    enabled: bool | None = None
    """Whether anything is asked of it."""

    def changes(self) -> dict[str, Any]:
        """Return what was given; only the certificates can be nothing."""
        given = self.model_dump(exclude_unset=True)
        return {name: value for name, value in given.items() if value is not None or name == "ca_certificates"}


class LabelsView(View):
    """A text for people: in English, and by their two letters in other languages."""

    model_config = ConfigDict(extra="allow", from_attributes=True)

    en: str


class ChoiceView(View):
    """A value that can be chosen."""

    value: str
    title: LabelsView


class ProviderColumnView(View):
    """A field of a resource as lists and details show it."""

    name: str
    title: LabelsView
    kind: FieldKind
    choices: list[ChoiceView]


class ProviderInputView(ProviderColumnView):
    """A field of a form."""

    required: bool
    minimum: int | None
    maximum: int | None
    pattern: str | None
    hint: LabelsView | None


class ProviderCollectionView(View):
    """A kind of resource that tenants have at a program, and how portals show it."""

    name: str
    type: str
    title: LabelsView
    singular: LabelsView
    columns: list[ProviderColumnView]
    form: list[ProviderInputView]
    change_form: list[ProviderInputView]
    deletable: bool
    searchable: bool


class SubscriptionServiceView(View):
    """A service that a subscription has at a program, and how portals show it."""

    name: str
    title: LabelsView
    description: str
    version: str
    collections: list[ProviderCollectionView]

    @classmethod
    def of(cls, provider: ExternalProvider) -> "SubscriptionServiceView":
        """Shape a program."""
        return cls.model_validate(provider.description.model_dump())


class DescribedMeterView(View):
    """Something that a program measures."""

    name: str
    title: LabelsView
    unit: str


class DescribedDimensionView(View):
    """Something that plans limit."""

    name: str
    title: LabelsView
    unit: str
    default: int
    maximum: int


class DescriptionView(View):
    """What a program says of itself."""

    version: str
    title: LabelsView
    description: str
    dimensions: list[DescribedDimensionView]
    meters: list[DescribedMeterView]
    collections: list[ProviderCollectionView]
    quota_batch: int

    @classmethod
    def of(cls, description: Description) -> "DescriptionView":
        """Shape a description."""
        return cls.model_validate(description.model_dump())


class ResourceProviderView(ResourceView):
    """A program that sells services through plans."""

    name: str
    title: str
    version: str
    url: str
    ca_certificates: str | None
    enabled: bool
    healthy: bool
    sentence: str
    """How it was when it was asked last."""
    checked_at: datetime | None
    usage_read_at: datetime | None
    usage_error: str | None
    """Why its usage could not be read, or some of it not be taken, the last time."""
    usage_refused: int
    """Usage records that could not be taken, ever."""
    public_key: dict[str, Any]
    """The key that proves what it is asked, as a JSON Web Key."""
    described: DescriptionView

    @classmethod
    async def one(
        cls, work: UnitOfWork, row: ResourceProviderRow, response: Response | None = None
    ) -> "ResourceProviderView":
        """Shape a program with how it is; with its ETag where there is one answer."""
        if response is not None:
            set_etag(response, row.generation)
        return cls.model_validate(await _fields(work, row))


class NewResourceProviderView(ResourceProviderView):
    """A program with the key with which it proves itself to us: shown this once."""

    access_key: str

    @classmethod
    async def made(
        cls, work: UnitOfWork, made: tuple[ResourceProviderRow, Credentials], response: Response
    ) -> "NewResourceProviderView":
        """Shape a program whose keys are new."""
        row, credentials = made
        set_etag(response, row.generation)
        return cls.model_validate(await _fields(work, row) | {"access_key": credentials.access_key.get_secret_value()})


async def _fields(work: UnitOfWork, row: ResourceProviderRow) -> dict[str, Any]:
    condition = await work.session.get(ResourceProviderConditionRow, row.id)
    if condition is None:
        condition = ResourceProviderConditionRow(provider_id=row.id, healthy=False, sentence="", usage_refused=0)
    description = read_description(row.description)
    own = {name: getattr(row, name) for name in _OWN}
    seen = {name: getattr(condition, name) for name in _SEEN}
    return (
        own
        | seen
        | {
            "title": description.title.en,
            "version": description.version,
            "described": DescriptionView.of(description),
        }
    )


_OWN = ("id", "generation", "created_at", "name", "url", "ca_certificates", "enabled", "public_key")
_SEEN = ("healthy", "sentence", "checked_at", "usage_read_at", "usage_error", "usage_refused")


class ProviderResourceView(View):
    """A tenant's resource at a program. What it has besides, its collection's columns say."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    subscription_id: str


class QuotaReservationBody(Body):
    """Something that is to count against a subscription's quota."""

    id: Id
    """The resource's, chosen by the program."""
    subscription_id: Id
    resource_type: Words
    name: Name
    amounts: Amounts
    """By dimension, in its unit."""

    def to_reservation(self) -> Reservation:
        """Return what is to be reserved."""
        return Reservation(self.id, self.subscription_id, self.resource_type, self.name, self.amounts)


class QuotaReservationView(View):
    """Something that counts against a subscription's quota."""

    id: str
    subscription_id: str
    resource_type: str
    name: str
    amounts: dict[str, int]
    created_at: datetime


class JsonWebKeySetView(View):
    """Public keys that prove what programs are asked (RFC 7517)."""

    keys: list[dict[str, Any]]
