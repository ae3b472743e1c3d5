"""Building blocks of wire models: what a body may contain and how a view is shaped."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from zaffre.foundation.ids import UUID_PATTERN


class Body(BaseModel):
    """A request body. Unknown fields are refused, so a misspelt one is never silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class View(BaseModel):
    """An answer's resource."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class ResourceView(View):
    """What every stored resource shows."""

    id: str
    generation: int
    """Grows with every change; the number inside the ETag."""
    created_at: datetime


def no_nul(value: str) -> str:
    """Refuse the character NUL, which no database stores in text."""
    if "\0" in value:
        raise ValueError("must not contain the character NUL")
    return value


def printable(value: str) -> str:
    """Refuse control characters, in what people read on one line."""
    if not value.isprintable():
        raise ValueError("must not contain control characters")
    return value


Name = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(printable)]
"""A name for people: 1 to 100 printable characters."""
Text = Annotated[str, StringConstraints(max_length=2000), AfterValidator(no_nul)]
"""A description for people, with line breaks."""
Id = Annotated[str, StringConstraints(pattern=UUID_PATTERN)]
"""A UUID in canonical lower-case form."""
PathId = Annotated[str, Path(pattern=UUID_PATTERN, description="UUID")]
"""A UUID in a path."""


Content = Annotated[str, StringConstraints(max_length=65_536), AfterValidator(no_nul)]
"""Free content such as cloud-init user-data: at most 64 KiB of text."""
