"""Money in the portals: prices are designed and used, and a tenant sees what it comes to."""

import re
import uuid
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser, Page, expect

from support.browser import accessibility_violations, overflow, picture
from support.portal import Portal

UNDER_WAY = 30_000
"""Milliseconds that an operation may take on a busy machine, and what tells of its end may stand."""


def settled(page: Page) -> None:
    """Look a page over once dialogs and words in passing have gone."""
    expect(page.locator(".fui-Toast")).to_have_count(0, timeout=UNDER_WAY)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert not overflow(page)
    assert not accessibility_violations(page)


def design_card(page: Page, url: str, name: str) -> None:
    """Make a rate card with a graduated price, and have it price all plans."""
    page.goto(f"{url}/rate-cards/new")
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    page.get_by_role("button", name="Set a price").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Meter").select_option("Virtual machines")
    dialog.get_by_role("button", name="Add a tier").click()
    dialog.get_by_label("Price in EUR per hour").nth(0).fill("0,25")
    dialog.get_by_label("Price in EUR per hour").nth(1).fill("0.1")
    dialog.get_by_label("Up to, per month").fill("none")
    expect(dialog.get_by_text("ends at a larger quantity")).to_be_visible()
    expect(dialog.get_by_role("button", name="Set a price")).to_be_disabled()
    dialog.get_by_label("Up to, per month").fill("100")
    assert not accessibility_violations(page)
    picture(page, "rate-dialog")
    dialog.get_by_role("button", name="Set a price").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("€0.25 per hour up to 100 hours a month")).to_be_visible()
    expect(page.get_by_text("€0.10 per hour beyond that")).to_be_visible()
    change_price_later(page)
    page.get_by_role("tab", name="Plans").click()
    page.get_by_role("button", name="Use for a plan").click()
    page.get_by_role("dialog").get_by_role("button", name="Use for a plan").click()
    expect(page.get_by_role("cell", name="All plans without a card of their own")).to_be_visible()
    settled(page)


def change_price_later(page: Page) -> None:
    """Announce another price, and take it back."""
    page.get_by_role("button", name="Change: Virtual machines").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Up to, per month")).to_have_value("100")
    dialog.get_by_role("radio", name="On a day").check()
    dialog.get_by_role("textbox", name="Day").fill("2099-01-01")
    dialog.get_by_role("button", name="Set a price").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("to come")).to_be_visible()
    page.get_by_role("button", name="Take back: Virtual machines").click()
    expect(page.get_by_text("to come")).to_be_hidden()
    settled(page)


def give(page: Page, url: str, kind: str, name: str, **filled: str) -> None:
    """Give a discount or a credit to the tenant's subscription."""
    page.goto(f"{url}/{kind}/new")
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("radio", name=re.compile("subscription")).check()
    page.get_by_role("combobox", name="Subscription").click()
    page.get_by_role("option", name="production").first.click()
    for field, value in filled.items():
        if not page.get_by_role("textbox", name=field).is_visible():
            page.get_by_role("button", name="Next").click()
        page.get_by_role("textbox", name=field).fill(value)
    page.get_by_role("button", name="Next").click()
    settled(page)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text(name).first).to_be_visible()


def test_prices_are_designed_and_a_tenant_sees_what_things_cost(browser: Browser, portal: Portal) -> None:
    name = f"card-{uuid.uuid4().hex[:6]}"
    url = portal.server.admin_portal
    with portal.as_admin(browser) as page:
        design_card(page, url, name)
        give(page, url, "discounts", f"launch-{name}", Percent="10")
        give(page, url, "credits", f"welcome-{name}", Amount="50")
    with portal.as_tenant(browser) as page:
        page.goto(f"{portal.server.tenant_portal}/subscriptions/{portal.subscription_id}")
        page.get_by_role("tab", name="Prices").click()
        # The new card counts from the next hour on; until then it is the one that the site has had.
        expect(page.get_by_text("€0.01 per GiB hour up to 1,000 GiB hours a month")).to_be_visible()
        expect(page.get_by_text(f"welcome-{name}: €50.00 left of €50.00")).to_be_visible()
        assert not accessibility_violations(page)
        page.get_by_role("tab", name="Costs").click()
        expect(page.get_by_text("Expected for the whole month")).to_be_visible()
        table = page.get_by_role("table", name="What it is for")
        expect(table.get_by_role("row", name=re.compile("Usage Memory Running"))).to_be_visible()
        assert not overflow(page)
        assert not accessibility_violations(page)
        picture(page, "costs")
        page.get_by_label("Add up by").select_option("Resource")
        expect(table.get_by_role("cell", name="web-1").first).to_be_visible()
        with page.expect_download() as downloaded:
            page.get_by_role("button", name="Export CSV").click()
        assert re.fullmatch(r"costs-\d{4}-\d{2}\.csv", downloaded.value.suggested_filename)


def test_a_month_is_closed_and_the_running_one_has_a_draft(browser: Browser, portal: Portal) -> None:
    last_month = datetime.now(UTC).replace(day=1) - timedelta(days=1)
    with portal.as_admin(browser) as page:
        page.goto(f"{portal.server.admin_portal}/statement-runs/new")
        page.get_by_role("textbox", name="Month").fill(f"{last_month:%Y-%m}")
        page.get_by_role("button", name="Next").click()
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_role("heading", name="Closed months", level=1)).to_be_visible()
        expect(page.get_by_text(f"{last_month:%Y-%m}").first).to_be_visible()
        settled(page)
    with portal.as_tenant(browser) as page:
        page.goto(f"{portal.server.tenant_portal}/subscriptions/{portal.subscription_id}?tab=statements")
        expect(page.get_by_text("No month has been closed yet.")).to_be_visible()
        # A few minutes of a small machine come to nothing or to a cent.
        draft = page.get_by_role("table", name=re.compile("^Draft")).get_by_role("row", name=re.compile("^Total"))
        expect(draft.or_(page.get_by_text("Nothing is due."))).to_be_visible()
        settled(page)


def test_everybodys_costs_are_shown_and_exported(browser: Browser, portal: Portal) -> None:
    url = portal.server.admin_portal
    with portal.as_admin(browser) as page:
        page.goto(f"{url}/cost-overview")
        # A loop calculates it; how soon depends on when records are cut.
        calculated = page.get_by_text(re.compile("^(Calculated at|Nothing has been calculated)"))
        expect(calculated).to_be_visible()
        settled(page)
        picture(page, "cost-overview")
        page.get_by_label("Month").select_option(index=12)
        expect(page.get_by_text("Nothing has been calculated of this month yet.")).to_be_visible()
        page.goto(f"{url}/focus")
        expect(page.get_by_text("can still change")).to_be_visible()
        page.get_by_label("Month").select_option(index=0)
        page.get_by_role("radio", name="Of one subscription").check()
        expect(page.get_by_role("button", name="Download")).to_be_disabled()
        page.get_by_role("combobox", name="Subscription").select_option(label="production")
        settled(page)
        picture(page, "focus")
        with page.expect_download() as downloaded:
            page.get_by_role("button", name="Download").click()
        assert re.fullmatch(r"focus-\d{4}-\d{2}\.csv", downloaded.value.suggested_filename)
        assert downloaded.value.path().read_text(encoding="utf-8").startswith("AvailabilityZone,BilledCost,")
        expect(page.get_by_text(re.compile(r"^focus-.* has "))).to_be_visible()
        settled(page)
