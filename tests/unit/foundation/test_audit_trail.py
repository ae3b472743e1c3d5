"""The audit trail: what a transaction changes is recorded with it, sealed after it, and cannot be altered unseen."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from support import records
from zaffre.foundation.actor import Actor, ActorKind, Origin, system_actor
from zaffre.foundation.audit.chain import ChainEnd, ChainWalk, FaultKind
from zaffre.foundation.audit.content import exported
from zaffre.foundation.audit.declaration import SECRET
from zaffre.foundation.audit.retention import take_off
from zaffre.foundation.audit.sealer import BATCH, Sealer
from zaffre.foundation.audit.tables import AuditRecordRow
from zaffre.foundation.audit.verification import Verification, VerificationProgress, ends_of_chain
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import ResourceRef, UnitsOfWork
from zaffre.identity.tables import AccountRow
from zaffre.management.tables import PlanRow

ORIGIN = Origin("tenant", "192.0.2.7", "test", "api_token", None, "robot")
SYSTEM = system_actor("test")


async def actor(units: UnitsOfWork, **fields: Any) -> Actor:
    return Actor(ActorKind.ACCOUNT, await records.account(units, **fields), "request-1", origin=ORIGIN)


async def trail(units: UnitsOfWork, kind: str = "plan") -> Sequence[AuditRecordRow]:
    async with units.read(SYSTEM) as work:
        statement = select(AuditRecordRow).where(AuditRecordRow.resource_type == kind)
        return (await work.session.scalars(statement.order_by(AuditRecordRow.position))).all()


async def verified(units: UnitsOfWork, known: ChainEnd | None = None) -> VerificationProgress:
    async for progress in Verification(units, SYSTEM, known).run():
        last = progress
    assert last.done
    return last


async def rename(units: UnitsOfWork, who: Actor, plan_id: str, *names: str) -> None:
    async with units.write(who) as work:
        plan = await work.session.get_one(PlanRow, plan_id)
        for name in names:
            plan.name = name
            await work.session.flush()


async def sealed_trail(units: UnitsOfWork, count: int) -> None:
    """Write records and seal them."""
    who, plan_id = await actor(units), await records.plan(units)
    for number in range(count):
        await rename(units, who, plan_id, f"name {number}")
    await Sealer(units, Metrics()).run()


async def test_a_change_is_recorded_with_who_from_where_before_and_after(units: UnitsOfWork) -> None:
    who, plan_id = await actor(units, email="anna@zaffre.example"), await records.plan(units, name="old")
    await rename(units, who, plan_id, "between", "new")
    record = (await trail(units))[-1]
    assert (record.action, record.change, record.resource_id) == ("plan.changed", "changed", plan_id)
    assert (record.before, record.after) == ({"name": "old"}, {"name": "new"})
    assert (record.asked_by_id, record.asked_by_email, record.operator) == (who.id, "anna@zaffre.example", False)
    assert (record.face, record.address, record.credential_name) == ("tenant", "192.0.2.7", "robot")
    assert record.request_id == "request-1"


async def test_what_comes_to_nothing_is_not_recorded(units: UnitsOfWork) -> None:
    who, plan_id = await actor(units), await records.plan(units, name="same")
    recorded = len(await trail(units))
    await rename(units, who, plan_id, "other", "same")
    with pytest.raises(RuntimeError):
        async with units.write(who) as work:
            (await work.session.get_one(PlanRow, plan_id)).name = "lost"
            await work.session.flush()
            raise RuntimeError
    assert len(await trail(units)) == recorded


async def test_a_secret_is_recorded_as_changed_and_never_shown(units: UnitsOfWork) -> None:
    who = await actor(units, password_hash="a hash that nobody sees")
    async with units.write(who) as work:
        (await work.session.get_one(AccountRow, who.id)).password_hash = "another hash"
    created, changed = await trail(units, "account")
    assert created.after is not None
    assert created.after["password_hash"] == SECRET
    assert (changed.before, changed.after) == ({"password_hash": SECRET}, {"password_hash": SECRET})


async def test_changes_of_many_rows_at_once_are_recorded_one_by_one(units: UnitsOfWork) -> None:
    who, plans = await actor(units), [await records.plan(units) for _ in range(3)]
    async with units.write(who) as work:
        await work.session.execute(update(PlanRow).where(PlanRow.id.in_(plans[:2])).values(state="decommissioned"))
    async with units.write(who) as work:
        await work.session.execute(delete(PlanRow).where(PlanRow.id.in_(plans[1:])))
    changes = [(record.change, record.resource_id) for record in (await trail(units))[3:]]
    assert sorted(changes[:2]) == sorted(("changed", plan) for plan in plans[:2])
    assert sorted(changes[2:]) == sorted(("deleted", plan) for plan in plans[1:])
    deleted = {record.resource_id: record.before for record in (await trail(units))[5:]}
    assert deleted[plans[1]] is not None
    assert deleted[plans[1]]["state"] == "decommissioned"


async def test_the_events_of_people_name_deeds_and_those_of_the_system_do_not(units: UnitsOfWork) -> None:
    who, plan_id = await actor(units), await records.plan(units)
    thing = ResourceRef("virtual_machine", units.ids.new(), "web", subscription_id=units.ids.new())
    async with units.write(who) as work:
        (await work.session.get_one(PlanRow, plan_id)).state = "private"
        work.emit("plan.hidden", ResourceRef("plan", plan_id))
        work.emit("virtual_machine.console_opened", thing, console="serial")
    async with units.write(SYSTEM) as work:
        work.emit("virtual_machine.state_changed", thing)
    assert [record.action for record in await trail(units)][1:] == ["plan.hidden"]
    (console,) = await trail(units, "virtual_machine")
    assert (console.action, console.change, console.detail) == (
        "virtual_machine.console_opened",
        None,
        {"console": "serial"},
    )
    assert console.subscription_id == thing.subscription_id


async def test_an_administrator_who_acts_for_somebody_is_named_with_them(units: UnitsOfWork) -> None:
    helper, tenant = await actor(units, role="site_administrator", email="desk@zaffre.example"), await actor(units)
    plan_id = await records.plan(units)
    await rename(units, replace(helper, acting_for=tenant.id), plan_id, "for them")
    record = (await trail(units))[-1]
    assert (record.asked_by_email, record.operator, record.acting_for_id) == ("desk@zaffre.example", True, tenant.id)
    assert record.acting_for_email is not None


async def test_records_are_sealed_once_in_order_and_the_chain_verifies(units: UnitsOfWork) -> None:
    await sealed_trail(units, 5)
    await Sealer(units, Metrics()).run()
    async with units.read(SYSTEM) as work:
        rows = (await work.session.scalars(select(AuditRecordRow).order_by(AuditRecordRow.position))).all()
        ends = await ends_of_chain(work)
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    assert (ends.head, ends.unsealed) == (ChainEnd(len(rows), rows[-1].hash or ""), 0)
    found = await verified(units, ChainEnd(2, rows[1].hash or ""))
    assert (found.checked, found.fault_count) == (len(rows), 0)
    walk = ChainWalk(None)
    walk.follow(exported(row) for row in rows[1:])
    assert (walk.checked, walk.fault_count) == (len(rows) - 1, 0)


async def _without_guards(units: UnitsOfWork, *statements: str) -> None:
    """Do what somebody can who owns the database."""
    async with units.database.engine.begin() as connection:
        if units.database.is_sqlite:
            names = ("records_no_update", "records_no_delete", "chain_forward", "chain_no_delete")
            disarm = [f"DROP TRIGGER audit_{name}" for name in names]
        else:
            disarm = ["SET LOCAL session_replication_role = replica"]
        for statement in [*disarm, *statements]:
            await connection.run_sync(lambda sync, text_=statement: sync.execute(text(text_)))


TAMPERINGS = {
    "altered": (("UPDATE audit_records SET action = 'plan.praised' WHERE sequence = 3",), FaultKind.CHANGED),
    "another's deed": (("UPDATE audit_records SET asked_by_email = 'eve' WHERE sequence = 3",), FaultKind.CHANGED),
    "taken out": (("DELETE FROM audit_records WHERE sequence = 3",), FaultKind.MISSING),
    "unsealed": (("UPDATE audit_records SET sequence = NULL, hash = NULL WHERE sequence = 3",), FaultKind.MISSING),
    "exchanged": (
        (
            "UPDATE audit_records SET sequence = -1 WHERE sequence = 3",
            "UPDATE audit_records SET sequence = 3 WHERE sequence = 4",
            "UPDATE audit_records SET sequence = 4 WHERE sequence = -1",
        ),
        FaultKind.CHANGED,
    ),
    "cut at the end": (("DELETE FROM audit_records WHERE sequence > 4",), FaultKind.MISSING),
    "cut at the beginning": (("DELETE FROM audit_records WHERE sequence < 3",), FaultKind.MISSING),
    "put behind": (("UPDATE audit_records SET sequence = 999 WHERE sequence = 6",), FaultKind.HEAD),
}


@pytest.mark.parametrize("how", TAMPERINGS)
async def test_tampering_is_found(units: UnitsOfWork, how: str) -> None:
    statements, fault = TAMPERINGS[how]
    await sealed_trail(units, 4)
    await _without_guards(units, *statements)
    found = await verified(units)
    assert fault in {each.kind for each in found.faults}


async def test_a_forged_end_is_found_by_a_hash_that_was_noted_outside(units: UnitsOfWork) -> None:
    await sealed_trail(units, 4)
    async with units.read(SYSTEM) as work:
        noted = (await ends_of_chain(work)).head
    moved = "UPDATE audit_chain SET sequence = 4, hash = (SELECT hash FROM audit_records WHERE sequence = 4)"
    await _without_guards(units, "DELETE FROM audit_records WHERE sequence > 4", moved)
    assert (await verified(units)).fault_count == 0
    assert [fault.kind for fault in (await verified(units, noted)).faults] == [FaultKind.HEAD]


async def test_the_database_refuses_to_alter_what_was_recorded(units: UnitsOfWork) -> None:
    await sealed_trail(units, 2)
    await rename(units, await actor(units), await records.plan(units), "unsealed")
    for statement in (
        "UPDATE audit_records SET action = 'x' WHERE sequence = 1",
        "UPDATE audit_records SET action = 'x' WHERE hash IS NULL",
        "DELETE FROM audit_records WHERE sequence = 1",
        "DELETE FROM audit_records WHERE hash IS NULL",
        "UPDATE audit_chain SET sequence = 1",
        "DELETE FROM audit_chain",
    ):
        with pytest.raises(DBAPIError, match=r"append-only|only move forward"):
            async with units.database.transaction(write=True) as session:
                await session.execute(text(statement))


async def test_old_records_go_behind_an_anchor_from_which_the_rest_verifies(units: UnitsOfWork, clock: Any) -> None:
    await sealed_trail(units, 5)
    old = len(await trail(units)) + len(await trail(units, "account"))
    clock.advance(timedelta(days=2).total_seconds())
    await sealed_trail(units, 3)
    for limit in (2, 100):
        async with units.write(SYSTEM) as work:
            await take_off(work, clock.now() - timedelta(days=1), limit)
    async with units.read(SYSTEM) as work:
        ends = await ends_of_chain(work)
    assert ends.anchor.sequence == old
    assert [record.detail and record.detail["count"] for record in await trail(units, "audit")] == [2, old - 2]
    await Sealer(units, Metrics()).run()
    found = await verified(units)
    assert (found.fault_count, found.checked) == (0, ends.head.sequence - old + 2)


async def test_many_writers_and_several_sealers_lose_and_double_nothing(live_units: UnitsOfWork) -> None:
    units = live_units
    who, plans = await actor(units), [await records.plan(units) for _ in range(8)]
    sealers = [Sealer(units, Metrics()) for _ in range(3)]
    writing = True

    async def write(plan_id: str) -> None:
        for number in range(25):
            await rename(units, who, plan_id, f"{plan_id} {number}")

    async def seal(sealer: Sealer) -> None:
        while writing:
            await sealer.run()
            await asyncio.sleep(0.01)

    sealing = [asyncio.create_task(seal(sealer)) for sealer in sealers]
    await asyncio.gather(*(write(plan_id) for plan_id in plans))
    writing = False
    await asyncio.gather(*sealing)
    await sealers[0].run()
    found = await verified(units)
    assert (found.fault_count, found.checked) == (0, 1 + 8 + 8 * 25)
    for plan_id in plans:  # what followed in reality follows in the chain
        own = [row for row in await trail(units) if row.resource_id == plan_id]
        for earlier, later in pairwise(sorted(own, key=lambda row: row.sequence or 0)):
            assert (earlier.after or {})["name"] == (later.before or {})["name"]


async def test_a_sealer_that_dies_in_the_middle_has_sealed_nothing(
    units: UnitsOfWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, plan_id = await actor(units), await records.plan(units)
    for number in range(6):
        await rename(units, who, plan_id, f"name {number}")
    sealer, hashed = Sealer(units, Metrics()), iter(range(100))
    from zaffre.foundation.audit import sealer as module

    real = module.record_hash

    def dying(content: Any) -> str:
        if next(hashed) == 3:
            raise RuntimeError("killed")
        return real(content)

    monkeypatch.setattr(module, "record_hash", dying)
    with pytest.raises(RuntimeError):
        await sealer.seal()
    async with units.read(SYSTEM) as work:
        assert (await ends_of_chain(work)).unsealed == 8
    assert await sealer.seal() == 8 < BATCH
    assert (await verified(units)).fault_count == 0
