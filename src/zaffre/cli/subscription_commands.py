"""`zaffre subscription`."""

from typing import Annotated

import typer
from rich.text import Text

from zaffre.cli.arguments import NewNameArgument, SubscriptionArgument, plans_of
from zaffre.cli.columns import NAME, STATE, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.label_commands import TagOption, add_label_commands, new_tags, tags_fact
from zaffre.cli.options import Anywhere, Confirmation, InSubscription, ListWishes, Waiting
from zaffre.cli.sheets import Section
from zaffre.cli.states import BAD, GOOD, UNDER_WAY, styled_state
from zaffre.cli.tables import Column, table_of
from zaffre.cli.words import instant_text, title_text
from zaffre.client import (
    DeletionPreviewView,
    HeldAddOnView,
    SubscriptionDetailView,
    SubscriptionScope,
    SubscriptionView,
    SuspendPolicy,
    UsageView,
)

group = CommandGroup(help="Subscriptions: your right to use a plan.")
app = group.app

HeldArgument = Annotated[str, typer.Argument(metavar="ADD-ON", help="Name of one of the plan's add-ons.")]
HELD_COLUMNS: list[Column[HeldAddOnView]] = [
    Column("NAME", lambda each: each.name, whole=True),
    Column("WHAT", lambda each: each.display.name),
    Column("HELD", lambda each: each.held, number=True, whole=True),
    Column("AT MOST", lambda each: "any number" if each.maximum is None else each.maximum, number=True, whole=True),
    Column("PRICE", lambda each: each.display.price or (f"{each.fee.amount} {each.fee.currency}" if each.fee else "")),
]
BAR_CELLS = 20
NEARLY_FULL = 0.8


@group.command("list")
def list_subscriptions(run: Invocation, wishes: ListWishes) -> None:
    """List your subscriptions; administrators see everybody's. The current one is marked."""
    columns: list[Column[SubscriptionView]] = [
        Column("", lambda subscription: "*" if subscription.id == run.context.subscription_id else " "),
        NAME,
        STATE,
        Column("PLAN", lambda subscription: run.names.plan(subscription.plan_id)),
        age_column(run),
        id_column(run),
    ]
    if run.is_admin:
        columns.insert(4, Column("ACCOUNT", lambda subscription: run.names.account(subscription.account_id)))
    none = "You have no subscription yet. See what is on offer: zaffre plan list"
    run.show_list(run.client.subscriptions, wishes, columns, none)


@group.command("show")
def show_subscription(run: Invocation, subscription: SubscriptionArgument) -> None:
    """Show a subscription, its usage, and how its services are."""
    found = run.client.subscriptions.get(run.id_in(run.client.subscriptions, subscription))
    run.show(found, lambda: _sections(run, found))


@group.command("create")
def create_subscription(
    run: Invocation,
    waiting: Waiting,
    name: NewNameArgument,
    plan: Annotated[
        str,
        typer.Option("--plan", metavar="NAME", help="Name or id of the plan.", autocompletion=names_of(plans_of)),
    ],
    account: Annotated[
        str | None,
        typer.Option("--for", metavar="ADDRESS", help="Make it for somebody else, as an administrator."),
    ] = None,
    code: Annotated[
        str | None, typer.Option("--code", metavar="CODE", help="The invitation code, for a plan that needs one.")
    ] = None,
    tag: TagOption = None,
) -> None:
    """Subscribe to a plan."""
    plan_id = run.id_in(plans_of(run), plan)
    if account is not None or run.is_admin:
        admin = run.client.admin
        account_id = run.id_in(admin.accounts, account) if account is not None else run.client.account.get().id
        accepted = admin.subscriptions.create_for(account_id, plan_id, name, new_tags(tag))
    else:
        accepted = run.client.subscriptions.create(plan_id, name, code, new_tags(tag))
    made = run.finish(
        accepted, waiting, lambda subscription: f"Subscription {subscription.name} is {subscription.state}."
    )
    if account is None and run.context.subscription_id is None and run.context.signed_in:
        run.remember(subscription_id=made.id, subscription_name=made.name)
        run.terminal.note(f"{made.name} is the current subscription from now on.")


def _remember_name(run: Invocation, renamed: SubscriptionView) -> None:
    if renamed.id == run.context.subscription_id:
        run.remember(subscription_name=renamed.name)


add_label_commands(
    group, "The subscription", SubscriptionArgument, lambda run, _: run.client.subscriptions, Anywhere, _remember_name
)


@group.command("delete")
def delete_subscription(
    run: Invocation,
    waiting: Waiting,
    confirmation: Confirmation,
    subscription: SubscriptionArgument,
    *,
    cascade: Annotated[bool, typer.Option("--cascade", help="Delete everything in it, too.")] = False,
    grace_days: Annotated[
        int | None,
        typer.Option("--grace-days", min=0, max=90, metavar="N", help="Can be restored so long."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")] = False,
) -> None:
    """End a subscription. It must be empty, unless --cascade."""
    every = run.client.subscriptions
    found = run.find(every, subscription)
    if dry_run:
        preview = every.deletion_preview(found.id)
        run.show(preview, lambda: _holdings(preview))
        return
    consequences = [f"Plan {run.names.plan(found.plan_id)} can no longer be used through it."]
    if cascade:
        held = [each for at in every.deletion_preview(found.id).providers for each in at.holdings]
        consequences += [f"{each.count} {each.title} go with it" for each in held]
    run.confirm(confirmation, f"End the subscription {found.name}?", consequences)
    accepted = every.delete(found.id, cascade=cascade, grace_days=grace_days)
    if accepted.resource.ends_at is not None:
        until = instant_text(accepted.resource.ends_at, run.terminal.now)
        run.finish(accepted, waiting, lambda _: f"Subscription {found.name} will be deleted at {until}.")
        return
    run.finish(accepted, waiting, lambda _: f"Subscription {found.name} is ended.")
    if found.id == run.context.subscription_id:
        run.remember(subscription_id=None, subscription_name=None)


@group.command("change-plan")
def change_plan(
    run: Invocation,
    waiting: Waiting,
    subscription: SubscriptionArgument,
    plan: Annotated[
        str,
        typer.Option("--plan", metavar="NAME", help="Name or id of the plan.", autocompletion=names_of(plans_of)),
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would not fit.")] = False,
) -> None:
    """Move a subscription to another plan, if it fits."""
    every = run.client.subscriptions
    found_id, plan_id = run.id_in(every, subscription), run.id_in(plans_of(run), plan)
    if dry_run:
        fit = every.plan_fit(found_id, plan_id)
        rows = [(title_text(each.kind), each.sentence) for each in fit.obstacles]
        run.show(fit, lambda: [Section("What does not fit", rows, otherwise="everything fits")])
        return
    accepted = every.change_plan(found_id, plan_id)
    run.finish(accepted, waiting, lambda moved: f"{moved.name} is on plan {run.names.plan(moved.plan_id)} now.")


@group.command("restore")
def restore_subscription(run: Invocation, waiting: Waiting, subscription: SubscriptionArgument) -> None:
    """Take back a deletion that is not due yet."""
    every = run.client.subscriptions
    accepted = every.restore(run.id_in(every, subscription))
    run.finish(accepted, waiting, lambda restored: f"Subscription {restored.name} is {restored.state}.")


@group.command("use")
def use_subscription(run: Invocation, subscription: SubscriptionArgument) -> None:
    """Make a subscription the current one, which commands work in."""
    found = run.find(run.client.subscriptions, subscription)
    run.remember(subscription_id=found.id, subscription_name=found.name)
    run.report(found, f"{found.name} is the current subscription.")


@group.command("suspend")
def suspend_subscription(
    run: Invocation, waiting: Waiting, confirmation: Confirmation, subscription: SubscriptionArgument
) -> None:
    """Let its members look and not change anything.

    The plan's suspend policy says whether its machines run on, are paused, or are shut down.
    """
    every = run.client.admin.subscriptions
    found = run.find(every, subscription)
    policy = run.client.admin.plans.get(found.plan_id).suspend_policy
    consequences = ["its members cannot change anything; consoles end", POLICY_TEXTS[policy]]
    run.confirm(confirmation, f"Suspend {found.name}?", consequences)
    run.finish(every.suspend(found.id), waiting, lambda _: f"Subscription {found.name} is suspended.")


@group.command("resume")
def resume_subscription(run: Invocation, waiting: Waiting, subscription: SubscriptionArgument) -> None:
    """Let a suspended subscription's members work again.

    Machines that suspending it turned off come back. Owners can resume what a budget of their own suspended.
    """
    every = run.client.admin.subscriptions if run.is_admin else run.client.subscriptions
    accepted = every.resume(run.id_in(every, subscription))
    run.finish(accepted, waiting, lambda resumed: f"Subscription {resumed.name} is {resumed.state}.")


@group.command("resync")
def resync_subscription(run: Invocation, waiting: Waiting, subscription: SubscriptionArgument) -> None:
    """Have all providers told a subscription's present state again."""
    every = run.client.admin.subscriptions
    accepted = every.resync(run.id_in(every, subscription))
    run.finish(accepted, waiting, lambda found: f"All services know subscription {found.name}.")


@group.command("add-ons")
def list_held_add_ons(run: Invocation, chosen: InSubscription) -> None:
    """List the add-ons there are for a subscription."""
    items = list(run.subscription(chosen).add_ons.all())
    run.show_items(items, HELD_COLUMNS, "The plan of this subscription has no add-ons.")


@group.command("acquire")
def acquire_add_on(run: Invocation, chosen: InSubscription, waiting: Waiting, add_on: HeldArgument) -> None:
    """Add one add-on to a subscription."""
    add_ons = run.subscription(chosen).add_ons
    accepted = add_ons.acquire(add_ons.find_item(add_on).add_on_id)
    run.finish(accepted, waiting, lambda held: f"{held.held} of {held.name} are held.")


@group.command("release")
def release_add_on(run: Invocation, chosen: InSubscription, waiting: Waiting, add_on: HeldArgument) -> None:
    """Give one add-on of a subscription back."""
    add_ons = run.subscription(chosen).add_ons
    accepted = add_ons.release(add_ons.find_item(add_on).add_on_id)
    run.finish(accepted, waiting, lambda held: f"{held.held} of {held.name} are held.")


@group.command("usage")
def show_usage(run: Invocation, chosen: InSubscription) -> None:
    """Show how much of each quota is used."""
    run.show_items(list(run.subscription(chosen).usage.all()), USAGE_COLUMNS, "Nothing is measured here.")


POLICY_TEXTS = {
    SuspendPolicy.ACCESS_ONLY: "its machines run on",
    SuspendPolicy.PAUSE_MACHINES: "its running machines are paused until it is resumed",
    SuspendPolicy.STOP_MACHINES: "its running machines are shut down until it is resumed",
}


def _bar(usage: UsageView) -> Text | None:
    """Return a picture of how full a quota is."""
    if usage.limit is None:
        return None
    share = min(usage.used / usage.limit, 1.0) if usage.limit else 1.0
    filled = round(share * BAR_CELLS)
    colour = BAD if share >= 1 else UNDER_WAY if share >= NEARLY_FULL else GOOD
    return Text.assemble(("█" * filled, colour), ("░" * (BAR_CELLS - filled), "dim"))


USAGE_COLUMNS: list[Column[UsageView]] = [
    Column("WHAT", lambda usage: usage.title),
    Column("USED", lambda usage: usage.used, number=True, whole=True),
    Column("OF", lambda usage: "unlimited" if usage.limit is None else usage.limit, number=True, whole=True),
    Column("UNIT", lambda usage: Text("" if usage.unit == "count" else usage.unit)),
    Column("", _bar, whole=True),
    Column("DIMENSION", lambda usage: usage.dimension, wide=True),
]


def _holdings(preview: DeletionPreviewView) -> list[Section]:
    if not preview.count:
        return [Section("It is empty", [])]
    return [
        Section(f"{held.count} {held.title}", [(item.name, item.detail) for item in held.items])
        for at in preview.providers
        for held in at.holdings
    ]


def _sections(run: Invocation, subscription: SubscriptionDetailView) -> list[Section]:
    scope: SubscriptionScope = run.client.subscription(subscription.id)
    syncs = [
        (title_text(sync.provider), Text.assemble(styled_state(sync.state), f"  {sync.last_error or ''}"))
        for sync in subscription.syncs
    ]
    return [
        Section(
            None,
            [
                ("Name", subscription.name),
                tags_fact(subscription),
                ("State", styled_state(subscription.state)),
                ("Will be deleted", instant_text(subscription.ends_at, run.terminal.now)),
                ("Plan", run.names.plan(subscription.plan_id)),
                created(run, subscription),
                ("Id", subscription.id),
            ],
        ),
        Section("Usage", table=table_of(scope.usage.all(), USAGE_COLUMNS, wide=run.wide)),
        Section("Services", syncs),
    ]
