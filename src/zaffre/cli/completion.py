"""Completion of names in the shell: asks the server, but only shortly, and never complains."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from zaffre.cli.invocation import Invocation
    from zaffre.client import Listing

OFFERED = 200
"""More names than this are of no use on a screen."""
TIMEOUT_S = 1.5

Complete = Callable[[typer.Context, str], list[str]]


def complete_contexts(incomplete: str) -> list[str]:
    """Return the names of contexts."""
    from zaffre.cli.contexts import ContextFile, ContextsUnreadable  # noqa: PLC0415 - only when completing

    try:
        return [name for name in ContextFile.usual().read().by_name if name.startswith(incomplete)]
    except ContextsUnreadable:
        return []


def complete_subscriptions(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of subscriptions."""
    return _names(ctx, incomplete, lambda run: run.client.subscriptions)


def names_of(look: Callable[["Invocation"], "Listing[Any]"]) -> Complete:
    """Return a function that completes the names in a collection.

    Args:
        look: finds the collection; whatever it raises means that nothing is offered.
    """

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        return _names(ctx, incomplete, look)

    return complete


def _names(ctx: typer.Context, incomplete: str, look: Callable[["Invocation"], "Listing[Any]"]) -> list[str]:
    from zaffre.cli.invocation import Invocation  # noqa: PLC0415 - only when completing
    from zaffre.cli.options import InSubscription, Presentation  # noqa: PLC0415

    presentation = Presentation(context=ctx.params.get("context"))
    chosen = InSubscription(ctx.params.get("subscription"))
    try:
        with Invocation(presentation, chosen, answer_timeout_s=TIMEOUT_S) as run:
            listing = look(run)
            names = [str(getattr(item, listing.name_field or "id")) for item in listing.list(top=OFFERED).items]
    except Exception:  # noqa: BLE001 - a complaint here would land in the middle of what somebody types
        return []
    return [name for name in names if name.startswith(incomplete)]
