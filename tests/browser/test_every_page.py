"""Every page of both portals, in both themes and on a narrow screen: no error, nothing cut, WCAG 2.1 AA kept."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from support.browser import NARROW, WIDE, accessibility_violations, overflow
from support.portal import Portal

LOOKS = [
    pytest.param(WIDE, "dark", "en-GB", id="wide-dark"),
    # German words are longer than English ones, so they are looked at where there is least room for them.
    pytest.param(NARROW, "light", "de-DE", id="narrow-light"),
    pytest.param(WIDE, "light", "de-DE", id="wide-light", marks=pytest.mark.thorough),
    pytest.param(NARROW, "dark", "en-GB", id="narrow-dark", marks=pytest.mark.thorough),
]
SUBSCRIPTION_TABS = ["consumption", "costs", "prices", "statements", "add_ons"]
PORTALS = ["tenant", "admin"]
LOADING = re.compile("^(Loading|Lädt)")


def addresses(portal: Portal, which: str, page: Page) -> list[str]:
    """Every address the rail leads to, the wizards of its lists, and one detail page of each kind that there is."""
    links = page.get_by_role("navigation", name="Services").get_by_role("link")
    expect(links.first).to_be_attached()
    rail = [str(link.get_attribute("href")) for link in links.all()]
    base = f"/subscriptions/{portal.subscription_id}"
    if which == "tenant":
        machine = f"{base}/virtual-machines/{portal.machine.id}"
        tabs = ["console", "serial", "disks", "network", "checkpoints", "json", "operations", "history"]
        return [
            *rail,
            machine,
            *(f"{machine}?tab={tab}" for tab in tabs),
            f"{base}/virtual-machines/new",
            f"{base}/vm-networks/new",
            f"{base}/vm-networks/{portal.network_id}",
            f"/subscriptions/{portal.subscription_id}",
            *(f"/subscriptions/{portal.subscription_id}?tab={tab}" for tab in SUBSCRIPTION_TABS),
            "/api-tokens/new",
        ]
    host = next(iter(portal.admin.admin.hosts.all()))
    plan = next(iter(portal.admin.admin.plans.all()))
    record = next(iter(portal.admin.admin.audit.all()))
    return [
        *rail,
        f"/hosts/{host.id}",
        f"/plans/{plan.id}",
        *(f"/plans/{plan.id}?tab={tab}" for tab in ("add_ons", "preview", "subscriptions")),
        f"/plans/{plan.id}/change",
        f"/add-ons/{portal.add_on_id}",
        *(f"/add-ons/{portal.add_on_id}?tab={tab}" for tab in ("plans", "preview")),
        f"/add-ons/{portal.add_on_id}/change",
        f"/audit-records/{record.id}",
        f"/subscriptions/{portal.subscription_id}",
        f"/subscriptions/{portal.subscription_id}?tab=costs",
        f"/rate-cards/{portal.rate_card_id}",
        f"/rate-cards/{portal.rate_card_id}?tab=uses",
        *(f"/{collection}/new" for collection in ("rate-cards", "discounts", "credits")),
        f"/virtual-machines/{portal.machine.id}",
        *("/plans/new", "/add-ons/new", "/hosts/new", "/stamps/new", "/clouds/new", "/images/new", "/accounts/new"),
    ]


def settle(page: Page) -> None:
    """Wait until the page shows what it has to show."""
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    page.wait_for_function("() => document.querySelector('[aria-busy=\"true\"]') === null")


@pytest.mark.parametrize("which", PORTALS)
@pytest.mark.parametrize(("size", "theme", "locale"), LOOKS)
def test_every_page_is_whole_and_accessible(
    browser: Browser, portal: Portal, which: str, size: tuple[int, int], theme: str, locale: str
) -> None:
    signed_in = portal.as_tenant if which == "tenant" else portal.as_admin
    with portal.as_tenant(browser) if which == "tenant" else portal.as_admin(browser) as page:
        pages = addresses(portal, which, page)
    assert len(pages) > 10
    faults: list[str] = []
    with signed_in(browser, size, theme, locale) as page:
        for address in pages:
            page.goto(f"{portal.server.tenant_portal if which == 'tenant' else portal.server.admin_portal}{address}")
            settle(page)
            faults += [f"{address}: {fault}" for fault in (*overflow(page), *accessibility_violations(page))]
    assert not faults, "\n".join(faults)
