"""The saga harness: breaks, repeats and kills every step of a workflow and looks at what is left of the world."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select

from support.cloud import SimulatedCloud, Tenant
from zaffre.fabric.tables import HostRow, ReservationRow
from zaffre.foundation.actor import system_actor
from zaffre.foundation.database import Table
from zaffre.foundation.errors import Conflict
from zaffre.foundation.operations.engine import Engine
from zaffre.foundation.operations.journal import Action, MemoryJournal, Outcome
from zaffre.foundation.operations.operation import FINISHED, OperationState
from zaffre.foundation.operations.progress import ProgressBoard
from zaffre.foundation.operations.saga import Run, Saga, Step, StepAction
from zaffre.foundation.operations.tables import OperationRow
from zaffre.management.metering.proof import differences
from zaffre.management.tables import QuotaClaimRow, QuotaCounterRow

ACTOR = system_actor("saga harness")
RECORDS = (
    *("operations", "lifecycle_events", "idempotency_keys", "sessions", "image_copies"),
    *("audit_records", "audit_chain"),
    *("usage_changes", "usage_spans", "usage_records", "usage_hours", "usage_days", "usage_cursors"),
    "traffic_readings",
)
"""Tables that tell what happened, or cache; they grow and are not part of the world's state."""
VOLATILE = (
    *("generation", "observed_at", "updated_at", "created_at", "operation_id", "desired", "observed_by"),
    *("next_vsid", "next_host", "storage_free_gib", "stop_reason", "up", "chassis", "host_id"),
)
"""Columns that change without meaning for the comparison: counters of changes, times, cursors of pools."""
PARTICULAR = (
    *("name", "name_key", "mac", "vsid", "address", "address_key", "cidr", "hostname", "uri", "migration_uri"),
    *("gateway", "gateway_mac"),
    *("number", "month", "lines", "began_at", "closed_at", "effective_from", "account_email"),
)
"""Columns by which two things of one kind differ: left out where two runs of the same work are compared."""
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Fingerprint = dict[str, Counter[str]]


class Broken(Conflict):
    """The harness broke a step."""

    code = "test.broken"


class Killed(BaseException):
    """The process died here, as far as the engine can tell."""


@dataclass
class Tampering:
    """What to do to a saga's actions."""

    fail_at: str | None = None
    """Name of the step whose `do` fails."""
    after_doing: bool = False
    """Whether it fails after having done its work instead of before."""
    twice: bool = False
    """Whether every action, do and undo, runs twice."""


class TamperedSaga:
    """A saga with its actions wrapped."""

    def __init__(self, saga: Saga, tampering: Tampering) -> None:
        self.kind = saga.kind
        self.cancellable = saga.cancellable
        self._saga = saga
        self._tampering = tampering

    def steps(self) -> Sequence[Step]:
        return [
            replace(step, do=self._wrapped(step.name, step.do), undo=self._repeated(step.undo), attempts=1)
            for step in self._saga.steps()
        ]

    def _wrapped(self, name: str, action: StepAction) -> StepAction:
        inner = self._repeated(action)

        async def act(run: Run) -> None:
            breaks = self._tampering.fail_at == name
            if not breaks or self._tampering.after_doing:
                await inner(run)
            if breaks:
                raise Broken("the harness broke this step", remedy="none")

        return act

    def _repeated(self, action: StepAction) -> StepAction:
        if not self._tampering.twice:
            return action

        async def act(run: Run) -> None:
            await action(run)
            await action(run)

        return act


class MortalJournal(MemoryJournal):
    """A journal whose process dies at every action: first before the outcome is written, then after."""

    def __init__(self) -> None:
        super().__init__()
        self._died: set[tuple[str, str]] = set()

    async def record(self, name: str, action: Action) -> Outcome:
        if name in self.outcomes:
            return self.outcomes[name]
        outcome = await action()
        self._die_once(name, "before writing")
        self.outcomes[name] = outcome
        self._die_once(name, "after writing")
        return outcome

    def _die_once(self, name: str, when: str) -> None:
        if (name, when) not in self._died:
            self._died.add((name, when))
            raise Killed


class Harness:
    """A cloud whose operations run only when the harness says so, and as it says."""

    def __init__(self, cloud: SimulatedCloud) -> None:
        self.cloud = cloud
        self.tenant: Tenant
        """Somebody whose plan has no limits; every case works in their subscription."""
        self.plan_id: str
        self.network: Any
        self._automatic = asyncio.Event()
        self._automatic.set()
        self._lock = asyncio.Lock()

    async def run_automatically(self) -> None:
        """Run queued operations as they come, whenever not paused."""
        while True:
            await self._automatic.wait()
            async with self._lock:
                for operation_id in await self._queued():
                    await self.run(operation_id)
            await asyncio.sleep(0.005)

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Leave operations in their queue meanwhile."""
        self._automatic.clear()
        try:
            async with self._lock:
                yield
        finally:
            self._automatic.set()

    def engine(self, tampering: Tampering | None = None) -> Engine:
        units, site = self.cloud.units, self.cloud.site
        sagas = [TamperedSaga(saga, tampering or Tampering()) for saga in site.sagas]
        return Engine(units, sagas, ProgressBoard(units), site.metrics)

    async def run(self, operation_id: str, tampering: Tampering | None = None) -> OperationState:
        async with self._others(operation_id):
            return await self.engine(tampering).run(operation_id, MemoryJournal())

    async def run_while_dying(self, operation_id: str, tampering: Tampering | None = None) -> OperationState:
        """Run an operation in processes that die before and after writing down each outcome."""
        journal = MortalJournal()
        async with self._others(operation_id):
            for _ in range(200):
                with suppress(Killed):
                    return await self.engine(tampering).run(operation_id, journal)
        raise AssertionError("the operation never ended")

    @asynccontextmanager
    async def _others(self, operation_id: str) -> AsyncIterator[None]:
        """Meanwhile run the operations that this one begins and waits for, and in the end those it has left."""
        ended = asyncio.Event()

        async def run() -> None:
            running: dict[str, asyncio.Task[OperationState]] = {}
            while True:
                waiting = [other for other in await self._queued() if other != operation_id]
                if not waiting and ended.is_set():
                    await asyncio.gather(*running.values())
                    return
                # Side by side, as they do: one of them may in turn wait for others.
                for other in waiting:
                    if other not in running:
                        running[other] = asyncio.create_task(self.engine().run(other, MemoryJournal()))
                await asyncio.sleep(0.01)

        others = asyncio.create_task(run())
        try:
            yield
        finally:
            ended.set()
            await others

    async def fingerprint(self, *, exact: bool = True) -> Fingerprint:
        """Describe the world: every table's rows, every host's guests and volumes, everything on the plane.

        Without `exact`, ids are left out, so that two runs of the same work on different things can be compared.
        """
        world: Fingerprint = {}
        async with self.cloud.units.read(ACTOR) as work:
            for table in Table.metadata.sorted_tables:
                if table.name not in RECORDS:
                    rows = (await work.session.execute(select(table))).mappings().all()
                    world[table.name] = Counter(_line(dict(row), exact=exact) for row in rows)
        world["guests"], world["volumes"] = await self._hosts(exact=exact)
        world["plane"] = await self._plane(exact=exact)
        world["books"] = await self._books()
        return world

    async def _books(self) -> Counter[str]:
        """Return every running total that differs from the sum of its entries; there must never be one."""
        async with self.cloud.units.read(ACTOR) as work:
            claims = select(QuotaClaimRow.subscription_id, QuotaClaimRow.dimension, func.sum(QuotaClaimRow.amount))
            claimed = {
                (s, d): int(total)
                for s, d, total in await work.session.execute(claims.group_by(*claims.selected_columns[:2]))
            }
            counted = {
                (row.subscription_id, row.dimension): row.used
                for row in await work.session.scalars(select(QuotaCounterRow))
            }
            sums = (func.sum(ReservationRow.memory_mib), func.sum(ReservationRow.storage_gib))
            rooms = select(ReservationRow.host_id, *sums).group_by(ReservationRow.host_id)
            reserved = {host: (int(m), int(s)) for host, m, s in await work.session.execute(rooms)}
            hosts = await work.session.scalars(select(HostRow))
            noted = {row.id: (row.memory_reserved_mib, row.storage_reserved_gib) for row in hosts}
            unmetered = [
                difference
                for provider in self.cloud.site.meters.providers.values()
                for difference in (await differences(work, provider))[0]
            ]
        wrong = [f"quota {key}" for key, used in counted.items() if used != claimed.get(key, 0)]
        wrong += [f"host {key}" for key, room in noted.items() if room != reserved.get(key, (0, 0))]
        wrong += [f"usage {difference}" for difference in unmetered]
        return Counter(wrong)

    async def _hosts(self, *, exact: bool) -> tuple[Counter[str], Counter[str]]:
        guests: Counter[str] = Counter()
        volumes: Counter[str] = Counter()
        for _, hypervisor in self.cloud.site.hypervisors.connected():
            for seen in await hypervisor.observe_all():
                seen_as = f"{seen.id} {seen.state} {seen.labels} {sorted(seen.ports)}"
                guests[_plain(seen_as, exact=exact)] += 1
                for kept in await hypervisor.checkpoints(seen.id):
                    guests[_plain(f"{seen.id} keeps {kept}", exact=exact)] += 1
            for volume in await hypervisor.volumes():
                if not volume.name.startswith("image-"):
                    volumes[_plain(volume.name, exact=exact)] += 1
        return guests, volumes

    async def _plane(self, *, exact: bool) -> Counter[str]:
        objects: Counter[str] = Counter()
        for plane in (await self.cloud.site.planes.open_all()).values():
            contents = await plane.contents()
            objects.update(_plain(f"network {key}", exact=exact) for key in contents.networks)
            objects.update(_plain(f"subnet {key}", exact=exact) for key in contents.subnets)
            objects.update(_plain(f"port {key}", exact=exact) for key in contents.ports)
            objects.update(f"damaged {key}" for key in contents.damaged)
        return objects

    async def _queued(self) -> list[str]:
        async with self.cloud.units.read(ACTOR) as work:
            statement = select(OperationRow.id).where(OperationRow.state.not_in(FINISHED)).order_by(OperationRow.id)
            return list(await work.session.scalars(statement))


def _line(row: dict[str, Any], *, exact: bool) -> str:
    kept = {key: value for key, value in row.items() if key not in VOLATILE}
    if not exact:
        kept = {key: value for key, value in kept.items() if key not in PARTICULAR}
        kept = {key: value for key, value in kept.items() if not isinstance(value, bytes)}
        kept = {
            key: value
            for key, value in kept.items()
            if not key.endswith(("_reserved", "_reserved_mib", "_gib", "_share", "used"))
        }
    return _plain(str(kept), exact=exact)


def _plain(text: str, *, exact: bool) -> str:
    return text if exact else UUID.sub("<id>", text)


def difference(before: Fingerprint, after: Fingerprint) -> dict[str, tuple[list[str], list[str]]]:
    """Return what went and what came, per kind of thing; empty when the worlds are the same."""
    changes = {
        key: (sorted((before[key] - after[key]).elements()), sorted((after[key] - before[key]).elements()))
        for key in before
    }
    return {key: change for key, change in changes.items() if change != ([], [])}


Prepare = Callable[[Harness], Awaitable[Any]]
Intent = Callable[[Harness, Any], Awaitable[str]]


@dataclass(frozen=True)
class SagaCase:
    """One workflow under test."""

    kind: str
    prepare: Prepare
    """Makes what the workflow needs; returns something that `intend` understands."""
    intend: Intent
    """Sends the request that starts the workflow; returns the operation's id."""
    restores: bool = True
    """Whether a failure leaves the world as it was before the intent. Deletions do not: they can be sent again."""

    variant: str = ""
    """Tells cases of one workflow apart."""

    def __str__(self) -> str:
        return f"{self.kind} {self.variant}".strip()
