"""Asking for a change that needs an approval, and deciding on it, in the portals."""

from playwright.sync_api import Browser, expect

from support.browser import accessibility_violations
from support.portal import Portal
from zaffre.client import ApprovableChange, NewApprovalRuleBody


def test_a_tenant_asks_where_it_is_refused_and_an_administrator_approves(browser: Browser, portal: Portal) -> None:
    rules = portal.admin.admin.approval_rules
    rule = rules.create(NewApprovalRuleBody(name="starters", change=ApprovableChange.SUBSCRIBE))
    try:
        with portal.as_tenant(browser) as page:
            page.goto(f"{portal.server.tenant_portal}/offers")
            page.get_by_role("button", name="Subscribe").first.click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_label("Name").fill("asked for")
            dialog.get_by_role("button", name="Subscribe").click()
            expect(dialog.get_by_text("This needs an approval")).to_be_visible()
            dialog.get_by_label("Why you want it").fill("We open a second shop.")
            assert not accessibility_violations(page)
            dialog.get_by_role("button", name="Ask for approval").click()
            expect(dialog.get_by_text("Asked for.")).to_be_visible()
            page.goto(f"{portal.server.tenant_portal}/change-requests")
            expect(page.get_by_text("Waiting").first).to_be_visible()
        [asked] = portal.admin.admin.change_requests.all()
        with portal.as_admin(browser) as page:
            page.goto(f"{portal.server.admin_portal}/change-requests/{asked.id}")
            expect(page.get_by_text("We open a second shop.")).to_be_visible()
            page.get_by_role("button", name="Approve").click()
            page.get_by_role("dialog").get_by_role("button", name="Approve").click()
            expect(page.get_by_text("Approved").first).to_be_visible()
            assert not accessibility_violations(page)
        decided = portal.admin.admin.change_requests.get(asked.id)
        assert decided.state == "approved"
        assert [s.name for s in portal.admin.subscriptions.all() if s.id == decided.subscription_id] == ["asked for"]
    finally:
        rules.delete(rule.id)
