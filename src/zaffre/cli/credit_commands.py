"""`zaffre credit`: amounts that statements use up."""

from typing import Annotated

import typer

from zaffre.cli.arguments import NewNameArgument
from zaffre.cli.columns import NAME, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.discount_commands import off_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import ListWishes
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.tables import Column
from zaffre.client import CreditView, NewCreditBody

group = CommandGroup(help="Credits that statements use up.")
app = group.app


@group.command("list")
def list_credits(run: Invocation, wishes: ListWishes) -> None:
    """List the credits, used up ones too."""
    columns: list[Column[CreditView]] = [
        NAME,
        Column("AMOUNT", lambda credit: credit.amount, number=True, whole=True),
        Column("LEFT", lambda credit: credit.left, number=True, whole=True),
        Column("CURRENCY", lambda credit: credit.currency, whole=True),
        Column("ACCOUNT", lambda credit: run.names.account(credit.account_id)),
        Column("EXPIRES", lambda credit: f"{credit.expires_at:%Y-%m-%d}" if credit.expires_at else ""),
        Column("SUBSCRIPTION", lambda credit: credit.subscription_id, wide=True),
        id_column(run),
    ]
    run.show_list(run.client.admin.credits, wishes, columns, "No credits were given.")


@group.command("create")
def create_credit(
    run: Invocation,
    name: NewNameArgument,
    amount: Annotated[str, typer.Option("--amount", metavar="AMOUNT", help="As in '50 EUR'.")],
    account: Annotated[str | None, typer.Option("--account", metavar="EMAIL", help="Whom to give it to.")] = None,
    subscription: Annotated[
        str | None, typer.Option("--for", metavar="SUBSCRIPTION", help="Only for this subscription.")
    ] = None,
) -> None:
    """Give a credit to an account, or only for a subscription."""
    admin = run.client.admin
    percent, value, currency = off_of(amount)
    if percent is not None or (account is None) == (subscription is None):
        raise UsageProblem("A credit is an amount for somebody.", "Give --amount '50 EUR', and --account or --for.")
    body = NewCreditBody(
        name=name,
        amount=value or "",
        currency=currency or "",
        account_id=run.id_in(admin.accounts, account) if account is not None else None,
        subscription_id=run.id_in(run.client.subscriptions, subscription) if subscription is not None else None,
    )
    run.report(admin.credits.create(body), f"Credit {name} is given.")


@group.command("revoke")
def revoke_credit(
    run: Invocation, credit: Annotated[str, typer.Argument(metavar="CREDIT", help="Name or id of a credit.")]
) -> None:
    """Take back what is left of a credit."""
    credits_ = run.client.admin.credits
    found = credits_.revoke(credits_.find_item(credit).id)
    run.report(found, f"Credit {found.name} is taken back.")
