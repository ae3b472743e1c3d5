"""The two portals on real hosts: what a newcomer and a provider do first, in a real browser."""

import re
from collections.abc import Iterator
from time import monotonic

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from support.browser import chromium, chromium_program, picture, window
from support.portal import sign_in
from support.real_cloud import RealCloud, real_cloud
from zaffre.devfabric.cloud.places import ADMIN_EMAIL
from zaffre.edge.portal.files import PortalFiles

pytestmark = [pytest.mark.quiet, pytest.mark.timeout(600)]

PATIENCE_MS = 120_000
"""What an operation on emulated guests may take on a busy machine."""
EMAIL, PASSWORD = "newcomer@zaffre.example", "a newcomer's password"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if chromium_program() is None:
        pytest.skip("Chromium is not installed")
    if PortalFiles().entry("tenant") is None:
        pytest.skip("the portals are not built; run scripts/portal")
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def cloud() -> Iterator[RealCloud]:
    with real_cloud(hosts=2) as cloud:
        yield cloud


def colours(screen: Locator) -> int:
    """How many different colours a console's screen shows."""
    return int(
        screen.evaluate(
            """canvas => {
                const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                const seen = new Set();
                for (let place = 0; place < data.length; place += 4)
                    seen.add((data[place] << 16) | (data[place + 1] << 8) | data[place + 2]);
                return seen.size;
            }"""
        )
    )


def pixels(screen: Locator) -> str:
    return str(screen.evaluate("canvas => canvas.toDataURL()"))


def wait_until_painted(page: Page, screen: Locator, before: str | None = None) -> str:
    """Wait until the screen shows something, or something else than before; returns it."""
    deadline = monotonic() + PATIENCE_MS / 1000
    while colours(screen) < 2 or pixels(screen) == before:
        assert monotonic() < deadline, "the screen does not change"
        page.wait_for_timeout(100)
    return pixels(screen)


def rail(page: Page, title: str) -> None:
    """Follow a link of the rail."""
    page.get_by_role("navigation", name="Services").get_by_role("link", name=title, exact=True).click()


def finish_wizard(page: Page) -> None:
    """Go on to the review and create."""
    page.get_by_role("tab", name="Review + create").click()
    page.get_by_role("button", name="Create", exact=True).click()


def create_machine(page: Page, name: str) -> None:
    rail(page, "Virtual machines")
    page.get_by_role("button", name="New virtual machine").first.click()
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("combobox", name="Image").click()
    page.get_by_role("option", name=re.compile("tiny")).click()
    page.get_by_role("radio", name=re.compile("tiny")).check()
    page.get_by_role("tab", name=re.compile("Networking")).click()
    page.get_by_role("button", name="Attach to a network").click()
    page.get_by_role("combobox", name="Network", exact=True).select_option(label="backend")
    finish_wizard(page)
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.get_by_text("Running", exact=True).first).to_be_visible(timeout=PATIENCE_MS)


def test_a_provider_sees_health_adds_a_host_and_designs_a_plan(cloud: RealCloud, browser: Browser) -> None:
    hosts = cloud.admin.admin.hosts
    spare = hosts.find_item("host-2")
    hosts.remove(spare.id).wait()
    with window(browser) as (_, page):
        sign_in(page, cloud.description.admin_portal_url, ADMIN_EMAIL, cloud.description.passwords.admin)
        expect(page.get_by_role("group", name="Hosts").get_by_text("1", exact=True)).to_be_visible()
        expect(page.get_by_role("group", name="Providers").get_by_text("Healthy").first).to_be_visible()

        rail(page, "Hosts")
        page.get_by_role("button", name="Add a host").first.click()
        page.get_by_role("textbox", name="Name").fill(spare.name)
        page.get_by_role("combobox", name="Stamp").click()
        page.get_by_role("option").first.click()
        page.get_by_role("textbox", name="Connection").fill(spare.uri)
        page.get_by_role("tab", name=re.compile("Places")).click()
        page.get_by_role("textbox", name="Storage pool").fill(spare.pool_path)
        page.get_by_role("textbox", name="Integration bridge").fill(spare.integration_bridge)
        finish_wizard(page)
        expect(page.get_by_role("heading", name=spare.name, level=1)).to_be_visible()
        expect(page.get_by_text("Enabled", exact=True).first).to_be_visible(timeout=PATIENCE_MS)

        rail(page, "Plans")
        page.get_by_role("button", name="Design a plan").first.click()
        page.get_by_role("textbox", name="Name").fill("Professional")
        preview = page.get_by_role("region", name="What tenants will see")
        expect(preview.get_by_role("heading", name="Professional")).to_be_visible()
        page.get_by_role("textbox", name="Virtual machines", exact=True).fill("7")
        expect(preview.get_by_text("Virtual machines: up to 7")).to_be_visible()
        picture(page, "plan-designer")
        page.get_by_role("button", name="Create and publish").click()
        expect(page.get_by_role("heading", name="Professional", level=1)).to_be_visible()
        expect(page.get_by_text("Public", exact=True).first).to_be_visible()
    made = cloud.admin.admin.plans.find_item("Professional")
    limits = {name: limit for service in made.services for name, limit in service.quota.items()}
    assert made.state.value == "public"
    assert limits["virtual_machines"] == 7


def test_a_newcomer_gets_from_signing_up_to_a_console_a_disk_and_a_checkpoint(
    cloud: RealCloud, browser: Browser
) -> None:
    with window(browser) as (_, page):
        page.goto(cloud.description.tenant_portal_url)
        page.get_by_text("I have no account yet").click()
        page.get_by_label("E-mail address").fill(EMAIL)
        page.get_by_label("Name", exact=False).first.fill("Ada Newcomer")
        page.get_by_label(re.compile("^Password")).fill(PASSWORD)
        page.get_by_role("button", name="Sign up").click()

        page.get_by_role("link", name="Subscribe to a plan").click()
        page.get_by_role("button", name="Subscribe: starter").click()
        page.get_by_role("dialog").get_by_role("button", name="Subscribe").click()
        page.get_by_role("link", name="Create a network").click()

        page.get_by_role("textbox", name="Name").first.fill("backend")
        finish_wizard(page)
        expect(page.get_by_role("heading", name="backend", level=1)).to_be_visible()
        expect(page.get_by_text("Ready", exact=True).first).to_be_visible(timeout=PATIENCE_MS)

        create_machine(page, "web-1")
        create_machine(page, "web-2")

        page.get_by_role("tab", name="Console").click()
        screen = page.get_by_role("application", name="Screen of web-2")
        expect(screen).to_be_visible(timeout=PATIENCE_MS)
        before = wait_until_painted(page, screen)
        picture(page, "real-console")
        screen.focus()
        page.keyboard.press("Enter")
        page.keyboard.type("uname -a")
        page.keyboard.press("Enter")
        wait_until_painted(page, screen, before)
        page.get_by_role("button", name="Disconnect").click()

        page.get_by_role("tab", name="Disks").click()
        page.get_by_role("button", name="New disk").click()
        dialog = page.get_by_role("dialog", name="New disk")
        dialog.get_by_role("textbox", name="Name").fill("data")
        dialog.get_by_role("button", name="Create and attach").click()
        expect(page.get_by_role("button", name="Grow: data")).to_be_enabled(timeout=PATIENCE_MS)

        page.get_by_role("tab", name="Checkpoints").click()
        page.get_by_role("button", name="Take a checkpoint").click()
        dialog = page.get_by_role("dialog", name="Take a checkpoint")
        dialog.get_by_role("textbox", name="Name").fill("fresh")
        dialog.get_by_role("button", name="Take a checkpoint").click()
        expect(page.get_by_role("button", name="Restore: fresh")).to_be_enabled(timeout=PATIENCE_MS)

        rail(page, "Home")
        expect(page.get_by_role("group", name="What you use").get_by_text("2 / 20")).to_be_visible()
        picture(page, "tenant-home")
