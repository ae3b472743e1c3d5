"""Signing in with an account elsewhere, as people do: through a real OpenID provider."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from support.browser import accessibility_violations, picture, window
from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD
from support.openid_provider import CLIENT_ID, CLIENT_SECRET, openid_provider
from support.portal import sign_in
from support.server_process import ServerProcess, server_process


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A site of its own: a provider changes the sign-in page for everybody."""
    settings = {"federation__allow_networks": "127.0.0.0/8", "federation__allow_plain_http": "true"}
    with server_process(tmp_path_factory.mktemp("federation"), **settings) as server:
        yield server


def pass_through_provider(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name="Provider", exact=True)).to_be_visible()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Continue").click()


def test_a_provider_is_set_up_and_signs_people_in(browser: Browser, server: ServerProcess) -> None:
    urls = [f"{portal}/signed-in" for portal in (server.tenant_portal, server.admin_portal)]
    with openid_provider(urls) as issuer:
        with window(browser) as (_, page):
            sign_in(page, server.admin_portal, ADMIN_EMAIL, ADMIN_PASSWORD)
            page.goto(f"{server.admin_portal}/identity-providers/new")
            page.get_by_role("textbox", name="Name").fill("Example")
            page.get_by_role("textbox", name="Issuer").fill(issuer)
            page.get_by_role("textbox", name="Client ID").fill(CLIENT_ID)
            page.get_by_label("Client secret", exact=False).last.fill(CLIENT_SECRET)
            page.get_by_role("button", name="Next").click()
            page.get_by_role("radio", name="get an account", exact=True).check()
            page.get_by_role("button", name="Next").click()
            page.get_by_role("button", name="Create", exact=True).click()
            expect(page.get_by_role("heading", name="Example")).to_be_visible()
            page.get_by_role("button", name="Test").click()
            expect(page.get_by_text("all of it can be used")).to_be_visible()
            assert accessibility_violations(page) == []
            picture(page, "identity-provider")
            page.get_by_role("button", name="Close").click()
            page.get_by_role("tab", name="To register there").click()
            expect(page.get_by_text(urls[0])).to_be_visible()

            # An administrator links theirs, under Account.
            page.goto(f"{server.admin_portal}/account")
            card = page.get_by_role("group").filter(has=page.get_by_role("heading", name="Accounts elsewhere"))
            card.get_by_label("Current password").fill(ADMIN_PASSWORD)
            card.get_by_role("button", name="Link", exact=True).click()
            pass_through_provider(page, "root")
            expect(page.get_by_text("Example: root@people.example")).to_be_visible()
            assert accessibility_violations(page) == []

        with window(browser) as (_, page):
            page.goto(server.tenant_portal)
            expect(page.get_by_role("button", name="Sign in with Example")).to_be_visible()
            assert accessibility_violations(page) == []
            picture(page, "sign-in-with-a-provider")
            page.get_by_role("button", name="Sign in with Example").click()
            page.get_by_role("button", name="Refuse").click()
            expect(page.get_by_text("you did not agree")).to_be_visible()
            assert "error" not in page.url
            assert accessibility_violations(page) == []
            page.get_by_role("button", name="To the portal").click()
            page.get_by_role("button", name="Sign in with Example").click()
            pass_through_provider(page, "ada")
            expect(page.get_by_role("banner")).to_be_visible()
            page.goto(f"{server.tenant_portal}/account")
            expect(page.get_by_text("ada@people.example").last).to_be_visible()
            page.goto(f"{server.tenant_portal}/sessions")
            expect(page.get_by_text("Example", exact=True)).to_be_visible()

        with window(browser) as (_, page):
            page.goto(server.admin_portal)
            page.get_by_role("button", name="Sign in with Example").click()
            pass_through_provider(page, "root")
            expect(page.get_by_role("banner")).to_be_visible()
