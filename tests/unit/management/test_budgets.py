"""Budgets: told of once at each threshold, whoever looks how often, and what suspending and resuming come to."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from support.cloud import Face, SimulatedCloud, Tenant
from zaffre.foundation.actor import system_actor
from zaffre.foundation.mail.tables import MailRow
from zaffre.foundation.secrets import SealedSecret
from zaffre.identity.tables import AccountRow
from zaffre.management.budgets.alerts import BudgetWatch
from zaffre.management.budgets.tables import BudgetRow
from zaffre.management.money.months import Month

ACTOR = system_actor("test")
MINUTE = timedelta(minutes=1)


def iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


async def priced_tenant(cloud: SimulatedCloud, policy: str = "access_only") -> Tenant:
    """A tenant with a verified address, whose processors cost one euro an hour since two months ago."""
    begin = {"effective_from": iso(Month.of(datetime.now(UTC)).plus(-2).begin)}
    plan_id = await cloud.plan(terms={"suspend_policy": policy})
    card = await cloud.admin.post("/rate-cards", {"name": f"card {next(cloud.numbers)}", "currency": "EUR"})
    await cloud.admin.post(
        f"/rate-cards/{card['id']}/rates", {"meter": "vcpu_hours", "tiers": [{"price": "1"}]} | begin
    )
    await cloud.admin.post("/rate-card-uses", {"rate_card_id": card["id"], "plan_id": plan_id} | begin)
    tenant = await cloud.tenant(plan_id)
    await verify(cloud, tenant.email)
    return tenant


async def verify(cloud: SimulatedCloud, email: str) -> None:
    async with cloud.units.write(ACTOR) as work:
        proved = update(AccountRow).where(AccountRow.email == email).values(verified_at=work.clock.now())
        await work.session.execute(proved)


async def used(cloud: SimulatedCloud, tenant: Tenant, hours: int, at: datetime | None = None, **other: Any) -> None:
    """Record late what something elsewhere has used."""
    now = datetime.now(UTC)
    begin = at or max(now - 2 * MINUTE, Month.of(now).begin)
    body = {
        "meter": "vcpu_hours",
        "subscription_id": tenant.subscription_id,
        "resource_type": "virtual_machine",
        "resource_id": cloud.units.ids.new(),
        "resource_name": "elsewhere",
        "quantity": str(hours),
        "began_at": iso(begin),
        "ended_at": iso(min(begin + MINUTE, now)),
    }
    await cloud.admin.post("/usage-records", body | other)
    await cloud.site.metering.record()


async def look(cloud: SimulatedCloud, *watches: BudgetWatch) -> None:
    """Have all budgets looked at now, by as many processes as are given."""
    async with cloud.units.write(ACTOR) as work:
        await work.session.execute(update(BudgetRow).values(due_at=work.clock.now() - timedelta(seconds=1)))
    await asyncio.gather(*(watch.run() for watch in watches or (cloud.site.budgets,)))


async def mails(cloud: SimulatedCloud, tenant: Tenant) -> list[tuple[str, str]]:
    """Take the mail that waits for a tenant about budgets."""
    async with cloud.units.write(ACTOR) as work:
        rows = select(MailRow).where(MailRow.recipient == tenant.email, MailRow.subject.contains("udget"))
        found = (await work.session.scalars(rows.order_by(MailRow.created_at))).all()
        told = [(row.subject, work.keyring.open(SealedSecret(row.sealed_text)).get_secret_value()) for row in found]
        for row in found:
            await work.session.delete(row)
    return told


async def test_each_threshold_is_told_once_however_often_and_by_how_many_it_is_looked_at(
    cloud: SimulatedCloud,
) -> None:
    tenant = await priced_tenant(cloud)
    path = f"{tenant.base}/budgets"
    await used(cloud, tenant, 40, tags={"team": "red"})
    body: dict[str, Any] = {"name": "whole", "amount": "100", "thresholds": [{"percent": 50}, {"percent": 100}]}
    budget = await tenant.client.post(path, body)
    assert (budget["currency"], budget["actual"], budget["actual_percent"]) == ("EUR", "40.00", 40)
    assert budget["recipients"] == [{"email": tenant.email, "verified": True}]
    red = {"name": "red", "amount": "80", "tag_key": "team", "tag_value": "red", "thresholds": [{"percent": 60}]}
    await tenant.client.post(path, red)
    await look(cloud)
    assert await mails(cloud, tenant) == []

    await used(cloud, tenant, 20)
    others = [BudgetWatch(cloud.units, cloud.site.meters, cloud.site.settings.money) for _ in range(3)]
    await look(cloud, cloud.site.budgets, *others)
    await look(cloud, *others)
    (told,) = await mails(cloud, tenant)
    assert "50 %" in told[0]
    assert "60.00 EUR so far, of 100.00 EUR a month" in told[1]
    await used(cloud, tenant, 45, tags={"team": "red"})
    await look(cloud, *others)
    assert {subject.rpartition("has ")[2] for subject, _ in await mails(cloud, tenant)} == {
        "reached 100 %",
        "reached 60 %",
    }
    await look(cloud)
    assert await mails(cloud, tenant) == []
    alerts = (await tenant.client.get(f"{path}/{budget['id']}/alerts"))["value"]
    assert [(each["percent"], each["cost"], each["told"]) for each in alerts] == [
        (100, "105.00", [tenant.email]),
        (50, "60.00", [tenant.email]),
    ]
    events = await tenant.client.get(f"/events/history?subscription_id={tenant.subscription_id}&$top=500")
    assert sorted(event["data"]["percent"] for event in events["value"] if event["kind"] == "budget.reached") == [
        50,
        60,
        100,
    ]
    # Another amount is another budget: it tells what it has reached.
    changed = await tenant.client.patch(f"{path}/{budget['id']}", {"amount": "120"})
    assert changed["actual_percent"] == 87
    await look(cloud, *others)
    assert [subject.rpartition("has ")[2] for subject, _ in await mails(cloud, tenant)] == ["reached 50 %"]
    renamed = await tenant.client.patch(f"{path}/{budget['id']}", {"name": "all of it", "recipients": []})
    assert renamed["recipients"] == []
    await look(cloud)
    assert await mails(cloud, tenant) == []


async def test_a_budget_suspends_once_a_month_and_its_owner_can_resume(cloud: SimulatedCloud) -> None:
    tenant = await priced_tenant(cloud, "stop_machines")
    path = f"{tenant.base}/budgets"
    budget = await tenant.client.post(
        path, {"name": "limit", "amount": "10", "thresholds": [{"percent": 100, "suspend": True}]}
    )
    await tenant.vm("web")
    await used(cloud, tenant, 12)
    await look(cloud)
    await look(cloud)
    seen = await tenant.client.get(tenant.base)
    assert (seen["state"], seen["suspended_by"], seen["suspended_budget_id"]) == (
        "suspended",
        "owner_budget",
        budget["id"],
    )
    (told,) = await mails(cloud, tenant)
    assert "Its owner or the provider can resume it" in told[1]
    refused = await tenant.client.ask("POST", f"{tenant.base}/ssh-keys", {"name": "k", "public_key": "x"})
    assert "reached a budget of its owner" in refused.body["detail"]

    operations = await tenant.client.get("/operations?$filter=kind eq 'subscription.suspend'")
    assert len([each for each in operations["value"] if each["resource_id"] == tenant.subscription_id]) == 1
    await tenant.client.accepted("POST", f"{tenant.base}/resume")
    await used(cloud, tenant, 12)
    await look(cloud)
    assert (await tenant.client.get(tenant.base))["state"] == "active"
    await tenant.client.patch(f"{path}/{budget['id']}", {"amount": "20"})
    await look(cloud)
    assert (await tenant.client.get(tenant.base))["state"] == "suspended"
    # The provider takes over, and then only the provider resumes.
    await cloud.admin.accepted("POST", f"{tenant.base}/suspend")
    refused = await tenant.client.ask("POST", f"{tenant.base}/resume")
    assert (refused.status, refused.body["code"]) == (409, "subscription.suspended_by_provider")
    await tenant.client.delete(f"{path}/{budget['id']}")
    resumed = await cloud.admin.accepted("POST", f"{tenant.base}/resume")
    assert (resumed["state"], resumed["suspended_by"]) == ("active", None)


async def test_late_records_of_last_month_are_told_of_while_it_is_open_and_suspend_nothing(
    cloud: SimulatedCloud,
) -> None:
    tenant = await priced_tenant(cloud)
    now = datetime.now(UTC)
    last = Month.of(now).plus(-1)
    body = {"name": "limit", "amount": "10", "thresholds": [{"percent": 100, "suspend": True}]}
    budget = await tenant.client.post(f"{tenant.base}/budgets", body)
    await used(cloud, tenant, 12, at=last.begin)
    grace = cloud.site.settings.money.model_copy(update={"statement_grace_hours": 720 + 24})
    watch = BudgetWatch(cloud.units, cloud.site.meters, grace)
    await look(cloud, watch)
    assert await mails(cloud, tenant) == [], "the budget is younger than the month"
    async with cloud.units.write(ACTOR) as work:
        await work.session.execute(update(BudgetRow).values(revised_at=last.begin))
    await look(cloud)
    assert bool(await mails(cloud, tenant)) == (now < Month.of(now).begin + timedelta(hours=72))
    await look(cloud, watch)
    await look(cloud, watch)
    alerts = (await tenant.client.get(f"{tenant.base}/budgets/{budget['id']}/alerts"))["value"]
    assert [(each["month"], each["suspended"]) for each in alerts] == [(str(last), False)]
    assert (await tenant.client.get(tenant.base))["state"] == "active"


async def test_who_may_set_what(cloud: SimulatedCloud) -> None:
    tenant, stranger = await priced_tenant(cloud), await cloud.tenant()
    path = f"{tenant.base}/budgets"
    body = {"name": "limit", "amount": "10"}
    for wrong, told in (
        ({"thresholds": [{"percent": 50}, {"percent": 50}]}, "Two thresholds"),
        ({"thresholds": [{"percent": 50, "basis": "forecast", "suspend": True}]}, "only expected"),
        ({"currency": "USD"}, "charged in EUR"),
        ({"recipients": [stranger.email]}, "nobody who works"),
        ({"recipients": ["nonsense"]}, "not an e-mail address"),
        ({"tag_key": "team"}, "tag"),
        ({"amount": "0"}, ""),
    ):
        refused = await tenant.client.ask("POST", path, body | wrong)
        assert refused.status == 400, wrong
        assert told in refused.body["detail"] or told in str(refused.body), refused.body
    assert (await stranger.client.ask("GET", path)).status == 404
    mine = await tenant.client.post(path, body)
    assert (await tenant.client.ask("POST", path, body)).status == 409

    # A member who reads sees it, and changes nothing; an unverified one is shown as such and gets no mail.
    await tenant.client.post(f"{tenant.base}/members", {"email": stranger.email, "role": "reader"})
    await stranger.client.post(f"/invitations/{(await stranger.client.get('/invitations'))['value'][0]['id']}/accept")
    assert (await stranger.client.get(path))["value"][0]["name"] == "limit"
    assert (await stranger.client.ask("POST", path, body | {"name": "other"})).status == 403
    both = await tenant.client.patch(f"{path}/{mine['id']}", {"recipients": [tenant.email, stranger.email.upper()]})
    assert [each["verified"] for each in both["recipients"]] == [True, False]

    theirs = await cloud.admin.post(path, {"name": "provider's", "amount": "5", "recipients": ["billing@site.example"]})
    assert theirs["by_provider"]
    seen = await tenant.client.get(f"{path}/{theirs['id']}")
    assert (seen["by_provider"], seen["recipients"]) == (True, [])
    for method in ("PATCH", "DELETE"):
        refused = await tenant.client.ask(
            method, f"{path}/{theirs['id']}", {"amount": "6"} if method == "PATCH" else None
        )
        assert (refused.status, refused.body["code"]) == (403, "budget.of_provider")
    everybody = await cloud.admin.get("/budgets?$count=true")
    assert everybody["@odata.count"] == 2
    assert (await cloud.admin.get(f"/budgets/{mine['id']}"))["subscription_name"] == "main"
    tenant_face = await cloud.sign_in(tenant.email, "a tenant's password", Face.TENANT)
    assert (await tenant_face.ask("GET", "/budgets")).status == 404
    await used(cloud, tenant, 12)
    await look(cloud)
    await tenant.client.accepted("DELETE", f"{tenant.base}?cascade=true")
