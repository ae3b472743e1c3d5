"""Quantities: exact decimal numbers of nine places, which a database keeps as whole billionths.

Binary fractions do not add up to what people calculate, and SQLite has no decimal numbers. Nine places hold a byte in
gigabytes and four microseconds in hours; 64 bits hold nine billion units of anything.
"""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from typing import Any

from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

BILLION = 10**9
PLACES = Decimal("0.000000001")
LARGEST = Decimal(9_000_000_000)


class Quantity(TypeDecorator[Decimal]):
    """A column of quantities."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy names it
        """Turn a quantity into billionths."""
        return None if value is None else billionths(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 - as above
        """Turn billionths into a quantity."""
        return None if value is None else quantity(int(value))


def billionths(amount: Decimal | int | str) -> int:
    """Return an amount in billionths, rounded to the nearest one."""
    if isinstance(amount, int):
        return amount * BILLION
    with localcontext() as context:
        context.prec = 60
        return int((Decimal(amount) * BILLION).to_integral_value(ROUND_HALF_EVEN))


def quantity(parts: int) -> Decimal:
    """Return the quantity that some billionths are."""
    with localcontext() as context:
        context.prec = 60
        return Decimal(parts).scaleb(-9)


def text(parts: int) -> str:
    """Return billionths as a decimal number without needless zeros."""
    sign = "-" if parts < 0 else ""
    whole, rest = divmod(abs(parts), BILLION)
    return f"{sign}{whole}.{rest:09d}".rstrip("0") if rest else f"{sign}{whole}"


def exact(amount: str) -> Decimal:
    """Read a quantity from text.

    Raises:
        ValueError: it is no decimal number, too large, or has more than nine places.
    """
    try:
        value = Decimal(amount)
    except InvalidOperation:
        raise ValueError("must be a decimal number") from None
    if not value.is_finite() or abs(value) > LARGEST:
        raise ValueError(f"must be between -{LARGEST} and {LARGEST}")
    if value != value.quantize(PLACES):
        raise ValueError("must have at most nine decimal places")
    return value


def over_time(parts: int, microseconds: int, period_s: int) -> int:
    """Return what an amount comes to over a time, in billionths, rounded to the nearest one."""
    period = period_s * 1_000_000
    return (parts * microseconds + period // 2) // period
