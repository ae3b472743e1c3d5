"""`zaffre change-request`: changes that need an approval."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer
from pydantic import SecretStr

from zaffre.cli.arguments import NewNameArgument, plans_of
from zaffre.cli.columns import STATE, age_column, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, InSubscription, ListWishes
from zaffre.cli.sheets import Section
from zaffre.cli.tables import Column
from zaffre.cli.words import instant_text, title_text
from zaffre.client import (
    AddOnWishBody,
    ChangePlanWishBody,
    ChangeRequestView,
    DeletionWishBody,
    SubscribeWishBody,
)

group = CommandGroup(help="Changes that need an approval: asking, and deciding.")
app = group.app
asking = CommandGroup(help="Ask for a change that needs an approval.")
group.include("ask", asking)

RequestArgument = Annotated[str, typer.Argument(metavar="REQUEST", help="Id of a change request, or its end.")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the one who reads it.")]
PlanArgument = Annotated[str, typer.Argument(metavar="PLAN", help="Name or id of a plan.")]
CodeOption = Annotated[
    str | None, typer.Option("--invitation-code", metavar="CODE", help="For a plan that is by invitation.")
]


@group.command("list")
def list_requests(run: Invocation, wishes: ListWishes) -> None:
    """List your change requests; administrators see everybody's."""
    columns: list[Column[ChangeRequestView]] = [
        Column("WANTED", lambda request: title_text(request.change)),
        Column("PLAN", lambda request: request.plan_name),
        Column("SUBSCRIPTION", lambda request: request.subscription_name),
        STATE,
        Column("REASON", lambda request: request.reason, wide=True),
        age_column(run),
        id_column(run),
    ]
    if run.is_admin:
        columns.insert(0, Column("WHO", lambda request: run.names.account(request.account_id)))
    run.show_list(run.client.change_requests, wishes, columns, "Nothing has been asked for.")


@group.command("show")
def show_request(run: Invocation, request: RequestArgument) -> None:
    """Show a change request."""
    found = run.client.change_requests.get(run.id_in(run.client.change_requests, request))
    run.show(found, lambda: [Section(None, _facts(found, run.terminal.now))])


@asking.command("subscribe")
def ask_to_subscribe(
    run: Invocation,
    plan: PlanArgument,
    name: NewNameArgument,
    code: CodeOption = None,
    reason: ReasonOption = "",
) -> None:
    """Ask to subscribe to a plan."""
    body = SubscribeWishBody(
        change="subscribe",
        plan_id=run.id_in(plans_of(run), plan),
        name=name,
        invitation_code=SecretStr(code) if code else None,
        reason=reason,
    )
    _asked(run, run.client.change_requests.ask(body))


@asking.command("change-plan")
def ask_for_plan(
    run: Invocation, chosen: InSubscription, plan: PlanArgument, code: CodeOption = None, reason: ReasonOption = ""
) -> None:
    """Ask for a subscription to be moved to another plan."""
    body = ChangePlanWishBody(
        change="change_plan",
        subscription_id=run.subscription(chosen).id,
        plan_id=run.id_in(plans_of(run), plan),
        invitation_code=SecretStr(code) if code else None,
        reason=reason,
    )
    _asked(run, run.client.change_requests.ask(body))


@asking.command("add-on")
def ask_for_add_on(
    run: Invocation,
    chosen: InSubscription,
    add_on: Annotated[str, typer.Argument(metavar="ADD-ON", help="Name of one of the plan's add-ons.")],
    reason: ReasonOption = "",
) -> None:
    """Ask for one more of an add-on."""
    scope = run.subscription(chosen)
    wanted = scope.add_ons.find_item(add_on).add_on_id
    body = AddOnWishBody(change="acquire_add_on", subscription_id=scope.id, add_on_id=wanted, reason=reason)
    _asked(run, run.client.change_requests.ask(body))


@asking.command("deletion")
def ask_for_deletion(
    run: Invocation,
    chosen: InSubscription,
    *,
    cascade: Annotated[bool, typer.Option("--cascade", help="With everything in it.")] = False,
    reason: ReasonOption = "",
) -> None:
    """Ask for a subscription to be deleted."""
    body = DeletionWishBody(
        change="delete_subscription", subscription_id=run.subscription(chosen).id, cascade=cascade, reason=reason
    )
    _asked(run, run.client.change_requests.ask(body))


@group.command("withdraw")
def withdraw_request(run: Invocation, request: RequestArgument) -> None:
    """Take a request of your own back."""
    requests = run.client.change_requests
    run.report(requests.withdraw(run.id_in(requests, request)), "The change request is withdrawn.")


@group.command("approve")
def approve_request(
    run: Invocation, confirmation: Confirmation, request: RequestArgument, reason: ReasonOption = ""
) -> None:
    """Approve a request: the change is made at once."""
    _decide(run, request, lambda found: run.client.admin.change_requests.approve(found.id, reason), confirmation)


@group.command("decline")
def decline_request(
    run: Invocation,
    request: RequestArgument,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why not; the one who asked reads it.")],
) -> None:
    """Decline a request."""
    _decide(run, request, lambda found: run.client.admin.change_requests.decline(found.id, reason))


def _decide(
    run: Invocation,
    request: str,
    decide: Callable[[ChangeRequestView], ChangeRequestView],
    confirmation: Confirmation | None = None,
) -> None:
    requests = run.client.admin.change_requests
    found = requests.get(run.id_in(requests, request))
    if confirmation is not None:
        who = run.names.account(found.account_id)
        run.confirm(
            confirmation, f"Approve this for {who}: {_sentence(found)}?", [found.reason] if found.reason else []
        )
    decided = decide(found)
    follow = f" Follow it with: zaffre operation wait {decided.operation_id}" if decided.operation_id else ""
    run.report(decided, f"The change request is {decided.state}.{follow}")


def _asked(run: Invocation, made: ChangeRequestView) -> None:
    run.report(made, f"Asked for: {_sentence(made)}. See: zaffre change-request show {made.id}")


def _sentence(request: ChangeRequestView) -> str:
    about = [each for each in (request.add_on_name, request.plan_name, request.subscription_name) if each]
    return f"{title_text(request.change)} ({', '.join(about)})"


def _facts(request: ChangeRequestView, now: datetime) -> list[tuple[str, str | None]]:
    return [
        ("Wanted", title_text(request.change)),
        ("Plan", request.plan_name),
        ("Subscription", request.subscription_name),
        ("Add-on", request.add_on_name),
        ("State", str(request.state)),
        ("Why", request.reason),
        ("Rule", request.rule_name),
        ("Programs", request.program_names),
        ("Asked again", instant_text(request.next_ask_at, now) if request.next_ask_at else None),
        ("Asked", instant_text(request.created_at, now)),
        ("Waits until", instant_text(request.expires_at, now)),
        ("Decided", instant_text(request.decided_at, now) if request.decided_at else None),
        ("Decided by", request.decided_by),
        ("Because", request.decision_reason),
        ("Operation", request.operation_id),
        ("Id", request.id),
    ]
