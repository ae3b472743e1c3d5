"""What a subscription has at one provider: what would go with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from zaffre.foundation.operations.operation import FINISHED, OperationState
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import UnitOfWork

SHOWN = 50
"""Things of one type that are named; the others are counted."""
AGAIN_AFTER = timedelta(seconds=20)
"""How long something that could not be deleted is left alone."""

Column = ColumnElement[str] | InstrumentedAttribute[str]


@dataclass(frozen=True)
class Holding:
    """One thing that a subscription has."""

    id: str
    name: str
    detail: str = ""
    """What tells it from others: `2 GiB`, `running`."""


@dataclass(frozen=True)
class Holdings:
    """The things of one type that a subscription has at a provider."""

    type: str
    """As events name it: `virtual_machine`."""
    title: str
    """For people, in the plural: `virtual machines`."""
    count: int
    items: Sequence[Holding]
    """The first of them by name, a bounded number."""


async def holdings_of(
    work: UnitOfWork,
    type_: str,
    title: str,
    columns: tuple[Column, Column, Column],
    *conditions: ColumnElement[bool],
) -> Holdings:
    """Read the things of one type: id, name and detail of those that meet all conditions."""
    identifier, name, detail = columns
    count = await work.session.scalar(select(func.count(identifier)).where(*conditions)) or 0
    rows = await work.session.execute(
        select(identifier, name, detail).where(*conditions).order_by(name, identifier).limit(SHOWN)
    )
    return Holdings(type_, title, count, [Holding(*row) for row in rows])


@dataclass(frozen=True)
class DeletionsInWork:
    """What deletions have come to of some things."""

    running: frozenset[str]
    """Ids of what an operation works on."""
    failed: dict[str, str]
    """Why what could not be deleted a moment ago could not, by id."""

    def may_begin(self, resource_id: str) -> bool:
        """Tell whether a deletion can be begun now."""
        return resource_id not in self.running and resource_id not in self.failed


async def deletions_in_work(work: UnitOfWork, resource_ids: Sequence[str]) -> DeletionsInWork:
    """Look at the operations of some things: which go on, and which deletions have just failed."""
    recent = work.clock.now() - AGAIN_AFTER
    statement = select(OperationRow).where(
        OperationRow.resource_id.in_(resource_ids),
        OperationRow.state.not_in(FINISHED)
        | ((OperationRow.state != OperationState.SUCCEEDED) & (OperationRow.finished_at >= recent)),
    )
    rows = (await work.session.scalars(statement.order_by(OperationRow.id))).all()
    running = frozenset(row.resource_id for row in rows if row.state not in FINISHED)
    failed = {
        row.resource_id: row.problem["detail"] if row.problem is not None else "It was cancelled."
        for row in rows
        if row.state in FINISHED and row.kind.endswith(".delete")
    }
    return DeletionsInWork(running, failed)
