"""The rules of FOCUS 1.2 for its columns, as we read its specification; no public validator of 1.2 can be installed.

What the public validator does not know of 1.2 is checked against this table: each column's type, whether it may be
null and when, and the values it may have.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

Row = Mapping[str, str]
STRING, DECIMAL, INSTANT, JSON = "String", "Decimal", "Date/Time", "JSON"


def _never(_row: Row) -> bool:
    return False


def _always(_row: Row) -> bool:
    return True


def _priced(row: Row) -> bool:
    """Charges that must have prices and quantities: usage and purchases that correct nothing."""
    return row["ChargeCategory"] in ("Usage", "Purchase") and row["ChargeClass"] == ""


def _used(row: Row) -> bool:
    return row["ChargeCategory"] == "Usage" and row["ChargeClass"] == ""


@dataclass(frozen=True)
class Rule:
    """What a column must be like."""

    level: str
    """Mandatory, Conditional or Recommended."""
    type: str = STRING
    needed: Callable[[Row], bool] = _never
    """When it must not be null."""
    refused: Callable[[Row], bool] = _never
    """When it must be null."""
    values: Sequence[str] = ()
    present: bool = True
    """Whether the export has it; conditional columns whose condition Zaffre never meets may be left out."""


M, C, R = "Mandatory", "Conditional", "Recommended"
_CATEGORIES = ("Usage", "Purchase", "Tax", "Credit", "Adjustment")
_SERVICES = {
    "AI and Machine Learning": (),
    "Compute": (
        "Containers",
        "End User Computing",
        "Quantum Compute",
        "Serverless Compute",
        "Virtual Machines",
        "Other (Compute)",
    ),
    "Management and Governance": (
        "Architecture",
        "Compliance",
        "Cost Management",
        "Data Governance",
        "Disaster Recovery",
        "Endpoint Management",
        "Observability",
        "Support",
        "Other (Management and Governance)",
    ),
    "Networking": (
        "Application Networking",
        "Content Delivery",
        "Network Connectivity",
        "Network Infrastructure",
        "Network Routing",
        "Network Security",
        "Other (Networking)",
    ),
    "Storage": (
        "Backup Storage",
        "Block Storage",
        "File Storage",
        "Object Storage",
        "Storage Platforms",
        "Other (Storage)",
    ),
    "Other": ("Other (Other)",),
}
RULES: Mapping[str, Rule] = {
    "AvailabilityZone": Rule(R),
    "BilledCost": Rule(M, DECIMAL, _always),
    "BillingAccountId": Rule(M, needed=_always),
    "BillingAccountName": Rule(M, needed=_always),
    "BillingAccountType": Rule(C, needed=_always),
    "BillingCurrency": Rule(M, needed=_always),
    "BillingPeriodEnd": Rule(M, INSTANT, _always),
    "BillingPeriodStart": Rule(M, INSTANT, _always),
    "CapacityReservationId": Rule(C, present=False),
    "CapacityReservationStatus": Rule(C, present=False),
    "ChargeCategory": Rule(M, needed=_always, values=_CATEGORIES),
    "ChargeClass": Rule(M, values=("Correction",)),
    "ChargeDescription": Rule(M),
    "ChargeFrequency": Rule(R, needed=_always, values=("One-Time", "Recurring", "Usage-Based")),
    "ChargePeriodEnd": Rule(M, INSTANT, _always),
    "ChargePeriodStart": Rule(M, INSTANT, _always),
    "CommitmentDiscountCategory": Rule(C, refused=_always),
    "CommitmentDiscountId": Rule(C, refused=_always),
    "CommitmentDiscountName": Rule(C, refused=_always),
    "CommitmentDiscountQuantity": Rule(C, DECIMAL, present=False),
    "CommitmentDiscountStatus": Rule(C, refused=_always),
    "CommitmentDiscountType": Rule(C, refused=_always),
    "CommitmentDiscountUnit": Rule(C, present=False),
    "ConsumedQuantity": Rule(C, DECIMAL, _used, refused=lambda row: row["ChargeCategory"] != "Usage"),
    "ConsumedUnit": Rule(
        C,
        needed=lambda row: row["ConsumedQuantity"] != "",
        refused=lambda row: row["ConsumedQuantity"] == "",
    ),
    "ContractedCost": Rule(M, DECIMAL, _always),
    "ContractedUnitPrice": Rule(C, DECIMAL, _priced, refused=lambda row: row["ChargeCategory"] == "Tax"),
    "EffectiveCost": Rule(M, DECIMAL, _always),
    "InvoiceId": Rule(R),
    "InvoiceIssuerName": Rule(M, needed=_always),
    "ListCost": Rule(M, DECIMAL, _always),
    "ListUnitPrice": Rule(C, DECIMAL, _priced, refused=lambda row: row["ChargeCategory"] == "Tax"),
    "PricingCategory": Rule(
        C,
        needed=_priced,
        refused=lambda row: row["ChargeCategory"] == "Tax",
        values=("Standard", "Dynamic", "Committed", "Other"),
    ),
    "PricingCurrency": Rule(C, needed=_always),
    "PricingCurrencyContractedUnitPrice": Rule(C, DECIMAL, present=False),
    "PricingCurrencyEffectiveCost": Rule(C, DECIMAL, present=False),
    "PricingCurrencyListUnitPrice": Rule(C, DECIMAL, present=False),
    "PricingQuantity": Rule(M, DECIMAL, _priced, refused=lambda row: row["ChargeCategory"] == "Tax"),
    "PricingUnit": Rule(
        M,
        needed=lambda row: row["PricingQuantity"] != "",
        refused=lambda row: row["PricingQuantity"] == "",
    ),
    "ProviderName": Rule(M, needed=_always),
    "PublisherName": Rule(M, needed=_always),
    "RegionId": Rule(C),
    "RegionName": Rule(C, needed=lambda row: row["RegionId"] != "", refused=lambda row: row["RegionId"] == ""),
    "ResourceId": Rule(C),
    "ResourceName": Rule(C, refused=lambda row: row["ResourceId"] == ""),
    "ResourceType": Rule(C, needed=lambda row: row["ResourceId"] != "", refused=lambda row: row["ResourceId"] == ""),
    "ServiceCategory": Rule(M, needed=_always, values=tuple(_SERVICES)),
    "ServiceName": Rule(M, needed=_always),
    "ServiceSubcategory": Rule(R, needed=_always, values=tuple(each for of in _SERVICES.values() for each in of)),
    "SkuId": Rule(C, needed=_priced),
    "SkuMeter": Rule(C, refused=lambda row: row["SkuId"] == ""),
    "SkuPriceDetails": Rule(C, JSON, refused=lambda row: row["SkuPriceId"] == ""),
    "SkuPriceId": Rule(C, needed=_priced, refused=lambda row: row["ChargeCategory"] == "Tax"),
    "SubAccountId": Rule(C, needed=_always),
    "SubAccountName": Rule(C, needed=lambda row: row["SubAccountId"] != ""),
    "SubAccountType": Rule(C, needed=lambda row: row["SubAccountId"] != ""),
    "Tags": Rule(C, JSON),
}
_INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
_NUMBER = re.compile(r"^-?\d+(\.\d+)?([eE]-?\d+)?$")
_UNIT = re.compile(r"^([A-Za-z]+|[A-Za-z]+-(Hours|Days|Months))(/(Hour|Day|Month))?$")
_TOLERANCE = Decimal("0.00000001")


def broken_rules(rows: Sequence[Row]) -> list[str]:
    """Return what is wrong with rows of an export, one sentence for each fault."""
    faults: list[str] = []
    for number, row in enumerate(rows, 2):
        faults += [f"line {number}: {fault}" for fault in (*_of_columns(row), *_between_columns(row))]
    return faults


def _of_columns(row: Row) -> list[str]:
    faults: list[str] = []
    for name, rule in RULES.items():
        if not rule.present:
            faults += [f"{name} is there"] if name in row else []
            continue
        if name not in row:
            faults.append(f"{name} is missing")
            continue
        value = row[name]
        if value == "":
            faults += [f"{name} is null"] if rule.needed(row) else []
            continue
        if rule.refused(row):
            faults.append(f"{name} is not null")
        if rule.values and value not in rule.values:
            faults.append(f"{name} is {value!r}")
        if not _fits(value, rule.type):
            faults.append(f"{name} is no {rule.type}: {value!r}")
    return faults


def _fits(value: str, type_: str) -> bool:
    if type_ == INSTANT:
        return _INSTANT.match(value) is not None
    if type_ == DECIMAL:
        return _NUMBER.match(value) is not None
    if type_ == JSON:
        told = json.loads(value)
        return isinstance(told, dict) and all(isinstance(each, str | int | float | bool) for each in told.values())
    return value == value.strip()


def _between_columns(row: Row) -> list[str]:
    faults: list[str] = []
    if not re.match(r"^[A-Z]{3}$", row["BillingCurrency"]):
        faults.append("BillingCurrency is no code of ISO 4217")
    if row["ChargeCategory"] == "Purchase" and row["ChargeFrequency"] == "Usage-Based":
        faults.append("a purchase is not usage-based")
    if row["ChargePeriodStart"] >= row["ChargePeriodEnd"] or row["BillingPeriodStart"] >= row["BillingPeriodEnd"]:
        faults.append("a period ends before it begins")
    if row["ChargeClass"] == "" and not (
        row["BillingPeriodStart"] <= row["ChargePeriodStart"] < row["BillingPeriodEnd"]
    ):
        faults.append("what corrects nothing is of another billing period")
    if row["ServiceSubcategory"] not in _SERVICES[row["ServiceCategory"]]:
        faults.append("the service's subcategory is of another category")
    units = {unit: row[unit] for unit in ("PricingUnit", "ConsumedUnit") if row[unit]}
    faults += [f"{unit} is no unit: {value}" for unit, value in units.items() if not _UNIT.match(value)]
    return faults + _of_prices(row)


def _of_prices(row: Row) -> list[str]:
    faults: list[str] = []
    for cost, price in (("ListCost", "ListUnitPrice"), ("ContractedCost", "ContractedUnitPrice")):
        if row[price] and row["PricingQuantity"]:
            try:
                product = Decimal(row[price]) * Decimal(row["PricingQuantity"])
            except InvalidOperation:
                continue
            if abs(product - Decimal(row[cost])) > _TOLERANCE:
                faults.append(f"{price} times PricingQuantity is {product}, and {cost} is {row[cost]}")
    return faults
