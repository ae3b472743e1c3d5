"""Amounts of money: exact decimal numbers of nine places, kept as whole billionths, as quantities are.

What is charged for is rounded once to a billionth; what people are asked to pay is rounded once more, to the currency's
smallest unit, half away from zero, as merchants do.
"""

from decimal import ROUND_HALF_UP, Decimal, localcontext

from zaffre.management.metering.quantities import BILLION, billionths, text

LARGEST = Decimal(1_000_000_000)
"""What a single price, fee, discount or credit is at most: sums of many stay within 64 bits."""
_NO_PLACES = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
)
_THREE_PLACES = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def places(currency: str) -> int:
    """Return how many decimal places people pay a currency with (ISO 4217)."""
    if currency in _NO_PLACES:
        return 0
    return 3 if currency in _THREE_PLACES else 2


def rounded(parts: int, currency: str) -> int:
    """Round billionths to the smallest unit of a currency, half away from zero; in billionths again."""
    unit = BILLION // 10 ** places(currency)
    whole, rest = divmod(abs(parts), unit)
    amount = (whole + (2 * rest >= unit)) * unit
    return amount if parts >= 0 else -amount


def nearest(numerator: int, denominator: int) -> int:
    """Return a fraction rounded to the nearest whole number, to the even one of two."""
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))


def payable(parts: int, currency: str) -> str:
    """Write an amount as it is paid, such as `12.50`."""
    with localcontext() as context:
        context.prec = 60
        amount = Decimal(parts).scaleb(-9).quantize(Decimal(1).scaleb(-places(currency)), ROUND_HALF_UP)
    return f"{amount:f}"


def parse(amount: str) -> int:
    """Return a decimal number that has been checked, in billionths."""
    return billionths(Decimal(amount))


__all__ = ["BILLION", "LARGEST", "nearest", "parse", "payable", "places", "rounded", "text"]
