"""Places: how far a part of metering is, and how far a reader of records is."""

from dataclasses import dataclass

from zaffre.foundation.database import insert_of
from zaffre.foundation.errors import DomainError, InvalidInput
from zaffre.foundation.events.log import LAST_POSITION
from zaffre.foundation.work import UnitOfWork
from zaffre.management.metering.tables import UsageCursorRow


class CursorExpired(DomainError):
    """Records behind the cursor have been deleted by age before they were read."""

    code = "usage.cursor_expired"
    title = "Records that were not read yet are gone"
    status = 410

    def __init__(self, cursor: "RecordCursor") -> None:
        super().__init__(
            f"Some of the records that follow {cursor} are older than records are kept for and have been deleted.",
            remedy="Read the sums of days for that time, then start anew without a cursor. Read more often, or raise "
            "metering.keep_days.",
            target="after",
        )


@dataclass(frozen=True, order=True)
class RecordCursor:
    """A place in the order of usage records, as readers are given it."""

    transaction_id: int = 0
    position: int = 0

    def __str__(self) -> str:
        return f"{self.transaction_id}.{self.position}"

    @classmethod
    def parse(cls, value: str) -> "RecordCursor":
        """Read a cursor that was handed out.

        Raises:
            InvalidInput: it is not one.
        """
        transaction_id, dot, position = value.partition(".")
        digits = transaction_id.isdecimal() and position.isdecimal() and len(value) <= 40 and value.isascii()
        if not (dot and digits and max(int(transaction_id), int(position)) <= LAST_POSITION):
            raise InvalidInput(
                f"{value[:40]!r} is not a cursor of usage records.",
                remedy="Send the cursor of the last answer, or leave it out to begin with the oldest record.",
                target="after",
            )
        return cls(int(transaction_id), int(position))


async def held_cursor(work: UnitOfWork, name: str) -> UsageCursorRow:
    """Return how far a part of metering is, locked until the transaction ends; nobody else goes on meanwhile."""
    row = await work.session.get(UsageCursorRow, name, with_for_update=True, populate_existing=True)
    if row is not None:
        return row
    insert = insert_of(work.session)
    new = insert(UsageCursorRow).values(name=name, transaction_id=0, position=0).on_conflict_do_nothing()
    await work.session.execute(new)
    return await work.session.get_one(UsageCursorRow, name, with_for_update=True, populate_existing=True)
