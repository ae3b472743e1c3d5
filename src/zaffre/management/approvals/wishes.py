"""What can need an approval, and a wish for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import SecretStr


class ApprovableChange(StrEnum):
    """What a rule can be about."""

    SUBSCRIBE = "subscribe"
    CHANGE_PLAN = "change_plan"
    ACQUIRE_ADD_ON = "acquire_add_on"
    DELETE_SUBSCRIPTION = "delete_subscription"


@dataclass(frozen=True)
class Wish:
    """A change that somebody wants: all that it takes to make it later, in their name."""

    change: ApprovableChange
    plan_id: str | None = None
    """To subscribe or move to."""
    subscription_id: str | None = None
    add_on_id: str | None = None
    name: str | None = None
    """Of the subscription to make."""
    invitation_code: SecretStr | None = field(default=None, repr=False)
    cascade: bool = False
    grace_days: int | None = None
    new_id: str | None = None
    """Of the subscription to make, when its owner has chosen it."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the subscription to make."""
