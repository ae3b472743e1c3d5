"""A virtual machine's daily life in the tenant portal, from the wizard to its deletion."""

import re

from playwright.sync_api import Browser, Page, expect

from support.browser import NARROW, accessibility_violations, overflow, picture
from support.portal import PUBLIC_KEY, Portal
from zaffre.client import NotFound

UNDER_WAY = 30_000
"""Milliseconds that an operation on simulated hosts may take on a busy machine."""


def machines(portal: Portal) -> str:
    return f"{portal.server.tenant_portal}/subscriptions/{portal.subscription_id}/virtual-machines"


def press_until_focused(page: Page, role: str, name: str, key: str = "Tab") -> None:
    """Go on by keyboard until something has the focus, as somebody without a mouse does."""
    wanted = page.get_by_role(role, name=name).first  # pyright: ignore[reportArgumentType]
    for _ in range(80):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"the keyboard does not lead to {role} {name!r}")


def test_the_wizard_makes_a_machine_with_the_keyboard_alone(browser: Browser, portal: Portal) -> None:
    with portal.as_tenant(browser) as page:
        page.goto(f"{machines(portal)}/new")
        expect(page.get_by_role("heading", name="New virtual machine")).to_be_visible()
        expect(page.get_by_role("radio", name="tiny")).to_be_visible()
        press_until_focused(page, "textbox", "Name")
        page.keyboard.type("by-keyboard")
        press_until_focused(page, "combobox", "Image")
        page.keyboard.press("Enter")
        expect(page.get_by_role("option").first).to_be_visible()
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        press_until_focused(page, "radio", "tiny")
        page.keyboard.press("Space")
        expect(page.get_by_role("radio", name="tiny")).to_be_checked()
        for heading in ("Disks", "Networking", "Access", "Placement and tags"):
            press_until_focused(page, "button", "Next")
            page.keyboard.press("Enter")
            expect(page.get_by_role("region", name=heading)).to_be_visible()
        press_until_focused(page, "button", "Add a tag")
        page.keyboard.press("Enter")
        for name, word in (("Key", "env"), ("Value", "test")):
            press_until_focused(page, "textbox", name, "Shift+Tab" if name == "Key" else "Tab")
            page.keyboard.type(word)
        press_until_focused(page, "button", "Next")
        page.keyboard.press("Enter")
        call = page.get_by_text("zaffre vm create by-keyboard")
        expect(call).to_contain_text("--tag env=test")
        picture(page, "virtual-machine-review")
        press_until_focused(page, "button", "Create")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="by-keyboard", level=1)).to_be_visible()
        expect(page.get_by_text("Running", exact=True).first).to_be_visible(timeout=UNDER_WAY)
    made = portal.scope.virtual_machines.find_item("by-keyboard")
    assert (made.size, made.tags) == ("tiny", {"env": "test"})


def test_the_wizard_takes_a_new_key_and_looks_over_cloud_init(browser: Browser, portal: Portal) -> None:
    with portal.as_tenant(browser) as page:
        page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        page.goto(f"{machines(portal)}/new")
        page.get_by_role("tab", name=re.compile("Access")).click()
        page.get_by_role("button", name="New SSH key").click()
        pane = page.get_by_role("dialog", name="New SSH key")
        pane.get_by_role("textbox", name="Public key").fill("-----BEGIN OPENSSH PRIVATE KEY-----")
        expect(pane.get_by_text("This is a private key.")).to_be_visible()
        pane.get_by_role("textbox", name="Public key").fill(PUBLIC_KEY.replace("OMqqnkVzrm0", "OMqqnkVzrm1"))
        pane.get_by_role("textbox", name="Name").fill("workshop")
        pane.get_by_role("button", name="Add the key").click()
        expect(page.get_by_role("checkbox", name="workshop")).to_be_checked()
        editor = page.get_by_role("textbox", name="cloud-init")
        editor.fill("packages: [htop]")
        expect(page.get_by_text("Line 1:")).to_be_visible()
        page.get_by_role("button", name="Start from a template").click()
        page.get_by_role("menuitem", name="Web server").click()
        page.get_by_role("button", name="Replace it").click()
        expect(page.get_by_text("cloud-config: looks right.")).to_be_visible()
        assert not overflow(page)
        assert not accessibility_violations(page)


def test_a_checkpoint_is_taken_and_gone_back_to(browser: Browser, portal: Portal) -> None:
    with portal.as_tenant(browser) as page:
        page.goto(f"{machines(portal)}/{portal.machine.id}?tab=checkpoints")
        page.get_by_role("button", name="Take a checkpoint").click()
        dialog = page.get_by_role("dialog", name="Take a checkpoint")
        dialog.get_by_role("textbox", name="Name").fill("before the update")
        dialog.get_by_role("button", name="Take a checkpoint").click()
        expect(dialog).to_be_hidden()
        restore = page.get_by_role("button", name="Restore: before the update")
        expect(restore).to_be_enabled(timeout=UNDER_WAY)
        expect(page.get_by_text("You are here")).to_be_visible()
        picture(page, "virtual-machine-checkpoints")
        restore.click()
        sure = page.get_by_role("dialog", name=re.compile("Go back to"))
        expect(sure.get_by_role("button", name="Restore")).to_be_disabled()
        sure.get_by_role("textbox").fill("before the update")
        sure.get_by_role("button", name="Restore").click()
        expect(sure).to_be_hidden()
        page.get_by_role("tab", name="Network").click()
        expect(page.get_by_role("button", name="Attach to a network")).to_be_disabled()
        page.get_by_role("tab", name="Checkpoints").click()
        delete = page.get_by_role("button", name="Delete: before the update")
        expect(delete).to_be_enabled(timeout=UNDER_WAY)
        delete.click()
        sure = page.get_by_role("dialog", name=re.compile("Delete checkpoint"))
        sure.get_by_role("textbox").fill("before the update")
        sure.get_by_role("button", name="Delete").click()
        expect(page.get_by_text("No checkpoints yet.")).to_be_visible(timeout=UNDER_WAY)


def test_a_disk_is_made_grown_and_detached(browser: Browser, portal: Portal) -> None:
    machine = portal.scope.virtual_machines.find_item("web-2")
    with portal.as_tenant(browser) as page:
        page.goto(f"{machines(portal)}/{machine.id}?tab=disks")
        page.get_by_role("button", name="New disk").click()
        dialog = page.get_by_role("dialog", name="New disk")
        dialog.get_by_role("textbox", name="Name").fill("data")
        dialog.get_by_role("button", name="Create and attach").click()
        grow = page.get_by_role("button", name="Grow: data")
        expect(grow).to_be_enabled(timeout=UNDER_WAY)
        grow.click()
        page.get_by_role("dialog").get_by_role("button", name="Grow").click()
        expect(page.get_by_text("11 GiB").first).to_be_visible(timeout=UNDER_WAY)
        detach = page.get_by_role("button", name="Detach: data")
        expect(detach).to_be_enabled(timeout=UNDER_WAY)
        detach.click()
        page.get_by_role("dialog").get_by_role("button", name="Detach").click()
        expect(detach).to_be_hidden(timeout=UNDER_WAY)


def test_a_machine_is_shut_down_and_deleted(browser: Browser, portal: Portal) -> None:
    machine = portal.scope.virtual_machines.find_item("web-2")
    with portal.as_tenant(browser) as page:
        page.goto(f"{machines(portal)}/{machine.id}")
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
        page.get_by_role("button", name="Shut down").click()
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled(timeout=UNDER_WAY)
        page.get_by_role("button", name="Delete", exact=True).click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("web-2 root")).to_be_visible()
        dialog.get_by_role("textbox").fill("web-2")
        dialog.get_by_role("button", name="Delete").click()
        expect(page.get_by_text("is gone")).to_be_visible(timeout=UNDER_WAY)
    try:
        left = portal.scope.virtual_machines.get(machine.id)
    except NotFound:
        return
    raise AssertionError(left)
