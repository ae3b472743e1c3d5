"""A site for browser tests: a tenant with something on every page, and people who sign in to look at it."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, expect

from support.browser import WIDE, window
from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD
from support.server_process import ServerProcess
from zaffre.client import (
    AddOnLinkBody,
    NewAddOnBody,
    NewPortBody,
    NewRateBody,
    NewRateCardBody,
    NewSubnetBody,
    NewVirtualMachineBody,
    NewVmNetworkBody,
    OfferTextBody,
    PlanChangeBody,
    PlannedServiceBody,
    SubscriptionScope,
    TierBody,
    VirtualMachineView,
    Zaffre,
)

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me"


@dataclass
class Portal:
    """The two portals of a server, and who uses them."""

    server: ServerProcess
    admin: Zaffre
    tenant: Zaffre
    scope: SubscriptionScope
    email: str
    subscription_id: str
    network_id: str
    machine: VirtualMachineView
    add_on_id: str
    rate_card_id: str

    @contextmanager
    def as_tenant(
        self, browser: Browser, size: tuple[int, int] = WIDE, theme: str = "light", locale: str = "en-GB"
    ) -> Iterator[Page]:
        """Open a window of the tenant portal, signed in."""
        with window(browser, size, theme, locale) as (_, page):
            sign_in(page, self.server.tenant_portal, self.email, PASSWORD)
            yield page

    @contextmanager
    def as_admin(
        self, browser: Browser, size: tuple[int, int] = WIDE, theme: str = "light", locale: str = "en-GB"
    ) -> Iterator[Page]:
        """Open a window of the admin portal, signed in."""
        with window(browser, size, theme, locale) as (_, page):
            sign_in(page, self.server.admin_portal, ADMIN_EMAIL, ADMIN_PASSWORD)
            yield page


def sign_in(page: Page, url: str, email: str, password: str) -> None:
    """Sign in as a person does."""
    page.goto(url)
    page.get_by_label(re.compile("E-mail address|E-Mail-Adresse")).fill(email)
    page.get_by_label(re.compile("^(Password|Passwort)")).fill(password)
    page.get_by_role("button", name=re.compile("^(Sign in|Anmelden)$")).click()
    expect(page.get_by_role("banner")).to_be_visible()


@contextmanager
def furnished_portal(server: ServerProcess) -> Iterator[Portal]:
    """Settle a tenant with a network, a key and two machines, on a plan with an add-on and prices."""
    with server.admin() as admin, Zaffre(server.url) as tenant:
        add_on_id, rate_card_id = add_on(admin), rate_card(admin)
        email = f"{uuid.uuid4().hex[:12]}@zaffre.example"
        tenant.account.sign_up(email, "Ada Tenant", PASSWORD)
        tenant.sessions.sign_in(email, PASSWORD)
        subscription = tenant.subscriptions.create(tenant.plans.find("Starter").id, "production").wait()
        scope = tenant.subscription(subscription.id)
        body = NewVmNetworkBody(name="backend", subnets=[NewSubnetBody(name="web", cidr="10.0.0.0/24")])
        network = scope.vm_networks.create(body).wait()
        scope.ssh_keys.add("laptop", PUBLIC_KEY)
        image = scope.images.find_item("tiny")
        made = [
            scope.virtual_machines.create(
                NewVirtualMachineBody(
                    name=name,
                    size="tiny",
                    image_id=image.id,
                    ports=[NewPortBody(vm_network_id=network.id, subnet_id=network.subnets[0].id)],
                )
            )
            for name in ("web-1", "web-2")
        ]
        machines = [one.wait() for one in made]
        yield Portal(
            server, admin, tenant, scope, email, subscription.id, network.id, machines[0], add_on_id, rate_card_id
        )


def add_on(admin: Zaffre) -> str:
    """Make an add-on that can be had with the plan `Starter`."""
    networks = PlannedServiceBody(provider="networks", quota={"vm_networks": 5})
    texts = [
        OfferTextBody(language="en", display_name="More networks", price="€2 a month each"),
        OfferTextBody(language="de", display_name="Mehr Netze", price="je 2 € im Monat"),
    ]
    made = admin.admin.add_ons.create(NewAddOnBody(name="more-networks", services=[networks], texts=texts))
    admin.admin.add_ons.publish(made.id)
    plan = admin.admin.plans.find("Starter")
    admin.admin.plans.change(plan.id, PlanChangeBody(add_ons=[AddOnLinkBody(add_on_id=made.id, maximum=3)]))
    return made.id


def rate_card(admin: Zaffre) -> str:
    """Make a rate card that prices memory and all plans."""
    made = admin.admin.rate_cards.create(NewRateCardBody(name="standard", currency="EUR"))
    tiers = [TierBody(up_to="1000", price="0.01"), TierBody(price="0.008")]
    admin.admin.rate_cards.rates(made.id).set(NewRateBody(meter="memory_gib_hours", tiers=tiers))
    admin.admin.rate_cards.uses.add(made.id)
    return made.id
