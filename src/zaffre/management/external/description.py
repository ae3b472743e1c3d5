"""What a program says of itself: the services it sells, what limits and measures them, and how portals show them."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, ValidationError, model_validator

from zaffre.foundation.errors import DomainError
from zaffre.foundation.http.wire import Body, Text
from zaffre.management.metering.meters import Meter, MeterKind
from zaffre.management.providers import QuotaDimension

CONTRACT = 1
"""The version of the contract that this server speaks."""
Words = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,63}$")]
PathWord = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9-]{0,63}$")]
Language = Annotated[str, StringConstraints(pattern="^[a-z]{2}$")]
Label = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Whole = Annotated[int, Field(ge=0, le=2**53)]


class DescriptionRefused(DomainError):
    """What a program says of itself cannot be used."""

    code = "provider.description_refused"
    title = "The resource provider's description cannot be used"
    status = 422

    def __init__(self, detail: str) -> None:
        super().__init__(
            detail, remedy="Correct what the program answers to GET /description, then try again.", target="description"
        )


class _Part(Body):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, from_attributes=True)


class Labels(_Part):
    """A text for people, by language. English is there always; others are shown to those who read them."""

    model_config = ConfigDict(extra="allow", frozen=True)

    en: Label

    @model_validator(mode="after")
    def _few_short_languages(self) -> "Labels":
        more = self.__pydantic_extra__ or {}
        if len(more) > 20 or any(
            len(language) != 2 or not isinstance(text, str) or not 0 < len(text) <= 100
            for language, text in more.items()
        ):
            raise ValueError("languages have two letters, texts up to 100 characters, and there are at most 20 more")
        return self


class DescribedDimension(_Part):
    """Something that plans limit."""

    name: Words
    title: Labels
    unit: Label
    default: Whole
    maximum: Whole

    @model_validator(mode="after")
    def _default_within(self) -> "DescribedDimension":
        if self.default > self.maximum:
            raise ValueError("the default must not be above the maximum")
        return self


class DescribedMeter(_Part):
    """Something that is measured."""

    name: Words
    title: Labels
    unit: Label
    """Of a quantity of one: `hour`, `GB`, `request`."""


class FieldKind(StrEnum):
    """What a value is, and how it is entered and shown."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    CHOICE = "choice"


class Choice(_Part):
    """One of the values that can be chosen."""

    value: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    title: Labels


class DescribedColumn(_Part):
    """A field of a resource as lists and details show it."""

    name: Words
    title: Labels
    kind: FieldKind = FieldKind.TEXT
    choices: Annotated[list[Choice], Field(max_length=50)] = Field(default_factory=list[Choice])
    """What its values mean to people, of the kind `choice`."""


class DescribedInput(DescribedColumn):
    """A field of a form."""

    required: bool = False
    minimum: int | None = None
    """Of a number; of a text, its length."""
    maximum: int | None = None
    pattern: Annotated[str, StringConstraints(max_length=200)] | None = None
    hint: Labels | None = None

    @model_validator(mode="after")
    def _can_be_entered(self) -> "DescribedInput":
        if self.kind is FieldKind.INSTANT:
            raise ValueError("instants cannot be entered")
        if self.kind is FieldKind.CHOICE and not self.choices:
            raise ValueError("a choice needs choices")
        return self


class DescribedCollection(_Part):
    """A kind of resource that tenants have."""

    name: PathWord
    """In paths: `note-books`."""
    type: Words
    """In events, quota reservations and usage records: `note_book`."""
    title: Labels
    """In the plural."""
    singular: Labels
    columns: Annotated[list[DescribedColumn], Field(max_length=20)] = Field(default_factory=list[DescribedColumn])
    """Beside its name, which is always there."""
    form: Annotated[list[DescribedInput], Field(max_length=30)] = Field(default_factory=list[DescribedInput])
    """What is asked for to make one. Empty: tenants make none by themselves."""
    change_form: Annotated[list[DescribedInput], Field(max_length=30)] = Field(default_factory=list[DescribedInput])
    """What of it can be changed. Empty: nothing."""
    deletable: bool = True
    searchable: bool = False
    """Whether a list understands `$search`."""


class Description(_Part):
    """What a program says of itself."""

    contract: Literal[1]
    name: Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9]{1,30}$")]
    version: Label
    title: Labels
    description: Text = ""
    dimensions: Annotated[list[DescribedDimension], Field(min_length=1, max_length=20)]
    meters: Annotated[list[DescribedMeter], Field(max_length=20)] = Field(default_factory=list[DescribedMeter])
    collections: Annotated[list[DescribedCollection], Field(min_length=1, max_length=20)]
    quota_batch: Annotated[int, Field(ge=1, le=1000)] = 100

    @model_validator(mode="after")
    def _names_are_its_own(self) -> "Description":
        prefix = f"{self.name}_"
        for what, names in (
            ("dimensions", [each.name for each in self.dimensions]),
            ("meters", [each.name for each in self.meters]),
            ("collections", [each.name for each in self.collections]),
            ("types of collections", [each.type for each in self.collections]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"two {what} have the same name")
        foreign = [each.name for each in (*self.dimensions, *self.meters) if not each.name.startswith(prefix)]
        if foreign:
            raise ValueError(f"the names of dimensions and meters must begin with {prefix!r}; {foreign[0]!r} does not")
        return self

    def quota_dimensions(self) -> Sequence[QuotaDimension]:
        """Return its dimensions as plans know them."""
        return [
            QuotaDimension(each.name, each.title.en, each.unit, each.default, each.maximum) for each in self.dimensions
        ]

    def as_meters(self) -> Sequence[Meter]:
        """Return its meters as metering knows them."""
        return [Meter(each.name, each.title.en, each.unit, MeterKind.COUNTER) for each in self.meters]

    def collection(self, name: str) -> DescribedCollection | None:
        """Return one of its collections by its name in paths."""
        return next((each for each in self.collections if each.name == name), None)


def read_description(content: Any) -> Description:
    """Read what a program answered.

    Raises:
        DescriptionRefused: it is not a description that this server understands.
    """
    try:
        return Description.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "description"
        raise DescriptionRefused(f"{where}: {first['msg']} ({error.error_count()} problems in all).") from None


def breaking_changes(
    old: Description, new: Description, quotas: Iterable[tuple[str, Mapping[str, int | None]]]
) -> list[str]:
    """Say, in sentences, why a changed description would not do for what is sold already.

    Args:
        old: what the program said before.
        new: what it says now.
        quotas: the plans and add-ons that sell its service, by what they are called, with their limits.
    """
    found = [f"It is called {new.name!r} now, and not {old.name!r}."] if new.name != old.name else []
    meters = {each.name: each.unit for each in new.meters}
    found += [
        f"Meter {meter.name!r} has another unit: {meters[meter.name]}, not {meter.unit}."
        for meter in old.meters
        if meters.get(meter.name, meter.unit) != meter.unit
    ]
    dimensions = {each.name: each for each in new.dimensions}
    units = {each.name: each.unit for each in old.dimensions}
    for offer, limits in quotas:
        for name, limit in limits.items():
            dimension = dimensions.get(name)
            if dimension is None:
                found.append(f"{offer} limits {name!r}, which is gone.")
            elif dimension.unit != units.get(name, dimension.unit):
                found.append(f"{offer} limits {name!r} in {units[name]}, and it is in {dimension.unit} now.")
            elif limit is not None and limit > dimension.maximum:
                found.append(f"{offer} allows {limit} of {name!r}, above the new maximum of {dimension.maximum}.")
    return found


def text_in(labels: Labels, languages: Sequence[str]) -> str:
    """Return a text in the first language that it has; English else."""
    texts: dict[str, Any] = labels.model_dump()
    return next((str(texts[language]) for language in languages if language in texts), labels.en)
