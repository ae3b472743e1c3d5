"""Records that services start from, written straight into the database."""

from typing import Any

from zaffre.fabric.hosts import HostState
from zaffre.fabric.tables import HostRow, StampRow
from zaffre.foundation.actor import system_actor
from zaffre.foundation.work import UnitsOfWork
from zaffre.identity.accounts import AccountState
from zaffre.identity.permissions import Role
from zaffre.identity.tables import AccountRow
from zaffre.management.quotas import Quotas
from zaffre.management.tables import PlanRow, SubscriptionRow

ACTOR = system_actor("test")


async def account(units: UnitsOfWork, role: Role = Role.TENANT, **fields: Any) -> str:
    """Make an account; returns its id."""
    row = AccountRow(
        **{
            "id": units.ids.new(),
            "email": f"{units.ids.new()}@zaffre.example",
            "name": "Somebody",
            "role": role,
            "state": AccountState.ACTIVE,
            "password_hash": "none",
            "created_at": units.clock.now(),
        }
        | fields
    )
    async with units.write(ACTOR) as work:
        work.add(row)
    return row.id


async def plan(units: UnitsOfWork, **fields: Any) -> str:
    """Make a public plan without services; returns its id."""
    row = PlanRow(
        **{
            "id": units.ids.new(),
            "name": f"plan {units.ids.new()}",
            "description": "",
            "state": "public",
            "services": [],
            "subscriptions_per_account": None,
            "created_at": units.clock.now(),
        }
        | fields
    )
    async with units.write(ACTOR) as work:
        work.add(row)
    return row.id


async def subscription(units: UnitsOfWork, **limits: int | None) -> str:
    """Make a subscription with these quota limits; returns its id."""
    services = [{"provider": "sold", "settings": {}, "quota": limits}]
    row = SubscriptionRow(
        id=units.ids.new(),
        name="main",
        account_id=await account(units),
        plan_id=await plan(units, services=services),
        state="active",
        created_at=units.clock.now(),
    )
    async with units.write(ACTOR) as work:
        work.add(row)
        await work.session.flush()
        await Quotas(work).open(row.id, limits)
    return row.id


async def stamp(units: UnitsOfWork) -> str:
    """Make a stamp; returns its id."""
    row = StampRow(
        id=units.ids.new(),
        name=f"stamp {units.ids.new()}",
        vcpu_ratio=4.0,
        storage_ratio=2.0,
        memory_reserve_mib=1024,
        created_at=units.clock.now(),
    )
    async with units.write(ACTOR) as work:
        work.add(row)
    return row.id


async def host(units: UnitsOfWork, stamp_id: str, **fields: Any) -> str:
    """Make a host that guests can be placed on; returns its id."""
    host_id = units.ids.new()
    row = HostRow(
        **{
            "id": host_id,
            "stamp_id": stamp_id,
            "name": f"host-{host_id}",
            "driver": "simulated",
            "uri": f"simulated:///{host_id}",
            "pool_path": "/pool",
            "integration_bridge": "br-int",
            "provider_address": None,
            "state": HostState.ENABLED,
            "connected": True,
            "vcpus_capacity": 16,
            "memory_capacity_mib": 16_384,
            "storage_capacity_gib": 1_000,
            "created_at": units.clock.now(),
        }
        | fields
    )
    async with units.write(ACTOR) as work:
        work.add(row)
    return host_id
