"""What the routes of money have in common."""

from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import AfterValidator, StringConstraints

from zaffre.foundation.http.routing import Work
from zaffre.management.metering.meters import Meters
from zaffre.management.money.amounts import LARGEST
from zaffre.management.money.months import PATTERN, Month, shown_month


def _meters(request: Request) -> Meters:
    return request.app.state.meters


def _not_too_large(value: str) -> str:
    if Decimal(value) > LARGEST:
        raise ValueError(f"must be at most {LARGEST}")
    return value


def _something(value: str) -> str:
    if not Decimal(value):
        raise ValueError("must be more than nothing")
    return value


KnownMeters = Annotated[Meters, Depends(_meters)]
MeterName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,63}$")]
StateName = Annotated[str, StringConstraints(pattern="^[a-z_]{0,64}$")]
Money = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,10}(\.[0-9]{1,9})?$"), AfterValidator(_not_too_large)]
"""A decimal number as text, of at most nine places."""
Positive = Annotated[Money, AfterValidator(_something)]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]


def _month(
    work: Work,
    month: Annotated[str | None, Query(pattern=PATTERN, description="As in 2026-11; left out: the running one")] = None,
) -> Month:
    return shown_month(month, work.clock.now())


AskedMonth = Annotated[Month, Depends(_month)]
