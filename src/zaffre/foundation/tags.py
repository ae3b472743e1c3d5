"""Tags: pairs of a key and a value on what tenants own. They mean something to their tenant only.

What stands for itself has tags: subscriptions, virtual machines, disks, images of one's own, SSH keys, availability
sets and VM networks. What is a part of one of them, such as a subnet or a checkpoint, goes by the tags of the whole.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic import Field as WireField
from sqlalchemy.orm import Mapped, mapped_column, validates

from zaffre.foundation.errors import InvalidInput
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.wire import printable
from zaffre.foundation.work import ResourceRef, UnitOfWork

TAGS_PER_RESOURCE = 20

TagKey = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$")]
TagValue = Annotated[str, StringConstraints(max_length=200), AfterValidator(printable)]
NewTags = Annotated[dict[TagKey, TagValue], WireField(max_length=TAGS_PER_RESOURCE)]
"""What something new is tagged with."""
TagChanges = Annotated[dict[TagKey, TagValue | None], WireField(max_length=TAGS_PER_RESOURCE)]
"""Merged into the tags that are there; null removes one."""


class TooManyTags(InvalidInput):
    """Something would have more tags than it may."""

    code = "tags.too_many"
    title = "Too many tags"

    def __init__(self, count: int) -> None:
        super().__init__(
            f"There would be {count} tags, and there may be {TAGS_PER_RESOURCE}.",
            remedy="Remove tags that nobody needs any more, by setting them to null.",
            target="tags",
        )


class Tagged:
    """Columns of a table whose rows have tags."""

    tags: Mapped[dict[str, str]] = mapped_column(default=dict)
    tag_text: Mapped[str] = mapped_column(default="")
    """The tags as text, kept so that lists can be filtered by them."""

    @validates("tags")
    def _tags_as_text(self, _key: str, tags: dict[str, str]) -> dict[str, str]:
        self.tag_text = tag_text(tags)
        return tags


def tags_field(table: type[Tagged]) -> Field:
    """Return how queries name a table's tags: `tags/any(t:t eq 'env=prod')`."""
    return Field(table.tag_text, FieldType.TAGS, searchable=True, sortable=False)


async def retag(
    work: UnitOfWork, row: Tagged, reference: ResourceRef, changes: Mapping[str, str | None] | None
) -> None:
    """Merge changes into the tags of a row that the caller has locked or checked; None as a value removes that tag.

    Raises:
        TooManyTags: there would be too many.
    """
    had = row.tags or {}
    kept = merged(had, changes or {})
    if kept == had:
        return
    row.tags = kept
    await work.session.flush()
    work.emit(f"{reference.type}.tagged", reference, tags=kept)


def merged(had: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return tags with changes merged into them, sorted by key.

    Raises:
        TooManyTags: there would be too many.
    """
    kept = {key: value for key, value in {**had, **changes}.items() if value is not None}
    if len(kept) > TAGS_PER_RESOURCE:
        raise TooManyTags(len(kept))
    return dict(sorted(kept.items()))


def tag_text(tags: Mapping[str, str]) -> str:
    """Return tags as the text that is searched: a line `key=value` for each, with line breaks around all of them."""
    return "".join(f"\n{key}={value}" for key, value in sorted(tags.items())) + ("\n" if tags else "")
