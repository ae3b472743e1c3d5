"""The pages of one's own account, of programs' accounts and of roles at the site: a journey through each portal."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pydantic import SecretStr
from pyotp.totp import TOTP

from support.browser import NARROW, WIDE, accessibility_violations, overflow, window
from support.certificates import holder
from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD
from support.portal import sign_in
from support.server_process import ServerProcess, server_process
from zaffre.client import NewAccountBody


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A site of its own: second factors and roles are for whole accounts."""
    with server_process(tmp_path_factory.mktemp("accounts")) as server:
        yield server


def look(page: Page) -> None:
    """See that a page can be used by everybody, wide and narrow."""
    for width, height in (NARROW, WIDE):
        page.set_viewport_size({"width": width, "height": height})
        assert overflow(page) == []
        assert accessibility_violations(page) == []


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


def confirmed(page: Page, button: str) -> None:
    """Say yes to what a dialog asks."""
    dialog = page.get_by_role("alertdialog").or_(page.get_by_role("dialog"))
    look(page)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_have_count(0)


def code_of(secret: str, after: str = "") -> str:
    """Return a code that a device shows now, waiting for the next one if that was used already."""
    device = TOTP(secret)
    while (code := device.at(datetime.now(UTC))) == after:
        time.sleep(0.5)
    return code


def test_a_tenant_sees_to_the_ways_in_to_the_account(browser: Browser, server: ServerProcess, tmp_path: Path) -> None:
    tenant, _ = server.tenant()
    with tenant, window(browser) as (_, page):
        email = tenant.account.get().email
        sign_in(page, server.tenant_portal, email, PASSWORD)
        portal = server.tenant_portal

        # A token for certain permissions in one subscription; its text is shown once.
        page.goto(f"{portal}/api-tokens/new")
        page.get_by_role("textbox", name="Name").fill("nightly")
        page.get_by_role("checkbox", name="main", exact=True).check()
        page.get_by_role("radio", name="Only what I choose").check()
        page.get_by_role("checkbox", name=re.compile("^See virtual machines")).first.check()
        look(page)
        page.get_by_role("button", name="Create token").click()
        shown = page.get_by_role("group", name="Token")
        expect(shown).to_contain_text("zat_")
        look(page)
        page.get_by_role("button", name="Done").click()
        expect(row(page, "nightly")).to_be_visible()
        look(page)
        (made,) = tenant.api_tokens.all()
        assert made.scopes == ["virtual_machine.read"]

        # A certificate, chosen as a file that holds the key as well, which does not leave the browser.
        who = holder("robot")
        both = tmp_path / "both.pem"
        both.write_text(who.key_pem + who.pem)
        page.goto(f"{portal}/client-certificates")
        look(page)
        page.goto(f"{portal}/client-certificates/new")
        page.get_by_label("Certificate", exact=False).first.fill("nonsense")
        expect(page.get_by_text("This is not one certificate as PEM.")).to_be_visible()
        page.locator("input[type=file]").set_input_files(both)
        expect(page.get_by_label("Certificate", exact=False).first).to_have_value(who.pem)
        look(page)
        page.get_by_role("button", name="Add certificate").click()
        expect(page.get_by_text(tenant.client_certificates.find_item("robot").fingerprint)).to_be_visible()
        look(page)
        page.get_by_role("button", name="Done").click()
        expect(row(page, "robot")).to_be_visible()
        look(page)
        row(page, "robot").get_by_role("checkbox").check()
        page.get_by_role("button", name="Remove").first.click()
        confirmed(page, "Remove")
        expect(row(page, "robot")).to_have_count(0)


def test_a_tenant_gives_a_program_its_own_ways_in(browser: Browser, server: ServerProcess, tmp_path: Path) -> None:
    tenant, scope = server.tenant()
    both = tmp_path / "robot.pem"
    both.write_text(holder("robot").pem)
    with tenant, window(browser) as (_, page):
        portal = server.tenant_portal
        sign_in(page, portal, tenant.account.get().email, PASSWORD)
        page.goto(f"{portal}/subscriptions/{scope.id}/service-accounts/new")
        page.get_by_role("textbox", name="Name").fill("deployment")
        page.get_by_role("combobox", name="Role").click()
        page.get_by_role("option", name="contributor").click()
        look(page)
        page.get_by_role("button", name="Next").click()
        page.get_by_role("button", name="Create", exact=True).click()
        expect(page.get_by_role("heading", name="deployment")).to_be_visible()
        page.get_by_role("button", name="New API token").click()
        page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("ci")
        page.get_by_role("button", name="Make token").click()
        expect(page.get_by_role("dialog").get_by_text("zat_")).to_be_visible()
        look(page)
        page.get_by_role("button", name="Close").click()
        expect(row(page, "ci")).to_be_visible()
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("menuitem", name="Add certificate").click()
        page.get_by_role("dialog").locator("input[type=file]").set_input_files(both)
        look(page)
        page.get_by_role("dialog").get_by_role("button", name="Add certificate").click()
        page.get_by_role("dialog").get_by_role("button", name="Done").click()
        page.get_by_role("tab", name="Client certificates").click()
        expect(row(page, "robot")).to_be_visible()
        look(page)
        page.get_by_role("button", name="Remove robot").click()
        expect(page.get_by_text("It has no client certificates.")).to_be_visible()


def test_a_tenant_signs_in_with_a_second_factor(browser: Browser, server: ServerProcess) -> None:
    tenant, _ = server.tenant()
    with tenant, window(browser) as (_, page):
        portal, email = server.tenant_portal, tenant.account.get().email
        sign_in(page, portal, email, PASSWORD)
        page.goto(f"{portal}/account")
        card = page.get_by_role("group").filter(has=page.get_by_role("heading", name="Second factor"))
        card.get_by_label("Current password").or_(card.get_by_label("Password")).first.fill(PASSWORD)
        look(page)
        card.get_by_role("button", name="Set up").click()
        expect(card.get_by_role("img", name="QR code with the secret")).to_be_visible()
        look(page)
        secret = card.get_by_text(re.compile("^[A-Z2-7]{16,}$")).inner_text()
        first = code_of(secret)
        card.get_by_role("textbox", name="Code").fill(first)
        card.get_by_role("button", name="Confirm").click()
        expect(card.get_by_text("Keep these recovery codes safe")).to_be_visible()
        look(page)
        card.get_by_role("button", name="I have kept them").click()
        expect(card.get_by_text("recovery codes are left")).to_be_visible()
        with window(browser) as (_, other):
            other.goto(portal)
            other.get_by_label("E-mail address").fill(email)
            other.get_by_label("Password").fill(PASSWORD)
            other.get_by_role("button", name="Sign in", exact=True).click()
            expect(other.get_by_role("textbox", name="Code")).to_be_visible()
            look(other)
            other.get_by_role("textbox", name="Code").fill(code_of(secret, first))
            other.get_by_role("button", name="Sign in", exact=True).click()
            expect(other.get_by_role("banner")).to_be_visible()
            page.goto(f"{portal}/sessions")
            expect(page.get_by_role("row")).to_have_count(3)
            look(page)


def test_roles_at_the_site_show_what_they_allow(browser: Browser, server: ServerProcess) -> None:
    with server.admin() as admin, window(browser) as (_, page):
        sign_in(page, server.admin_portal, ADMIN_EMAIL, ADMIN_PASSWORD)
        page.goto(f"{server.admin_portal}/site-roles")
        expect(row(page, "Auditor")).to_be_visible()
        look(page)
        page.goto(f"{server.admin_portal}/site-roles/new")
        page.get_by_role("textbox", name="Name").fill("Money desk")
        page.get_by_role("checkbox", name="Prices", exact=True).check()
        look(page)
        page.get_by_role("button", name="Next").click()
        page.get_by_role("button", name=re.compile("^Create")).click()
        expect(page.get_by_role("heading", name="Money desk")).to_be_visible()
        look(page)
        (own,) = [role.id for role in admin.admin.site_roles.all() if role.name == "Money desk"]
        for role in ("auditor", "help_desk", own):
            body = NewAccountBody(email=f"{role}@people.example", name="Helen", password=SecretStr(PASSWORD), role=role)
            admin.admin.accounts.create(body)

    for role, first in (("auditor", "Capacity"), ("help_desk", "Capacity"), (own, "does not show hosts and capacity")):
        with window(browser) as (_, page):
            sign_in(page, server.admin_portal, f"{role}@people.example", PASSWORD)
            expect(page.get_by_text(first).first).to_be_visible()
            if role == own:
                look(page)
            assert refused_in_rail(page) == [], role


def refused_in_rail(page: Page) -> list[str]:
    """Go to every page that the rail offers; return what the server refused there."""
    refused: list[str] = []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status == 403 else None)
    page.reload()
    entries = page.get_by_role("navigation", name="Services").first.get_by_role("link")
    expect(entries.first).to_be_visible()
    for entry in entries.all():
        entry.click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        # Questions that a page asks once it stands are answered in milliseconds.
        page.wait_for_timeout(200)
    return refused
