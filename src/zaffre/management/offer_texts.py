"""What tenants read of a plan or an add-on, in their language, and what it costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from zaffre.foundation.errors import InvalidInput

LANGUAGE_PATTERN = "^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"
"""A language tag (BCP 47) without extensions: `de`, `de-CH`, `zh-Hant-TW`."""
MAX_RANGES = 16
"""Languages that are looked at in a reader's wish; browsers send a handful."""


@dataclass(frozen=True)
class OfferText:
    """An offer in one language."""

    language: str
    """BCP 47."""
    display_name: str
    description: str = ""
    price: str = ""
    """In words, such as `12 € a month, traffic included`."""


class FeePeriod(StrEnum):
    """How often a fee is due."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True)
class Fee:
    """What is due for each period that an offer is held, whatever is used of it."""

    amount: str
    """A decimal number, as text so that nothing rounds it."""
    currency: str
    """ISO 4217."""
    period: FeePeriod


def check_languages(texts: Sequence[OfferText]) -> None:
    """Refuse a language that occurs twice.

    Raises:
        InvalidInput: one does.
    """
    seen = [text.language.lower() for text in texts]
    twice = sorted({language for language in seen if seen.count(language) > 1})
    if twice:
        raise InvalidInput(
            f"There are several texts in {', '.join(twice)}.", remedy="Give each language once.", target="texts"
        )


def text_for(texts: Sequence[Mapping[str, Any]], wish: str | None) -> OfferText | None:
    """Choose the text for a reader by lookup (RFC 4647, section 3.4); what was written first serves everybody else.

    Args:
        texts: what there is, as stored.
        wish: the reader's Accept-Language; None when they have no wish.

    Returns:
        None when there is no text at all.
    """
    there = {text["language"].lower(): OfferText(**text) for text in texts}
    for language in _languages(wish or ""):
        found = _lookup(there, language)
        if found is not None:
            return found
    return next(iter(there.values()), None)


def _lookup(there: Mapping[str, OfferText], language: str) -> OfferText | None:
    parts = language.split("-")
    for length in range(len(parts), 0, -1):
        shorter = "-".join(parts[:length])
        if shorter in there:
            return there[shorter]
    # `de` is served by `de-CH` when there is nothing closer.
    return next((text for tag, text in there.items() if tag.split("-")[0] == parts[0]), None)


def _languages(wish: str) -> list[str]:
    """Return the languages of an Accept-Language header, the dearest first; what cannot be read is left out."""
    weighed: list[tuple[float, str]] = []
    for part in wish.split(",")[:MAX_RANGES]:
        language, _, parameter = part.strip().lower().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if language and weight > 0:
            weighed.append((weight, language.strip()))
    return [language for _, language in sorted(weighed, key=lambda each: -each[0])]
