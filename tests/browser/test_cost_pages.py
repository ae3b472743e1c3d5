"""What things cost, with figures in it: a budget that is nearly used up, everybody's costs, and a last statement."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from support.browser import NARROW, WIDE, accessibility_violations, overflow, picture, window
from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD
from support.portal import sign_in
from support.server_process import ServerProcess, server_process
from zaffre.client import NewRateBody, NewRateCardBody, NewUsageRecordBody, TierBody, Zaffre

WATCHED_MS = 60_000
"""Costs are looked at every half minute."""
THIS_MONTH = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
LAST_MONTH = (THIS_MONTH - timedelta(days=1)).replace(day=1)


@dataclass
class Accounts:
    """A site with prices, and a tenant who used something in two subscriptions, of which one has ended."""

    server: ServerProcess
    email: str
    subscription_id: str


@pytest.fixture(scope="module")
def accounts(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    directory = tmp_path_factory.mktemp("costs")
    with (
        server_process(directory, money__statement_grace_hours=720) as server,
        server.admin() as admin,
    ):
        prices(admin)
        tenant, scope = server.tenant()
        with tenant:
            gone = tenant.subscriptions.create(tenant.plans.find("Starter").id, "gone").wait()
            use(admin, gone.id, LAST_MONTH, "vcpu_hours", "300")
            use(admin, scope.id, LAST_MONTH, "memory_gib_hours", "720")
            use(admin, scope.id, THIS_MONTH, "vcpu_hours", "1800")
            tenant.subscriptions.delete(gone.id).wait()
            admin.admin.statement_runs.close(f"{LAST_MONTH:%Y-%m}").wait()
            overview_is_due(directory)
            yield Accounts(server, tenant.account.get().email, scope.id)


def prices(admin: Zaffre) -> None:
    card = admin.admin.rate_cards.create(NewRateCardBody(name="standard", currency="EUR"))
    for meter, price in (("vcpu_hours", "0.05"), ("memory_gib_hours", "0.01")):
        rate = NewRateBody(meter=meter, tiers=[TierBody(price=price)], effective_from=LAST_MONTH)
        admin.admin.rate_cards.rates(card.id).set(rate)
    admin.admin.rate_cards.uses.add(card.id, None, LAST_MONTH)


def use(admin: Zaffre, subscription_id: str, at: datetime, meter: str, quantity: str) -> None:
    admin.admin.usage.add(
        NewUsageRecordBody(
            meter=meter,
            subscription_id=subscription_id,
            resource_type="virtual_machine",
            resource_id=subscription_id,
            resource_name="elsewhere",
            quantity=quantity,
            began_at=at,
            ended_at=at + timedelta(hours=1),
            state="running",
        )
    )


def overview_is_due(directory: Path) -> None:
    """As if the interval had passed in which everybody's costs are calculated once."""
    with closing(sqlite3.connect(directory / "state" / "zaffre.sqlite", timeout=30)) as database, database:
        database.execute("UPDATE cost_passes SET began_at = NULL, after = ''")


def look(page: Page, name: str) -> None:
    """Look at a page wide and narrow: nothing is cut, and everybody can use it."""
    expect(page.locator(".fui-Toast")).to_have_count(0, timeout=WATCHED_MS)
    for size in (NARROW, WIDE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        picture(page, f"money-{name}-{'wide' if size == WIDE else 'narrow'}")
        assert not overflow(page), name
        assert not accessibility_violations(page), name


def test_a_budget_tells_that_it_is_nearly_used_up_and_the_last_statement_stays(
    browser: Browser, accounts: Accounts
) -> None:
    portal = accounts.server.tenant_portal
    with window(browser) as (_, page):
        sign_in(page, portal, accounts.email, PASSWORD)
        page.goto(f"{portal}/subscriptions/{accounts.subscription_id}/budgets/new")
        page.get_by_role("textbox", name="Name").fill("Monthly")
        page.get_by_role("textbox", name="Amount").fill("100")
        look(page, "budget-new")
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_text("At 80 % (cost so far), At 100 % (cost so far)")).to_be_visible()
        look(page, "budget-review")
        page.get_by_role("button", name="Create", exact=True).click()
        expect(page.get_by_role("heading", name="Monthly", level=1)).to_be_visible()
        expect(page.get_by_text(re.compile(r"€90\.\d\d of €100\.00")).first).to_be_visible(timeout=WATCHED_MS)
        told = page.get_by_role("table").get_by_role("row").filter(has_text="80 %")
        expect(told).to_be_visible(timeout=WATCHED_MS)
        look(page, "budget")

        page.goto(f"{portal}/statements")
        row = page.get_by_role("row").filter(has_text="gone")
        expect(row).to_contain_text("15.00")
        look(page, "own-statements")
        row.get_by_role("link").click()
        expect(page.get_by_role("row", name=re.compile("^Total"))).to_contain_text("€15.00")
        look(page, "own-statement")
        with page.expect_download() as downloaded:
            page.get_by_role("button", name="PDF").click()
        assert downloaded.value.path().read_bytes().startswith(b"%PDF-")


def test_everybodys_costs_have_figures(browser: Browser, accounts: Accounts) -> None:
    portal = accounts.server.admin_portal
    with window(browser) as (_, page):
        sign_in(page, portal, ADMIN_EMAIL, ADMIN_PASSWORD)
        page.goto(f"{portal}/cost-overview")
        calculated = page.get_by_text(re.compile("^Calculated at"))
        for _ in range(WATCHED_MS // 2000):
            if calculated.is_visible():
                break
            page.wait_for_timeout(2000)
            page.reload()
        expect(page.get_by_role("table", name="By plan").get_by_role("row", name=re.compile("Starter"))).to_be_visible()
        meters = page.get_by_role("table", name="By meter").get_by_role("row", name=re.compile("^Virtual processors"))
        expect(meters).to_contain_text("€90.00")
        look(page, "overview")
