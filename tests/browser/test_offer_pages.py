"""What a provider sells, from the designer to the tenant who buys it, and what becomes of it when it changes."""

import re
import uuid

from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from support.browser import accessibility_violations, overflow, picture
from support.portal import Portal
from zaffre.client import NewVmNetworkBody

UNDER_WAY = 30_000
"""Milliseconds that an operation may take on a busy machine."""
CODE = "open sesame"


def add_language(page: Page, place: int, language: str, name: str, price: str) -> None:
    """Fill in what tenants read in a language."""
    page.get_by_role("button", name="Add a language").click()
    for field, value in (("Language", language), ("Display name", name), ("Price in words", price)):
        page.get_by_role("textbox", name=field, exact=True).nth(place).fill(value)


def design_add_on(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/add-ons/new")
    page.get_by_role("button", name="Create and publish").click()
    expect(page.get_by_text("2 entries are not right yet.")).to_be_visible()
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_label("Amount").fill("2.50")
    page.get_by_role("switch", name="Add to Networks").click()
    page.get_by_role("textbox", name="VM networks").fill("2")
    expect(page.get_by_text("VM networks: +2")).to_be_visible()
    page.get_by_role("button", name="Create and publish").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.get_by_text("Public", exact=True).first).to_be_visible()


def design_plan(page: Page, url: str, name: str, add_on: str) -> None:
    page.goto(f"{url}/plans/new")
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    add_language(page, 0, "en", f"{name} deluxe", "€12 a month")
    add_language(page, 1, "de", f"{name} edel", "12 € im Monat")
    page.get_by_label("Invitation code").fill(CODE)
    page.get_by_role("textbox", name="VM networks").fill("3")
    page.get_by_role("checkbox", name=add_on).check()
    page.get_by_label(f"At most: {add_on}").fill("4")
    preview = page.get_by_role("region", name="What tenants will see")
    expect(preview.get_by_text("€12 a month")).to_be_visible()
    expect(preview.get_by_text(f"{add_on} · €2.50 / month · at most 4")).to_be_visible()
    page.get_by_label("Language of the reader").select_option("German")
    expect(preview.get_by_text("12 € im Monat")).to_be_visible()
    assert not overflow(page)
    assert not accessibility_violations(page)
    picture(page, "offer-designer")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Public", exact=True).first).to_be_visible()


def buy(page: Page, url: str, name: str, add_on: str) -> str:
    """Subscribe to a plan in German, and take one of its add-ons; returns the subscription's id."""
    page.goto(f"{url}/offers")
    card = page.get_by_role("group", name=f"{name} edel")
    expect(card.get_by_text("12 € im Monat")).to_be_visible()
    expect(card.get_by_text("Auf Einladung")).to_be_visible()
    expect(card.get_by_text(re.compile(f"{add_on} .*höchstens 4"))).to_be_visible()
    card.get_by_role("button", name=re.compile("Abonnieren")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name").fill(name)
    dialog.get_by_role("textbox", name="Einladungscode").fill(CODE)
    dialog.get_by_role("button", name="Abonnieren").click()
    expect(dialog).to_be_hidden()
    page.goto(f"{url}/subscriptions")
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("tab", name="Zusätze").click()
    page.get_by_role("button", name=f"Erwerben: {add_on}").click()
    expect(page.get_by_text("1 von 4")).to_be_visible(timeout=UNDER_WAY)
    page.get_by_role("tab", name="Kontingent").click()
    expect(page.get_by_text("Plan: 3 · Zusätze: +2")).to_be_visible(timeout=UNDER_WAY)
    assert not accessibility_violations(page)
    return re.sub(r".*/subscriptions/|\?.*", "", page.url)


def lower(page: Page, url: str, plan_id: str) -> None:
    """Allow less than is used, after a look at whom it concerns."""
    page.goto(f"{url}/plans/{plan_id}")
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_role("button", name="Review changes")).to_be_disabled()
    page.get_by_role("textbox", name="VM networks").fill("0")
    page.get_by_role("button", name="Review changes").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("VM networks: 3 → 0")).to_be_visible()
    expect(dialog.get_by_text("One subscription would use more than it may:")).to_be_visible()
    expect(dialog.get_by_text("uses 3 of 2 (VM networks)")).to_be_visible()
    expect(dialog.get_by_role("button", name="Apply")).to_be_disabled()
    assert not accessibility_violations(page)
    picture(page, "plan-change-preview")
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("tab", name="Operations")).to_have_attribute("aria-selected", "true")
    panel = page.get_by_role("tabpanel")
    expect(panel.get_by_text("Apply plan to its subscriptions").first).to_be_visible()
    expect(panel.get_by_text("Succeeded").first).to_be_visible(timeout=UNDER_WAY)


def test_an_offer_is_designed_bought_and_changed_under_those_who_have_it(browser: Browser, portal: Portal) -> None:
    name = f"plan-{uuid.uuid4().hex[:6]}"
    add_on = f"more-{uuid.uuid4().hex[:6]}"
    with portal.as_admin(browser) as page:
        design_add_on(page, portal.server.admin_portal, add_on)
        design_plan(page, portal.server.admin_portal, name, add_on)
    with portal.as_tenant(browser, locale="de-DE") as page:
        subscription_id = buy(page, portal.server.tenant_portal, name, add_on)
    scope = portal.tenant.subscription(subscription_id)
    for each in ("a", "b", "c"):
        scope.vm_networks.create(NewVmNetworkBody(name=each)).wait()
    plan = portal.admin.admin.plans.find(name)
    with portal.as_admin(browser) as page:
        lower(page, portal.server.admin_portal, plan.id)
    with portal.as_tenant(browser) as page:
        page.goto(f"{portal.server.tenant_portal}/subscriptions/{subscription_id}")
        expect(page.get_by_text("Plan: 0 · add-ons: +2")).to_be_visible()
        expect(page.get_by_text("3 / 2")).to_be_visible()


def test_an_invitation_code_is_renewed_shown_once_and_taken_away(browser: Browser, portal: Portal) -> None:
    made = portal.admin.admin.plans.create(portal.server.plan(f"plan-{uuid.uuid4().hex[:6]}"))
    with portal.as_admin(browser) as page:
        page.goto(f"{portal.server.admin_portal}/plans/{made.id}")
        for button in ("Set the code", "Replace the code"):
            page.get_by_role("button", name="More", exact=True).click()
            page.get_by_role("menuitem", name="Invitation code").click()
            dialog = page.get_by_role("dialog")
            code = dialog.get_by_role("textbox").input_value()
            assert re.fullmatch("([a-z2-9]{5}-){3}[a-z2-9]{5}", code)
            dialog.get_by_role("button", name=button).click()
            expect(dialog.get_by_text(code)).to_be_visible()
            assert not accessibility_violations(page)
            dialog.get_by_role("button", name="I have noted it").click()
            assert portal.admin.admin.plans.get(made.id).needs_invitation_code
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("menuitem", name="Invitation code").click()
        page.get_by_role("dialog").get_by_role("button", name="Need none any more").click()
        expect(page.get_by_role("dialog")).to_be_hidden()
    assert not portal.admin.admin.plans.get(made.id).needs_invitation_code


def test_a_subscription_moves_to_a_plan_by_invitation(browser: Browser, portal: Portal) -> None:
    name = f"plan-{uuid.uuid4().hex[:6]}"
    body = portal.server.plan(name).model_copy(update={"invitation_code": SecretStr(CODE)})
    portal.admin.admin.plans.publish(portal.admin.admin.plans.create(body).id)
    starter = portal.admin.admin.plans.find("Starter")
    moved = portal.tenant.subscriptions.create(starter.id, name).wait()
    with portal.as_tenant(browser) as page:
        page.goto(f"{portal.server.tenant_portal}/subscriptions/{moved.id}")
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("menuitem", name="Change plan").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("New plan").select_option(name)
        expect(dialog.get_by_text("Everything fits.")).to_be_visible()
        code = dialog.get_by_role("textbox", name="Invitation code")
        code.fill("wrong")
        dialog.get_by_role("button", name="Change plan").click()
        expect(dialog.get_by_text("The invitation code is wrong")).to_be_visible()
        code.fill(CODE)
        dialog.get_by_role("button", name="Change plan").click()
        expect(dialog).to_be_hidden()
        plan = page.get_by_role("main").get_by_role("link", name=name)
        expect(plan).to_be_visible(timeout=UNDER_WAY)
