"""Months of UTC: what is billed at a time. Prices change with full hours, so that sums of hours can be priced."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from zaffre.foundation.errors import InvalidInput

HOUR = timedelta(hours=1)
PATTERN = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


@dataclass(frozen=True, order=True)
class Month:
    """A month of UTC."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    @classmethod
    def of(cls, instant: datetime) -> "Month":
        """Return the month that an instant lies in."""
        utc = instant.astimezone(UTC)
        return cls(utc.year, utc.month)

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read a month written as `2026-11`."""
        year, _, number = text.partition("-")
        return cls(int(year), int(number))

    @property
    def begin(self) -> datetime:
        """When it begins."""
        return datetime(max(self.year, 1), self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """When it is over."""
        return self.plus(1).begin

    @property
    def hours(self) -> int:
        """How many hours it has."""
        return (self.end - self.begin) // HOUR

    def plus(self, months: int) -> "Month":
        """Return the month so many later, or earlier when negative."""
        count = self.year * 12 + self.number - 1 + months
        return Month(count // 12, count % 12 + 1)


def hour_of(instant: datetime) -> datetime:
    """Return the beginning of an instant's hour."""
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def next_hour(instant: datetime) -> datetime:
    """Return the first full hour after an instant."""
    return hour_of(instant) + HOUR


def full_hour(instant: datetime, target: str) -> datetime:
    """Return an instant in UTC, one without a zone being UTC.

    Raises:
        InvalidInput: it is no full hour.
    """
    utc = (instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)).astimezone(UTC)
    if hour_of(utc) != utc:
        raise InvalidInput(
            f"{utc.isoformat()} is not a full hour.",
            remedy="Prices, fees and discounts change with full hours of UTC: send one, such as 2026-11-01T00:00:00Z.",
            target=target,
        )
    return utc


def shown_month(text: str | None, now: datetime) -> Month:
    """Return the month that somebody asks for; left out, the running one.

    Raises:
        InvalidInput: it has not begun.
    """
    running = Month.of(now)
    month = Month.parse(text) if text is not None else running
    if month > running or month.year < 2000:
        raise InvalidInput(f"Nothing is known of {month}.", remedy="Ask for a month that has begun.", target="month")
    return month
