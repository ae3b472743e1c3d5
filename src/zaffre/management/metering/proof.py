"""The proof that spans are what resources use.

Providers are asked what uses what, a bounded number of resources at a time, and that is compared with the spans and the
journal. For providers whose rows are watched there should never be a difference: one that is still the same in the next
run, so that it was no change under way, is repaired and counted. For others this is how their changes become known.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from zaffre.foundation.actor import system_actor
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.management.metering.journal import as_json
from zaffre.management.metering.meters import MeteredProvider, Meters
from zaffre.management.metering.tables import UsageChangeRow, UsageSpanRow

ACTOR = system_actor("usage proof")
AT_ONCE = 250
MOST_SUSPECTS = 1000

Believed = dict[str, tuple[Mapping[str, Any], int]]
"""What resources are believed to use, and the position of the change that said so, by id."""


@dataclass(frozen=True)
class Difference:
    """A resource that is not believed to use what it uses."""

    resource_id: str
    usage: dict[str, Any]
    """What it uses, as the journal says it."""
    position: int
    """Of the change that said otherwise."""


async def differences(
    work: UnitOfWork, provider: MeteredProvider, after: str = ""
) -> tuple[Sequence[Difference], str | None]:
    """Compare a bounded number of resources; returns where to go on, None at the end."""
    measured = await provider.measure(work, after, AT_ONCE)
    last = measured[-1].resource_id if len(measured) == AT_ONCE else None
    believed = await _believed(work, provider.name, after, last)
    shown = {usage.resource_id: as_json(usage) for usage in measured}
    found: list[Difference] = []
    for resource_id in {**shown, **believed}:
        usage = shown.get(resource_id, {})
        known, position = believed.get(resource_id, ({}, 0))
        if not _same(usage, known):
            found.append(Difference(resource_id, usage, position))
    return found, last


class UsageProof:
    """Compares what is recorded with what is there."""

    def __init__(self, units: UnitsOfWork, meters: Meters, metrics: Metrics) -> None:
        self._units = units
        self._meters = meters
        self._metrics = metrics
        self._suspects: Sequence[Difference] = ()
        """Differences of the last run."""

    async def run(self) -> None:
        """Compare everything once."""
        suspects, fresh = self._suspects, list[Difference]()
        for provider in self._meters.providers.values():
            after: str | None = ""
            while after is not None:
                async with self._units.read(ACTOR) as work:
                    found, after = await differences(work, provider, after)
                wrong = [each for each in found if not provider.watched or each in suspects]
                fresh += [each for each in found if each not in wrong]
                if provider.watched and wrong:
                    self._metrics.drift.labels("usage").inc(len(wrong))
                await self._repair(provider.name, wrong)
                await asyncio.sleep(0)
        self._suspects = fresh[:MOST_SUSPECTS]

    async def _repair(self, provider: str, wrong: Sequence[Difference]) -> None:
        if not wrong:
            return
        async with self._units.write(ACTOR) as work:
            for each in wrong:
                work.add(
                    UsageChangeRow(
                        provider=provider,
                        resource_id=each.resource_id,
                        occurred_at=work.clock.now(),
                        usage=each.usage,
                    )
                )


async def _believed(work: UnitOfWork, provider: str, after: str, last: str | None) -> Believed:
    """Return what the resources of a stretch of ids are believed to use: their spans, overtaken by the journal."""
    spans = select(UsageSpanRow).where(UsageSpanRow.provider == provider, UsageSpanRow.ended.is_(False))
    changes = select(UsageChangeRow).where(UsageChangeRow.provider == provider).order_by(UsageChangeRow.position)
    if after:
        spans = spans.where(UsageSpanRow.resource_id > after)
        changes = changes.where(UsageChangeRow.resource_id > after)
    if last is not None:
        spans = spans.where(UsageSpanRow.resource_id <= last)
        changes = changes.where(UsageChangeRow.resource_id <= last)
    # The journal first: what is taken out of it between the two is in both then, and in neither the other way round.
    pending = (await work.session.scalars(changes)).all()
    believed: Believed = {
        span.resource_id: ({name: getattr(span, name) for name in _COMPARED}, span.position)
        for span in await work.session.scalars(spans)
    }
    for row in pending:
        if row.usage and row.usage["amounts"] is None and row.resource_id in believed:
            continue
        believed[row.resource_id] = (row.usage, row.position)
    return believed


_COMPARED = ("state", "amounts", "dimensions", "tags", "plan_id", "account_id")


def _same(usage: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    if not usage or usage["amounts"] is None:
        return not known if not usage else True
    if not known or known["amounts"] is None:
        return False
    compared = _COMPARED if usage["plan_id"] is not None else _COMPARED[:4]
    return all(usage[name] == known[name] for name in compared)
