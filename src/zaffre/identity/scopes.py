"""Scopes: what a credential leaves of what its owner may do.

A credential that is given to a program can say less than everything its owner may do: some permissions only, or those
in some subscriptions only. A scope never adds anything. It is intersected with what the owner may do at each request,
so a right that the owner loses is lost to the credential as well, and comes back with it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from zaffre.identity.permissions import HELD_IN_SUBSCRIPTIONS, Permission

WITHIN_SUBSCRIPTIONS = HELD_IN_SUBSCRIPTIONS | {Permission.PLAN_READ}
"""What is left to a credential for certain subscriptions: nothing of the account, and nothing of the site."""


@dataclass(frozen=True)
class Scope:
    """What a credential is for."""

    permissions: frozenset[Permission] | None = None
    """None: for whatever its owner may do."""
    subscription_ids: frozenset[str] | None = None
    """None: for everything its owner reaches."""

    @classmethod
    def of(cls, permissions: Collection[str] | None, subscription_ids: Collection[str] | None) -> Self:
        """Return a scope as it is recorded. A permission that no longer exists allows nothing."""
        return cls(
            None if permissions is None else frozenset(known for known in Permission if known.value in permissions),
            None if subscription_ids is None else frozenset(subscription_ids),
        )

    def leaves(self, held: frozenset[Permission]) -> frozenset[Permission]:
        """Return what of the owner's permissions is left."""
        left = held if self.permissions is None else held & self.permissions
        return left if self.subscription_ids is None else left & WITHIN_SUBSCRIPTIONS

    def reaches(self, subscription_id: str) -> bool:
        """Tell whether it is for a subscription, too."""
        return self.subscription_ids is None or subscription_id in self.subscription_ids

    def holds(self, other: "Scope") -> bool:
        """Tell whether another scope is for nothing that this one is not for: nobody hands on what they have not."""
        return _within(other.permissions, self.permissions) and _within(other.subscription_ids, self.subscription_ids)


def _within(smaller: frozenset[str] | None, larger: frozenset[str] | None) -> bool:
    return larger is None or (smaller is not None and smaller <= larger)


EVERYTHING = Scope()
"""What a session is for."""
