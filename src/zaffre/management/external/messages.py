"""Messages: what a program has to be told of a subscription, written down with its cause."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from zaffre.foundation.errors import Unavailable
from zaffre.foundation.work import UnitOfWork
from zaffre.management.external.tables import ProviderMessageRow
from zaffre.management.providers import ChangeKind, PlannedService, SubscriptionChange, SyncReport

PATIENT_ATTEMPTS = 3
"""So many attempts may fail before the program counts as away: a hiccup is no cause to be out of sync."""


class NotTold(Unavailable):
    """A program could not be told of a change, or refused it."""

    code = "provider.not_told"
    title = "A resource provider has not taken note of a change"
    transient = False

    def __init__(self, provider: str, cause: str) -> None:
        super().__init__(
            f"Resource provider {provider} has not taken note: {cause}",
            remedy="Zaffre tells it again by itself, at growing intervals.",
            target=provider,
        )


def content_of(change: SubscriptionChange) -> dict[str, Any]:
    """Return what is told of a change."""
    return {
        "kind": change.kind.value,
        "service": _service(change.service),
        "previous": _service(change.previous) if change.previous is not None else None,
        "suspension": change.suspension.value if change.suspension is not None else None,
    }


def is_quota_only(content: Mapping[str, Any]) -> bool:
    """Tell whether nothing but limits has changed: then it can be told together with others."""
    return content["kind"] == ChangeKind.PLAN_CHANGED and content["previous"] is None


async def tell_later(
    work: UnitOfWork, provider: str, subscription_id: str, content: dict[str, Any], *, known_at_least: Any = None
) -> SyncReport:
    """Have a program told something of a subscription, and say how far that is.

    Args:
        work: the unit of work of the cause.
        provider: whom.
        subscription_id: of which subscription.
        content: what it has to know from now on.
        known_at_least: it must have said so after this instant; None: whenever it did.

    Raises:
        NotTold: it refused, or several attempts have failed; it is told again when it is due.
    """
    row = await work.session.get(
        ProviderMessageRow, (provider, subscription_id), with_for_update=True, populate_existing=True
    )
    now = work.clock.now()
    if row is None:
        work.add(ProviderMessageRow(provider=provider, subscription_id=subscription_id, content=content, due_at=now))
        await work.session.flush()
        return _waiting(provider)
    known = row.answered == row.number
    stale = known and known_at_least is not None and row.answered_at is not None and row.answered_at < known_at_least
    if row.content != content or stale:
        row.content, row.number = content, row.number + 1
        row.error, row.attempts, row.sentence, row.due_at = None, 0, "", now
        await work.session.flush()
        return _waiting(provider)
    if known:
        return SyncReport.done()
    if row.error is not None and row.due_at is not None and row.due_at > now:
        raise NotTold(provider, row.error)
    return SyncReport.pending(f"{provider}: {row.sentence}") if row.sentence else _waiting(provider)


async def newer_limits(
    work: UnitOfWork, provider: str, subscription_id: str, service: PlannedService
) -> Mapping[str, Any]:
    """Return what a program has to be told so that it knows new limits, besides what it does not know yet."""
    row = await work.session.get(ProviderMessageRow, (provider, subscription_id), populate_existing=True)
    if row is not None and row.answered != row.number and row.content["kind"] != ChangeKind.DELETED:
        return {**row.content, "service": _service(service)}
    return content_of(SubscriptionChange(ChangeKind.PLAN_CHANGED, subscription_id, service))


def _service(service: PlannedService) -> dict[str, Any]:
    return asdict(PlannedService(service.provider, dict(service.settings), dict(service.quota)))


def _waiting(provider: str) -> SyncReport:
    return SyncReport.pending(f"{provider} is being told.")
