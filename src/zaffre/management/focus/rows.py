"""Rows: what a charge, and what a statement adds to charges, looks like in FOCUS."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from zaffre.management.focus.columns import COLUMNS, PLACE, Row
from zaffre.management.metering.meters import Meters
from zaffre.management.metering.quantities import text
from zaffre.management.money.amounts import BILLION
from zaffre.management.money.costs import title_of
from zaffre.management.money.months import Month
from zaffre.management.money.pricing import Charge

PRICE_PLACES = 12
"""Of unit prices that follow from a cost and a quantity, as with tiers and fees."""
MOST_KNOWN_TAGS = 10_000
"""Sets of tags that a subscription's rows remember the text of."""
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
_AT = {name: PLACE[name] for name in (column.name for column in COLUMNS)}
_BILLED, _CONTRACTED, _EFFECTIVE, _LIST = (
    _AT[name] for name in ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")
)
_START, _END = _AT["ChargePeriodStart"], _AT["ChargePeriodEnd"]
_CONSUMED, _PRICED = _AT["ConsumedQuantity"], _AT["PricingQuantity"]
_LIST_PRICE, _CONTRACTED_PRICE = _AT["ListUnitPrice"], _AT["ContractedUnitPrice"]
_RESOURCE, _NAME, _TAGS = _AT["ResourceId"], _AT["ResourceName"], _AT["Tags"]


@dataclass(frozen=True)
class Customer:
    """Whose charges they are."""

    subscription_id: str
    subscription_name: str
    account_id: str
    account_name: str


@dataclass
class RowMaker:
    """Makes the rows of one customer's month in one currency or several."""

    month: Month
    issuer: str
    meters: Meters
    customer: Customer
    invoices: Mapping[str, str] = field(default_factory=dict[str, str])
    """Numbers of statements by currency."""
    _templates: dict[Any, Row] = field(default_factory=dict[Any, Row])
    _tags: dict[tuple[tuple[str, str], ...], str] = field(default_factory=dict[tuple[tuple[str, str], ...], str])
    _instants: dict[datetime, str] = field(default_factory=dict[datetime, str])

    def charge(self, charge: Charge) -> Row | None:
        """Return the row of a charge; None when it is of nothing, as what a correction has taken back."""
        used, price = charge.used, charge.price
        quantity, list_cost, cost = used.quantity, charge.list_cost, charge.cost
        if not quantity and not list_cost:
            return None
        key = (price.line, price.id, used.meter, used.state, used.resource_type, used.unit)
        template = self._templates.get(key)
        if template is None:
            template = self._templates[key] = self._template(charge)
        row = template.copy()
        row[_START], row[_END] = self.instant(used.began_at), self.instant(used.ended_at)
        row[_LIST] = text(list_cost)
        row[_BILLED] = row[_CONTRACTED] = row[_EFFECTIVE] = written = text(cost) if cost != list_cost else row[_LIST]
        row[_PRICED] = text(quantity)
        if price.period is None:
            row[_CONSUMED] = row[_PRICED]
        if row[_LIST_PRICE] is None or cost != list_cost:
            row[_CONTRACTED_PRICE] = unit_price(cost, quantity)
            if row[_LIST_PRICE] is None:
                row[_LIST_PRICE] = unit_price(list_cost, quantity) if written != row[_LIST] else row[_CONTRACTED_PRICE]
        row[_RESOURCE], row[_NAME] = used.resource_id, used.resource_name or None
        row[_TAGS] = self._tagged(used.tags) if used.tags else "{}"
        return row

    def _tagged(self, tags: dict[str, str]) -> str:
        key = tuple(tags.items())
        known = self._tags.get(key)
        if known is None:
            known = self._tags[key] = json.dumps(tags, ensure_ascii=False, separators=(",", ":"))
            if len(self._tags) > MOST_KNOWN_TAGS:
                self._tags.clear()
        return known

    def instant(self, at: datetime) -> str:
        """Write an instant as the specification wants it."""
        known = self._instants.get(at)
        if known is None:
            known = self._instants[at] = f"{at:%Y-%m-%dT%H:%M:%S}Z"
        return known

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
        service = _SERVICES["subscription"]
        cost = text(amount)
        return self._filled(
            currency,
            service,
            ChargeCategory=category,
            ChargeClass="Correction" if corrects is not None else None,
            ChargeDescription=description,
            ChargeFrequency=frequency,
            ChargePeriodStart=self.instant(period.begin),
            ChargePeriodEnd=self.instant(period.end),
            BilledCost=cost,
            ContractedCost=cost,
            EffectiveCost=cost,
            ListCost=cost,
            SkuId=_sku_of(sku) if sku is not None else None,
            SkuPriceId=sku,
            Tags="{}",
        )

    def _template(self, charge: Charge) -> Row:
        """Return what all rows of a price and a meter have in common."""
        used, price = charge.used, charge.price
        fee = price.period is not None
        title = title_of(charge, self.meters)
        meter = self.meters.get(used.meter)
        service = _TRAFFIC if used.meter.startswith("network_") else _service(used.resource_type)
        unit = "Hours" if fee else unit_text(used.unit)
        exact = text(price.tiers[0][1]) if len(price.tiers) == 1 and price.divisor == BILLION else None
        return self._filled(
            price.currency,
            service,
            ChargeCategory="Purchase" if fee else "Usage",
            ChargeDescription=f"{title} ({used.state})" if used.state and not fee else title,
            ChargeFrequency="Recurring" if fee else "Usage-Based",
            ConsumedUnit=None if fee else unit,
            PricingCategory="Standard",
            PricingUnit=unit,
            ListUnitPrice=exact,
            ContractedUnitPrice=exact,
            ResourceType=used.resource_type.replace("_", " ").capitalize(),
            SkuId=price.id if fee else used.meter,
            SkuMeter=title if fee or meter is None else meter.title,
            SkuPriceId="|".join(price.line) if fee else price.id,
        )

    def _filled(self, currency: str, service: tuple[str, str, str], **values: str | None) -> Row:
        name, category, subcategory = service
        customer = self.customer
        told: dict[str, str | None] = {
            "BillingAccountId": customer.account_id,
            "BillingAccountName": customer.account_name or None,
            "BillingAccountType": "Account",
            "BillingCurrency": currency,
            "BillingPeriodStart": self.instant(self.month.begin),
            "BillingPeriodEnd": self.instant(self.month.end),
            "InvoiceId": self.invoices.get(currency),
            "InvoiceIssuerName": self.issuer,
            "PricingCurrency": currency,
            "ProviderName": self.issuer,
            "PublisherName": self.issuer,
            "ServiceName": name,
            "ServiceCategory": category,
            "ServiceSubcategory": subcategory,
            "SubAccountId": customer.subscription_id,
            "SubAccountName": customer.subscription_name or None,
            "SubAccountType": "Subscription",
        }
        told |= values
        row: Row = [None] * len(COLUMNS)
        for column, value in told.items():
            row[_AT[column]] = value
        return row


def unit_text(unit: str) -> str:
    """Write a meter's unit as the specification wants units: `GiB-Hours`, `Hours`, `GB`."""
    head, dash, last = unit.rpartition("-")
    return f"{head}{dash}{last.capitalize()}s" if last in ("hour", "day", "month") else unit


def unit_price(cost: int, quantity: int) -> str | None:
    """Return what a unit comes to, rounded to twelve places; None of nothing."""
    if not quantity:
        return None
    scaled = (abs(cost) * BILLION * _MORE * 2 + abs(quantity)) // (2 * abs(quantity))
    sign = "-" if (cost < 0) != (quantity < 0) and scaled else ""
    fraction = f"{scaled % 10**PRICE_PLACES:0{PRICE_PLACES}d}".rstrip("0")
    return f"{sign}{scaled // 10**PRICE_PLACES}{'.' if fraction else ''}{fraction}"


def _sku_of(key: str) -> str:
    """Return what a line of a statement is for: an offer's id, or a meter; see `Price.line`."""
    return key.split("|")[1]


def _service(resource_type: str) -> tuple[str, str, str]:
    return _SERVICES.get(resource_type, (f"{resource_type.replace('_', ' ').title()}s", "Other", "Other (Other)"))
