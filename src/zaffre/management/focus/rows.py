"""Rows: what a charge, and what a statement adds to charges, looks like in FOCUS."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from zaffre.management.focus.columns import NOTHING, Likeness, Row
from zaffre.management.focus.known import Known
from zaffre.management.metering.meters import Meters
from zaffre.management.metering.quantities import text
from zaffre.management.money.amounts import BILLION
from zaffre.management.money.costs import title_of
from zaffre.management.money.months import Month
from zaffre.management.money.pricing import Charge

PRICE_PLACES = 12
"""Of unit prices that follow from a cost and a quantity, as with tiers and fees."""
_MORE = 10**PRICE_PLACES // BILLION
_SERVICES: Mapping[str, tuple[str, str, str]] = {
    "virtual_machine": ("Virtual Machines", "Compute", "Virtual Machines"),
    "disk": ("Disks", "Storage", "Block Storage"),
    "image": ("Images", "Storage", "Other (Storage)"),
    "vm_network": ("Networks", "Networking", "Network Infrastructure"),
    "subscription": ("Subscriptions", "Management and Governance", "Other (Management and Governance)"),
}
"""Service name, category and subcategory by resource type, in the specification's words."""
_TRAFFIC = ("Networks", "Networking", "Network Connectivity")


@dataclass(frozen=True)
class Customer:
    """Whose charges they are."""

    subscription_id: str
    subscription_name: str
    account_id: str
    account_name: str


class Texts:
    """What rows of all customers write alike, found out once."""

    def __init__(self) -> None:
        self.instants = Known[datetime, str](lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z")
        """Instants as the specification wants them."""
        self.amounts = Known[int, str](text)
        """Billionths as decimal numbers."""
        self._tags = Known[tuple[tuple[str, str], ...], str](
            lambda tags: json.dumps(dict(tags), ensure_ascii=False, separators=(",", ":"))
        )

    def tags(self, tags: dict[str, str]) -> str:
        """Write tags as JSON."""
        return self._tags[tuple(tags.items())] if tags else "{}"


@dataclass(frozen=True)
class _Kind:
    """What all rows of a price and a meter have in common."""

    likeness: Likeness
    unit_price: str
    """Empty: it follows from cost and quantity."""
    consumed: bool
    """Whether the quantity is one that was consumed; hours that a fee is for are none."""


@dataclass
class RowMaker:
    """Makes the rows of one customer's month in one currency or several."""

    month: Month
    issuer: str
    meters: Meters
    customer: Customer
    texts: Texts
    invoices: Mapping[str, str] = field(default_factory=dict[str, str])
    """Numbers of statements by currency."""
    _kinds: dict[tuple[Any, ...], _Kind] = field(default_factory=dict[tuple[Any, ...], _Kind])
    _own: dict[str, Likeness] = field(default_factory=dict[str, Likeness])

    def charge(self, charge: Charge) -> Row | None:
        """Return the row of a charge; None when it is of nothing, as what a correction has taken back."""
        used, price, list_cost, cost, _ = charge
        quantity = used.quantity
        if not quantity and not list_cost:
            return None
        key = (price, used.meter, used.state, used.resource_type, used.unit)
        kind = self._kinds.get(key)
        if kind is None:
            kind = self._kinds[key] = self._kind(charge)
        texts = self.texts
        listed, amount = texts.amounts[list_cost], texts.amounts[quantity]
        billed = listed if cost == list_cost else texts.amounts[cost]
        contracted_price = list_price = kind.unit_price
        if not list_price or cost != list_cost:
            contracted_price = unit_price(cost, quantity)
            if not list_price:
                list_price = contracted_price if cost == list_cost else unit_price(list_cost, quantity)
        return kind.likeness, (
            billed,
            texts.instants[used.ended_at],
            texts.instants[used.began_at],
            amount if kind.consumed else "",
            billed,
            contracted_price,
            billed,
            listed,
            list_price,
            amount,
            used.resource_id,
            used.resource_name,
            texts.tags(used.tags),
        )

    def other(
        self,
        currency: str,
        category: str,
        description: str,
        amount: int,
        *,
        corrects: Month | None = None,
        sku: str | None = None,
    ) -> Row:
        """Return the row of something that is of no resource: a discount of an amount, a credit, a correction.

        Args:
            currency: of the amount.
            category: the charge's, in the specification's words.
            description: for people.
            amount: billionths.
            corrects: the month that was billed before and is put right.
            sku: key of the statement's line, where one is meant.
        """
        period = corrects or self.month
        frequency = "Usage-Based" if category == "Usage" else "Recurring" if category == "Purchase" else "One-Time"
        likeness = self._likeness(
            currency,
            _SERVICES["subscription"],
            ChargeCategory=category,
            ChargeClass="Correction" if corrects is not None else "",
            ChargeDescription=description,
            ChargeFrequency=frequency,
            SkuId=_sku_of(sku) if sku is not None else "",
            SkuPriceId=sku or "",
        )
        cost, instants = text(amount), self.texts.instants
        period_told = (instants[period.end], instants[period.begin])
        return likeness, (cost, *period_told, "", cost, "", cost, cost, "", "", "", "", "{}")

    def _kind(self, charge: Charge) -> _Kind:
        used, price = charge.used, charge.price
        fee = price.period is not None
        title = title_of(charge, self.meters)
        meter = self.meters.get(used.meter)
        service = _TRAFFIC if used.meter.startswith("network_") else _service(used.resource_type)
        unit = "Hours" if fee else unit_text(used.unit)
        exact = text(price.tiers[0][1]) if len(price.tiers) == 1 and price.divisor == BILLION else ""
        likeness = self._likeness(
            price.currency,
            service,
            ChargeCategory="Purchase" if fee else "Usage",
            ChargeDescription=f"{title} ({used.state})" if used.state and not fee else title,
            ChargeFrequency="Recurring" if fee else "Usage-Based",
            ConsumedUnit="" if fee else unit,
            PricingCategory="Standard",
            PricingUnit=unit,
            ResourceType=used.resource_type.replace("_", " ").capitalize(),
            SkuId=price.id if fee else used.meter,
            SkuMeter=title if fee or meter is None else meter.title,
            SkuPriceId="|".join(price.line) if fee else price.id,
        )
        return _Kind(likeness, exact, not fee)

    def _likeness(self, currency: str, service: tuple[str, str, str], **values: str) -> Likeness:
        own = self._own.get(currency)
        if own is None:
            own = self._own[currency] = self._customers(currency)
        name, category, subcategory = service
        told = {"ServiceName": name, "ServiceCategory": category, "ServiceSubcategory": subcategory}
        return own.but(told | values)

    def _customers(self, currency: str) -> Likeness:
        """Return what all rows of the customer in a currency have in common."""
        customer = self.customer
        return NOTHING.but(
            {
                "BillingAccountId": customer.account_id,
                "BillingAccountName": customer.account_name,
                "BillingAccountType": "Account",
                "BillingCurrency": currency,
                "BillingPeriodStart": self.texts.instants[self.month.begin],
                "BillingPeriodEnd": self.texts.instants[self.month.end],
                "InvoiceId": self.invoices.get(currency, ""),
                "InvoiceIssuerName": self.issuer,
                "PricingCurrency": currency,
                "ProviderName": self.issuer,
                "PublisherName": self.issuer,
                "SubAccountId": customer.subscription_id,
                "SubAccountName": customer.subscription_name,
                "SubAccountType": "Subscription",
            }
        )


def unit_text(unit: str) -> str:
    """Write a meter's unit as the specification wants units: `GiB-Hours`, `Hours`, `GB`."""
    head, dash, last = unit.rpartition("-")
    return f"{head}{dash}{last.capitalize()}s" if last in ("hour", "day", "month") else unit


def unit_price(cost: int, quantity: int) -> str:
    """Return what a unit comes to, rounded to twelve places, half away from zero; nothing of nothing."""
    if not quantity:
        return ""
    divisor = abs(quantity)
    scaled = (abs(cost) * BILLION * _MORE * 2 + divisor) // (2 * divisor)
    sign = "-" if (cost < 0) != (quantity < 0) and scaled else ""
    whole, rest = divmod(scaled, 10**PRICE_PLACES)
    return f"{sign}{whole}.{rest:0{PRICE_PLACES}d}".rstrip("0") if rest else f"{sign}{whole}"


def _sku_of(key: str) -> str:
    """Return what a line of a statement is for: an offer's id, or a meter; see `Price.line`."""
    return key.split("|")[1]


def _service(resource_type: str) -> tuple[str, str, str]:
    return _SERVICES.get(resource_type, (f"{resource_type.replace('_', ' ').title()}s", "Other", "Other (Other)"))
