"""Programs in the portals: one that sells a service, one that approves changes, and one that hears of events."""

import asyncio
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from support.browser import NARROW, WIDE, accessibility_violations, overflow, picture, window
from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD
from support.portal import sign_in
from support.program_process import ProgramProcess
from support.receiver import Receiver, receiver
from support.server_process import ServerProcess, server_process
from zaffre.client import Zaffre

LONG_MS = 30_000


@dataclass
class Town:
    """A site, the sample program, a program that hears what it is sent, and a tenant."""

    server: ServerProcess
    program: ProgramProcess
    ear: Receiver
    email: str


@pytest.fixture(scope="module")
def town(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    directory = tmp_path_factory.mktemp("town")
    settings: dict[str, object] = {
        "providers__allow_networks": "127.0.0.1/32",
        "providers__allow_plain_http": "true",
        "providers__look_interval_s": 0.1,
        "webhooks__allow_networks": "127.0.0.1/32",
        "webhooks__allow_plain_http": "true",
    }
    with server_process(directory, **settings) as server, listening() as ear:
        with Zaffre(server.url) as tenant:
            email = f"{uuid.uuid4().hex[:12]}@zaffre.example"
            tenant.account.sign_up(email, "Ada Tenant", PASSWORD)
        program = ProgramProcess(directory, server.admin_url)
        program.start()
        try:
            yield Town(server, program, ear, email)
        finally:
            program.kill()


@contextmanager
def listening() -> Iterator[Receiver]:
    """Run a receiver in a thread of its own: the browser's calls block this one."""
    ready, done = threading.Event(), threading.Event()
    found: list[Receiver] = []

    async def listen() -> None:
        async with receiver() as ear:
            found.append(ear)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(listen()))
    thread.start()
    ready.wait()
    try:
        yield found[0]
    finally:
        done.set()
        thread.join()


@contextmanager
def person(browser: Browser, url: str, email: str, password: str, size: tuple[int, int] = WIDE) -> Iterator[Page]:
    with window(browser, size) as (_, page):
        sign_in(page, url, email, password)
        yield page


def look(page: Page, name: str) -> None:
    """Look at a page wide and narrow: nothing is cut, and everybody can use it."""
    for size in (NARROW, WIDE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        picture(page, f"programs-{name}-{'wide' if size == WIDE else 'narrow'}")
        assert not overflow(page), name
        assert not accessibility_violations(page), name


def test_a_program_is_registered_sold_used_and_another_approves_and_hears_of_it(browser: Browser, town: Town) -> None:
    server = town.server
    with person(browser, server.admin_portal, ADMIN_EMAIL, ADMIN_PASSWORD) as page:
        register(page, town)
        sell(page, town)
        approval(page, town)
        webhook(page, town)
    with person(browser, server.tenant_portal, town.email, PASSWORD) as page:
        subscribe(page, town)
        make_bucket(page, town)
    with person(browser, server.admin_portal, ADMIN_EMAIL, ADMIN_PASSWORD) as page:
        deliveries(page, town)
        questions(page, town)
        new_keys(page, town)


def register(page: Page, town: Town) -> None:
    page.goto(f"{town.server.admin_portal}/resource-providers")
    expect(page.get_by_text("No program is registered")).to_be_visible()
    page.goto(f"{town.server.admin_portal}/resource-providers/new")
    page.get_by_label("Name").fill("buckets")
    page.get_by_label("Address").fill(town.program.url)
    page.get_by_label("Certificates that vouch for it").fill(town.program.certificate.read_text())
    look(page, "register")
    page.get_by_role("button", name="Register").click()
    key = page.get_by_role("group", name="Access key")
    expect(key).to_be_visible(timeout=LONG_MS)
    town.program.key_file.write_text(key.inner_text().split()[0])
    look(page, "registered")
    page.get_by_role("button", name="See the program").click()
    expect(page.get_by_role("heading", name="buckets", level=1)).to_be_visible()
    page.get_by_role("tab", name="What it offers").click()
    expect(page.get_by_role("group", name="What plans limit")).to_contain_text("buckets")
    look(page, "provider")
    page.get_by_role("button", name="Read its description").click()
    page.goto(f"{town.server.admin_portal}/resource-providers")
    expect(page.get_by_text("buckets", exact=True).first).to_be_visible()
    look(page, "providers")


def sell(page: Page, town: Town) -> None:
    page.goto(f"{town.server.admin_portal}/plans/new")
    page.get_by_role("textbox", name="Name", exact=True).fill("Storage")
    for title in ("Virtual machines", "Networks"):
        page.get_by_role("switch", name=f"Offer {title}").click()
    page.get_by_role("switch", name="Offer Object buckets").check()
    page.get_by_role("textbox", name="Buckets", exact=True).fill("2")
    look(page, "designer")
    page.get_by_role("button", name="Create and publish").click()
    expect(page.get_by_role("heading", name="Storage", level=1)).to_be_visible(timeout=LONG_MS)


def approval(page: Page, town: Town) -> None:
    page.goto(f"{town.server.admin_portal}/approval-programs")
    expect(page.get_by_text("No program decides on changes")).to_be_visible()
    look(page, "no-approvers")
    page.goto(f"{town.server.admin_portal}/approval-programs/new")
    page.get_by_label("Name").fill("billing")
    page.get_by_label("Address").fill(f"{town.ear.url}/approve")
    page.get_by_role("radio", name="Let the change wait").check()
    look(page, "approver-new")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("group", name="Signing secret")).to_contain_text("whsec_")
    look(page, "approver-secret")
    page.get_by_role("button", name="See the program").click()
    page.get_by_role("button", name="Ask as a trial").click()
    expect(page.get_by_role("dialog").get_by_text("It approves (200")).to_be_visible(timeout=LONG_MS)
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    page.get_by_role("tab", name="Questions").click()
    expect(page.get_by_text("trial", exact=True).first).to_be_visible()
    look(page, "approver")
    page.goto(f"{town.server.admin_portal}/approval-rules/new")
    page.get_by_role("textbox", name=re.compile("^Name")).fill("all subscriptions")
    page.get_by_role("combobox", name="Program that decides").click()
    page.get_by_role("option", name="billing").click()
    look(page, "rule")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="all subscriptions", level=1)).to_be_visible(timeout=LONG_MS)


def webhook(page: Page, town: Town) -> None:
    page.goto(f"{town.server.admin_portal}/webhooks/new")
    page.get_by_label("Name").fill("watch")
    page.get_by_label("Address").fill(f"{town.ear.url}/events")
    page.get_by_label("Kinds of events").fill("change_request.*")
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_role("group", name="Signing secret")).to_contain_text("whsec_")
    page.get_by_role("button", name="Done").click()
    page.get_by_role("link", name="watch").click()
    page.get_by_role("button", name="Send a test").click()
    page.get_by_role("tab", name="Deliveries").click()
    expect(page.get_by_text("Delivered").first).to_be_visible(timeout=LONG_MS)
    look(page, "webhook")


def subscribe(page: Page, town: Town) -> None:
    town.ear.statuses["/approve"] = 402
    town.ear.answer = b"The bill of May is not paid."
    page.goto(f"{town.server.tenant_portal}/offers")
    page.get_by_role("group", name="Storage").get_by_role("button", name="Subscribe").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("files")
    dialog.get_by_role("button", name="Subscribe").click()
    expect(dialog.get_by_text("The bill of May is not paid.")).to_be_visible(timeout=LONG_MS)
    look(page, "refused")
    town.ear.statuses.clear()
    dialog.get_by_role("button", name="Subscribe").click()
    expect(dialog).to_be_hidden(timeout=LONG_MS)


def make_bucket(page: Page, town: Town) -> None:
    page.goto(f"{town.server.tenant_portal}/")
    rail = page.get_by_role("navigation", name="Services")
    expect(rail.get_by_text("Object buckets")).to_be_visible(timeout=LONG_MS)
    look(page, "rail")
    rail.get_by_role("link", name="Buckets", exact=True).click()
    page.get_by_role("button", name="New: Bucket").click()
    page.get_by_role("textbox", name="Name").fill("photos")
    page.get_by_label("Size in GiB").fill("3")
    look(page, "bucket-new")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="photos", level=1)).to_be_visible(timeout=LONG_MS)
    expect(page.locator(".fui-Toast")).to_have_count(0, timeout=LONG_MS)
    page.get_by_role("button", name="Change", exact=True).click()
    page.get_by_role("dialog").get_by_label("Size in GiB").fill("5")
    page.get_by_role("dialog").get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_text("5", exact=True)).to_be_visible(timeout=LONG_MS)
    look(page, "bucket")
    rail.get_by_role("link", name="Buckets", exact=True).click()
    expect(page.get_by_role("link", name="photos")).to_be_visible()
    look(page, "buckets")


def deliveries(page: Page, town: Town) -> None:
    page.goto(f"{town.server.admin_portal}/webhooks")
    page.get_by_role("link", name="watch").click()
    page.get_by_role("tab", name="Deliveries").click()
    (sent,) = [message for message in town.ear.at("/events") if message.kind == "change_request.declined"]
    page.get_by_role("checkbox", name="Select Change request: declined").check()
    page.get_by_role("button", name="What was sent").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("What was sent")).to_have_value(re.compile("change_request.declined"))
    look(page, "delivery")
    dialog.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Send again").click()
    expect(dialog).to_contain_text("Change request: declined")
    dialog.get_by_role("button", name="Send again").click()
    expect(dialog.get_by_text("Accepted")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    again = page.get_by_role("row").filter(has_text="sent again")
    expect(again.get_by_text("Delivered")).to_be_visible(timeout=LONG_MS)
    # Whoever receives it twice knows it by its id.
    assert len([message for message in town.ear.at("/events") if message.id == sent.id]) == 2
    look(page, "deliveries")


def questions(page: Page, town: Town) -> None:
    page.goto(f"{town.server.admin_portal}/approval-programs")
    page.get_by_role("link", name="billing").click()
    page.get_by_role("tab", name="Questions").click()
    refused = page.get_by_role("row").filter(has_text="Refused")
    expect(refused).to_contain_text("402")
    expect(refused).to_contain_text("The bill of May is not paid.")
    expect(page.get_by_role("row").filter(has_text="Approved")).to_have_count(2)
    look(page, "questions")


def new_keys(page: Page, town: Town) -> None:
    """Give each program that is trusted, or trusts, another secret, which is shown once."""
    for room, name, action, beginning in (
        ("webhooks", "watch", "New secret", "whsec_"),
        ("approval-programs", "billing", "New secret", "whsec_"),
        ("resource-providers", "buckets", "New keys", "zpk_"),
    ):
        page.goto(f"{town.server.admin_portal}/{room}")
        page.get_by_role("link", name=name).first.click()
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("menuitem", name=action).click()
        dialog = page.get_by_role("dialog")
        look(page, f"{room}-before")
        dialog.get_by_role("button", name=action).click()
        shown = dialog.get_by_role("group", name=re.compile("secret|key"))
        expect(shown).to_contain_text(beginning)
        look(page, f"{room}-secret")
        secret = shown.inner_text().split()[0]
        dialog.get_by_role("button", name=re.compile("^(Close|Done)$")).click()
        expect(dialog).to_have_count(0)
        expect(page.get_by_text(secret)).to_have_count(0)
