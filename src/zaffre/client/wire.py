"""What all generated models are made from.

A client must outlive the server it was written for. So answers may hold fields this version does not know (they are
ignored) and states it does not know (they become members of the enum on the spot); only what is sent is held to the
letter.
"""

from enum import StrEnum
from typing import Annotated, Self

import pydantic
from pydantic import BaseModel, ConfigDict, PlainSerializer


class Wire(BaseModel):
    """A value that crosses the wire."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True, defer_build=True)


class OpenEnum(StrEnum):
    """An enum that takes values of newer servers: `State("brand_new")` is a member named after its value."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_, member._value_ = value.upper(), value
        return member


SecretStr = Annotated[pydantic.SecretStr, PlainSerializer(pydantic.SecretStr.get_secret_value, when_used="json")]
"""A secret that is hidden wherever it is shown and told only when it is sent."""
