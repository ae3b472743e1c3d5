"""Pictures of the main pages, for the guide: each is taken from a page that shows what it should.

`WRITE_PICTURES=1 .venv/bin/pytest tests/browser/test_pictures.py` writes them to docs/guide/pictures.
"""

import re

from playwright.sync_api import Browser, expect

from support.browser import picture
from support.portal import Portal

TENANT = {
    "tenant-home": ("/", "What you use"),
    "plans-on-offer": ("/offers", "Starter"),
    "virtual-machines": ("{base}/virtual-machines", "web-1", "10.0.0.2"),
    "virtual-machine": ("{base}/virtual-machines/{machine}", "Running", "What the guest says", "Kernel"),
    "topology": ("{base}/topology", "backend"),
}
ADMIN = {
    "overview": ("/", "What needs a person", "Create virtual machine"),
    "hosts": ("/hosts", "host-1"),
    "plan-designer": ("/plans/new", "What tenants will see"),
    "operations": ("/operations", "web-1", "Create virtual machine"),
}


def test_the_tenants_pages_are_pictured(browser: Browser, portal: Portal) -> None:
    base = f"/subscriptions/{portal.subscription_id}"
    with portal.as_tenant(browser) as page:
        for name, (address, *shown) in TENANT.items():
            page.goto(portal.server.tenant_portal + address.format(base=base, machine=portal.machine.id))
            for text in shown:
                expect(page.get_by_text(text).first).to_be_visible()
            # Names of other resources are read after the page; until then their ids stand in for them.
            expect(page.get_by_role("link", name=re.compile("^…"))).to_have_count(0)
            picture(page, name)


def test_the_operators_pages_are_pictured(browser: Browser, portal: Portal) -> None:
    with portal.as_admin(browser) as page:
        for name, (address, *shown) in ADMIN.items():
            page.goto(portal.server.admin_portal + address)
            for text in shown:
                expect(page.get_by_text(text).first).to_be_visible()
            # Names of other resources are read after the page; until then their ids stand in for them.
            expect(page.get_by_role("link", name=re.compile("^…"))).to_have_count(0)
            picture(page, name)
