"""Consoles in the page: the guest's pixels are seen, typing reaches it, and the keyboard finds the way out."""

import re
from collections.abc import Callable
from time import monotonic

from playwright.sync_api import Browser, Locator, Page, expect

from support.browser import NARROW, accessibility_violations, overflow, picture
from support.portal import Portal

PATIENCE_S = 20.0


def open_tab(page: Page, portal: Portal, tab: str) -> None:
    machine = f"/subscriptions/{portal.subscription_id}/virtual-machines/{portal.machine.id}"
    page.goto(f"{portal.server.tenant_portal}{machine}?tab={tab}")


def screen_of(page: Page, portal: Portal) -> Locator:
    screen = page.get_by_role("application", name=f"Screen of {portal.machine.name}")
    expect(screen).to_be_visible()
    return screen


def pixels(screen: Locator) -> str:
    """The screen's content as the browser holds it."""
    return str(screen.evaluate("canvas => canvas.toDataURL()"))


def colours(screen: Locator) -> int:
    """How many different colours the screen shows."""
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


def wait_until(page: Page, condition: Callable[[], bool], what: str) -> None:
    """Wait for what no element says: what is painted."""
    deadline = monotonic() + PATIENCE_S
    while not condition():
        assert monotonic() < deadline, what
        page.wait_for_timeout(50)


def test_the_screen_shows_the_guest_and_typing_changes_it(browser: Browser, portal: Portal) -> None:
    with portal.as_tenant(browser) as page:
        open_tab(page, portal, "console")
        screen = screen_of(page, portal)
        wait_until(page, lambda: colours(screen) > 1, "nothing is painted")
        before = pixels(screen)
        screen.focus()
        page.keyboard.type("hello")
        wait_until(page, lambda: pixels(screen) != before, "typing changes nothing")
        picture(page, "virtual-machine-console")
        assert not accessibility_violations(page)


def test_a_text_is_typed_into_the_guest(browser: Browser, portal: Portal) -> None:
    with portal.as_tenant(browser) as page:
        open_tab(page, portal, "console")
        screen = screen_of(page, portal)
        wait_until(page, lambda: colours(screen) > 1, "nothing is painted")
        before = pixels(screen)
        page.get_by_role("button", name="Type a text").click()
        dialog = page.get_by_role("dialog", name="Type a text into the machine")
        dialog.get_by_role("textbox", name="Text").fill("Echo: 'Ada & Co'")
        dialog.get_by_role("button", name="Type it").click()
        expect(dialog).to_be_hidden()
        wait_until(page, lambda: pixels(screen) != before, "typing changes nothing")


def test_the_keyboard_finds_the_way_out(browser: Browser, portal: Portal) -> None:
    with portal.as_tenant(browser) as page:
        open_tab(page, portal, "console")
        screen = screen_of(page, portal)
        wait_until(page, lambda: colours(screen) > 1, "nothing is painted")
        screen.focus()
        page.keyboard.press("Tab")
        expect(screen).to_be_focused()
        page.keyboard.press("Control+Alt+g")
        expect(page.get_by_role("button", name="Disconnect")).to_be_focused()


def test_a_console_that_was_left_can_be_opened_again(browser: Browser, portal: Portal) -> None:
    with portal.as_tenant(browser) as page:
        open_tab(page, portal, "console")
        screen_of(page, portal)
        page.get_by_role("button", name="Disconnect").click()
        expect(page.get_by_text("You disconnected. The machine goes on as it was.")).to_be_visible()
        page.get_by_role("button", name="Connect again").click()
        screen_of(page, portal)


def test_the_serial_console_answers(browser: Browser, portal: Portal) -> None:
    with portal.as_tenant(browser) as page:
        open_tab(page, portal, "serial")
        terminal = page.get_by_role("textbox", name=f"Serial console of {portal.machine.name}")
        expect(page.get_by_role("button", name="Disconnect")).to_be_visible()
        page.get_by_role("button", name="Screen reader").click()
        terminal.focus()
        page.keyboard.press("Enter")
        page.keyboard.type("hostname")
        page.keyboard.press("Enter")
        expect(page.get_by_text(re.compile(rf"{portal.machine.hostname}.*#")).first).to_be_attached()
        page.keyboard.press("Control+Alt+g")
        expect(page.get_by_role("button", name="Disconnect")).to_be_focused()


def test_the_serial_log_can_be_read_and_downloaded(browser: Browser, portal: Portal) -> None:
    with portal.as_tenant(browser, theme="dark") as page:
        page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        open_tab(page, portal, "serial")
        page.get_by_role("tab", name="Log", exact=True).click()
        expect(page.get_by_role("log")).to_contain_text("login")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()
        assert download.value.suggested_filename == f"{portal.machine.name}-serial.log"
        assert not overflow(page)
        assert not accessibility_violations(page)
