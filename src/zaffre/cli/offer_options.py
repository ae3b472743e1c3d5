"""What the commands of plans and add-ons have in common: texts, fees, and previews of changes."""

from collections.abc import Sequence
from typing import Annotated

import typer

from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.tables import Column, table_of
from zaffre.client import FeeBody, ImpactView, OfferTextBody, OverrunView

TextOption = Annotated[
    list[str] | None,
    typer.Option("--text", metavar="LANGUAGE=NAME", help="What tenants of a language call it, as in de=Klein."),
]
FeeOption = Annotated[
    str | None, typer.Option("--fee", metavar="AMOUNT", help="What is due for each period, as in '9.50 EUR month'.")
]
AllowOverQuotaOption = Annotated[
    bool, typer.Option("--allow-over-quota", help="Let limits go below what is used; nothing more can be made then.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Only show who would be over quota and what providers say.")
]

_OVERRUNS: list[Column[OverrunView]] = [
    Column("SUBSCRIPTION", lambda each: each.subscription_id, whole=True),
    Column("DIMENSION", lambda each: each.dimension),
    Column("USED", lambda each: each.used, number=True),
    Column("OF", lambda each: each.limit, number=True),
]


def texts_of(written: Sequence[str]) -> list[OfferTextBody]:
    """Read texts written as `language=name`.

    Raises:
        UsageProblem: one is not written so.
    """
    texts: list[OfferTextBody] = []
    for text in written:
        language, equals, name = text.partition("=")
        if not (equals and language and name):
            raise UsageProblem(f"The text {text!r} cannot be read.", "Write it as de=Klein.")
        texts.append(OfferTextBody(language=language, display_name=name))
    return texts


def fee_of(written: str) -> FeeBody:
    """Read a fee written as `9.50 EUR month`.

    Raises:
        UsageProblem: it is not written so.
    """
    parts = written.split()
    if len(parts) not in (2, 3) or (len(parts) == 3 and parts[2] not in ("hour", "day", "month", "year")):
        raise UsageProblem(f"The fee {written!r} cannot be read.", "Write it as '9.50 EUR month'.")
    return FeeBody.model_validate(
        {"amount": parts[0], "currency": parts[1]} | ({"period": parts[2]} if parts[2:] else {})
    )


def impact_sections(impact: ImpactView) -> list[Section]:
    """Say what a change would do to subscriptions."""
    facts = [
        ("Subscriptions", impact.subscriptions),
        ("Over quota", impact.over_quota_subscriptions),
        ("Refused by providers", impact.refused_total),
        ("Lost while in use", ", ".join(impact.lost)),
    ]
    sections = [Section(None, facts)]
    if impact.over_quota:
        sections.append(Section("Over quota", table=table_of(impact.over_quota, _OVERRUNS, wide=False)))
    if impact.refused:
        refused = [(each.subscription_id, f"{each.provider}: {each.cause}") for each in impact.refused]
        sections.append(Section("Refused", refused))
    return sections
