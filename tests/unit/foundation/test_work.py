import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from zaffre.foundation.actor import system_actor
from zaffre.foundation.database import Database
from zaffre.foundation.events import EventCursor, EventLog, EventScope
from zaffre.foundation.events.tables import LifecycleEventRow
from zaffre.foundation.work import ResourceRef, UnitsOfWork

ACTOR = system_actor("test")
THING = ResourceRef("thing", "t1", "a thing")
EVERYTHING = EventScope(everything=True)


async def test_a_change_and_its_event_commit_together(units: UnitsOfWork) -> None:
    async with units.write(ACTOR) as work:
        work.emit("thing.made", THING, size=3)
    async with units.read(ACTOR) as work:
        events = await EventLog(work.session).after(EventCursor(), EVERYTHING)
    assert [(e.kind, e.resource_id, e.data, e.actor_id) for e in events] == [("thing.made", "t1", {"size": 3}, "test")]
    assert events[0].occurred_at == datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_failed_unit_of_work_leaves_nothing(units: UnitsOfWork) -> None:
    with pytest.raises(RuntimeError, match="boom"):
        async with units.write(ACTOR) as work:
            work.emit("thing.made", THING)
            await work.session.flush()
            raise RuntimeError("boom")
    async with units.read(ACTOR) as work:
        assert await work.session.scalar(select(LifecycleEventRow)) is None
    assert units.events_written.count == 0


async def test_faults_of_the_database_are_told_without_the_values_that_were_sent(units: UnitsOfWork) -> None:
    with pytest.raises(DBAPIError) as fault:
        async with units.write(ACTOR) as work:
            await work.session.execute(text("SELECT :password FROM nowhere"), {"password": "hunter2"})
    assert "nowhere" in str(fault.value)
    assert "hunter2" not in str(fault.value)


async def test_a_second_write_inside_a_write_is_refused_instead_of_waiting_for_ever(units: UnitsOfWork) -> None:
    async with units.write(ACTOR):
        with pytest.raises(RuntimeError, match="already open"):
            async with units.write(ACTOR):
                pass


async def test_readers_see_a_consistent_state_while_somebody_writes(units: UnitsOfWork) -> None:
    async with units.write(ACTOR) as work:
        work.emit("thing.made", THING)
        await work.session.flush()

        async def look() -> int:
            async with units.read(ACTOR) as other:
                return len((await other.session.scalars(select(LifecycleEventRow))).all())

        assert await asyncio.create_task(look()) == 0
    assert await look() == 1


async def test_the_log_never_shows_a_later_event_before_an_earlier_transaction_has_ended(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time, so the question does not arise")
    async with database.engine.connect() as slow, database.engine.connect() as quick:
        insert = LifecycleEventRow.__table__.insert()
        row = {
            "kind": "x",
            "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
            "actor_kind": "system",
            "actor_id": "t",
            "resource_type": "thing",
            "data": {},
        }
        uuid = "0190c1a0-0000-7000-8000-00000000000{}"
        await slow.execute(insert.values(id=uuid.format(1), resource_id="slow", **row))
        await quick.execute(insert.values(id=uuid.format(2), resource_id="quick", **row))
        await quick.commit()
        async with database.transaction(write=False) as session:
            assert await EventLog(session).after(EventCursor(), EVERYTHING) == []
        await slow.commit()
        async with database.transaction(write=False) as session:
            events = await EventLog(session).after(EventCursor(), EVERYTHING)
        assert [e.resource_id for e in events] == ["slow", "quick"]


async def test_reading_by_cursor_resumes_exactly_where_it_stopped(units: UnitsOfWork) -> None:
    for number in range(7):
        async with units.write(ACTOR) as work:
            work.emit("thing.made", ResourceRef("thing", str(number)))
    seen: list[str] = []
    cursor = EventCursor()
    while True:
        async with units.read(ACTOR) as work:
            events = await EventLog(work.session).after(cursor, EVERYTHING, limit=3)
        if not events:
            break
        seen += [e.resource_id for e in events]
        cursor = EventCursor.parse(str(events[-1].cursor))
    assert seen == [str(n) for n in range(7)]


async def test_a_reader_sees_only_its_scope(units: UnitsOfWork) -> None:
    mine, theirs = units.ids.new(), units.ids.new()
    async with units.write(ACTOR) as work:
        work.emit("a", ResourceRef("thing", "1", subscription_id=mine))
        work.emit("b", ResourceRef("thing", "2", subscription_id=theirs))
        work.emit("c", ResourceRef("thing", "3", account_id=mine))
        work.emit("d", ResourceRef("thing", "4"))
    async with units.read(ACTOR) as work:
        log = EventLog(work.session)
        assert [e.kind for e in await log.after(EventCursor(), EventScope(subscription_ids=(mine,)))] == ["a"]
        assert [e.kind for e in await log.after(EventCursor(), EventScope(account_id=mine))] == ["c"]
        assert await log.after(EventCursor(), EventScope()) == []
        assert [e.kind for e in await log.before(None, EVERYTHING)] == ["d", "c", "b", "a"]
