"""Fixtures of browser tests: one server with simulated hosts and one browser for all of them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from support.browser import chromium, chromium_program
from support.portal import Portal, furnished_portal
from support.server_process import server_process
from zaffre.edge.portal.files import PortalFiles


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if chromium_program() is None:
        pytest.skip("Chromium is not installed")
    if PortalFiles().entry("tenant") is None:
        pytest.skip("the portals are not built; run scripts/portal")
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def portal(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A furnished site with one tenant who has a little of everything."""
    with server_process(tmp_path_factory.mktemp("site")) as server, furnished_portal(server) as portal:
        yield portal
