"""The columns of FOCUS 1.2 that Zaffre has something to say in, in the specification's order.

Left out are those of capacity reservations, quantities of commitments and other pricing currencies, which are
conditional on what Zaffre does not sell. Regions, zones and commitments are there and empty, because readers of earlier
versions expect them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class FocusType(StrEnum):
    """What a column's values are, in the words of the specification."""

    STRING = "String"
    DECIMAL = "Decimal"
    INSTANT = "Date/Time"
    JSON = "JSON"


class Column(NamedTuple):
    """A column."""

    name: str
    type: FocusType = FocusType.STRING


COLUMNS = (
    Column("AvailabilityZone"),
    Column("BilledCost", FocusType.DECIMAL),
    Column("BillingAccountId"),
    Column("BillingAccountName"),
    Column("BillingAccountType"),
    Column("BillingCurrency"),
    Column("BillingPeriodEnd", FocusType.INSTANT),
    Column("BillingPeriodStart", FocusType.INSTANT),
    Column("ChargeCategory"),
    Column("ChargeClass"),
    Column("ChargeDescription"),
    Column("ChargeFrequency"),
    Column("ChargePeriodEnd", FocusType.INSTANT),
    Column("ChargePeriodStart", FocusType.INSTANT),
    Column("CommitmentDiscountCategory"),
    Column("CommitmentDiscountId"),
    Column("CommitmentDiscountName"),
    Column("CommitmentDiscountStatus"),
    Column("CommitmentDiscountType"),
    Column("ConsumedQuantity", FocusType.DECIMAL),
    Column("ConsumedUnit"),
    Column("ContractedCost", FocusType.DECIMAL),
    Column("ContractedUnitPrice", FocusType.DECIMAL),
    Column("EffectiveCost", FocusType.DECIMAL),
    Column("InvoiceId"),
    Column("InvoiceIssuerName"),
    Column("ListCost", FocusType.DECIMAL),
    Column("ListUnitPrice", FocusType.DECIMAL),
    Column("PricingCategory"),
    Column("PricingCurrency"),
    Column("PricingQuantity", FocusType.DECIMAL),
    Column("PricingUnit"),
    Column("ProviderName"),
    Column("PublisherName"),
    Column("RegionId"),
    Column("RegionName"),
    Column("ResourceId"),
    Column("ResourceName"),
    Column("ResourceType"),
    Column("ServiceCategory"),
    Column("ServiceName"),
    Column("ServiceSubcategory"),
    Column("SkuId"),
    Column("SkuMeter"),
    Column("SkuPriceDetails", FocusType.JSON),
    Column("SkuPriceId"),
    Column("SubAccountId"),
    Column("SubAccountName"),
    Column("SubAccountType"),
    Column("Tags", FocusType.JSON),
)
PLACE = {column.name: place for place, column in enumerate(COLUMNS)}

VARIED = (
    "BilledCost",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "ListCost",
    "ListUnitPrice",
    "PricingQuantity",
    "ResourceId",
    "ResourceName",
    "Tags",
)
"""The columns in which rows of the same thing differ, in the order of `COLUMNS`."""
VARIED_PLACES = tuple(PLACE[name] for name in VARIED)


@dataclass(frozen=True, eq=False)
class Likeness:
    """What many rows have in common: all columns but `VARIED`, in which these values say nothing."""

    values: tuple[str, ...]
    """In the order of `COLUMNS`, written as CSV has them; empty: null."""

    def but(self, values: Mapping[str, str]) -> "Likeness":
        """Return another that differs in some columns."""
        changed = list(self.values)
        for name, value in values.items():
            changed[PLACE[name]] = value
        return Likeness(tuple(changed))


NOTHING = Likeness(("",) * len(COLUMNS))
"""All columns are null."""

Row = tuple[Likeness, tuple[str, ...]]
"""What it has in common with others, and its own values in the order of `VARIED`; empty: null.

An export has millions of them and fifty columns, of which most are the same in row after row.
"""


def cells(row: Row) -> list[str]:
    """Return all values of a row in the order of `COLUMNS`."""
    values = list(row[0].values)
    for place, value in zip(VARIED_PLACES, row[1], strict=True):
        values[place] = value
    return values
