"""Every route says who may call it.

A route carries exactly one access rule among its dependencies; one without cannot even be created. What the rules are
(permissions, roles, tokens) is identity's business.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from fastapi import Request
from fastapi.params import Depends


class AccessRule(ABC):
    """Decides whether the caller of a request may use a route. Instances are used as FastAPI dependencies."""

    @abstractmethod
    async def check(self, request: Request) -> None:
        """Let the request pass.

        Raises:
            Unauthenticated: nobody is signed in and the rule needs somebody.
            Forbidden: the caller may not do this.
        """

    @abstractmethod
    def describe(self) -> str:
        """Name the rule for documentation and for the sweep over all routes."""

    async def __call__(self) -> None:  # noqa: B027 - deliberately empty, and the same for all rules
        """Do nothing: `check` has run before FastAPI resolves dependencies, so that a stranger learns nothing else."""


class UndeclaredAccess(Exception):
    """A route was written without saying who may call it."""


def access_rule(path: str, dependencies: Sequence[Depends]) -> AccessRule:
    """Return the one access rule among a route's dependencies.

    Raises:
        UndeclaredAccess: there is none, or more than one.
    """
    rules: list[Any] = [d.dependency for d in dependencies if isinstance(d.dependency, AccessRule)]
    if len(rules) != 1:
        raise UndeclaredAccess(f"route {path} must declare exactly one access rule and declares {len(rules)}")
    return rules[0]
