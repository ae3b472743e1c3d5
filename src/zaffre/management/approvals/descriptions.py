"""What a program is told of the change that it decides on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from zaffre.foundation.work import UnitOfWork
from zaffre.identity.tables import AccountRow
from zaffre.management.approvals.tables import ChangeRequestRow
from zaffre.management.metering.meters import Meters
from zaffre.management.money.current_rates import current_rates
from zaffre.management.tables import AddOnRow, PlanRow, SubscriptionRow

KIND = "approval.asked"


async def describe(work: UnitOfWork, meters: Meters, row: ChangeRequestRow) -> Mapping[str, Any]:
    """Describe the change that somebody wants: who, what before and what after, and what it costs."""
    plan = await work.session.get(PlanRow, row.plan_id)
    add_on = await work.session.get(AddOnRow, row.add_on_id) if row.add_on_id is not None else None
    data: dict[str, Any] = {
        "change_request_id": row.id,
        "trial": False,
        "change": row.change,
        "asked_by": await _account(work, row.account_id),
        "asked_at": _text(row.created_at),
        "expires_at": _text(row.expires_at),
        "reason": row.reason,
        "rule": row.names["rule"],
        "subscription": {"id": row.subscription_id or row.wish["new_id"], "name": row.names.get("subscription")},
        "plan": {"id": row.plan_id, "name": row.names["plan"]},
        "previous_plan": await _previous(work, row),
        "add_on": {"id": row.add_on_id, "name": row.names["add_on"]} if row.add_on_id is not None else None,
        "limits": row.limits,
        "price": {
            "plan_fee": plan.fee if plan is not None else None,
            "add_on_fee": add_on.fee if add_on is not None else None,
            "rates": await _rates(work, meters, row.plan_id),
        },
    }
    if row.change == "delete_subscription":
        data |= {"cascade": row.wish["cascade"], "grace_days": row.wish["grace_days"]}
    return {"type": KIND, "timestamp": _text(work.clock.now()), "data": data}


def trial(work: UnitOfWork, message_id: str) -> Mapping[str, Any]:
    """Describe a change that nobody wants, to see what a program says."""
    now = _text(work.clock.now())
    data: dict[str, Any] = {
        "change_request_id": message_id,
        "trial": True,
        "change": "subscribe",
        "asked_by": {"id": work.actor.id, "email": None, "name": None},
        "asked_at": now,
        "expires_at": now,
        "reason": "A trial: whatever the answer is, nothing is changed.",
        "rule": None,
        "subscription": {"id": None, "name": "trial"},
        "plan": {"id": None, "name": "trial"},
        "previous_plan": None,
        "add_on": None,
        "limits": {"before": {}, "after": {}},
        "price": {"plan_fee": None, "add_on_fee": None, "rates": []},
    }
    return {"type": KIND, "timestamp": now, "data": data}


async def _account(work: UnitOfWork, account_id: str) -> dict[str, Any]:
    account = await work.session.get(AccountRow, account_id)
    known = account is not None
    return {"id": account_id, "email": account.email if known else None, "name": account.name if known else None}


async def _previous(work: UnitOfWork, row: ChangeRequestRow) -> dict[str, Any] | None:
    """Return the plan that a subscription would leave."""
    subscription = await work.session.get(SubscriptionRow, row.subscription_id) if row.subscription_id else None
    if subscription is None or subscription.plan_id == row.plan_id:
        return None
    plan = await work.session.get_one(PlanRow, subscription.plan_id)
    return {"id": plan.id, "name": plan.name}


async def _rates(work: UnitOfWork, meters: Meters, plan_id: str) -> list[dict[str, Any]]:
    return [
        {
            "meter": rate.meter,
            "state": rate.state,
            "unit": rate.unit,
            "currency": rate.currency,
            "tiers": list(rate.tiers),
        }
        for rate in await current_rates(work, meters, plan_id)
    ]


def _text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
